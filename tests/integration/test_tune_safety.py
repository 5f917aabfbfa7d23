"""Limits, beliefs and noise on the command line, with a program that knows nothing of them."""

import sys

import pytest

SPACE = ("-p", "width=1..8")
PYTHON = (sys.executable, "-S", "train.py")
PROGRAM = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--width", type=int, default=2)
width = parser.parse_args().width
for epoch in range(3):
    print(f"loss={10 - width + 0.1 * epoch}")
print(f"latency={width * 10}")
"""


@pytest.fixture
def tune(wazir_in):
    wazir_in.write("train.py", PROGRAM)
    command = ("tune", "--minimize", "loss", *SPACE, "--seed", "1", "--study", "s")

    def run(*flags, code=0):
        return wazir_in(*command, *flags, "--", *PYTHON, code=code)

    return run


def test_the_best_trial_keeps_the_limit(tune, wazir_in):
    ended = tune("--safe", "latency<=40", "--trials", "8")
    assert "latency 40 (latency <= 40)" in ended.text
    assert ", unsafe" in ended.text
    best = wazir_in.study("s").best_trial
    assert (best.parameters["width"], best.is_safe) == (4, True)
    listed = wazir_in("trials", "s", "--filter", "safe == false")
    assert "no" in listed.stdout
    assert "safety     latency <= 40" in wazir_in("show", "s").stdout
    shown = wazir_in("best", "s").stdout
    assert "latency  40" in shown


def test_it_is_said_that_no_trial_is_safe(tune, wazir_in):
    ended = tune("--safe", "latency<=5", "--trials", "3", code=1)
    assert "Of 3 trials that succeeded none is safe (latency <= 5)" in ended.text
    assert "the nearest is trial" in ended.text
    assert "none is safe" in wazir_in("best", "s", code=1).stderr
    assert "none is safe" in wazir_in("show", "s").stdout


def test_a_missing_safety_value_is_loud(tune, wazir_in):
    ended = tune("--safe", "lateny<=5", "--trials", "1", code=1)
    assert "without a value of metric 'lateny'" in ended.text
    assert "did you mean 'latency'?" in ended.text
    (trial,) = wazir_in.trials("s")
    assert str(trial.state) == "INFEASIBLE"


def test_the_belief_is_tried_first_and_a_changed_one_is_refused(tune):
    shown = tune("--belief", "width=7", "--noise", "low", "--dry-run")
    assert "--width 7" in shown.stdout.split("first commands")[1].splitlines()[1]
    assert "belief     width=7" in shown.stdout
    assert "noise      LOW" in shown.stdout
    tune("--belief", "width=7", "--trials", "1")
    tune("--belief", "width=7", "--trials", "2")
    ended = tune("--belief", "width=6", "--trials", "3", code=2)
    assert "beliefs: was width=7, is width=6" in ended.text
    note = tune("--belief", "width=7", "--algorithm", "random", "--trials", "2")
    assert "RANDOM_SEARCH makes no use of the beliefs" in note.stderr


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--safe", "latency<40"), "METRIC<=NUMBER"),
        (("--safe", "loss<=4"), "is optimized"),
        (("--belief", "with=3"), "did you mean 'width'?"),
        (("--belief", "width=90"), "'width'"),
        (("--noise", "huge"), "'huge'"),
    ],
)
def test_what_cannot_be_is_refused(tune, flags, said):
    assert said in tune(*flags, code=2).stderr

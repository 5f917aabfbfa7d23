"""What is tried: the defaults first, files and flags together, seeds and algorithms by name."""

import sys

import pytest

TUNE = ("tune", "--minimize", "rmse")
PROGRAM = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.125)
parser.add_argument("--depth", type=int, default=99)
parser.add_argument("--mode", default="turbo")
args = parser.parse_args()
print(f"rmse={args.lr}")
"""
SPACE = ("-p", "lr=0.01..1.0:log", "-p", "depth=2..8", "-p", "mode=fast,slow")
PYTHON = ("--", sys.executable, "-S", "train.py")
CONFIG = """
trainingInput:
  hyperparameters:
    goal: MAXIMIZE
    hyperparameterMetricTag: accuracy
    maxTrials: 7
    algorithm: RANDOM_SEARCH
    params:
    - {parameterName: x, type: DOUBLE, minValue: 0.0, maxValue: 1.0}
    - {parameterName: y, type: INTEGER, minValue: 1, maxValue: 9}
"""


def suggestions(wazir_in, study="train"):
    return [trial.parameters for trial in wazir_in.trials(study)]


def test_the_defaults_of_the_program_come_first_moved_into_the_space(wazir_in):
    wazir_in.write("train.py", PROGRAM)
    said = wazir_in(*TUNE, *SPACE, "--trials", "2", *PYTHON)
    assert suggestions(wazir_in)[0] == {"lr": 0.125, "depth": 8, "mode": "fast"}
    assert wazir_in.trials("train")[0].value == 0.125
    for wanted in ("depth", "99", "mode", "turbo"):
        assert wanted in said.stderr


def test_the_defaults_may_be_left_out(wazir_in):
    wazir_in.write("train.py", PROGRAM)
    wazir_in(*TUNE, *SPACE, "--trials", "2", "--no-default-first", *PYTHON)
    assert all(point["lr"] != 0.125 for point in suggestions(wazir_in))


def test_a_resumed_job_does_not_try_the_defaults_again(wazir_in):
    wazir_in.write("train.py", PROGRAM)
    for n_trials in ("1", "3"):
        wazir_in(*TUNE, *SPACE, "--trials", n_trials, *PYTHON)
    assert [point["lr"] == 0.125 for point in suggestions(wazir_in)] == [True, False, False]


def test_flags_win_over_the_file_field_by_field(wazir_in):
    wazir_in.write("hyperparam.yaml", CONFIG)
    wazir_in.write("train.sh", 'echo "rmse=0.5 accuracy=0.7"\n')
    flags = ("--minimize", "rmse", "-p", "y=20..30", "--trials", "3")
    wazir_in("tune", "hyperparam.yaml", *flags, "--", "sh", "train.sh")
    trials = wazir_in.trials("train")
    assert len(trials) == 3
    assert all(0 <= t.parameters["x"] <= 1 and 20 <= t.parameters["y"] <= 30 for t in trials)
    assert [trial.value for trial in trials] == [0.5] * 3


def test_a_file_alone_decides_everything(wazir_in):
    wazir_in.write("hyperparam.yaml", CONFIG)
    wazir_in.write("train.sh", 'echo "rmse=0.5 accuracy=0.7"\n')
    wazir_in("tune", "hyperparam.yaml", "--", "sh", "train.sh")
    assert [trial.value for trial in wazir_in.trials("train")] == [0.7] * 7


def test_a_file_without_a_number_of_trials_means_one_and_that_is_said(wazir_in):
    wazir_in.write("hyperparam.yaml", CONFIG.replace("    maxTrials: 7\n", ""))
    wazir_in.write("train.sh", 'echo "accuracy=0.7"\n')
    said = wazir_in("tune", "hyperparam.yaml", "--", "sh", "train.sh")
    assert len(wazir_in.trials("train")) == 1
    assert "maxTrials" in said.stderr
    assert "--trials" in said.stderr


@pytest.mark.parametrize("algorithm", ["random", "default"])
def test_a_seed_makes_the_suggestions_repeatable(wazir_in, algorithm):
    wazir_in.write("train.sh", 'echo "rmse=$2"\n')
    flags = ("-p", "x=0.0..1.0", "-p", "mode=a,b", "--trials", "4", "--algorithm", algorithm)
    found = []
    for folder, seed in (("one", "7"), ("two", "7"), ("three", "8")):
        wazir_in.write(f"{folder}/train.sh", 'echo "rmse=$2"\n')
        here = type(wazir_in)(wazir_in.folder / folder)
        here(*TUNE, *flags, "--seed", seed, "--", "sh", "train.sh")
        found.append(suggestions(here))
    assert found[0] == found[1]
    assert found[0] != found[2]


def test_random_search_goes_by_several_names(wazir_in):
    found = []
    for name in ("random", "random-search", "RANDOM_SEARCH"):
        wazir_in(
            *TUNE, "-p", "x=0.0..1.0", "--trials", "2", "--seed", "3", "--algorithm", name,
            "--study", name, "--", "echo", "rmse=1",
        )  # fmt: skip
        found.append(suggestions(wazir_in, name))
    assert found[0] == found[1] == found[2]


def test_a_grid_covers_the_space_and_then_ends(wazir_in):
    flags = ("-p", "x=1..3", "-p", "mode=a,b", "--trials", "20", "--algorithm", "grid")
    wazir_in(*TUNE, *flags, "--", "echo", "rmse=1")
    points = [(point["x"], point["mode"]) for point in suggestions(wazir_in, "echo")]
    assert sorted(points) == [(x, mode) for x in (1, 2, 3) for mode in ("a", "b")]


def test_the_name_of_the_study_is_that_of_the_program(wazir_in):
    wazir_in.write("trainer/__init__.py", "")
    wazir_in.write("trainer/task.py", "print('rmse=1')\n")
    flags = ("-p", "x=0.0..1.0", "--trials", "1")
    wazir_in(*TUNE, *flags, "--", sys.executable, "-m", "trainer.task")
    wazir_in(
        *TUNE, *flags, "--", "env", "MODE=fast", sys.executable, "-S", "-u", "trainer/task.py"
    )
    assert len(wazir_in.trials("trainer.task")) == 1
    assert len(wazir_in.trials("task")) == 1


def test_parameters_that_do_not_exist_are_neither_passed_nor_stored(wazir_in):
    wazir_in.write("net.sh", 'echo "args: $*"\necho "loss=0.5"\n')
    wazir_in(
        *("tune", "--minimize", "loss", "--trials", "8", "--seed", "3"),
        *("-p", "n_layers=1..3", "-p", "units_1=8..64", "-p", "units_2=8..64"),
        *("-p", "units_3=8..64:log", "--when", "units_2=n_layers:2..3"),
        *("--when", "units_3=n_layers:3", "--", "sh", "net.sh"),
    )
    trials = wazir_in.trials("net")
    assert {trial.parameters["n_layers"] for trial in trials} == {1, 2, 3}
    for trial in trials:
        n = trial.parameters["n_layers"]
        names = {f"units_{k}" for k in range(1, n + 1)} | {"n_layers"}
        assert set(trial.parameters) == names
        passed = {word for word in wazir_in.log("net", trial.id).split() if word[:2] == "--"}
        assert passed == {f"--{name}" for name in names}
    shown = wazir_in("show", "net").stdout
    assert "INTEGER 8 to 64, LOG, when n_layers is 3" in shown


def test_an_element_with_a_parameter_that_does_not_exist_is_left_out(wazir_in):
    wazir_in.write("net.sh", 'echo "args: $*"\necho "loss=0.5"\n')
    wazir_in(
        *("tune", "--minimize", "loss", "--trials", "4", "--algorithm", "grid"),
        *("-p", "n=1..2", "-p", "m=5", "--when", "m=n:2"),
        *("--", "sh", "net.sh", "-n", "{n}", "-m={m}", "end"),
    )
    logs = {wazir_in.log("net", trial.id).splitlines()[0] for trial in wazir_in.trials("net")}
    assert logs == {"args: -n 1 end", "args: -n 2 -m=5 end"}

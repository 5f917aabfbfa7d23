"""Budgets that grow in a tuning job: pauses, larger budgets, and what is said about them."""

import json
from collections import Counter

import pytest

TUNE = (
    "tune", "--minimize", "loss", "--algorithm", "random", "--seed", "3",
    "-p", "epochs=1..27:fidelity", "-p", "x=0.0..1.0",
)  # fmt: skip
COMMAND = ("--", "python3", "train.py")
# It notes each epoch that it computes, and goes on with the last one that it noted, whose value
# it tells again: it may have been stopped before anybody saw it.
TRAIN = """\
import argparse, os
from pathlib import Path
parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int)
parser.add_argument("--x", type=float)
options = parser.parse_args()
seen = Path(os.environ["WAZIR_TRIAL_DIR"], "epochs")
assert seen.exists() <= (os.environ["WAZIR_RESUME"] == "1")
done = seen.read_text().splitlines() if seen.exists() else []
for epoch in range(max(1, len(done)), options.epochs + 1):
    if epoch > len(done):
        with seen.open("a") as file:
            print(epoch, file=file)
    print(f"epoch={epoch} loss={(options.x - 0.3) ** 2 + 1 / epoch}", flush=True)
"""


def epochs_seen(wazir_in, trial):
    folder = wazir_in.folder / "wazir-runs" / "train" / "trials" / str(trial.id) / "out"
    return [int(line) for line in (folder / "epochs").read_text().split()]


def test_trials_are_paused_and_the_best_go_on_in_the_same_folder(wazir_in):
    wazir_in.write("train.py", TRAIN)
    said = wazir_in(*TUNE, "--trials", "27", "--parallel", "2", *COMMAND, timeout_s=100)
    trials = wazir_in.trials("train")
    assert len(trials) == 27
    assert {str(trial.state) for trial in trials} == {"SUCCEEDED"}
    counts = Counter(trial.parameters["epochs"] for trial in trials)
    assert set(counts) <= {1, 3, 9, 27}
    # How many go on depends on who ends first.
    assert counts[1] >= 6
    assert counts[27] >= 1
    for trial in trials:
        budget = trial.parameters["epochs"]
        # No epoch was computed twice, and none beyond the budget.
        assert epochs_seen(wazir_in, trial) == list(range(1, budget + 1))
        assert [m.step for m in trial.measurements] == list(range(1, budget + 1))
        assert trial.attempt == [1, 3, 9, 27].index(budget) + 1
        assert trial.value == trial.measurements[-1].metrics["loss"]
        assert bool(trial.stopping_reason) == (budget < 27)
    used = sum(trial.parameters["epochs"] for trial in trials)
    assert used < 0.6 * 27 * 27
    assert f"epochs: {used} used of 729 " in said.stdout
    assert "paused at epochs 1 of 27: loss=" in said.stdout
    shown = wazir_in("show", "train").stdout
    assert "budgets    epochs 1, 3, 9, 27" in shown
    assert "paused at epochs 1 of 27 with" in shown


def test_a_job_that_was_ended_goes_on_with_its_paused_trials(wazir_in):
    wazir_in.write("train.py", TRAIN)
    flags = (*TUNE, "--trials", "9", "--early-stopping", "hyperband:n_brackets=1")
    wazir_in(*flags, "--timeout", "1s", *COMMAND)
    before = wazir_in.trials("train")
    shown = wazir_in("trials", "train").stdout
    listed = json.loads(wazir_in("trials", "train", "--json").stdout)
    paused = [trial["id"] for trial in listed if trial["is_paused"]]
    assert paused == [trial.id for trial in before if trial.is_paused]
    assert all(
        f"paused at epochs {before[i - 1].parameters['epochs']} of 27" in shown for i in paused
    )
    told = json.loads(wazir_in("show", "train", "--json").stdout)
    assert (told["fidelity"], told["paused"]) == ("epochs", paused)
    if paused:
        assert "\npaused\n" in wazir_in("show", "train").stdout
    wazir_in(*flags, *COMMAND)
    after = wazir_in.trials("train")
    assert [str(trial.state) for trial in after] == ["SUCCEEDED"] * 9
    assert [t.parameters["x"] for t in after[: len(before)]] == [t.parameters["x"] for t in before]


def test_events_tell_of_pauses(wazir_in):
    wazir_in.write("train.py", TRAIN)
    said = wazir_in(*TUNE, "--trials", "3", "--json", *COMMAND)
    assert said.events[0]["fidelity"] == "epochs"
    ends = [event for event in said.events if event["event"] == "trial_ended"]
    paused = [event for event in ends if event["is_paused"]]
    assert [event["state"] for event in paused] == ["REQUESTED"] * 3
    assert {event["parameters"]["epochs"] for event in paused} == {9}
    assert all(event["value"] is not None for event in paused)
    last = ends[-1]
    assert (last["state"], last["attempt"], last["parameters"]["epochs"]) == ("SUCCEEDED", 2, 27)
    assert last["is_best"]


def test_the_default_of_the_budget_is_not_tried_first(wazir_in):
    source = TRAIN.replace('"--epochs", type=int', '"--epochs", type=int, default=5')
    wazir_in.write(
        "train.py", source.replace('"--x", type=float', '"--x", type=float, default=0.9')
    )
    shown = wazir_in(*TUNE, "--trials", "27", "--dry-run", *COMMAND).stdout
    assert "--epochs 1 --x 0.9" in shown
    assert "stopping   asha" in shown
    assert "budgets    epochs 1, 3, 9, 27" in shown


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("-p", "epochs=0..9:fidelity"), "the fidelity parameter 'epochs' must be greater than 0"),
        (("-p", "n=1..9:fidelity"), "only one parameter can be the fidelity, got epochs and n"),
        (("--early-stopping", "median"), "with a fidelity parameter the rule is one of"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(wazir_in, flags, message):
    wazir_in.write("train.py", TRAIN)
    tune = TUNE if flags[1] != "epochs=0..9:fidelity" else (*TUNE[:7], *TUNE[9:])
    said = wazir_in(*tune, *flags, *COMMAND, code=2)
    assert message in said.text
    assert not (wazir_in.folder / "wazir-runs").exists()


def test_another_fidelity_is_another_study(wazir_in):
    wazir_in.write("train.py", TRAIN)
    wazir_in(*TUNE, "--trials", "1", *COMMAND)
    plain = (*TUNE[:8], "epochs=1..27", *TUNE[9:])
    said = wazir_in(*plain, "--trials", "1", *COMMAND, code=2)
    assert "fidelity: was epochs, is none" in said.text

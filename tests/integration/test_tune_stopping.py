"""Early stopping in a tuning job: real programs, and what is said about them."""

import json

import pytest

TUNE = ("tune", "--minimize", "loss", "--algorithm", "random", "-p", "x=0.0..8.0")
# Later trials are worse.
TRAIN = """\
import os, time
x = float(os.environ["CLOUD_ML_TRIAL_ID"])
for epoch in range(1, 21):
    print(f"epoch={epoch} loss={x + 2 / epoch}", flush=True)
    time.sleep(0.06)
"""
COMMAND = ("--", "python3", "train.py")


def last_steps(wazir_in):
    """Return the step of the final measurement of each trial."""
    return [trial.measurements[-1].step for trial in wazir_in.trials("train")]


def test_hopeless_trials_are_stopped_and_count_with_their_last_value(wazir_in):
    wazir_in.write("train.py", TRAIN)
    said = wazir_in(*TUNE, "--trials", "6", "--early-stopping", "default", *COMMAND)
    trials = wazir_in.trials("train")
    assert [str(trial.state) for trial in trials] == ["SUCCEEDED"] * 6
    assert last_steps(wazir_in)[:3] == [20, 20, 20]
    assert max(last_steps(wazir_in)[3:]) < 20
    assert all("to be among the better 40 %" in trial.stopping_reason for trial in trials[3:])
    assert trials[5].value == trials[5].measurements[-1].metrics["loss"]
    assert "trial 6 is stopped early: its best value up to step" in said.stdout
    shown = wazir_in("show", "train").stdout
    assert "stopped early: 3 trials; 3 ran to their end" in shown
    found = json.loads(wazir_in("show", "train", "--json").stdout)["stopped_early"]
    assert [entry["trial_id"] for entry in found] == [4, 5, 6]
    assert {entry["rule"] for entry in found} == {"default"}


def test_a_file_asks_for_the_default_rule_and_a_flag_wins(wazir_in):
    wazir_in.write("train.py", TRAIN)
    wazir_in.write(
        "hyperparam.yaml",
        "trainingInput:\n  hyperparameters:\n    goal: MINIMIZE\n"
        "    hyperparameterMetricTag: loss\n    maxTrials: 3\n    enableTrialEarlyStopping: true\n"
        "    params:\n    - parameterName: x\n      type: DOUBLE\n      minValue: 0\n"
        "      maxValue: 8\n",
    )
    shown = wazir_in("tune", "hyperparam.yaml", "--dry-run", *COMMAND).stdout
    assert "stopping   default" in shown
    flags = ("--early-stopping", "none", "--dry-run")
    shown = wazir_in("tune", "hyperparam.yaml", *flags, *COMMAND).stdout
    assert "stopping   none" in shown


def test_a_job_that_goes_on_may_have_another_rule(wazir_in):
    wazir_in.write("train.py", TRAIN.replace("0.06", "0"))
    wazir_in(*TUNE, "--trials", "2", *COMMAND)
    wazir_in.write("train.py", TRAIN)
    flags = ("--trials", "3", "--early-stopping", "threshold:value=0.5,step=4")
    wazir_in(*TUNE, *flags, *COMMAND)
    assert "0.5 was asked for" in wazir_in.trials("train")[2].stopping_reason
    assert "threshold:value=0.5,step=4" in wazir_in("show", "train").stdout


def test_three_values_that_are_not_finite_end_a_trial_as_a_failure(wazir_in):
    wazir_in.write("train.py", TRAIN.replace("{x + 2 / epoch}", "{x if x < 4 else 'nan'}"))
    said = wazir_in(*TUNE, "--trials", "4", "--early-stopping", "default", *COMMAND)
    worst = wazir_in.trials("train")[3]
    assert str(worst.state) == "INFEASIBLE"
    assert worst.infeasible_reason == "loss was NaN or infinite 3 times in a row"
    assert "NaN or infinite 3 times in a row" in said.stdout


def test_a_rule_that_is_not_there_is_refused_before_anything_is_made(wazir_in):
    wazir_in.write("train.py", TRAIN)
    said = wazir_in(*TUNE, "--early-stopping", "medain", *COMMAND, code=2)
    assert "did you mean 'median'" in said.stderr
    assert not (wazir_in.folder / "wazir-runs").exists()


def test_a_job_ends_when_nothing_improves(wazir_in):
    wazir_in.write("train.py", TRAIN.replace("0.06", "0"))
    said = wazir_in(*TUNE, "--trials", "20", "--stop-when", "no improvement in 3 trials", *COMMAND)
    # Later trials are worse, so trial 1 stays the best.
    assert len(wazir_in.trials("train")) == 4
    assert "no new trials: no improvement in the last 3 trials" in said.stdout
    assert "ended by its own rule" in said.stdout
    assert "no improvement in 3 trials" in wazir_in("show", "train").stdout
    again = wazir_in(*TUNE, "--trials", "20", *COMMAND)
    assert len(wazir_in.trials("train")) == 4
    assert "ended by its own rule" in again.stdout
    wazir_in(
        *TUNE,
        "--trials",
        "7",
        "--stop-when",
        "after 9d",
        "--stop-when",
        "no improvement in 9 trials",
        *COMMAND,
    )
    assert len(wazir_in.trials("train")) == 7


def test_a_condition_that_is_not_understood_is_refused(wazir_in):
    said = wazir_in(*TUNE, "--stop-when", "bored", *COMMAND, code=2)
    assert "no improvement in 20 trials" in said.stderr


@pytest.mark.timeout(180)
def test_a_job_ends_when_an_improvement_has_become_improbable(wazir_in):
    wazir_in.write("train.py", "import sys\nx = float(sys.argv[2])\nprint('loss', (x - 3) ** 2)\n")
    tune = ("tune", "--minimize", "loss", "-p", "x=0.0..8.0", "--seed", "1", "--trials", "60")
    auto = ("--auto-stop", "--min-improvement", "0.01")
    assert (
        "more than 0.01 has a probability below 0.05"
        in wazir_in(*tune, *auto, "--dry-run", *COMMAND).stdout
    )
    said = wazir_in(*tune, *auto, *COMMAND).stdout
    n_trials = len(wazir_in.trials("train"))
    assert 20 <= n_trials < 60
    assert "no new trials: only" in said
    assert "ended by its own rule" in said
    assert "Is it worth going on?" in said
    # 60 are planned: the command takes nothing away from that.
    more = f"--trials {max(60, n_trials + 10)} --no-auto-stop -- python3 train.py"
    assert more in said
    shown = wazir_in("show", "train").stdout
    assert "more than 0.01 has a probability below 0.05" in shown
    assert "going on: " in shown
    assert json.loads(wazir_in("show", "train", "--json").stdout)["advice"]["probability"] < 0.05
    wazir_in(*tune, "--trials", str(n_trials + 2), "--no-auto-stop", *COMMAND)
    assert len(wazir_in.trials("train")) == n_trials + 2


def test_a_probability_that_is_none_is_refused(wazir_in):
    said = wazir_in(*TUNE, "--auto-stop-below", "5", *COMMAND, code=2)
    assert "write for example 5% or 0.05" in said.stderr
    said = wazir_in(*TUNE, "--min-improvement", "-1", *COMMAND, code=2)
    assert "an improvement is greater than 0" in said.stderr


def test_a_flag_turns_off_what_an_edit_asked_for(wazir_in):
    wazir_in.write("train.py", TRAIN.replace("0.06", "0"))
    tune = (*TUNE, "--trials", "2")
    wazir_in(*tune, *COMMAND)
    wazir_in(
        "edit", "train", "--auto-stop", "--stop-when", "after 9d", "--early-stopping", "median"
    )
    wazir_in(*tune, *COMMAND)
    assert "probability below 0.05" in wazir_in("show", "train").stdout
    wazir_in(*tune, "--no-auto-stop", "--early-stopping", "none", *COMMAND)
    shown = wazir_in("show", "train").stdout
    assert "early stopping: was median, is none\n" in shown
    was = "after 9d00h, an improvement has a probability below 0.05"
    # The last edit of all: only what the flags name is off.
    assert shown.rstrip().endswith(f"ends when: was {was}, is after 9d00h")
    wazir_in(*tune, "--no-auto-stop", "--early-stopping", "none", *COMMAND)
    assert wazir_in("show", "train").stdout == shown

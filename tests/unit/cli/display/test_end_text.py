from dataclasses import replace
from pathlib import Path

import pytest

from wazir.analysis.advice import Advice
from wazir.cli.display.text import EndReport, FirstFailure, end_text
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.studies import TrialCounts
from wazir.domain.trials import Trial, TrialState
from wazir.jobs.state.messages import Ending

BEST = Trial(
    17,
    {"learning_rate": 0.012345678901234568, "units": 64, "layers": "128 64"},
    TrialState.SUCCEEDED,
    final_measurement=Measurement({"rmse": 0.30517578125}),
)
REPORT = EndReport(
    study_id="taxi",
    metrics=(Metric("rmse", Goal.MINIMIZE),),
    best=BEST,
    best_directory=Path("/home/me/wazir-runs/taxi/trials/17/out"),
    best_command=("python", "-m", "trainer.task", "--layers", "128 64"),
    cwd=Path("/home/me"),
    counts=TrialCounts(succeeded=28, infeasible=2),
    ending=Ending.DONE,
    storage="/home/me/wazir-runs/wazir.db",
    resume_command="wazir tune --minimize rmse -- python -m trainer.task",
)


def test_success():
    assert end_text(REPORT).splitlines() == [
        "All trials are done: 28 SUCCEEDED, 2 INFEASIBLE.",
        "",
        "Best trial 17: rmse 0.30517578125 (minimize)",
        "  learning_rate  0.012345678901234568",
        "  units          64",
        "  layers         128 64",
        "",
        "directory  /home/me/wazir-runs/taxi/trials/17/out",
        "command    python -m trainer.task --layers '128 64'",
        "run in     /home/me",
        "run again  wazir rerun taxi best",
        "study      taxi in /home/me/wazir-runs/wazir.db",
    ]


def test_trials_that_were_stopped_early_are_counted():
    first = end_text(replace(REPORT, n_stopped_early=9)).splitlines()[0]
    assert first == "All trials are done: 28 SUCCEEDED, 2 INFEASIBLE, 9 stopped early."


def test_another_storage_is_named_in_the_commands():
    text = end_text(replace(REPORT, storage="/data/my studies.db"))
    assert "run again  wazir rerun --storage '/data/my studies.db' taxi best" in text


@pytest.mark.parametrize(
    ("ending", "words"),
    [
        (Ending.INTERRUPTED, "Interrupted; nothing is lost"),
        (Ending.TIMEOUT, "The time for the job is over"),
        (Ending.STOPPED, "The study was stopped or deleted"),
        (Ending.TOO_MANY_FAILURES, "Too many trials failed"),
    ],
)
def test_a_job_that_did_not_run_out_can_go_on(ending, words):
    counts = TrialCounts(succeeded=3, requested=1)
    lines = end_text(replace(REPORT, ending=ending, counts=counts)).splitlines()
    assert lines[0] == f"{words}: 3 SUCCEEDED, 1 not ended."
    assert lines[-1] == f"go on with  {REPORT.resume_command}"


@pytest.mark.parametrize("ending", [Ending.DONE, Ending.EXHAUSTED, Ending.OWN_RULE])
def test_a_job_that_ran_out_has_nothing_to_go_on_with(ending):
    assert REPORT.resume_command not in end_text(replace(REPORT, ending=ending))


def failed(**fields):
    nothing = {"best": None, "best_directory": None, "best_command": ()}
    counts = TrialCounts(infeasible=2)
    report = replace(REPORT, counts=counts, ending=Ending.TOO_MANY_FAILURES, **nothing)
    return end_text(replace(report, **fields))


def test_failed_job_shows_the_first_log():
    log = ("Traceback (most recent call last):", "  File x", "\x1b[31mValueError\x1b[0m: bad")
    text = failed(first_failure=FirstFailure(1, "exit code 1: ValueError: bad\nadvice", log))
    assert text.splitlines() == [
        "Too many trials failed: 0 SUCCEEDED, 2 INFEASIBLE.",
        "",
        "No trial has succeeded. The first failure was trial 1:",
        "  exit code 1: ValueError: bad",
        "  advice",
        "",
        "The end of its output (all of it: wazir logs taxi 1):",
        "  | Traceback (most recent call last):",
        "  |   File x",
        "  | ValueError: bad",
        "",
        "study       taxi in /home/me/wazir-runs/wazir.db",
        "go on with  wazir tune --minimize rmse -- python -m trainer.task",
    ]


def test_failed_job_without_output():
    text = failed(first_failure=FirstFailure(1, "the program cannot be started: no such file", ()))
    assert "  the program cannot be started: no such file" in text
    assert "Its program printed nothing." in text


def test_nothing_ran():
    text = failed(ending=Ending.INTERRUPTED, counts=TrialCounts(requested=2))
    assert "No trial has succeeded." in text
    assert "run again" not in text


def test_values_stay_on_their_line():
    odd = replace(BEST, parameters={"text": "a\nb\x1b[0m"})
    assert "  text  'a\\nb\\x1b[0m'" in end_text(replace(REPORT, best=odd)).splitlines()


def test_is_it_worth_going_on():
    advice = Advice(10, 0.002, 28, probability=0.12, expected_improvement=0.01, per_hour=0.3)
    report = replace(REPORT, advice=advice, more_command="wazir tune --trials 40 -- train")
    assert end_text(report).splitlines()[-2:] == [
        (
            "Is it worth going on? 12 % chance that 10 more trials improve rmse by more than "
            "0.002; expected 0.3 per hour"
        ),
        "  to run them  wazir tune --trials 40 -- train",
    ]
    assert "to run them" not in end_text(replace(report, more_command=""))
    assert "worth" not in end_text(replace(report, ending=Ending.INTERRUPTED))
    assert "worth" not in end_text(replace(report, advice=Advice(10, None, 3, reason="few")))

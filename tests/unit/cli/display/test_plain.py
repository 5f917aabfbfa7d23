import io

import pytest

from wazir.cli.display.plain import PlainDisplay
from wazir.domain.metrics import Measurement
from wazir.domain.studies import TrialCounts
from wazir.domain.trials import Trial, TrialState
from wazir.jobs.news import Noted, Warned

PARAMETERS = {"lr": 0.01, "units": 64, "layers": "64"}


@pytest.fixture
def show(script):
    """Tell news to a display and return the new lines."""
    stream = io.StringIO()
    display = PlainDisplay(stream, script.clock)

    def told(*news):
        begin = stream.tell()
        for one in news:
            display.tell(one)
            display.tick()
        return stream.getvalue()[begin:].splitlines()

    return told


def test_a_job_from_start_to_end(show, script):
    assert show(script.started()) == [
        "study taxi: MINIMIZE rmse, 30 trials, 2 at a time, RANDOM_SEARCH, in /runs/taxi"
    ]
    assert show(script.trial(3)) == ["trial 3 started: lr=0.0123457 units=64 layers='128 64'"]
    assert show(script.measured(3, 0.4)) == []
    script.now += 12
    assert show(script.succeeded(3, 0.305176)) == [
        "[1/30] trial 3 SUCCEEDED rmse=0.305176 in 12s (best so far)"
    ]
    assert show(script.trial(4), script.succeeded(4, 0.4))[1:] == [
        "[2/30] trial 4 SUCCEEDED rmse=0.4 in 0.0s"
    ]
    assert show(script.failed(5)) == ["[3/30] trial 5 INFEASIBLE: exit code 1: ValueError: bad"]
    assert show(Warned("the metric\nis constant")) == ["warning: the metric is constant"]
    script.now += 60
    assert show(script.job_ended(succeeded=2, infeasible=1)) == ["ended after 1m12s"]


def test_advice_is_given_once_per_reason(show, script):
    show(script.started())
    reason = "exit code 2: usage\nadd :split to the space of layers"
    assert show(script.failed(1, reason)) == [
        "[1/30] trial 1 INFEASIBLE: exit code 2: usage",
        "    add :split to the space of layers",
    ]
    assert show(script.failed(2, reason)) == ["[2/30] trial 2 INFEASIBLE: exit code 2: usage"]
    assert show(script.failed(3, "")) == ["[3/30] trial 3 INFEASIBLE: no reason was given"]


def test_long_trial_shows_that_it_is_alive(show, script):
    show(script.started(), script.trial(1))
    script.now += 29
    assert show(script.measured(1, 0.9, step=1)) == []
    script.now += 2
    assert show(script.measured(1, 0.8, step=2)) == [
        "trial 1 running: rmse=0.8 at step 2 after 31s"
    ]
    assert show(script.measured(1, 0.7, step=3)) == []
    script.now += 31
    assert show(script.measured(1, float("nan"))) == ["trial 1 running: rmse=nan after 1m02s"]


def test_resumed_job(show, script):
    best = Trial(
        3, PARAMETERS, TrialState.SUCCEEDED, final_measurement=Measurement({"rmse": 0.25})
    )
    lines = show(script.started(TrialCounts(succeeded=9, infeasible=1, requested=2), best))
    assert lines[1] == (
        "going on: 9 SUCCEEDED, 1 INFEASIBLE, 2 not ended; best rmse=0.25 (trial 3)"
    )
    assert show(script.found(11, started_at=990.0)) == [
        "trial 11 found running: lr=0.0123457 units=64 layers='128 64'"
    ]
    assert show(script.trial(12, attempt=2))[0].startswith("trial 12 started (attempt 2): ")
    assert show(script.succeeded(11, 0.3)) == ["[11/30] trial 11 SUCCEEDED rmse=0.3 in 10s"]
    assert show(script.put_back(12)) == [
        "trial 12 was stopped; it runs again when the job goes on"
    ]


def test_control_characters_never_reach_the_terminal(show, script):
    show(script.started())
    reason = "exit code 1: \x1b[31mred\x1b[0m\ttab\x07 \x1b]0;title\x07end"
    assert show(script.failed(1, reason)) == [
        "[1/30] trial 1 INFEASIBLE: exit code 1: red        tab  end"
    ]


def test_a_note_is_a_line_of_its_own(show):
    assert show(Noted("loss is read from\nstandard output")) == [
        "loss is read from standard output"
    ]


def test_a_trial_that_is_stopped_early(show, script):
    show(script.started(), script.trial(3))
    assert show(script.stopping(3)) == ["trial 3 is stopped early: its best value is 9"]
    script.now += 2
    assert show(script.stopped(3)) == [
        "[1/30] trial 3 SUCCEEDED rmse=9 in 2.0s, stopped early (best so far)"
    ]


def test_a_pause_names_its_budget(show, script):
    script.fidelity = "units"
    show(script.started(), script.trial(3))
    script.now += 12
    assert show(script.paused(3, 0.5)) == ["trial 3 paused at units 16 of 64: rmse=0.5 in 12s"]


def test_advice_comes_once_a_minute_at_most(show, script):
    assert show(script.advised()) == []
    show(script.started())
    assert show(script.advised()) == [
        (
            "going on: 12 % chance that 10 more trials improve rmse by more than 0.002; "
            "expected 0.0004 per hour"
        )
    ]
    script.now += 59
    assert show(script.advised()) == []
    script.now += 1
    assert show(script.advised(0.5, per_hour=None)) == [
        (
            "going on: 50 % chance that 10 more trials improve rmse by more than 0.002; "
            "expected 0.01 by then"
        )
    ]

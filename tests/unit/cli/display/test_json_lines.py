import io
import json
import math
import re
from typing import get_args

import pytest

from wazir.cli.display import json_lines
from wazir.cli.display.json_lines import JsonLinesDisplay
from wazir.domain.metrics import Measurement
from wazir.domain.studies import TrialCounts
from wazir.domain.trials import Trial, TrialState
from wazir.jobs.news import JobNews, Noted, StudyEdited, Warned
from wazir.jobs.state.messages import Ending


def refuse(word):
    raise AssertionError(f"{word} is not JSON")


@pytest.fixture
def show(script):
    """Tell one piece of news and return its object, read strictly."""
    stream = io.StringIO()
    display = JsonLinesDisplay(stream, script.clock)

    def told(news):
        begin = stream.tell()
        display.tell(news)
        display.tick()
        (line,) = stream.getvalue()[begin:].splitlines()
        return json.loads(line, parse_constant=refuse)

    return told


def test_job_started(show, script):
    assert show(script.started(TrialCounts(succeeded=2))) == {
        "event": "job_started",
        "time": 1000.0,
        "study": "taxi",
        "study_name": "projects/default/studies/taxi",
        "metrics": [{"name": "rmse", "goal": "MINIMIZE"}],
        "algorithm": "RANDOM_SEARCH",
        "seed": 7,
        "n_trials": 30,
        "n_parallel": 2,
        "counts": {
            "total": 2,
            "requested": 0,
            "active": 0,
            "stopping": 0,
            "succeeded": 2,
            "infeasible": 0,
        },
        "best": None,
        "optimal": [],
        "directory": "/runs/taxi",
        "fidelity": None,
    }


def test_trial_from_start_to_end(show, script):
    show(script.started())
    assert show(script.trial(3, started_at=999.5)) == {
        "event": "trial_started",
        "time": 1000.0,
        "trial_id": 3,
        "attempt": 1,
        "parameters": {"lr": 0.0123456789, "units": 64, "layers": "128 64"},
        "command": ["train", "--lr", "0.01"],
        "found_running": False,
        "started_at": 999.5,
    }
    script.now += 2
    assert show(script.measured(3, 0.75, step=4)) == {
        "event": "measurement",
        "time": 1002.0,
        "trial_id": 3,
        "step": 4,
        "elapsed_s": 1.5,
        "value": 0.75,
        "metrics": {"rmse": 0.75},
        "source": "output",
    }
    assert show(script.succeeded(3, 0.5)) == {
        "event": "trial_ended",
        "time": 1002.0,
        "trial_id": 3,
        "attempt": 1,
        "state": "SUCCEEDED",
        "parameters": {"lr": 0.0123456789, "units": 64, "layers": "128 64"},
        "value": 0.5,
        "metrics": {"rmse": 0.5},
        "reason": "",
        "stopping_reason": "",
        "duration_s": 2.0,
        "is_best": True,
        "is_safe": True,
        "directory": "/runs/taxi/trials/3/out",
        "attempt_directory": "/runs/taxi/trials/3/attempts/1",
        "is_paused": False,
    }


def test_failure(show, script):
    show(script.started())
    told = show(script.failed(4, "exit code 1: größe\nadvice"))
    assert told["state"] == "INFEASIBLE"
    assert told["reason"] == "exit code 1: größe\nadvice"
    assert told["value"] is None
    assert told["duration_s"] is None
    assert told["metrics"] == {}
    assert show(script.put_back(5))["state"] == "REQUESTED"


@pytest.mark.parametrize(
    ("value", "text"), [(math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity")]
)
def test_numbers_that_are_not_finite(show, script, value, text):
    show(script.started())
    told = show(script.measured(1, value))
    assert told["value"] == text
    assert told["metrics"] == {"rmse": text}


def test_measurement_of_another_metric_has_no_value(show, script):
    show(script.started())
    told = show(script.measured(1, 0.5, metric="accuracy"))
    assert told["value"] is None
    assert told["metrics"] == {"accuracy": 0.5}


def test_warning(show):
    assert show(Warned("mind\nthis")) == {
        "event": "warning",
        "time": 1000.0,
        "text": "mind\nthis",
    }


POINT = {"lr": 0.1, "units": 8, "layers": "64"}


@pytest.mark.parametrize("ending", Ending)
def test_job_ended_names_the_best(show, script, ending):
    final = Measurement({"rmse": 0.2, "loss": math.nan})
    best = Trial(3, POINT, TrialState.SUCCEEDED, final_measurement=final)
    show(script.started(TrialCounts(succeeded=1), best))
    show(script.succeeded(4, 0.3))
    told = show(script.job_ended(ending, [best], succeeded=2))
    assert told["ending"] == ending.name
    assert told["counts"]["total"] == 2
    assert told["best"] == {
        "trial_id": 3,
        "value": 0.2,
        "parameters": POINT,
        "metrics": {"rmse": 0.2, "loss": "NaN"},
    }


def test_trials_that_ended_without_an_event_are_in_the_end(show, script):
    script.fidelity = "units"
    show(script.started())
    show(script.paused(3, 0.4))
    ended = script.succeeded(3, 0.4).trial
    told = show(script.job_ended(optimal=[ended], succeeded=1))
    assert (told["optimal"], told["best"]["trial_id"]) == ([3], 3)


def news_of_each_kind(script):
    started = script.started()
    return [
        started,
        script.trial(3),
        script.measured(3, 0.5),
        script.stopping(3),
        script.succeeded(3),
        Warned("mind this"),
        Noted("by the way"),
        StudyEdited(started.study, started.limits, ("seed: was 7, is 8",)),
        script.advised(),
        script.job_ended(),
    ]


def test_the_table_has_all_events_with_all_their_keys(show, script):
    news = news_of_each_kind(script)
    assert [type(one) for one in news] == list(get_args(JobNews))
    written = {told.pop("event"): set(told) - {"time"} for told in map(show, news)}
    _, rows, _ = re.split(r"\n(?=event )|\n\n(?=`value`)", json_lines.__doc__)
    described, names = {}, []
    for line in rows.splitlines()[2:]:
        names, words = line[:15].replace(",", " ").split() or names, line[15:]
        for name in names:
            described.setdefault(name, set()).update(re.findall(r"\w+", words))
    assert described.keys() == written.keys()
    missing = {name: keys - described[name] for name, keys in written.items()}
    assert not any(missing.values()), missing


def test_a_note_has_its_text(show):
    assert show(Noted("loss is read from out"))["event"] == "note"


def test_early_stop(show, script):
    show(script.started())
    show(script.trial(3))
    told = show(script.stopping(3))
    assert (told["event"], told["trial_id"]) == ("trial_stopping", 3)
    assert told["reason"] == "its best value is 9"
    assert show(script.stopped(3))["stopping_reason"] == "its best value is 9"


def test_a_pause_is_told_with_its_value(show, script):
    script.fidelity = "units"
    assert show(script.started())["fidelity"] == "units"
    told = show(script.paused(3, 0.5))
    assert (told["state"], told["is_paused"], told["value"]) == ("REQUESTED", True, 0.5)
    assert told["metrics"] == {"rmse": 0.5}
    assert not told["is_best"]


def test_advice(show, script):
    assert show(script.advised()) == {
        "event": "advice",
        "time": 1000.0,
        "n_more_trials": 10,
        "more_than": 0.002,
        "probability": 0.12,
        "expected_improvement": 0.01,
        "per_hour": 0.0004,
        "n_results": 20,
        "reason": "",
        "is_of_front": False,
        "is_of_default": False,
    }

"""Metrics, trials, names, durations, errors."""

import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.domain.durations import format_duration, parse_duration
from wazir.domain.errors import InvalidConfigError, InvalidInputError, Problem, WazirError
from wazir.domain.metrics import (
    Goal,
    Measurement,
    MeasurementSelection,
    Metric,
    select_measurement,
)
from wazir.domain.names import StudyName, parse_study_name, study_id_from
from wazir.domain.numbers import parse_probability
from wazir.domain.parameters import Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig, StudyStopping, TrialCounts
from wazir.domain.trials import TRANSITIONS, TrialState, check_transition

LOSS = Metric("loss", Goal.MINIMIZE)


@given(st.lists(st.floats(width=32), max_size=9), st.sampled_from(list(Goal)))
def test_the_selected_measurement_is_the_last_or_best_finite_one(values, goal):
    metric = Metric("m", goal)
    series = [Measurement({"m": value}, step=i) for i, value in enumerate(values)]
    finite = [value for value in values if math.isfinite(value)]
    last = select_measurement(series, [metric], MeasurementSelection.LAST)
    best = select_measurement(series, [metric], MeasurementSelection.BEST)
    if not finite:
        assert last is None
        assert best is None
        return
    assert last.metrics["m"] == finite[-1]
    assert best.metrics["m"] == (min(finite) if goal is Goal.MINIMIZE else max(finite))


def test_nan_is_never_better():
    assert not Goal.MINIMIZE.better(math.nan, 1.0)
    assert not Goal.MAXIMIZE.better(math.nan, 1.0)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Metric(" "),
        lambda: Metric("a", min_safe_fraction=1.5),
        lambda: Measurement({}),
        lambda: Measurement({"a": 1.0}, step=-1),
        lambda: Goal.parse("up"),
        lambda: StudyStopping(max_n_trials=-1),
        lambda: StudyName("p", "a/b"),
        lambda: StudyName("p", ".hidden"),
        lambda: StudyName("p", ""),
    ],
)
def test_values_validate_themselves(make):
    with pytest.raises(InvalidInputError):
        make()


def test_a_study_needs_an_objective_and_distinct_metrics():
    space = SearchSpace({"x": Double(0, 1)})
    safety = Metric("heat", safety_threshold=3.0)
    with pytest.raises(InvalidInputError, match="at least one metric to optimize"):
        StudyConfig(space, (safety,))
    with pytest.raises(InvalidInputError, match="defined twice"):
        StudyConfig(space, (LOSS, LOSS))
    config = StudyConfig(space, (safety, LOSS))
    assert config.objective == LOSS


@pytest.mark.parametrize("start", list(TrialState))
@pytest.mark.parametrize("finish", list(TrialState))
def test_transitions_are_those_of_the_table(start, finish):
    if finish in TRANSITIONS[start]:
        check_transition(1, start, finish)
    else:
        with pytest.raises(WazirError, match=f"trial 1 is {start}"):
            check_transition(1, start, finish)


def test_ended_trials_stay_ended():
    assert all(not TRANSITIONS[state] for state in TrialState if state.is_final)
    counts = TrialCounts(requested=1, active=2, stopping=3, succeeded=4, infeasible=5)
    assert (counts.total, counts.completed, counts.pending) == (15, 9, 6)


@pytest.mark.parametrize(
    "text",
    [
        "digits",
        "projects/default/studies/digits",
        "projects/default/locations/us-central1/studies/digits",
        "owners/default/studies/digits",
    ],
)
def test_study_names_of_all_forms(text):
    assert parse_study_name(text) == StudyName("default", "digits")


@given(st.text())
def test_any_text_gives_a_valid_study_id(text):
    StudyName("default", study_id_from(text))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200), ("1h30m", 5400), ("1d", 86400)],
)
def test_durations(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "-3s", "3 parsecs", "h", "1e9", "inf"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(InvalidInputError):
        parse_duration(text)


def test_durations_as_text():
    assert [format_duration(s) for s in (0.42, 12, 185, 7800, 273600)] == [
        "0.4s", "12s", "3m05s", "2h10m", "3d04h",
    ]  # fmt: skip


def test_errors_can_be_sent_to_other_processes():
    error = InvalidConfigError("f.yaml", [Problem("bad", 3, 5, "write good")])
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error) == "f.yaml: 1 problem\n  line 3, column 5: bad (write good)"
    assert again.problems == error.problems


@pytest.mark.parametrize(
    ("text", "value"), [("5%", 0.05), (" 12.5 % ", 0.125), ("0.3", 0.3), (".3", 0.3)]
)
def test_probabilities(text, value):
    assert parse_probability(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "0", "1", "100%", "5", "-1%", "nan", "p<5%"])
def test_texts_that_are_no_probability(text):
    with pytest.raises(InvalidInputError, match=r"5% or 0\.05"):
        parse_probability(text)

"""Several objectives: their final values, their reference values and the optimal trials."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.domain.best import best_trial, improvements, optimal_trials
from wazir.domain.errors import InvalidInputError
from wazir.domain.metrics import (
    Goal,
    Measurement,
    MeasurementSelection,
    Metric,
    describe_metrics,
    select_measurement,
    with_references,
)
from wazir.domain.parameters import Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial, TrialState

ACCURACY, LATENCY = Metric("accuracy", Goal.MAXIMIZE), Metric("latency", Goal.MINIMIZE)
BOTH = (ACCURACY, LATENCY)
LAST, BEST = MeasurementSelection.LAST, MeasurementSelection.BEST


def trial(trial_id, accuracy, latency, state=TrialState.SUCCEEDED):
    final = Measurement({"accuracy": accuracy, "latency": latency})
    return Trial(trial_id, {"x": 1.0}, state, final_measurement=final)


def study(metrics):
    return StudyConfig(SearchSpace({"x": Double(0, 1)}), tuple(metrics))


def test_a_metric_reported_at_another_time_belongs_to_the_final_measurement():
    series = [
        Measurement({"accuracy": 0.5}, step=1),
        Measurement({"latency": 7.0}, step=2),
        Measurement({"accuracy": 0.9}, step=3),
        Measurement({"accuracy": 0.8}, step=4),
        Measurement({"latency": 9.0}, step=5),
    ]
    assert select_measurement(series, BOTH, LAST).metrics == {"accuracy": 0.8, "latency": 7.0}
    assert select_measurement(series, BOTH, BEST).metrics == {"accuracy": 0.9, "latency": 7.0}
    late = [series[0], series[4]]
    assert select_measurement(late, BOTH, LAST).metrics == {"accuracy": 0.5, "latency": 9.0}
    assert select_measurement(series[1:2], BOTH, LAST) is None


def test_a_value_that_is_not_finite_is_not_replaced_by_an_older_one():
    series = [
        Measurement({"accuracy": 0.5, "latency": 7.0}, step=1),
        Measurement({"accuracy": 0.6, "latency": math.nan}, step=2),
    ]
    assert math.isnan(select_measurement(series, BOTH, LAST).metrics["latency"])


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=12))
def test_the_optimal_trials_are_those_that_no_other_beats(values):
    trials = [trial(i, float(a), float(b)) for i, (a, b) in enumerate(values, 1)]
    found = {t.id for t in optimal_trials(trials, study(BOTH))}
    for i, (a, b) in enumerate(values, 1):
        beaten = any(
            (c >= a and d <= b) and ((c, d) != (a, b) or j < i)
            for j, (c, d) in enumerate(values, 1)
        )
        assert (i in found) is not beaten
    ordered = [
        t.final_measurement.metrics["accuracy"] for t in optimal_trials(trials, study(BOTH))
    ]
    assert ordered == sorted(ordered, reverse=True)


@given(values=st.lists(st.tuples(*[st.integers(0, 4)] * 2), max_size=12))
def test_an_improvement_was_optimal_when_it_ended(values):
    trials = [trial(k, a, b) for k, (a, b) in enumerate(values, start=1)]
    config = study(BOTH)
    expected = [one for one in trials if one in optimal_trials(trials[: one.id], config)]
    assert improvements(trials, config) == expected


def test_trials_without_all_values_are_not_optimal():
    failed = trial(1, 0.9, 1.0, TrialState.INFEASIBLE)
    diverged = trial(2, math.nan, 1.0)
    lacking = Trial(3, {}, TrialState.SUCCEEDED, final_measurement=Measurement({"accuracy": 1.0}))
    assert optimal_trials([failed, diverged, lacking, trial(4, 0.1, 9.0)], study(BOTH))[0].id == 4
    assert optimal_trials([failed, diverged], study(BOTH)) == []


def test_with_one_objective_the_first_of_the_best_is_optimal():
    trials = [trial(1, 0.5, 1.0), trial(2, 0.9, 1.0), trial(3, 0.9, 0.5)]
    assert [t.id for t in optimal_trials(trials, study([ACCURACY]))] == [2]
    assert best_trial(trials, study([ACCURACY])).id == 2
    assert best_trial([], study([ACCURACY])) is None


def test_reference_values_are_given_by_name():
    metrics = with_references(BOTH, {"latency": 100})
    assert [metric.reference_value for metric in metrics] == [None, 100]
    text = "MAXIMIZE accuracy, MINIMIZE latency (reference 100)"
    assert describe_metrics(metrics) == text
    assert with_references([ACCURACY], {}) == (ACCURACY,)


@pytest.mark.parametrize(
    ("metrics", "references", "said"),
    [
        (BOTH, {"latencies": 1.0}, "did you mean 'latency'"),
        (BOTH, {"latency": math.inf}, "must be finite"),
        ((ACCURACY,), {"accuracy": 0.5}, "for several objectives"),
        ((*BOTH, Metric("heat", safety_threshold=3.0)), {"heat": 1.0}, "one of accuracy, latency"),
    ],
)
def test_wrong_references_are_refused(metrics, references, said):
    with pytest.raises(InvalidInputError, match=said):
        with_references(metrics, references)


def test_a_safety_metric_has_no_reference_value():
    with pytest.raises(InvalidInputError, match="safety metric"):
        Metric("heat", safety_threshold=3.0, reference_value=1.0)

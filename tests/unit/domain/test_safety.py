"""Safety metrics: limits as texts, violations, and the best of the safe trials."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.domain.best import best_trial, nearest_to_safe, why_no_best
from wazir.domain.errors import InvalidInputError
from wazir.domain.metrics import (
    Goal,
    Measurement,
    MeasurementSelection,
    Metric,
    describe_metrics,
    limit_text,
    select_measurement,
)
from wazir.domain.parameters import Double
from wazir.domain.safety import parse_limit, with_limits
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import (
    OUTSIDE_REASON,
    Trial,
    TrialState,
    has_failed,
    is_safe,
    lost_reason,
    violation,
)

LOSS = Metric("loss", Goal.MINIMIZE)
LATENCY = Metric("latency", Goal.MINIMIZE, 100.0)
RECALL = Metric("recall", Goal.MAXIMIZE, 0.5)


def trial(trial_id: int, **values: float) -> Trial:
    final = Measurement(values)
    return Trial(trial_id, {"x": 1.0}, TrialState.SUCCEEDED, final_measurement=final)


@pytest.mark.parametrize(
    ("text", "metric"),
    [
        ("latency<=100", LATENCY),
        (" latency <= 1e2 ", LATENCY),
        ("recall>=0.5", RECALL),
        ("val/recall >= -2", Metric("val/recall", Goal.MAXIMIZE, -2.0)),
        ("my metric<=1 in 90%", Metric("my metric", Goal.MINIMIZE, 1.0, 0.9)),
    ],
)
def test_limits_are_read(text: str, metric: Metric) -> None:
    assert parse_limit(text) == metric
    assert parse_limit(limit_text(metric)) == metric


@pytest.mark.parametrize(
    "text",
    ["latency", "latency<100", "latency=100", "<=3", "a<=b", "a<=nan", "a<=1 in 200%", "a<=1<=2"],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_limit(text)


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(Goal),
    st.none() | st.sampled_from([0.0, 0.25, 0.5, 1.0]),
)
def test_limits_survive_the_way_through_text(threshold, goal, fraction) -> None:
    metric = Metric("m", goal, threshold, fraction)
    assert parse_limit(limit_text(metric)) == metric


def test_limits_join_the_metrics() -> None:
    assert with_limits([LOSS], {"latency": "<=100"}) == (LOSS, LATENCY)
    assert with_limits([LOSS, LATENCY], "latency<=7") == (
        LOSS,
        Metric("latency", Goal.MINIMIZE, 7.0),
    )
    with pytest.raises(InvalidInputError, match="is optimized"):
        with_limits([LOSS], ["loss<=1"])
    with pytest.raises(InvalidInputError, match="given twice"):
        with_limits([LOSS], ["a<=1", "a>=0"])
    assert describe_metrics([LOSS, RECALL]) == "MINIMIZE loss, safety recall >= 0.5"


def study(metrics: Sequence[Metric]) -> StudyConfig:
    return StudyConfig(SearchSpace({"x": Double(0, 1)}), tuple(metrics))


def test_a_violation_counts_by_the_size_of_the_threshold() -> None:
    metrics = [LOSS, LATENCY, RECALL]
    assert violation(trial(1, loss=1, latency=100, recall=0.5), metrics) == 0.0
    assert violation(trial(1, loss=1, latency=150, recall=0.25), metrics) == 1.0
    assert violation(trial(1, loss=1, latency=50), metrics) == math.inf
    assert not is_safe(Trial(1, {}, TrialState.INFEASIBLE), metrics)
    assert is_safe(Trial(1, {}, TrialState.INFEASIBLE), [LOSS])


def test_the_best_trial_is_the_best_safe_one() -> None:
    metrics = (LOSS, LATENCY)
    trials = [
        trial(1, loss=1, latency=150),
        trial(2, loss=3, latency=90),
        trial(3, loss=2, latency=100),
        trial(4, loss=0),
    ]
    best = best_trial(trials, study(metrics))
    assert best is not None
    assert best.id == 3
    assert best_trial(trials[:1], study(metrics)) is None
    nearest = nearest_to_safe(trials, (LOSS, Metric("latency", Goal.MINIMIZE, 1.0)))
    assert nearest is not None
    assert nearest.id == 2


def test_it_is_said_why_no_trial_is_the_best() -> None:
    assert why_no_best([], study([LOSS, LATENCY])) == "no trial has succeeded yet"
    text = why_no_best([trial(1, loss=1, latency=150)], study([LOSS, LATENCY]))
    assert "of 1 trial that succeeded none is safe (latency <= 100)" in text
    assert text.endswith("the nearest is trial 1 with latency 150")
    assert "2 trials" in why_no_best([trial(1, loss=1), trial(2, loss=1)], study([LOSS, LATENCY]))


def test_safety_values_come_from_the_last_report_that_has_them() -> None:
    reports = [
        Measurement({"loss": 3, "latency": 7}, step=1),
        Measurement({"latency": 8, "other": 1}, step=2),
        Measurement({"loss": 1}, step=4),
    ]
    final = select_measurement(reports, [LOSS, LATENCY], MeasurementSelection.LAST)
    assert final is not None
    assert final.metrics["loss"] == 1
    assert final.metrics["latency"] == 8


def test_a_worker_that_died_says_nothing_of_the_parameters() -> None:
    crash = Trial(1, {}, TrialState.INFEASIBLE, infeasible_reason="exit code 1")
    lost = Trial(2, {}, TrialState.INFEASIBLE, infeasible_reason=lost_reason(2, "gone"))
    assert lost.infeasible_reason == "its worker died 2 times: gone"
    assert (has_failed(crash), has_failed(lost), has_failed(trial(3, loss=1))) == (1, 0, 0)
    edited = Trial(4, {}, TrialState.INFEASIBLE, infeasible_reason=OUTSIDE_REASON)
    assert not has_failed(edited)

"""The Pareto front of a study, in the units of its metrics."""

import pytest

from wazir.analysis.pareto import pareto_front
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.parameters import Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial, TrialState

SPACE = SearchSpace({"x": Double(0, 1)})


def study(*metrics):
    return StudyConfig(SPACE, metrics)


def trials(*rows):
    return [
        Trial(
            i,
            {"x": 0.5},
            TrialState.SUCCEEDED,
            final_measurement=Measurement({"accuracy": a, "latency": b}),
        )
        for i, (a, b) in enumerate(rows, 1)
    ]


def test_a_given_reference_value_counts_and_the_other_is_chosen():
    config = study(Metric("accuracy"), Metric("latency", Goal.MINIMIZE, reference_value=10.0))
    front = pareto_front(config, trials((0.9, 8.0), (0.5, 2.0), (0.4, 3.0)))
    assert front.trial_ids == (1, 2)
    assert front.reference == {"accuracy": pytest.approx(0.4), "latency": 10.0}
    assert front.hypervolume == pytest.approx(0.5 * 2 + 0.1 * 6)


def test_what_lies_beyond_the_reference_point_adds_nothing():
    config = study(
        Metric("accuracy", reference_value=0.6),
        Metric("latency", Goal.MINIMIZE, reference_value=10.0),
    )
    front = pareto_front(config, trials((0.9, 8.0), (0.5, 2.0)))
    assert front.trial_ids == (1, 2)
    assert front.hypervolume == pytest.approx(0.3 * 2)


def test_without_a_success_the_front_is_empty():
    config = study(Metric("accuracy"), Metric("latency", Goal.MINIMIZE))
    failed = Trial(1, {"x": 0.5}, TrialState.INFEASIBLE, infeasible_reason="no luck")
    front = pareto_front(config, [failed])
    assert (front.trials, front.reference, front.hypervolume) == ((), {}, 0.0)


def test_with_one_objective_it_is_the_best_trial():
    config = study(Metric("accuracy"))
    assert pareto_front(config, trials((0.5, 1.0), (0.9, 1.0), (0.9, 1.0))).trial_ids == (2,)

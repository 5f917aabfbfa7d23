"""Two and three objectives in the bandit: what it looks for, and what it says of it."""

import math
from dataclasses import replace

import numpy as np
import pytest

from wazir.algorithms.encoding import Encoding
from wazir.algorithms.gp.bandit import GpBandit
from wazir.algorithms.gp.front import FrontModel, reference_losses
from wazir.algorithms.gp.history import History
from wazir.algorithms.gp.model import Model
from wazir.algorithms.gp.settings import GpSettings
from wazir.algorithms.hypervolume import front_range, hypervolume
from wazir.algorithms.protocol import SUGGESTION_NAMESPACE, Snapshot
from wazir.domain.errors import InvalidInputError
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.parameters import Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial, TrialState

SPACE = SearchSpace({"x": Double(0.0, 1.0), "y": Double(0.0, 1.0)})


def config(*references, seed=0):
    """Return a study that minimizes cost and maximizes gain."""
    cost, gain = references or (None, None)
    metrics = (
        Metric("cost", Goal.MINIMIZE, reference_value=cost),
        Metric("gain", Goal.MAXIMIZE, reference_value=gain),
    )
    return StudyConfig(SPACE, metrics, seed=seed)


def values(parameters):
    """Return a cost from 0 to 1 along x, and a gain of its root; both are best at y = 0.3."""
    x, y = float(parameters["x"]), float(parameters["y"])
    away = 2.0 * (y - 0.3) ** 2
    return {"cost": x + away, "gain": math.sqrt(x) - away, "heat": x}


def played(study, n, algorithm=None, batch=1):
    """Return the trials of a study of `n` suggestions, made `batch` at a time."""
    trials = []
    while len(trials) < n:
        ids = range(len(trials) + 1, len(trials) + 1 + batch)
        made = (algorithm or GpBandit()).suggest(study, Snapshot(0, trials), ids)
        trials += [
            Trial(
                trial_id,
                suggestion.parameters,
                TrialState.SUCCEEDED,
                final_measurement=Measurement(values(suggestion.parameters)),
                metadata={SUGGESTION_NAMESPACE: dict(suggestion.explanation)},
            )
            for trial_id, suggestion in zip(ids, made, strict=True)
        ]
    return trials


def missing(trials, reference=(1.0, 0.0)):
    """Return the share of the best hypervolume that trials have not reached."""
    x = np.linspace(0, 1, 2000)
    corner = np.array([reference[0], -reference[1]])
    best = hypervolume(np.column_stack([x, -np.sqrt(x)]), corner)
    found = [trial.final_measurement.metrics for trial in trials]
    return 1 - hypervolume(np.array([[f["cost"], -f["gain"]] for f in found]), corner) / best


@pytest.fixture(scope="module")
def trials():
    return played(config(), 25)


def test_the_front_is_found(trials):
    assert missing(trials) < 0.06
    weighted = GpBandit(GpSettings(max_front_objectives=1))
    assert missing(trials) < missing(played(config(), 25, weighted))


def test_the_explanation_says_what_is_expected_of_each_objective(trials):
    said = trials[-1].metadata[SUGGESTION_NAMESPACE]
    assert said["acquisition"] == "log expected hypervolume improvement"
    assert said["aim"] in ("exploit", "explore")
    assert float(said["expected_hypervolume_improvement"]) > 0
    real = trials[-1].final_measurement.metrics
    for name in ("cost", "gain"):
        std = float(said[f"std.{name}"])
        assert abs(float(said[f"mean.{name}"]) - real[name]) < 5 * std + 0.05
    assert said["fitted_at"] == said["objective_2.fitted_at"]
    assert "objective_2.log_hyperparameters" in said


def test_suggestions_are_the_same_from_an_empty_cache(trials):
    encoding = Encoding.of(SPACE)
    for n in (12, 20):
        (again,) = GpBandit().suggest(config(), Snapshot(0, trials[:n]), [n + 1])
        before, after = encoding.encode([trials[n].parameters, again.parameters])
        np.testing.assert_allclose(after, before, atol=1e-6)


def test_points_of_one_call_are_spread_over_the_front(trials):
    made = GpBandit().suggest(config(), Snapshot(0, trials), range(26, 32))
    xs = sorted(float(suggestion.parameters["x"]) for suggestion in made)
    assert len({round(x, 2) for x in xs}) >= 4
    assert xs[-1] - xs[0] > 0.2


def test_a_given_reference_point_says_where_to_look():
    inside = played(config(0.5, 0.5), 24)[12:]
    costs = [trial.final_measurement.metrics["cost"] for trial in inside]
    assert np.mean([0.2 <= cost <= 0.55 for cost in costs]) > 0.8


def test_a_reference_point_that_nothing_reaches_is_looked_for_too():
    trials = played(config(-5.0, 9.0), 16)
    assert missing(trials) < 1
    assert trials[-1].metadata[SUGGESTION_NAMESPACE]["kind"] == "model"


def test_given_and_chosen_reference_values_are_losses():
    study = config(None, 0.25)
    history = History.of(study, Encoding.of(SPACE), Snapshot(0, played(study, 4)))
    reference, limits = reference_losses(history, study.objectives)
    assert reference[1] == -0.25
    assert reference[0] == limits[0]
    assert limits[1] >= -0.25


def test_a_near_reference_point_lies_just_beyond_the_front_and_leaves_given_values():
    for study in (config(), config(None, 0.25)):
        history = History.of(study, Encoding.of(SPACE), Snapshot(0, played(study, 12)))
        far, limits = reference_losses(history, study.objectives)
        near, same_limits = reference_losses(history, study.objectives, is_near=True)
        np.testing.assert_array_equal(same_limits, limits)
        ideal, end = front_range(history.Y)
        is_given = [metric.reference_value is not None for metric in study.objectives]
        np.testing.assert_array_equal(near, np.where(is_given, far, np.minimum(far, end)))
        assert (near[~np.array(is_given)] > ideal[~np.array(is_given)]).all()


def test_a_front_of_one_point_has_no_near_reference_point():
    history = History.of(config(), Encoding.of(SPACE), Snapshot(0, played(config(), 1)))
    far, _ = reference_losses(history, config().objectives)
    near, _ = reference_losses(history, config().objectives, is_near=True)
    np.testing.assert_array_equal(near, far)


def test_far_and_near_reference_points_take_turns(trials):
    said = [trial.metadata[SUGGESTION_NAMESPACE] for trial in trials]
    turns = [it.get("reference") for it in said]
    assert "near" not in turns[:20]
    assert turns[20:] == ["far", "near", "far", "near", "far"]


def test_only_safe_trials_make_the_front():
    heat = Metric("heat", Goal.MINIMIZE, safety_threshold=0.5)
    study = replace(config(), metrics=(*config().metrics, heat))
    trials = played(study, 22)
    late = [trial.final_measurement.metrics["heat"] for trial in trials[12:]]
    assert sum(value > 0.5 for value in late) <= 2
    assert max(value for value in late if value <= 0.5) > 0.4


@pytest.mark.parametrize("n", [0, 4])
def test_the_number_of_modelled_objectives_has_limits(n):
    with pytest.raises(InvalidInputError, match="max_front_objectives"):
        GpSettings(max_front_objectives=n)


def test_means_cost_no_deviations(trials, monkeypatch):
    fronts = []

    def spy(self, n, rng):
        fronts.append(self)
        return plain(self, n, rng)

    plain = FrontModel.best_points
    monkeypatch.setattr(FrontModel, "best_points", spy)
    GpBandit().suggest(config(), Snapshot(0, trials), [26])
    (front,) = fronts
    X = front.history.X[front._observed]
    expected = np.column_stack([model.predict(X).mean for model in front.models])

    def refuse(self, X):
        raise AssertionError("deviations are computed")

    monkeypatch.setattr(Model, "predict", refuse)
    again = replace(front)
    np.testing.assert_allclose(again._means, expected, rtol=1e-12)

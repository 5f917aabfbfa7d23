"""From trials to a model: features, losses, scalarisation, bounded size."""

import numpy as np
import pytest

from wazir.algorithms.encoding import Encoding
from wazir.algorithms.gp.features import FeatureMap
from wazir.algorithms.gp.history import History, scalarise
from wazir.algorithms.gp.model import Model, ModelMaker
from wazir.algorithms.gp.settings import GpSettings
from wazir.algorithms.protocol import Snapshot
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.parameters import Categorical, Double, Integer
from wazir.domain.space import Assignment, SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial, TrialState
from wazir.testing.algorithms import METRIC, study_config

SPACE = SearchSpace(
    {
        "c": Categorical(["a", "b", "c"]),
        "x": Double(0.0, 1.0),
        "k": Double(2.0, 2.0),
        "n": Integer(0, 4),
    }
)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def history_of(n: int) -> History:
    encoding = Encoding.of(SPACE)
    X = encoding.spread(rng().random((n, 4)))
    y = X[:, 1] ** 2 + (X[:, 0] == 1)
    return History(X, y[:, None], np.empty((0, 4)))


def fit(history: History) -> Model:
    return ModelMaker(Encoding.of(SPACE), 0, GpSettings()).make(history, None, rng())


def test_features_are_ordered_columns_then_one_hot_categories() -> None:
    encoding = Encoding.of(SPACE)
    features = FeatureMap.of(encoding)
    F = features(encoding.encode([{"c": "b", "x": 0.25, "k": 2.0, "n": 1}]))
    np.testing.assert_allclose(F, [[0.25, 0.25, 0.0, np.sqrt(0.5), 0.0]])
    assert features.groups.tolist() == [0, 1, 2, 2, 2]
    assert features.is_categorical.tolist() == [False, False, True]


def test_losses_are_turned_by_the_goal_and_missing_where_there_is_no_value() -> None:
    space = SearchSpace({"x": Double(0, 1)})

    def trial(i: int, value: float | None, state: TrialState = TrialState.SUCCEEDED) -> Trial:
        final = None if value is None else Measurement({METRIC: value})
        return Trial(i, {"x": 0.1 * i}, state, final_measurement=final)

    completed = (
        trial(1, 3.0),
        trial(2, np.nan),
        trial(3, 9.0, TrialState.INFEASIBLE),
        trial(4, None),
    )
    snapshot = Snapshot(0, completed, (trial(5, None, TrialState.ACTIVE),))
    history = History.of(study_config(space, goal=Goal.MAXIMIZE), Encoding.of(space), snapshot)
    np.testing.assert_array_equal(history.Y[:, 0], [-3.0, np.nan, np.nan, np.nan])
    assert (history.n_observed, history.n_trials) == (1, 5)
    np.testing.assert_allclose(history.pending, [[0.5]])


def test_trials_of_another_space_are_left_out() -> None:
    space = SearchSpace({"x": Double(0, 1)})
    points: list[Assignment] = [{"x": 0.5}, {"old": 1}, {"x": "text"}, {"x": 0.7}]
    trials = tuple(
        Trial(i, values, TrialState.SUCCEEDED, final_measurement=Measurement({METRIC: float(i)}))
        for i, values in enumerate(points)
    )
    history = History.of(study_config(space), Encoding.of(space), Snapshot(0, trials))
    np.testing.assert_array_equal(history.Y[:, 0], [0.0, 3.0])


def test_one_objective_stays_as_it_is() -> None:
    Y = np.array([[3.0], [1.0]])
    np.testing.assert_array_equal(scalarise(Y, rng()), [3.0, 1.0])


def test_several_objectives_keep_dominance_and_ignore_units() -> None:
    Y = np.array([[1.0, 2.0], [2.0, 3.0], [0.0, 4.0], [5.0, 9.0]])
    for seed in range(20):
        losses = scalarise(Y, np.random.default_rng(seed))
        assert losses[0] < losses[1] < losses[3]
        scaled = scalarise(Y * [1e-3, 1e6], np.random.default_rng(seed))
        np.testing.assert_array_equal(scaled, losses)


def test_different_weights_give_different_best_trials() -> None:
    Y = np.array([[0.0, 2.0], [1.0, 1.0], [2.0, 0.0]])
    best = {int(np.argmin(scalarise(Y, np.random.default_rng(seed)))) for seed in range(30)}
    assert best == {0, 1, 2}


def test_the_model_knows_good_from_bad() -> None:
    model = fit(history_of(40))
    good, bad = Encoding.of(SPACE).encode(
        [{"c": "a", "x": 0.05, "k": 2.0, "n": 2}, {"c": "b", "x": 0.95, "k": 2.0, "n": 2}]
    )
    prediction = model.predict(np.vstack([good, bad]))
    assert prediction.mean[0] + 1 < prediction.mean[1]
    assert model.incumbent == pytest.approx(model.predict(model.best_points(1)).mean[0], abs=1e-5)


def test_believing_takes_uncertainty_and_promise_from_pending_points() -> None:
    model = fit(history_of(12))
    pending = history_of(14).X[12:]
    believing = model.believe(pending)
    best = float(model.predict(pending).mean.min())
    assert believing.incumbent == pytest.approx(min(model.incumbent, best))
    assert (believing.predict(pending).std < model.predict(pending).std).all()
    assert model.believe(pending[:0]) is model


@pytest.mark.slow
def test_a_long_history_is_thinned() -> None:
    history = history_of(900)
    model = fit(history)
    assert len(model.X) == GpSettings().max_model_points
    assert {row.tobytes() for row in history.X[-50:]} <= {row.tobytes() for row in model.X}
    best = history.X[np.argsort(history.Y[:, 0])[:50]]
    assert {row.tobytes() for row in best} <= {row.tobytes() for row in model.X}


def test_no_value_at_all_is_no_error() -> None:
    config = StudyConfig(SPACE, (Metric("a"), Metric("b")))
    history = history_of(5)
    empty = History(history.X, np.full((5, len(config.objectives)), np.nan), history.pending)
    model = fit(empty)
    assert np.isfinite(model.predict(history.X).mean).all()


def test_a_trend_covers_all_features_equally() -> None:
    features = FeatureMap.of(Encoding.of(SPACE))
    F = features(history_of(4000).X)
    z = features.trend().shifted(F)
    np.testing.assert_allclose(z.mean(axis=0), 0.0, atol=0.1)
    per_parameter = np.bincount(features.groups, weights=(z**2).mean(axis=0))
    # An integer of five values varies more than a number does.
    np.testing.assert_allclose(per_parameter, [1 / 3, 1 / 2, 1 / 3], rtol=0.1)


def test_a_model_with_a_trend_has_one_hyperparameter_more() -> None:
    encoding = Encoding.of(SPACE)
    plain, bowl = (
        ModelMaker(encoding, 0, GpSettings(), has_trend=has_trend) for has_trend in (False, True)
    )
    assert bowl.theta_size == plain.theta_size + 1
    model = bowl.make(history_of(20), None, rng())
    assert len(model.fitted.theta) == bowl.theta_size
    assert model.process.kernel.trend is not None

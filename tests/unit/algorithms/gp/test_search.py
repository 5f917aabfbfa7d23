"""The search for the best point of an acquisition function."""

import numpy as np
import pytest

from wazir.algorithms.encoding import Encoding, row_keys
from wazir.algorithms.gp.acquisition import (
    Acquisition,
    AugmentedLogExpectedImprovement,
    LowerConfidenceBound,
)
from wazir.algorithms.gp.criterion import Criterion, ProcessCriterion, SumCriterion
from wazir.algorithms.gp.history import History
from wazir.algorithms.gp.initial_design import default_point, n_initial_points, sobol_point
from wazir.algorithms.gp.model import Model, ModelMaker
from wazir.algorithms.gp.search import N_BEST, Search, neighbours, perturb
from wazir.algorithms.gp.settings import GpSettings
from wazir.algorithms.inside import Inside
from wazir.algorithms.region import Region
from wazir.domain.metrics import Metric
from wazir.domain.parameters import Categorical, Discrete, Double, Integer
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.testing.algorithms import SPACES

AVERAGING = GpSettings(n_averaged=25)


def make_model(encoding: Encoding, n: int, settings: GpSettings) -> Model:
    X = encoding.spread(np.random.default_rng(1).random((n, encoding.n_columns)))
    y = np.sum((X - 0.3) ** 2, axis=1)
    history = History(X, y[:, None], X[:0])
    return ModelMaker(encoding, 0, settings).make(history, None, np.random.default_rng(0))


def make_search(
    space: SearchSpace, *, n: int = 15, taken: frozenset[bytes] = frozenset()
) -> Search:
    encoding = Encoding.of(space)
    model = make_model(encoding, n, GpSettings())
    criterion = ProcessCriterion.of(
        model, lambda i: AugmentedLogExpectedImprovement(model.incumbents[i], 0.01)
    )
    inside = Inside(Region(encoding, ()), space)
    return Search(inside, criterion, model.best_points(N_BEST), taken, GpSettings())


@pytest.mark.parametrize("name", ["double", "conditional", "finite", "mixed_30"])
def test_the_result_is_a_point_better_than_random_ones(name: str) -> None:
    search = make_search(SPACES[name])
    found = search.run(np.random.default_rng(2))
    assert found is not None
    SPACES[name].check(search.encoding.decode(found))
    d = search.encoding.n_columns
    others = search.encoding.spread(np.random.default_rng(3).random((400, d)))
    values = search.value(np.vstack([found, others]))
    assert values[0] >= np.max(values[1:])


def assert_gradient_matches_differences(criterion: Criterion, encoding: Encoding) -> None:
    columns = list(criterion.features.ordered)
    X = encoding.spread(np.random.default_rng(5).random((3, encoding.n_columns)))
    X[:, columns] = np.clip(X[:, columns] + 0.013, 0.01, 0.99)
    values, gradient = criterion.value_with_gradient(X)
    np.testing.assert_allclose(values, criterion.value(X), rtol=1e-9)
    for place, column in enumerate(columns):
        up, down = X.copy(), X.copy()
        up[:, column] += 1e-6
        down[:, column] -= 1e-6
        expected = (criterion.value(up) - criterion.value(down)) / 2e-6
        np.testing.assert_allclose(gradient[:, place], expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("n", [15, 30])
@pytest.mark.parametrize("is_bound", [False, True])
def test_gradients_of_the_criterion_match_differences(n: int, is_bound: bool) -> None:
    encoding = Encoding.of(SPACES["conditional"])
    model = make_model(encoding, n, AVERAGING)
    assert len(model.processes) == (3 if n == 15 else 1)

    def acquisition(i: int) -> Acquisition:
        if is_bound:
            return LowerConfidenceBound(3.0)
        return AugmentedLogExpectedImprovement(model.incumbents[i], 0.1)

    criterion = ProcessCriterion.of(model, acquisition)
    assert_gradient_matches_differences(criterion, encoding)


def test_a_sum_of_criteria_adds_values_and_gradients() -> None:
    encoding = Encoding.of(SPACES["conditional"])
    model = make_model(encoding, 15, AVERAGING)
    bound = ProcessCriterion.of(model, lambda _: LowerConfidenceBound(1.0))
    other = ProcessCriterion.of(model, lambda _: LowerConfidenceBound(3.0))
    total = SumCriterion((bound, other, bound))
    assert total.features is model.features
    X = encoding.spread(np.random.default_rng(7).random((4, encoding.n_columns)))
    np.testing.assert_allclose(total.value(X), 2 * bound.value(X) + other.value(X), rtol=1e-12)
    assert_gradient_matches_differences(total, encoding)


def test_taken_points_are_not_returned() -> None:
    space = SPACES["finite"]
    X = Encoding.of(space).all_points()
    left = X[3]
    taken = frozenset(set(row_keys(X)) - set(row_keys(left[None])))
    found = make_search(space, taken=taken).run(np.random.default_rng(0))
    np.testing.assert_array_equal(found, left)
    everything = make_search(space, taken=frozenset(row_keys(X)))
    assert everything.run(np.random.default_rng(0)) is None
    assert everything.best_of(X[:0]) == (None, -np.inf)


def test_perturbed_points_are_near_points_of_the_space() -> None:
    space = SPACES["mixed_30"]
    encoding = Encoding.of(space)
    best = encoding.spread(np.full((1, 30), 0.4))
    near = perturb(encoding, best, 200, np.random.default_rng(0))
    np.testing.assert_allclose(encoding.snap(near), near, atol=1e-12)
    n_changed = (np.abs(near - best) > 1e-12).sum(axis=1)
    assert np.median(n_changed) < 6
    assert n_changed.max() > 10
    assert (np.abs(near - best) > 1e-12).any(axis=0).all()


def test_neighbours_change_one_parameter_with_levels() -> None:
    space = SearchSpace(
        {
            "x": Double(0, 1),
            "c": Categorical(["a", "b", "c"]),
            "d": Discrete([1, 2, 4]),
            "n": Integer(0, 100),
            "k": Categorical(["one"]),
        }
    )
    encoding = Encoding.of(space)
    x = encoding.encode([{"x": 0.2, "c": "a", "d": 2, "n": 50, "k": "one"}])[0]
    points = [encoding.decode(row) for row in neighbours(encoding, x)]
    assert {p["c"] for p in points} == {"a", "b", "c"}
    assert {p["d"] for p in points} == {1, 2, 4}
    assert {p["n"] for p in points} == {46, 49, 50, 51, 54}
    assert {p["x"] for p in points} == {0.2}
    only_continuous = Encoding.of(SearchSpace({"x": Double(0, 1)}))
    assert neighbours(only_continuous, np.array([0.5])).shape == (0, 1)


@pytest.mark.parametrize(("d", "n"), [(1, 4), (2, 4), (8, 6), (30, 10), (100, 12)])
def test_the_initial_design_grows_with_the_space(d: int, n: int) -> None:
    assert n_initial_points(d) == n


def test_the_default_point_has_defaults_and_middles() -> None:
    space = SearchSpace({"x": Double(0, 1), "n": Integer(1, 9, default=2)})
    encoding = Encoding.of(space)
    point = default_point(StudyConfig(space, (Metric("loss"),)), encoding)
    assert point is not None
    assert encoding.decode(point) == {"x": 0.5, "n": 2}
    plain = SearchSpace({"x": Double(0, 1)})
    assert default_point(StudyConfig(plain, (Metric("loss"),)), Encoding.of(plain)) is None


def test_a_taken_sobol_point_is_replaced() -> None:
    region = Region(Encoding.of(SPACES["finite"]), ())
    taken: set[bytes] = set()
    for _ in range(6):
        point = sobol_point(region, 0, 1, taken)
        assert point is not None
        taken.update(row_keys(point[None]))
    assert len(taken) == 6
    assert sobol_point(region, 0, 7, taken) is None

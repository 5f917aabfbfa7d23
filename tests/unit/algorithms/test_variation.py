"""Mutation, crossover, cells and untried points keep to the space."""

import numpy as np
import pytest

from wazir.algorithms.cells import Cells
from wazir.algorithms.encoding import Encoding, row_keys
from wazir.algorithms.inside import Inside
from wazir.algorithms.region import Region
from wazir.algorithms.untried import Untried
from wazir.algorithms.variation import (
    crossed,
    mutated,
    one_of_each,
    polynomial_steps,
    reflect,
)
from wazir.domain.parameters import Categorical, Double, Integer
from wazir.domain.space import SearchSpace
from wazir.testing.algorithms import SPACES


def points(space: SearchSpace, n: int = 60) -> tuple[Encoding, np.ndarray, np.random.Generator]:
    rng = np.random.default_rng(5)
    encoding = Encoding.of(space)
    return encoding, encoding.spread(rng.random((n, encoding.n_columns))), rng


@pytest.mark.parametrize("name", list(SPACES))
def test_mutants_are_points_that_differ(name) -> None:
    space = SPACES[name]
    encoding, X, rng = points(space)
    steps = 1e-6 * rng.standard_normal(X.shape)
    mutants = mutated(encoding, X, one_of_each(encoding, X, rng), steps, rng)
    assert (encoding.snap(mutants) == mutants).all()
    for x in mutants:
        space.check(encoding.decode(x))
    if name not in {"one_point", "narrow", "constants_beside"}:
        # A step down from the lowest of two levels is folded back to where it came from.
        same = [a == b for a, b in zip(row_keys(X), row_keys(mutants), strict=True)]
        assert np.mean(same) < 0.1


@pytest.mark.parametrize("name", ["conditional", "mixed_30", "double", "finite"])
def test_children_are_points_after_rounding_and_equal_parents_have_equal_children(name) -> None:
    space = SPACES[name]
    encoding, X, rng = points(space)
    for x in encoding.snap(crossed(encoding, X, X[::-1].copy(), 10.0, rng)):
        space.check(encoding.decode(x))
    twins = encoding.snap(crossed(encoding, X, X, 10.0, rng))
    assert np.allclose(twins, X)


def test_a_child_takes_what_only_one_parent_has_from_this_one() -> None:
    kind = Categorical(["a", "b"]).when("b", {"x": Double(0.0, 1.0)})
    encoding = Encoding.of(SearchSpace({"kind": kind}))
    with_x, without = np.array([[1.0, 0.9]]), np.array([[0.0, 0.5]])
    children = [
        encoding.snap(crossed(encoding, with_x, without, 10.0, np.random.default_rng(i)))[0]
        for i in range(20)
    ]
    assert {tuple(np.round(child, 12)) for child in children} == {(1.0, 0.9), (0.0, 0.5)}


def test_polynomial_steps_stay_inside_and_are_small_for_a_large_index() -> None:
    rng = np.random.default_rng(0)
    X = rng.random((500, 3))
    moved = X + polynomial_steps(X, 10.0, rng)
    assert ((moved >= 0) & (moved <= 1)).all()
    small = np.abs(polynomial_steps(X, 100.0, np.random.default_rng(1))).mean()
    assert small < np.abs(polynomial_steps(X, 10.0, np.random.default_rng(1))).mean() / 4


def test_positions_are_folded_at_the_ends() -> None:
    assert np.allclose(reflect(np.array([-0.25, 0.5, 1.25, 2.25])), [0.25, 0.5, 0.75, 0.25])


@pytest.mark.parametrize(
    "name", ["integer", "integer_log", "integer_reverse_log", "discrete", "conditional"]
)
def test_cells_meet_and_hold_what_is_rounded_to_their_value(name) -> None:
    encoding, _, rng = points(SPACES[name])
    cells = Cells.of(encoding)
    X = encoding.spread(rng.random((200, encoding.n_columns)))
    low, high = cells.edges(X)
    exists = encoding.activity(X)[:, cells.columns]
    for i, j in enumerate(cells.columns):
        axis = encoding.columns[j].axis
        if not cells.has_cells[i]:
            assert (low[:, i] == high[:, i]).all()
            continue
        rows = exists[:, i]
        at, inner = X[rows, j], (high - low)[rows, i] * 1e-6
        assert np.allclose(axis.snap(low[rows, i] + inner), at)
        assert np.allclose(axis.snap(high[rows, i] - inner), at)
        assert low[rows, i].min() >= cells.low[i]
        assert high[rows, i].max() <= cells.high[i]


def test_a_free_point_stays_and_a_taken_one_becomes_its_neighbour() -> None:
    space = SearchSpace({"n": Integer(0, 10), "c": Categorical(["a", "b", "c"])})
    encoding, _, rng = points(space)
    untried = Untried(Inside(Region(encoding, ()), space), np.empty((0, 2)))
    x = np.array([0.5, 1.0])
    assert (untried.near(x, set(), rng) == x).all()
    found = untried.near(x, {row_keys(x[None])[0]}, rng)
    assert found[1] == 1.0
    assert abs(found[0] - 0.5) == pytest.approx(0.1)
    everything = encoding.all_points()
    taken = set(row_keys(everything)) - {row_keys(everything[7:8])[0]}
    assert (untried.near(x, taken, rng) == everything[7]).all()
    assert (untried.near(x, set(row_keys(everything)), rng) == x).all()


def test_a_taken_point_of_a_continuum_moves_a_little() -> None:
    space = SearchSpace({"x": Double(0.0, 1.0), "y": Double(0.0, 1.0)})
    encoding, X, rng = points(space, 1)
    untried = Untried(Inside(Region(encoding, ()), space), np.empty((0, 2)))
    found = untried.near(X[0], set(row_keys(X)), rng)
    assert 0 < np.abs(found - X[0]).max() < 0.02

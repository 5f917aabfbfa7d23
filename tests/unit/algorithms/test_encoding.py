"""Encoding: conditional parameters, round trips, enumeration."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.algorithms.encoding import Encoding, row_keys
from wazir.domain.errors import InvalidInputError
from wazir.domain.parameters import Categorical, Discrete, Double, Integer
from wazir.domain.space import Assignment, SearchSpace
from wazir.testing.algorithms import SPACES

CONDITIONAL = SPACES["conditional"]


@given(st.sampled_from(sorted(SPACES)), st.integers(0, 2**32 - 1))
def test_points_survive_encoding(name: str, seed: int) -> None:
    space = SPACES[name]
    encoding = Encoding.of(space)
    X = encoding.spread(np.random.default_rng(seed).random((6, encoding.n_columns)))
    points = [encoding.decode(x) for x in X]
    assert [space.check(point) for point in points] == points
    np.testing.assert_allclose(encoding.encode(points), X, atol=1e-9)


@given(st.sampled_from(sorted(SPACES)), st.integers(0, 2**32 - 1))
def test_a_row_and_a_matrix_give_the_same_points(name: str, seed: int) -> None:
    encoding = Encoding.of(SPACES[name])
    U = np.random.default_rng(seed).random((4, encoding.n_columns))
    assert [encoding.point_at(u) for u in U] == [encoding.decode(x) for x in encoding.spread(U)]


@given(st.sampled_from(sorted(SPACES)), st.integers(0, 2**32 - 1))
def test_snapping_twice_changes_nothing(name: str, seed: int) -> None:
    encoding = Encoding.of(SPACES[name])
    X = np.random.default_rng(seed).uniform(-0.5, 2.5, (6, encoding.n_columns))
    snapped = encoding.snap(X)
    np.testing.assert_allclose(encoding.snap(snapped), snapped, atol=1e-12)
    for x in snapped:
        SPACES[name].check(encoding.decode(x))


def test_columns_are_all_parameters_in_order() -> None:
    encoding = Encoding.of(CONDITIONAL)
    assert [c.name for c in encoding.columns] == [name for name, _ in CONDITIONAL.walk()]
    names = ["rate", "booster", "depth", "share", "share", "layers", "width"]
    assert [c.name for c in encoding.columns] == names


def test_activity_follows_parents_at_any_depth() -> None:
    encoding = Encoding.of(CONDITIONAL)
    tree: Assignment = {"rate": 0.1, "booster": "tree", "depth": 3, "share": 0.5}
    one: Assignment = {"rate": 0.1, "booster": "linear", "share": 0.5, "layers": 1}
    two: Assignment = {"rate": 0.1, "booster": "linear", "share": 0.5, "layers": 2, "width": 8}
    activity = encoding.activity(encoding.encode([tree, one, two])).astype(int).tolist()
    assert activity == [[1, 1, 1, 1, 0, 0, 0], [1, 1, 0, 0, 1, 1, 0], [1, 1, 0, 0, 1, 1, 1]]


def test_points_that_differ_only_in_what_does_not_exist_are_equal() -> None:
    encoding = Encoding.of(CONDITIONAL)
    U = np.full((2, encoding.n_columns), 0.3)
    U[:, 1] = 0.1
    U[1, 4:] = 0.9
    X = encoding.spread(U)
    assert len(set(row_keys(X))) == 1


def test_a_point_of_another_space_is_refused() -> None:
    encoding = Encoding.of(SearchSpace({"x": Double(0, 1), "c": Categorical(["a", "b"])}))
    with pytest.raises(KeyError):
        encoding.encode([{"x": 0.5}])
    with pytest.raises(InvalidInputError):
        encoding.encode([{"x": 0.5, "c": "z"}])


def test_all_points_of_a_conditional_space_come_up_once() -> None:
    leaf = {"b": Categorical(["p", "q", "r"])}
    parent = Integer(0, 3).when([1, 3], leaf).when(3, {"e": Discrete([5, 6])})
    space = SearchSpace({"a": parent, "d": Categorical([True, 1])})
    encoding = Encoding.of(space)
    X = encoding.all_points()
    points = {tuple((k, repr(v)) for k, v in encoding.decode(x).items()) for x in X}
    assert len(X) == len(points) == space.n_points == (1 + 3 + 1 + 6) * 2

"""Fronts and crowding against their definitions."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wazir.algorithms.ranking import crowding_distances, non_dominated_ranks, preference_order

LOSSES = st.one_of(
    st.sampled_from([0.0, 1.0, 2.0, np.nan, np.inf]), st.floats(-1e308, 1e308, width=64)
)


@st.composite
def tables(draw: st.DrawFn) -> np.ndarray:
    n, m = draw(st.integers(0, 12)), draw(st.integers(1, 3))
    rows = draw(st.lists(st.lists(LOSSES, min_size=m, max_size=m), min_size=n, max_size=n))
    return np.array(rows, dtype=float).reshape(n, m)


def dominates(a: np.ndarray, b: np.ndarray) -> bool:
    return bool((a <= b).all() and (a < b).any())


@given(tables())
def test_ranks_are_the_fronts_that_are_left_when_better_ones_are_taken_away(Y) -> None:
    ranks = non_dominated_ranks(Y)
    usable = [i for i in range(len(Y)) if np.isfinite(Y[i]).all()]
    left, rank = set(usable), 0
    while left:
        front = {i for i in left if not any(dominates(Y[k], Y[i]) for k in left)}
        assert {i for i in left if ranks[i] == rank} == front
        left -= front
        rank += 1
    assert all(ranks[i] == rank for i in range(len(Y)) if i not in usable)


@given(tables())
def test_preference_is_an_order_by_front_with_failures_last(Y) -> None:
    order = preference_order(Y)
    assert sorted(order.tolist()) == list(range(len(Y)))
    assert (np.diff(non_dominated_ranks(Y)[order]) >= 0).all()
    finite = np.isfinite(Y[order]).all(axis=1)
    assert (np.diff(finite.astype(int)) <= 0).all()


def test_one_objective_is_plain_sorting() -> None:
    Y = np.array([[3.0], [1.0], [np.nan], [1.0], [-1e308]])
    assert preference_order(Y).tolist() == [4, 1, 3, 0, 2]


def test_crowding_is_the_size_of_the_gap_around_a_point() -> None:
    Y = np.array([[0.0, 4.0], [4.0, 0.0], [1.0, 3.0], [2.0, 1.0]])
    distances = crowding_distances(Y)
    assert np.isinf(distances[:2]).all()
    # Deb's example by hand: (2 - 0) / 4 + (4 - 1) / 4 and (4 - 1) / 4 + (3 - 0) / 4.
    assert distances[2:].tolist() == [1.25, 1.5]
    assert preference_order(Y).tolist() == [0, 1, 3, 2]


def test_crowding_of_huge_and_of_equal_values_is_a_number() -> None:
    huge = np.array([[1e308, -1e308], [-1e308, 1e308], [0.0, 0.0]])
    assert crowding_distances(huge)[2] == 2.0
    assert np.isinf(crowding_distances(np.ones((3, 2)))[[0, 2]]).all()
    assert crowding_distances(np.empty((0, 2))).shape == (0,)

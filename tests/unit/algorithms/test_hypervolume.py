"""Hypervolume against counting cells, its invariances, and the choice of the reference point."""

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from wazir.algorithms.hypervolume import (
    given_or,
    hypervolume,
    non_dominated,
    reference_point,
)
from wazir.algorithms.ranking import non_dominated_ranks
from wazir.domain.metrics import Goal, Metric

SIDE = 5


@st.composite
def losses(draw, max_m=4):
    m = draw(st.integers(1, max_m))
    rows = st.lists(st.integers(0, SIDE + 1), min_size=m, max_size=m)
    return np.array(draw(st.lists(rows, min_size=1, max_size=7)), dtype=float)


@given(losses())
@settings(deadline=None)
def test_hypervolume_is_the_number_of_unit_cells_that_a_row_dominates(Y):
    m = Y.shape[1]
    cells = np.array(list(itertools.product(range(SIDE), repeat=m)))
    dominated = (Y[None] <= cells[:, None]).all(axis=2).any(axis=1)
    assert hypervolume(Y, np.full(m, float(SIDE))) == pytest.approx(dominated.sum())


@given(losses(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_order_of_rows_and_objectives_do_not_matter(Y, random):
    reference = np.full(Y.shape[1], float(SIDE))
    expected = hypervolume(Y, reference)
    rows, columns = list(range(len(Y))), list(range(Y.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    assert hypervolume(Y[rows][:, columns], reference) == pytest.approx(expected)


@given(losses())
def test_the_non_dominated_rows_are_the_first_front_without_repeats(Y):
    left = non_dominated(Y)
    front = Y[non_dominated_ranks(Y) == 0]
    assert sorted(map(tuple, Y[left])) == sorted(set(map(tuple, front)))


@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(0, 20), st.integers(1, 4)),
        elements=st.sampled_from([-np.inf, -1.0, -0.0, 0.0, 0.5, 1e300, np.inf, np.nan]),
    )
)
def test_the_non_dominated_rows_are_those_of_the_comparison_of_all_pairs(Y):
    no_worse = (Y[:, None, :] <= Y[None, :, :]).all(axis=2)
    beats = no_worse & (~no_worse.T | np.tri(len(Y), k=-1, dtype=bool).T)
    assert non_dominated(Y).tolist() == (~beats.any(axis=0)).tolist()


def test_the_front_of_many_rows_needs_little_memory():
    Y = np.random.default_rng(0).random((3000, 3))
    tracemalloc.start()
    try:
        assert 10 < non_dominated(Y).sum() < 300
        assert tracemalloc.get_traced_memory()[1] < 20 * Y.nbytes
    finally:
        tracemalloc.stop()


def test_a_given_reference_value_goes_before_a_chosen_one():
    metrics = (Metric("cost", Goal.MINIMIZE), Metric("gain", Goal.MAXIMIZE, reference_value=2.0))
    assert given_or(np.array([5.0, 6.0]), metrics).tolist() == [5.0, -2.0]


def test_nothing_is_dominated_from_a_reference_point_that_nothing_reaches():
    assert hypervolume(np.array([[1.0, 5.0], [3.0, 0.0]]), np.array([1.0, 9.0])) == 0.0
    assert hypervolume(np.empty((0, 2)), np.array([1.0, 9.0])) == 0.0


def test_the_reference_point_is_a_tenth_beyond_the_front_or_the_worst_of_the_first():
    Y = np.array([[0.0, 10.0], [5.0, 4.0], [10.0, 0.0], [9.0, 9.0], [8.0, 12.0]])
    assert reference_point(Y) == pytest.approx([11.0, 12.0])


def test_what_comes_later_moves_it_only_if_it_is_on_the_front():
    rng = np.random.default_rng(1)
    early = 5 + rng.random((10, 2))
    before = reference_point(early)
    beaten = np.vstack([early, [[50.0, 50.0]]])
    assert reference_point(beaten) == pytest.approx(before)
    at_one_end = np.vstack([early, np.column_stack([np.full(50, 0.01), rng.random(50)])])
    assert (reference_point(at_one_end) >= early.max(axis=0)).all()


def test_an_outlier_does_not_move_the_reference_point_far():
    rng = np.random.default_rng(3)
    x = rng.random(40)
    Y = np.column_stack([x, 1 - x])
    on_the_front = np.vstack([Y, [[-0.01, 1e6]]])
    assert reference_point(on_the_front)[1] < 5
    first = np.vstack([[[0.5, 1e6]], Y])
    assert reference_point(first)[1] < 5


@pytest.mark.parametrize(
    "rows", [[[3.0, 4.0]], [[3.0, 4.0], [3.0, 4.0]], [[0.0, 0.0], [2.0, 2.0]]]
)
def test_a_front_without_range_has_a_reference_point_beyond_it(rows):
    Y = np.array(rows)
    assert (reference_point(Y) > Y[0]).all()
    assert hypervolume(Y, reference_point(Y)) > 0


@given(
    st.integers(0, 2**16),
    st.lists(st.floats(1e-6, 1e6), min_size=3, max_size=3),
    st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=3),
)
def test_units_do_not_matter_for_the_reference_point(seed, scales, shifts):
    Y = np.random.default_rng(seed).normal(size=(14, 3))
    moved = reference_point(Y * scales + shifts)
    assert moved == pytest.approx(reference_point(Y) * scales + shifts, rel=1e-6, abs=1e-6)


def test_huge_values_have_a_finite_reference_point():
    Y = np.array([[1e308, -1e308], [-1e308, 1e308], [0.0, 0.0]])
    assert np.isfinite(reference_point(Y)).all()

"""The boxes that a front leaves, against volumes counted and computed in another way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wazir.algorithms.gp.boxes import non_dominated_boxes
from wazir.algorithms.hypervolume import hypervolume
from wazir.domain.errors import InvalidInputError

SIDE = 6


@st.composite
def fronts(draw):
    """Return losses (k, m) of which some may be beaten, equal, or beyond the reference point."""
    m = draw(st.integers(2, 3))
    rows = st.lists(st.integers(0, SIDE + 1), min_size=m, max_size=m)
    listed = draw(st.lists(rows, max_size=8))
    return np.array(listed, dtype=float).reshape(-1, m)


def in_boxes(boxes, y):
    inside = (boxes.lower <= y) & (y < boxes.upper)
    return int(inside.all(axis=1).sum())


@given(fronts())
@settings(deadline=None)
def test_each_free_cell_is_in_one_box_and_no_dominated_one_in_any(front):
    m = front.shape[1]
    boxes = non_dominated_boxes(front, np.full(m, float(SIDE)))
    grid = np.stack(np.meshgrid(*[np.arange(-1, SIDE + 1) + 0.5] * m), axis=-1).reshape(-1, m)
    for y in grid:
        is_free = bool((y < SIDE).all()) and not (front <= y).all(axis=1).any()
        assert in_boxes(boxes, y) == is_free


@given(fronts(), st.data())
@settings(deadline=None)
def test_the_improvement_is_the_difference_of_two_hypervolumes(front, data):
    m = front.shape[1]
    reference = np.full(m, float(SIDE))
    y = np.array(data.draw(st.lists(st.floats(-2, SIDE + 1), min_size=m, max_size=m)))
    before, after = hypervolume(front, reference), hypervolume(np.vstack([front, y]), reference)
    found = non_dominated_boxes(front, reference).improvement(y)
    assert found == pytest.approx(after - before, abs=1e-9)


@pytest.mark.parametrize(("m", "most"), [(2, 1), (3, 3)])
def test_the_number_of_boxes_grows_with_the_front(m, most):
    rng = np.random.default_rng(0)
    Y = rng.dirichlet(np.ones(m), 60)
    boxes = non_dominated_boxes(Y, np.ones(m))
    assert len(boxes.lower) <= most * len(Y) + 1


@pytest.mark.parametrize("m", [1, 4])
def test_other_numbers_of_objectives_are_refused(m):
    with pytest.raises(InvalidInputError, match="2 or 3 objectives"):
        non_dominated_boxes(np.empty((0, m)), np.ones(m))

"""What trials of different budgets count for an algorithm."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.stopping.brackets import Standing
from wazir.stopping.rung_labels import comparable_losses

LOSSES = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))


def labels(*rungs: list[float]) -> list[float]:
    """Return the labels of trials that have these losses by rung."""
    crowd = [
        Standing(i, {k: (loss,) for k, loss in enumerate(losses)})
        for i, losses in enumerate(rungs, start=1)
    ]
    found = comparable_losses(crowd)
    return [found[i][0] for i in sorted(found)]


@st.composite
def crowds(draw: st.DrawFn) -> list[Standing]:
    heights = draw(st.lists(st.integers(0, 3), min_size=1, max_size=15))
    return [
        Standing(i, {k: (draw(LOSSES),) for k in range(height + 1)})
        for i, height in enumerate(heights, start=1)
    ]


def test_without_larger_budgets_losses_stay_as_they_are() -> None:
    assert labels([3.0], [1.0]) == [3.0, 1.0]
    assert comparable_losses([]) == {}


def test_a_trial_is_placed_by_its_rank_among_those_that_went_on() -> None:
    found = labels([1.0, 0.1], [3.0, 0.5], [2.0], [0.5], [7.0])
    assert found == pytest.approx([0.1, 0.5, 0.3, 0.099, 4.5])


def test_trials_that_lead_are_hardly_better_than_the_best_known_and_have_no_ties() -> None:
    best, *leaders = labels([1.0, 0.1], [0.9], [0.5], [0.2])
    assert best > leaders[0] > leaders[1] > leaders[2] > best - 0.01


def test_labels_climb_rung_by_rung() -> None:
    # The third is like the second at rung 0, which is like the first at rung 1.
    assert labels([1.0, 0.5, 0.2], [2.0, 0.5], [2.0]) == pytest.approx([0.2, 0.2, 0.2])


def test_objectives_are_apart() -> None:
    crowd = [
        Standing(1, {0: (1.0, 9.0), 1: (0.5, 90.0)}),
        Standing(2, {0: (3.0, 7.0)}),
    ]
    assert comparable_losses(crowd) == {1: (0.5, 90.0), 2: (2.5, pytest.approx(89.98))}


@given(crowds())
def test_the_highest_rung_counts_as_it_is(crowd: list[Standing]) -> None:
    found = comparable_losses(crowd)
    top = max(one.rung for one in crowd)
    for one in crowd:
        if one.rung == top:
            assert found[one.trial_id] == one.losses[top]


@given(crowds())
def test_trials_of_one_rung_keep_their_order(crowd: list[Standing]) -> None:
    found = comparable_losses(crowd)
    for rung in range(max(one.rung for one in crowd)):
        there = [one for one in crowd if one.rung == rung]
        there.sort(key=lambda one: one.losses[rung])
        ordered = [found[one.trial_id][0] for one in there]
        for left, right in pairwise(ordered):
            assert left <= right + 1e-6


@given(crowds(), st.integers(0, 2**32))
def test_the_order_of_the_trials_does_not_matter(crowd: list[Standing], seed: int) -> None:
    shuffled = crowd.copy()
    random.Random(seed).shuffle(shuffled)
    assert comparable_losses(shuffled) == comparable_losses(crowd)

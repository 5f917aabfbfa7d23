"""What a stopped trial would have ended with."""

import math
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.stopping.curves import Curve
from wazir.stopping.ending import expected_end
from wazir.testing.stopping_rules import LENGTH, crowd, falling

NAN = float("nan")


def line(trial_id: int, *y: float, finished: bool = True) -> Curve:
    return Curve(trial_id, np.arange(1.0, len(y) + 1.0), np.array(y), finished)


def test_a_trial_ends_where_those_with_the_same_curve_ended() -> None:
    for n in range(8, LENGTH):
        expected = expected_end(falling(99, 1.0, n), [*crowd(), *map(_copy, range(50, 55))])
        assert expected == pytest.approx(falling(1, 1.0).y[-1])


def _copy(trial_id: int) -> Curve:
    return falling(trial_id, 1.0)


def test_what_was_gained_counts_and_not_where_others_ended() -> None:
    """All curves of `crowd` gain the same from a step on."""
    gain = falling(1, 0.0).y[9] - falling(1, 0.0).y[-1]
    own = falling(99, 2.13, 10)
    assert expected_end(own, crowd()) == pytest.approx(own.y[-1] - gain)


def test_trials_that_still_learn_end_better_than_those_that_do_not() -> None:
    flat = [line(i, *([3.0 + i / 100] * LENGTH)) for i in range(1, 7)]
    steep = [line(10 + i, *np.linspace(5.0 + i / 100, 1.0, LENGTH)) for i in range(1, 7)]
    still = expected_end(line(98, *([3.0] * 20), finished=False), [*flat, *steep])
    learns = expected_end(
        line(99, *np.linspace(5, 1, LENGTH)[:20], finished=False), [*flat, *steep]
    )
    assert still == pytest.approx(3.0)
    assert learns == pytest.approx(1.0, abs=0.05)


def test_nobody_who_was_stopped_is_taken_for_the_best() -> None:
    assert expected_end(falling(99, -5.0, 20), crowd()) == crowd()[0].y[-1]


@pytest.mark.parametrize(
    ("own", "others"),
    [
        (falling(99, 1.0, 10), crowd(2)),
        (falling(99, 1.0, 10), [falling(i, 1.0, 9, finished=True) for i in range(5)]),
        (falling(99, 1.0, 10), [falling(i, 1.0, 20) for i in range(5)]),
        (line(99, NAN, NAN), crowd()),
        (Curve(99, np.empty(0), np.empty(0)), crowd()),
    ],
    ids=["two_finished", "none_so_far", "none_finished", "nan", "empty"],
)
def test_nothing_is_expected_where_nothing_is_known(own: Curve, others: list[Curve]) -> None:
    assert expected_end(own, others) is None


def test_single_bad_values_are_left_out() -> None:
    own = falling(99, 1.0, 20)
    broken = replace(own, y=np.where(np.arange(20) == 19, NAN, own.y))
    assert expected_end(broken, crowd()) == expected_end(own.until(19.0), crowd())


@given(
    st.floats(1e-3, 1e9),
    st.floats(-1e6, 1e6),
    st.floats(0.0, 3.0),
    st.integers(2, 39),
    st.randoms(),
)
def test_neither_units_nor_the_order_of_the_others_count(
    scale: float, shift: float, floor: float, n: int, shuffler: random.Random
) -> None:
    def moved(curve: Curve) -> Curve:
        return replace(curve, y=scale * curve.y + shift)

    own, others = falling(99, floor + 0.013, n), crowd()
    shuffler.shuffle(others)
    plain, other = expected_end(own, crowd()), expected_end(moved(own), [moved(c) for c in others])
    assert plain is not None
    assert other == pytest.approx(scale * plain + shift, rel=1e-9, abs=1e-9 * (scale + abs(shift)))


def test_huge_losses_raise_nothing() -> None:
    huge = [line(i, *(sign * 1.7e308 for _ in range(9))) for i, sign in enumerate([1, -1, 1, -1])]
    expected = expected_end(line(99, 1.7e308, 1e308, finished=False), huge)
    assert expected is None or math.isfinite(expected)

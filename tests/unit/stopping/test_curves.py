"""Curves from measurements, and whether steps can be compared."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.stopping.curves import Curve, curve_of, steps_are_comparable

LOSS = Metric("loss", Goal.MINIMIZE)
NAN = float("nan")


def test_a_curve_has_losses_in_the_order_of_steps() -> None:
    made = [Measurement({"loss": 3.0}, step=2), Measurement({"loss": 5.0}, step=1)]
    curve = curve_of(7, made, LOSS, is_finished=True)
    assert curve.x.tolist() == [1.0, 2.0]
    assert curve.y.tolist() == [5.0, 3.0]
    assert curve.is_finished


def test_values_to_maximize_become_losses_and_what_is_missing_is_left_out() -> None:
    accuracy = Metric("accuracy", Goal.MAXIMIZE)
    made = [
        Measurement({"accuracy": 0.5}, step=1, elapsed_s=0.5),
        Measurement({"other": 1.0}, step=2, elapsed_s=1.0),
        Measurement({"accuracy": float("inf")}, step=3, elapsed_s=1.5),
        Measurement({"accuracy": 0.7}, elapsed_s=2.5),
    ]
    by_step = curve_of(1, made, accuracy, is_finished=False)
    np.testing.assert_array_equal(by_step.x, [1.0, 3.0])
    np.testing.assert_array_equal(by_step.y, [-0.5, NAN])
    by_time = curve_of(1, made, accuracy, is_finished=False, by_time=True)
    np.testing.assert_array_equal(by_time.x, [0.5, 1.5, 2.5])


def test_the_best_up_to_a_point_is_that_of_the_first_report_there_or_later() -> None:
    curve = Curve(1, np.array([1.0, 3.0, 5.0]), np.array([NAN, 2.0, 4.0]))
    assert curve.best_at(1.0) is None
    assert curve.best_at(2.0) == 2.0
    assert curve.best_at(5.0) == 2.0
    assert curve.best_at(5.1) is None
    assert curve.first_at(2.0) == 3.0
    assert curve.until(3.5).x.tolist() == [1.0, 3.0]


@given(
    st.dictionaries(
        st.integers(0, 30), st.floats(allow_nan=True, allow_infinity=True), max_size=12
    ),
    st.randoms(),
)
def test_the_order_in_which_measurements_arrive_does_not_matter(
    points: dict[int, float], shuffler: random.Random
) -> None:
    made = [Measurement({"loss": y}, step=x) for x, y in points.items()]
    expected = curve_of(1, made, LOSS, is_finished=False)
    shuffler.shuffle(made)
    got = curve_of(1, made, LOSS, is_finished=False)
    np.testing.assert_array_equal(got.x, expected.x)
    np.testing.assert_array_equal(got.y, expected.y)


@pytest.mark.parametrize(
    ("lengths", "comparable"),
    [
        ([], True),
        ([(100, 10.0)] * 8, True),
        # Many small steps or few large ones, in about the same time.
        ([(k, 60.0 + k / 1000) for k in (100, 200, 400, 800, 1600, 3200)], False),
        # Trials that end at different places, each step as long as the other.
        ([(k, k * 0.1) for k in (100, 200, 400, 800, 1600, 3200)], True),
        ([(0, 0.0)] * 8, True),
    ],
)
def test_steps_that_cannot_be_compared(
    lengths: list[tuple[float, float]], comparable: bool
) -> None:
    assert steps_are_comparable(lengths) is comparable


def test_the_curve_of_bests_never_rises():
    curve = Curve(1, np.arange(1.0, 6.0), np.array([np.nan, 3.0, 4.0, np.nan, 1.0]), True)
    bests = curve.of_bests()
    np.testing.assert_array_equal(bests.y, [np.nan, 3.0, 3.0, 3.0, 1.0])
    assert (bests.trial_id, bests.is_finished) == (1, True)

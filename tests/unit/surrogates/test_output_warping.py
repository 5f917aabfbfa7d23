"""Output warping: order, proportion, extremes."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.surrogates.output_warping import (
    WarpedOutputs,
    fill_missing,
    half_rank,
    log_beyond,
    log_tail,
    standardise,
)

Warp = Callable[[np.ndarray], WarpedOutputs]
both = pytest.mark.parametrize("warp", [half_rank, log_tail])
VALUES = st.lists(st.floats(-1e308, 1e308), min_size=1, max_size=20)
TAME = st.lists(st.integers(-1000, 1000).map(float), min_size=2, max_size=20)


@both
@given(VALUES)
def test_any_finite_values_give_finite_outputs_in_order(warp: Warp, values: list[float]) -> None:
    y = np.array(values)
    before = y.copy()
    warped = warp(y).values
    np.testing.assert_array_equal(y, before)
    assert np.isfinite(warped).all()
    ordered = warped[np.argsort(y, kind="stable")]
    assert (np.diff(ordered) >= -1e-12).all()


@both
@given(TAME)
def test_outputs_have_mean_0_and_variance_1(warp: Warp, values: list[float]) -> None:
    warped = warp(np.array(values)).values
    assert warped.mean() == pytest.approx(0.0, abs=1e-9)
    expected = 0.0 if len(set(values)) == 1 else 1.0
    assert warped.std() == pytest.approx(expected, abs=1e-9)


@both
@given(TAME)
def test_good_values_stay_in_proportion(warp: Warp, values: list[float]) -> None:
    y = np.array(values)
    outputs = warp(y)
    good = y <= np.median(y)
    back = outputs.origin + outputs.unit * outputs.values
    np.testing.assert_allclose(back[good], y[good], atol=1e-6)


@both
@given(TAME, st.floats(0.1, 1e3), st.floats(-1e3, 1e3))
def test_units_do_not_matter(warp: Warp, values: list[float], factor: float, shift: float) -> None:
    y = np.array(values)
    np.testing.assert_allclose(warp(factor * y + shift).values, warp(y).values, atol=1e-6)


def test_a_bad_outlier_hides_nothing() -> None:
    y = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 1e30])
    np.testing.assert_allclose(half_rank(y).values, half_rank(np.r_[y[:5], 6.0]).values)


def test_a_tail_keeps_distances_up_to_its_knee_and_is_bounded_beyond() -> None:
    y = np.array([-1.0, -1.0, 0.0, 2.0, 2.5, 1e3])
    outputs = log_tail(y)
    steps = np.diff(outputs.values) * outputs.unit
    # The median is 1 and s = sqrt(3): the knee is at 1 + 3 s, the bound at 1 + 9 s.
    np.testing.assert_allclose(steps[:4], [0.0, 1.0, 2.0, 0.5])
    top = outputs.origin + outputs.unit * outputs.values[-1]
    assert top == pytest.approx(1 + 9 * 3**0.5)


def test_an_outlier_leaves_room_for_the_rest() -> None:
    y = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 1e30])
    assert np.ptp(log_tail(y).values[:5]) > 0.2 * np.ptp(log_tail(y).values)


def test_missing_values_are_as_bad_as_the_worst() -> None:
    y = np.array([3.0, np.nan, -np.inf, 1.0, np.inf])
    assert fill_missing(y).tolist() == [3.0, 3.0, 3.0, 1.0, 3.0]
    assert fill_missing(np.array([np.nan, np.inf])).tolist() == [0.0, 0.0]


@given(
    st.lists(st.floats(-1e300, 1e300), min_size=2, max_size=20),
    st.floats(-1e300, 1e300),
)
def test_beyond_a_limit_losses_count_by_their_logarithm(values, limit):
    y = np.array(values)
    outputs = log_beyond(y, limit)
    assert np.isfinite(outputs.values).all()
    assert (np.diff(outputs.values[np.argsort(y, kind="stable")]) >= 0).all()


def test_up_to_the_limit_losses_keep_their_proportions():
    y = np.array([0.0, 1.0, 2.0, 4.0, 5.0, 1e6])
    outputs = log_beyond(y, 4.0)
    near = y[:4]
    np.testing.assert_allclose(outputs.origin + outputs.unit * outputs.values[:4], near, atol=1e-9)
    assert outputs.values[5] - outputs.values[3] < 7 * (outputs.values[3] - outputs.values[0])
    np.testing.assert_allclose([outputs.warped(v) for v in y], outputs.values)
    assert np.mean(outputs.values) == pytest.approx(0, abs=1e-12)


def test_without_a_knee_any_loss_is_warped_by_the_linear_map():
    outputs = standardise(np.array([1.0, 2.0, 3.0]))
    assert outputs.warped(2.0) == pytest.approx(0.0)
    assert outputs.warped(1e30) == pytest.approx(1e30 / outputs.unit)

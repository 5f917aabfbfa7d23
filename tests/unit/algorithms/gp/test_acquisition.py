"""Acquisition functions against quadrature, differences and extreme values."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.algorithms.gp.acquisition import (
    Acquisition,
    AugmentedLogExpectedImprovement,
    LogExpectedImprovement,
    LowerConfidenceBound,
    log_h,
)


@given(st.floats(-3, 3), st.floats(0.1, 3), st.floats(-3, 3))
def test_expected_improvement_is_the_integral(mean: float, std: float, best: float) -> None:
    y = np.linspace(mean - 10 * std, best, 20_001) if best > mean - 10 * std else np.array([best])
    density = np.exp(-0.5 * ((y - mean) / std) ** 2) / (std * math.sqrt(2 * math.pi))
    integral = float(np.trapezoid((best - y) * density, y))
    log_ei = LogExpectedImprovement(best).value(np.array([mean]), np.array([std]))[0]
    assert math.exp(log_ei) == pytest.approx(integral, rel=1e-3, abs=1e-12)


def test_log_h_is_smooth_and_finite_over_a_huge_range() -> None:
    z = np.r_[-np.logspace(100, -3, 2000), np.logspace(-3, 100, 2000)]
    values, ratios = log_h(z)
    assert np.isfinite(values).all()
    assert (np.diff(values) >= 0).all()
    assert np.isfinite(ratios).all()


@pytest.mark.parametrize("z", [-1.0, -1e3])
def test_branches_meet(z: float) -> None:
    near = np.array([z * (1 + 1e-9), z * (1 - 1e-9)])
    for left, right in log_h(near):
        assert left == pytest.approx(right, rel=1e-6)


@given(st.floats(-2e3, 30))
def test_the_ratio_is_the_derivative(z: float) -> None:
    step = 1e-5 * max(1.0, abs(z))
    low, high = log_h(np.array([z - step, z + step]))[0]
    expected = (high - low) / (2 * step)
    assert log_h(np.array([z]))[1][0] == pytest.approx(expected, rel=1e-4, abs=1e-8)


@given(
    st.sampled_from(
        [
            LogExpectedImprovement(0.3),
            AugmentedLogExpectedImprovement(0.3, 0.2),
            AugmentedLogExpectedImprovement(0.3, 0.0),
            LowerConfidenceBound(3.0),
        ]
    ),
    st.floats(-5, 50),
    st.floats(1e-3, 5),
)
def test_slopes_match_differences(acquisition: Acquisition, mean: float, std: float) -> None:
    at = np.array([mean]), np.array([std])
    value, by_mean, by_std = acquisition.with_slopes(*at)
    np.testing.assert_allclose(value, acquisition.value(*at), rtol=1e-12)
    step = 1e-6 * std
    means, stds = np.array([mean - step, mean + step]), np.array([std - step, std + step])
    d_mean = np.diff(acquisition.value(means, np.full(2, std)))[0] / (2 * step)
    d_std = np.diff(acquisition.value(np.full(2, mean), stds))[0] / (2 * step)
    assert by_mean[0] == pytest.approx(d_mean, rel=1e-3, abs=1e-4 / std)
    assert by_std[0] == pytest.approx(d_std, rel=1e-3, abs=1e-4 / std)


def test_both_prefer_lower_means_and_uncertainty_far_away() -> None:
    for acquisition in (LogExpectedImprovement(0.0), LowerConfidenceBound(2.0)):
        good, bad = acquisition.value(np.array([1.0, 2.0]), np.ones(2))
        assert good > bad
        wide, narrow = acquisition.value(np.full(2, 2.0), np.array([1.0, 0.5]))
        assert wide > narrow


@given(st.floats(-2, 2), st.floats(0.01, 3), st.floats(1e-3, 3))
def test_noise_takes_its_share_of_the_improvement(mean: float, std: float, noise: float) -> None:
    at = np.array([mean]), np.array([std])
    plain = LogExpectedImprovement(0.0).value(*at)[0]
    augmented = AugmentedLogExpectedImprovement(0.0, noise).value(*at)[0]
    share = 1 - noise / math.hypot(std, noise)
    assert math.exp(augmented - plain) == pytest.approx(share, rel=1e-6)
    assert AugmentedLogExpectedImprovement(0.0, 0.0).value(*at)[0] == pytest.approx(plain)


SIZES = st.floats(-300, 300).map(lambda exponent: 10.0**exponent)


@given(SIZES, SIZES, SIZES, st.sampled_from([-1.0, 1.0]), st.sampled_from([-1.0, 1.0]))
def test_log_improvement_is_finite_whatever_the_units(
    mean: float, std: float, best: float, mean_sign: float, best_sign: float
) -> None:
    at = np.array([mean_sign * mean]), np.array([std])
    for noise in (0.0, std, best):
        acquisition = AugmentedLogExpectedImprovement(best_sign * best, noise)
        assert np.isfinite(acquisition.value(*at)).all()
    assert np.isfinite(LogExpectedImprovement(best_sign * best).value(*at)).all()

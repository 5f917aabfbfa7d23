"""Bent inputs: monotone, fixed at the ends, and their derivatives."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wazir.surrogates.input_warping import NO_WARPING, InputWarping

BENDS = st.floats(-1.3, 1.3)


@given(BENDS, BENDS)
def test_the_map_is_monotone_from_0_to_1(log_a: float, log_b: float) -> None:
    warping = InputWarping(np.array([log_a]), np.array([log_b]))
    x = np.linspace(0, 1, 101)
    w = warping(np.column_stack([x, x]))
    assert (np.diff(w[:, 0]) > 0).all()
    assert 0 <= w[0, 0] < 0.05
    assert 0.95 < w[-1, 0] <= 1
    np.testing.assert_array_equal(w[:, 1], x)


def test_no_bend_changes_nothing() -> None:
    F = np.random.default_rng(0).random((5, 3))
    straight = InputWarping(np.zeros(2), np.zeros(2))
    np.testing.assert_allclose(straight(F), F, atol=1e-12)
    np.testing.assert_allclose(straight.slope(F, 3), 1.0, atol=1e-9)
    assert NO_WARPING(F) is F
    assert NO_WARPING.parameter_gradient(F, np.empty((5, 0))).shape == (0,)


@given(BENDS, BENDS, st.integers(0, 2**32 - 1))
def test_derivatives_match_differences(log_a: float, log_b: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    F, weights = rng.uniform(0.05, 0.95, (4, 2)), rng.standard_normal((4, 1))
    warping = InputWarping(np.array([log_a]), np.array([log_b]))
    step = np.array([1e-6, 0.0])
    by_x = (warping(F + step) - warping(F - step))[:, 0] / 2e-6
    np.testing.assert_allclose(warping.slope(F, 2)[:, 0], by_x, rtol=1e-4, atol=1e-7)

    def total(a: float, b: float) -> float:
        bent = InputWarping(np.array([a]), np.array([b]))(F)
        return float(np.sum(weights * bent[:, :1]))

    gradient = warping.parameter_gradient(F, weights)
    by_a = (total(log_a + 1e-6, log_b) - total(log_a - 1e-6, log_b)) / 2e-6
    by_b = (total(log_a, log_b + 1e-6) - total(log_a, log_b - 1e-6)) / 2e-6
    np.testing.assert_allclose(gradient, [by_a, by_b], rtol=1e-4, atol=1e-7)

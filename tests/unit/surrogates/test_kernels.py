"""The Matern-5/2 covariance against its formula written plainly."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wazir.surrogates.kernels import Matern52


def plain(a: np.ndarray, b: np.ndarray, weights: np.ndarray, variance: float) -> float:
    t = math.sqrt(5.0 * float(np.sum(weights * (a - b) ** 2)))
    return variance * (1 + t + t * t / 3) * math.exp(-t)


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_covariances_follow_the_formula(seed: int, p: int) -> None:
    rng = np.random.default_rng(seed)
    kernel = Matern52(np.exp(rng.uniform(-4, 8, p)), float(np.exp(rng.uniform(-3, 3))))
    A, B = rng.random((4, p)), rng.random((3, p))
    expected = [[plain(a, b, kernel.weights, kernel.variance) for b in B] for a in A]
    np.testing.assert_allclose(kernel(A, B), expected, rtol=1e-6, atol=1e-12)


@given(st.floats(1e-6, 50.0))
def test_the_slope_is_the_derivative(r2: float) -> None:
    kernel = Matern52(np.ones(1), 1.7)
    step = 1e-6 * r2
    near = kernel.of_square_distance(np.array([r2 - step, r2 + step]))
    value, slope = kernel.with_slope(np.array([r2]))
    np.testing.assert_allclose(value, kernel.of_square_distance(np.array([r2])), rtol=1e-12)
    np.testing.assert_allclose(slope[0], (near[1] - near[0]) / (2 * step), rtol=1e-4, atol=1e-9)


def test_equal_points_have_the_variance() -> None:
    F = np.random.default_rng(0).random((5, 3))
    kernel = Matern52(np.full(3, 1e4), 2.5)
    np.testing.assert_allclose(np.diagonal(kernel(F, F)), 2.5, rtol=1e-4)
    assert (kernel.square_distance(F, F) >= 0).all()


def test_different_categories_are_at_distance_one() -> None:
    one_hot = np.eye(3) * math.sqrt(0.5)
    r2 = Matern52(np.ones(3), 1.0).square_distance(one_hot, one_hot)
    np.testing.assert_allclose(r2, 1.0 - np.eye(3), atol=1e-15)

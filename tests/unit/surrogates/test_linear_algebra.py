"""Cholesky factors, also of matrices that have none."""

import numpy as np
import pytest

from wazir.surrogates.linear_algebra import cholesky, inverse, log_determinant, solve


def positive_definite(n: int) -> np.ndarray:
    A = np.random.default_rng(n).standard_normal((n, n))
    return A @ A.T + 0.1 * np.eye(n)


@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_factor_inverse_and_determinant(n: int) -> None:
    K = positive_definite(n)
    before = K.copy()
    L = cholesky(K)
    np.testing.assert_array_equal(K, before)
    np.testing.assert_allclose(L @ L.T, K, atol=1e-9)
    np.testing.assert_allclose(inverse(L) @ K, np.eye(n), atol=1e-7)
    np.testing.assert_allclose(K @ solve(L, np.arange(n * 1.0)), np.arange(n), atol=1e-7)
    assert log_determinant(L) == pytest.approx(np.linalg.slogdet(K)[1])


def test_a_singular_matrix_gets_jitter() -> None:
    K = np.ones((5, 5))
    L = cholesky(K)
    np.testing.assert_allclose(L @ L.T, K, atol=0.02)


@pytest.mark.parametrize("bad", [np.full((2, 2), np.nan), np.full((2, 2), np.inf), -np.eye(3)])
def test_what_cannot_be_factorised_raises(bad: np.ndarray) -> None:
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
        cholesky(bad)

"""Cholesky factors of covariance matrices: made, extended by rows, and used to solve."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs, dtrtrs

Array: TypeAlias = NDArray[np.float64]

# What is added to the diagonal at each try, as a share of its mean.
_JITTERS = (0.0, 1e-8, 1e-6, 1e-4, 1e-2)
# The least part of a variance that may be left after conditioning on everything else.
_MIN_PIVOT_SHARE = 1e-10


def cholesky(K: Array) -> Array:
    """Return the lower factor L with L L' = K, for a symmetric K (n, n).

    A K that is not positive definite gets up to a hundredth of its mean diagonal added.

    Raises:
        numpy.linalg.LinAlgError: K is not finite, or not positive definite even so.
    """
    level = float(np.mean(np.diagonal(K)))
    if np.isfinite(level):
        for jitter in _JITTERS:
            shifted = K.copy()
            if jitter:
                shifted.flat[:: len(K) + 1] += jitter * level
            # K is symmetric: its transpose is in the order that LAPACK wants.
            L, info = dpotrf(shifted.T, lower=1, clean=1, overwrite_a=1)
            if info == 0 and np.isfinite(L[-1, -1]):
                factor: Array = L
                return factor
    raise np.linalg.LinAlgError(f"a covariance of {len(K)} points is not positive definite")


def solve(L: Array, B: Array) -> Array:
    """Return K**-1 B for K = L L'; B has shape (n,) or (n, m)."""
    X, _ = dpotrs(L, B, lower=1)
    result: Array = X
    return result


def inverse(L: Array) -> Array:
    """Return K**-1 for K = L L', shape (n, n), symmetric. L has zeros above its diagonal."""
    # The zeros above the diagonal of L are left as they are.
    lower, _ = dpotri(L, lower=1)
    result: Array = lower + lower.T
    result.flat[:: len(L) + 1] *= 0.5
    return result


def log_determinant(L: Array) -> float:
    """Return log |K| for K = L L'."""
    return 2.0 * float(np.sum(np.log(np.diagonal(L))))


def extend(L: Array, K_inverse: Array, column: Array, variance: float) -> tuple[Array, Array]:
    """Return factor and inverse of K with one more row, in O(n**2) operations.

    K (n, n) = L L' gets the row `column` (n,) and the diagonal entry `variance`. With
    row = L**-1 column and pivot = variance - |row|**2 the new last row of the factor is
    (row, sqrt(pivot)); the inverse grows by the block formula (W. Hager, SIAM Review 31, 1989).
    A pivot below 1e-10 of the variance is raised to that.
    """
    n = len(L)
    row, _ = dtrtrs(L, column, lower=1)
    pivot = max(variance - float(row @ row), _MIN_PIVOT_SHARE * variance)
    u, _ = dtrtrs(L, row, lower=1, trans=1)
    factor = np.zeros((n + 1, n + 1), order="F")
    factor[:n, :n] = L
    factor[n, :n] = row
    factor[n, n] = np.sqrt(pivot)
    grown = np.empty((n + 1, n + 1))
    grown[:n, :n] = K_inverse + np.outer(u / pivot, u)
    grown[n, :n] = grown[:n, n] = -u / pivot
    grown[n, n] = 1.0 / pivot
    return factor, grown

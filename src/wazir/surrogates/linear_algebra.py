"""Cholesky factors of covariance matrices, with help for nearly singular ones."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs

Array: TypeAlias = NDArray[np.float64]

# What is added to the diagonal at each try, as a share of its mean.
_JITTERS = (0.0, 1e-8, 1e-6, 1e-4, 1e-2)


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

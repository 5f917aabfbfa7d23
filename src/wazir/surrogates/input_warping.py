"""Inputs bent by the Kumaraswamy distribution function, so that a process may change faster at
one end of a range than at the other.

w(x) = 1 - (1 - x**a)**b for x in [0, 1], monotone, with w(0) = 0 and w(1) = 1; a = b = 1 changes
nothing. See J. Snoek et al., "Input warping for Bayesian optimization of non-stationary
functions", ICML 2014, with Kumaraswamy's function in place of the beta function.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

# The slope is infinite at an end for some a and b; this close to it the function is a line.
_EDGE = 1e-6


@dataclass(frozen=True)
class InputWarping:
    """The functions of the first k features; `log_a` and `log_b` have shape (k,), k may be 0."""

    log_a: Array
    log_b: Array

    @property
    def n_warped(self) -> int:
        """Number of leading features that are bent."""
        return len(self.log_a)

    def __call__(self, F: Array) -> Array:
        """Return F (n, p) with its first k features bent."""
        if not self.n_warped:
            return F
        a, b = np.exp(self.log_a), np.exp(self.log_b)
        x = self._inside(F)
        bent = F.copy()
        bent[:, : self.n_warped] = -np.expm1(b * np.log1p(-(x**a)))
        return bent

    def slope(self, F: Array, n_leading: int) -> Array:
        """Return dw/dx at the first `n_leading` features of F (n, p), shape (n, n_leading)."""
        slope = np.ones((len(F), n_leading))
        k = min(self.n_warped, n_leading)
        if k:
            a, b = np.exp(self.log_a[:k]), np.exp(self.log_b[:k])
            x = self._inside(F)[:, :k]
            slope[:, :k] = a * b * x ** (a - 1.0) * np.exp((b - 1.0) * np.log1p(-(x**a)))
        return slope

    def parameter_gradient(self, F: Array, by_bent: Array) -> Array:
        """Return the gradient by log_a, then log_b, shape (2k,).

        `by_bent` (n, k) is the gradient of a function by the bent features of F (n, p).
        """
        if not self.n_warped:
            return np.empty(0)
        a, b = np.exp(self.log_a), np.exp(self.log_b)
        x = self._inside(F)
        power = x**a
        log_rest = np.log1p(-power)
        by_log_a = a * b * power * np.log(x) * np.exp((b - 1.0) * log_rest)
        by_log_b = -b * np.exp(b * log_rest) * log_rest
        gradient: Array = np.r_[(by_bent * by_log_a).sum(axis=0), (by_bent * by_log_b).sum(axis=0)]
        return gradient

    def _inside(self, F: Array) -> Array:
        x: Array = np.minimum(np.maximum(F[:, : self.n_warped], _EDGE), 1.0 - _EDGE)
        return x


NO_WARPING = InputWarping(np.empty(0), np.empty(0))

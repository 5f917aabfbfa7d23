"""The hyperparameters of a Gaussian process that suit data best: greatest posterior density.

The notation is that of wazir.surrogates.gaussian_process.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from wazir.surrogates.gaussian_process import (
    Data,
    Hyperparameters,
    add_noise,
    best_constant,
)
from wazir.surrogates.kernels import Trend
from wazir.surrogates.linear_algebra import cholesky, inverse, log_determinant, solve
from wazir.surrogates.priors import LogNormalPrior
from wazir.surrogates.quasi_newton import Limits, descend

Array: TypeAlias = NDArray[np.float64]

# Stands for "impossible" where a covariance cannot be factorised.
_WORST = 1e25


@dataclass(frozen=True)
class Start:
    """A point `theta` from which the density is climbed, with so many evaluations."""

    theta: Array
    n_evaluations: int


def fit_theta(data: Data, prior: LogNormalPrior, starts: Sequence[Start]) -> Array:
    """Return the hyperparameters of greatest posterior density found from `starts`."""
    found = [
        descend(
            lambda theta: negative_log_posterior(theta, data, prior),
            start.theta,
            prior.low,
            prior.high,
            Limits(start.n_evaluations),
        )
        for start in starts
    ]
    return min(found, key=lambda result: result[1])[0]


def negative_log_posterior(theta: Array, data: Data, prior: LogNormalPrior) -> tuple[float, Array]:
    """Return minus the log posterior density of `theta` up to a constant, and its gradient.

    L = 1/2 (y-m)' K**-1 (y-m) + 1/2 log|K| + 1/2 m**2 + penalty, with m at its best; so the
    derivative by any other quantity is that at a fixed m. With G = K**-1 - alpha alpha',
    dL = 1/2 tr(G dK): equation 5.9 of Rasmussen and Williams (2006).
    """
    parameters = Hyperparameters.of(theta, data)
    bent = parameters.warping(data.F)
    parts = _Parts.of(parameters, bent)
    try:
        L = cholesky(add_noise(parts.total(), parameters))
    except np.linalg.LinAlgError:
        return _WORST, np.zeros_like(theta)
    G = inverse(L)
    m = best_constant(G, data.y)
    residual = data.y - m
    alpha = solve(L, residual)
    penalty, gradient = prior.penalty(theta)
    fit = float(residual @ alpha)
    value = 0.5 * (fit + log_determinant(L) + m * m) + penalty
    G -= np.outer(alpha, alpha)
    by_noise = 0.5 * parameters.noise * float(np.trace(G))
    by_trend = [] if parts.trend is None else [0.5 * float(np.vdot(G, parts.trend))]
    # All of K but the noise and the trend scales with s2, and tr(G K) = n - fit.
    by_variance = 0.5 * (len(data.y) - fit) - by_noise - sum(by_trend)
    by_bent = parts.trend_by_bent(G, data.n_warped)
    G *= parts.slope
    by_length, matern_by_bent = _matern_gradients(G, bent, data, parameters.kernel.matern.weights)
    by_bends = parameters.warping.parameter_gradient(data.F, by_bent + matern_by_bent)
    scalars = [by_variance, by_noise, *by_trend]
    return value, gradient + np.concatenate([by_length, scalars, by_bends])


@dataclass(frozen=True)
class _Parts:
    """The parts of a covariance (n, n): Matern and its derivative by r2, and the trend.

    `z` (n, p) and `shape` (the trend with its variance) are those of the trend.
    """

    matern: Array
    slope: Array
    trend: Array | None = None
    z: Array | None = None
    shape: Trend | None = None

    @classmethod
    def of(cls, parameters: Hyperparameters, bent: Array) -> "_Parts":
        matern, shape = parameters.kernel.matern, parameters.kernel.trend
        k, slope = matern.with_slope(matern.square_distance(bent, bent))
        if shape is None:
            return cls(k, slope)
        z = shape.shifted(bent)
        return cls(k, slope, shape.covariance(z @ z.T), z, shape)

    def total(self) -> Array:
        """Return the covariance of the process; it may be changed."""
        return self.matern if self.trend is None else self.matern + self.trend

    def trend_by_bent(self, G: Array, n_bent: int) -> Array:
        """Return sum_j G_ij dk_ij/dz_if scale_f for the first features, shape (n, n_bent)."""
        if self.z is None or self.shape is None or n_bent == 0:
            return np.zeros((len(G), n_bent))
        by_c = G * self.shape.slope(self.z @ self.z.T)
        gradient: Array = (by_c @ self.z[:, :n_bent]) * self.shape.scale[:n_bent]
        return gradient


def _matern_gradients(M: Array, bent: Array, data: Data, weights: Array) -> tuple[Array, Array]:
    """Return the gradients by log length scales (d,) and by the bent features (n, k).

    With W = `bent` and M = G * dk/dr2: the first is -sum_f w_f sum_ij M_ij (W_if - W_jf)**2 over
    the features f of a parameter, the second 2 w_f sum_j M_ij (W_if - W_jf).
    """
    differences = bent * M.sum(axis=1)[:, None] - M @ bent
    squares = 2.0 * np.einsum("ij,ij->j", bent, differences)
    by_length = -np.bincount(data.groups, weights=weights * squares).astype(np.float64)
    k = data.n_warped
    by_bent: Array = 2.0 * weights[:k] * differences[:, :k]
    return by_length, by_bent

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
    kernel, noise = parameters.kernel, parameters.noise
    bent = parameters.warping(data.F)
    k, slope = kernel.with_slope(kernel.square_distance(bent, bent))
    try:
        L = cholesky(add_noise(k, parameters))
    except np.linalg.LinAlgError:
        return _WORST, np.zeros_like(theta)
    K_inverse = inverse(L)
    m = best_constant(K_inverse, data.y)
    residual = data.y - m
    alpha = solve(L, residual)
    penalty, gradient = prior.penalty(theta)
    fit = float(residual @ alpha)
    value = 0.5 * (fit + log_determinant(L) + m * m) + penalty
    G = K_inverse
    G -= np.outer(alpha, alpha)
    by_noise = 0.5 * noise * float(np.trace(G))
    # k + 1e-8 s2 scales with s2, and tr(G K) = n - fit.
    by_variance = 0.5 * (len(data.y) - fit) - by_noise
    G *= slope
    by_length, by_bends = _by_features(G, bent, data, parameters)
    return value, gradient + np.concatenate([by_length, [by_variance, by_noise], by_bends])


def _by_features(
    M: Array, bent: Array, data: Data, parameters: Hyperparameters
) -> tuple[Array, Array]:
    """Return the gradients by log length scales (d,) and by the bends (2k,).

    With W = `bent` and M = G * dk/dr2: the first is -sum_f w_f sum_ij M_ij (W_if - W_jf)**2 over
    the features f of a parameter, the second goes through 2 w_f sum_j M_ij (W_if - W_jf).
    """
    weights = parameters.kernel.weights
    differences = bent * M.sum(axis=1)[:, None] - M @ bent
    squares = 2.0 * np.einsum("ij,ij->j", bent, differences)
    by_length = -np.bincount(data.groups, weights=weights * squares).astype(np.float64)
    k = data.n_warped
    by_bent = 2.0 * weights[:k] * differences[:, :k]
    return by_length, parameters.warping.parameter_gradient(data.F, by_bent)

"""A Gaussian process: its hyperparameters from data, and what it predicts.

Notation:
    F       (n, p)  features of the data, see wazir.surrogates.kernels
    groups  (p,)    the parameter to which a feature belongs, in 0..d-1
    y       (n,)    outputs, about mean 0 and variance 1
    theta   (d+2,)  logarithms of d length scales, the variance s2 and the noise variance
    m               constant mean with prior N(0, 1)
    K       (n, n)  covariance of the outputs: kernel + (noise + 1e-8 s2) I
    alpha   (n,)    K**-1 (y - m)
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from wazir.surrogates.kernels import Matern52
from wazir.surrogates.lbfgs import minimise_in_box
from wazir.surrogates.linear_algebra import cholesky, inverse, log_determinant, solve
from wazir.surrogates.priors import LogNormalPrior

Array: TypeAlias = NDArray[np.float64]

_JITTER = 1e-8
_MIN_VARIANCE_SHARE = 1e-10
# Stands for "impossible" where a covariance cannot be factorised.
_WORST = 1e25


@dataclass(frozen=True)
class Data:
    """Features F (n, p), their groups (p,) and outputs y (n,)."""

    F: Array
    groups: NDArray[np.intp]
    y: Array

    def subset(self, rows: NDArray[np.intp]) -> "Data":
        """Return the data of some rows."""
        return replace(self, F=self.F[rows], y=self.y[rows])


@dataclass(frozen=True)
class Prediction:
    """Mean and standard deviation of the process without noise, each of shape (m,)."""

    mean: Array
    std: Array


@dataclass(frozen=True)
class GaussianProcess:
    """A process conditioned on data; make it with `condition`.

    `noise` (n,) is the noise variance of each output.
    """

    kernel: Matern52
    noise: Array
    data: Data
    constant: float
    alpha: Array
    K_inverse: Array

    def means_at_data(self) -> Array:
        """Return the means at the data, shape (n,): y - (noise + 1e-8 s2) alpha."""
        return self.data.y - (self.noise + _JITTER * self.kernel.variance) * self.alpha

    def predict(self, F: Array) -> Prediction:
        """Return mean and standard deviation at rows of F (m, p)."""
        k = self.kernel(F, self.data.F)
        reduction = np.einsum("ij,ij->i", k @ self.K_inverse, k)
        return Prediction(self.constant + k @ self.alpha, self._std(reduction))

    def predict_with_gradient(self, F: Array, n_leading: int) -> tuple[Prediction, Array, Array]:
        """Return the prediction at F (m, p) and gradients by its first `n_leading` features.

        The gradients of mean and standard deviation have shape (m, n_leading).
        """
        k, slope = self.kernel.with_slope(self.kernel.square_distance(F, self.data.F))
        v = k @ self.K_inverse
        prediction = Prediction(
            self.constant + k @ self.alpha, self._std(np.einsum("ij,ij->i", v, k))
        )
        d_mean = self._by_features(F, slope * self.alpha, n_leading)
        d_var = self._by_features(F, -2.0 * slope * v, n_leading)
        return prediction, d_mean, d_var / (2.0 * prediction.std[:, None])

    def believe(self, F: Array) -> "GaussianProcess":
        """Return the process as if its own means had been seen, without noise, at rows of F (m, p).

        Means stay as they are and the uncertainty at the new points goes: a way to take account
        of points whose results are still awaited (the "kriging believer" of D. Ginsbourger et
        al., 2010). With noise some uncertainty would stay, and draw more points to the same place.
        """
        data = replace(
            self.data,
            F=np.vstack([self.data.F, F]),
            y=np.r_[self.data.y, self.predict(F).mean],
        )
        noise = np.r_[self.noise, np.zeros(len(F))]
        return _condition(self.kernel, noise, data, self.constant)

    def _std(self, reduction: Array) -> Array:
        s2 = self.kernel.variance
        return np.sqrt(np.maximum(s2 - reduction, _MIN_VARIANCE_SHARE * s2))

    def _by_features(self, F: Array, C: Array, n_leading: int) -> Array:
        """Return sum_j C_ij d r2_ij / d F_if = 2 w_f (F_if sum_j C_ij - sum_j C_ij D_jf)."""
        lead, seen = F[:, :n_leading], self.data.F[:, :n_leading]
        weights = self.kernel.weights[:n_leading]
        result: Array = 2.0 * weights * (lead * C.sum(axis=1)[:, None] - C @ seen)
        return result


def condition(theta: Array, data: Data) -> GaussianProcess:
    """Return the process with hyperparameters `theta` given `data`.

    Raises:
        numpy.linalg.LinAlgError: the covariance cannot be factorised.
    """
    kernel, noise = _unpack(theta, data.groups)
    return _condition(kernel, np.full(len(data.y), noise), data, None)


def fit_theta(
    data: Data, prior: LogNormalPrior, starts: Sequence[Array], max_iterations: int
) -> Array:
    """Return the hyperparameters of greatest posterior density found from `starts`."""
    found = [
        minimise_in_box(
            lambda theta: negative_log_posterior(theta, data, prior),
            start,
            prior.low,
            prior.high,
            max_iterations,
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
    kernel, noise = _unpack(theta, data.groups)
    k, slope = kernel.with_slope(kernel.square_distance(data.F, data.F))
    try:
        L = cholesky(_add_noise(k, kernel.variance, noise))
    except np.linalg.LinAlgError:
        return _WORST, np.zeros_like(theta)
    K_inverse = inverse(L)
    m = _best_constant(K_inverse, data.y)
    residual = data.y - m
    alpha = solve(L, residual)
    penalty, gradient = prior.penalty(theta)
    fit = float(residual @ alpha)
    value = 0.5 * (fit + log_determinant(L) + m * m) + penalty
    G = K_inverse - np.outer(alpha, alpha)
    by_noise = 0.5 * noise * float(np.trace(G))
    G *= slope
    by_length = _length_scale_gradient(G, data, kernel.weights)
    by_variance = 0.5 * (len(data.y) - fit) - by_noise
    return value, gradient + np.r_[by_length, by_variance, by_noise]


def _length_scale_gradient(M: Array, data: Data, weights: Array) -> Array:
    """Return -sum_f w_f sum_ij M_ij (F_if - F_jf)**2 for the features of each parameter."""
    F = data.F
    squares = 2.0 * (M.sum(axis=1) @ (F * F)) - 2.0 * np.einsum("ij,ij->j", F, M @ F)
    by_parameter = np.bincount(data.groups, weights=weights * squares)
    return -by_parameter.astype(np.float64)


def _condition(
    kernel: Matern52, noise: Array, data: Data, constant: float | None
) -> GaussianProcess:
    L = cholesky(_add_noise(kernel(data.F, data.F), kernel.variance, noise))
    K_inverse = inverse(L)
    m = _best_constant(K_inverse, data.y) if constant is None else constant
    return GaussianProcess(kernel, noise, data, m, solve(L, data.y - m), K_inverse)


def _best_constant(K_inverse: Array, y: Array) -> float:
    row = K_inverse.sum(axis=0)
    return float(row @ y) / (float(row.sum()) + 1.0)


def _add_noise(k: Array, variance: float, noise: Array | float) -> Array:
    """Turn the covariance of the process into that of its outputs, in place."""
    k.flat[:: len(k) + 1] = variance + noise + _JITTER * variance
    return k


def _unpack(theta: Array, groups: NDArray[np.intp]) -> tuple[Matern52, float]:
    length_scales = np.exp(theta[:-2])
    kernel = Matern52(1.0 / length_scales[groups] ** 2, math.exp(theta[-2]))
    return kernel, math.exp(theta[-1])

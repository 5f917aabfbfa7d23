"""A Gaussian process: what it predicts, given its hyperparameters and data.

Notation:
    F       (n, p)  features of the data, see wazir.surrogates.kernels
    groups  (p,)    the parameter to which a feature belongs, in 0..d-1
    y       (n,)    outputs, about mean 0 and variance 1
    s2, t2          variances of the Matern part and of the trend
    m               constant mean with prior N(0, 1)
    K       (n, n)  covariance of the outputs: kernel + (noise + 1e-8 s2) I
    L       (n, n)  lower Cholesky factor of K
    alpha   (n,)    K**-1 (y - m)

The hyperparameters are a vector `theta` of logarithms: d length scales, s2, the noise variance, t2
if there is a trend, and a and b of the input warping of k features: shape (d + 2 + [1] + 2k,).
"""

import math
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from wazir.surrogates.input_warping import InputWarping
from wazir.surrogates.kernels import Kernel, Matern52, Trend
from wazir.surrogates.linear_algebra import cholesky, extend, inverse, solve

Array: TypeAlias = NDArray[np.float64]

JITTER = 1e-8
_MIN_VARIANCE_SHARE = 1e-10


@dataclass(frozen=True)
class Data:
    """Features F (n, p), their groups (p,) and outputs y (n,).

    The first `n_warped` features are bent. `trend` has the centre and scale of a trend, None for
    a process without one; its variance is a hyperparameter.
    """

    F: Array
    groups: NDArray[np.intp]
    y: Array
    n_warped: int = 0
    trend: Trend | None = None

    @property
    def n_parameters(self) -> int:
        """Number of length scales."""
        return int(self.groups.max(initial=-1)) + 1

    def subset(self, rows: NDArray[np.intp]) -> "Data":
        """Return the data of some rows."""
        return replace(self, F=self.F[rows], y=self.y[rows])


@dataclass(frozen=True)
class Hyperparameters:
    """A kernel, the noise variance and the input warping."""

    kernel: Kernel
    noise: float
    warping: InputWarping

    @classmethod
    def of(cls, theta: Array, data: Data) -> "Hyperparameters":
        """Return the hyperparameters in a vector of logarithms."""
        d, k = data.n_parameters, data.n_warped
        length_scales = np.exp(theta[:d])
        matern = Matern52(1.0 / length_scales[data.groups] ** 2, math.exp(theta[d]))
        trend = data.trend
        if trend is not None:
            trend = replace(trend, variance=math.exp(theta[d + 2]))
        bends = theta[len(theta) - 2 * k :]
        noise, warping = math.exp(theta[d + 1]), InputWarping(bends[:k], bends[k:])
        return cls(Kernel(matern, trend), noise, warping)


@dataclass(frozen=True)
class Prediction:
    """Mean and standard deviation of the process without noise, each of shape (m,)."""

    mean: Array
    std: Array


@dataclass(frozen=True)
class GaussianProcess:
    """A process conditioned on data; make it with `condition`.

    `bent` (n, p) are the features of the data after input warping, `noise` (n,) is the noise
    variance of each output.
    """

    parameters: Hyperparameters
    data: Data
    bent: Array
    noise: Array
    constant: float
    L: Array
    K_inverse: Array
    alpha: Array

    @property
    def kernel(self) -> Kernel:
        """The covariance function."""
        return self.parameters.kernel

    def means_at_data(self) -> Array:
        """Return the means at the data, shape (n,): y - (noise + 1e-8 s2) alpha."""
        return self.data.y - (self.noise + JITTER * self.kernel.matern.variance) * self.alpha

    def mean(self, F: Array) -> Array:
        """Return the means at rows of F (m, p), shape (m,); cheaper than `predict`."""
        bent = self.parameters.warping(F)
        means: Array = self.constant + self.kernel(bent, self.bent) @ self.alpha
        return means

    def predict(self, F: Array) -> Prediction:
        """Return mean and standard deviation at rows of F (m, p)."""
        bent = self.parameters.warping(F)
        k = self.kernel(bent, self.bent)
        reduction = np.einsum("ij,ij->i", k @ self.K_inverse, k)
        std = self._std(self.kernel.diagonal(bent), reduction)
        return Prediction(self.constant + k @ self.alpha, std)

    def joint(self, F: Array) -> tuple[Array, Array]:
        """Return mean (m,) and covariance (m, m) of the process without noise at F (m, p)."""
        bent = self.parameters.warping(F)
        k = self.kernel(bent, self.bent)
        covariance = self.kernel(bent, bent) - k @ self.K_inverse @ k.T
        return self.constant + k @ self.alpha, (covariance + covariance.T) / 2

    def predict_with_gradient(self, F: Array, n_leading: int) -> tuple[Prediction, Array, Array]:
        """Return the prediction at F (m, p) and gradients by its first `n_leading` features.

        The gradients of mean and standard deviation have shape (m, n_leading).
        """
        bent = self.parameters.warping(F)
        matern, trend = self.kernel.matern, self.kernel.trend
        k, slope = matern.with_slope(matern.square_distance(bent, self.bent))
        if trend is not None:
            k += trend.between(bent, self.bent)
        v = k @ self.K_inverse
        std = self._std(self.kernel.diagonal(bent), np.einsum("ij,ij->i", v, k))
        prediction = Prediction(self.constant + k @ self.alpha, std)
        d_mean = self._by_bent(bent, slope * self.alpha, n_leading)
        d_var = self._by_bent(bent, -2.0 * slope * v, n_leading)
        if trend is not None:
            trend_mean, trend_var = self._by_trend(trend, bent, v, n_leading)
            d_mean += trend_mean
            d_var += trend_var
        by_x = self.parameters.warping.slope(F, n_leading)
        return prediction, by_x * d_mean, by_x * d_var / (2.0 * std[:, None])

    def _by_trend(
        self, trend: Trend, bent: Array, v: Array, n_leading: int
    ) -> tuple[Array, Array]:
        """Return what the trend adds to the gradients of mean and variance, (m, n_leading) each.

        `v` (m, n) is k(bent, data) K**-1.
        """
        z, seen = trend.shifted(bent), trend.shifted(self.bent)
        by_c, lead, scale = trend.slope(z @ seen.T), seen[:, :n_leading], trend.scale[:n_leading]
        by_own = trend.slope(np.einsum("ij,ij->i", z, z))[:, None]
        d_mean = (by_c * self.alpha) @ lead * scale
        d_var = 2.0 * (by_own * z[:, :n_leading] - (by_c * v) @ lead) * scale
        return d_mean, d_var

    def believe(self, F: Array) -> "GaussianProcess":
        """Return the process as if its own means had been seen, without noise, at rows of F (m, p).

        Means stay as they are and the uncertainty at the new points goes: a way to take account
        of points whose results are still awaited (the "kriging believer" of D. Ginsbourger et
        al., 2010). With noise some uncertainty would stay, and draw more points to the same place.
        The factor is extended row by row.
        """
        process = self
        for row in F:
            process = process._believe_one(row[None])
        return process

    def _believe_one(self, F: Array) -> "GaussianProcess":
        bent = self.parameters.warping(F)
        column = self.kernel(bent, self.bent)[0]
        variance = float(self.kernel.diagonal(bent)[0]) + JITTER * self.kernel.matern.variance
        L, K_inverse = extend(self.L, self.K_inverse, column, variance)
        mean = self.constant + float(column @ self.alpha)
        data = replace(self.data, F=np.vstack([self.data.F, F]), y=np.r_[self.data.y, mean])
        return replace(
            self,
            data=data,
            bent=np.vstack([self.bent, bent]),
            noise=np.r_[self.noise, 0.0],
            L=L,
            K_inverse=K_inverse,
            # What is seen is what was expected, so the new point adds nothing to the means.
            alpha=np.r_[self.alpha, 0.0],
        )

    def _std(self, prior: Array, reduction: Array) -> Array:
        least = _MIN_VARIANCE_SHARE * self.kernel.matern.variance
        return np.sqrt(np.maximum(prior - reduction, least))

    def _by_bent(self, bent: Array, C: Array, n_leading: int) -> Array:
        """Return sum_j C_ij d r2_ij / d W_if = 2 w_f (W_if sum_j C_ij - sum_j C_ij D_jf)."""
        lead, seen = bent[:, :n_leading], self.bent[:, :n_leading]
        weights = self.kernel.matern.weights[:n_leading]
        result: Array = 2.0 * weights * (lead * C.sum(axis=1)[:, None] - C @ seen)
        return result


def condition(theta: Array, data: Data) -> GaussianProcess:
    """Return the process with hyperparameters `theta` given `data`.

    Raises:
        numpy.linalg.LinAlgError: the covariance cannot be factorised.
    """
    parameters = Hyperparameters.of(theta, data)
    bent = parameters.warping(data.F)
    L = cholesky(add_noise(parameters.kernel(bent, bent), parameters))
    K_inverse = inverse(L)
    m = best_constant(K_inverse, data.y)
    noise = np.full(len(data.y), parameters.noise)
    alpha = solve(L, data.y - m)
    return GaussianProcess(parameters, data, bent, noise, m, L, K_inverse, alpha)


def best_constant(K_inverse: Array, y: Array) -> float:
    """Return the m of greatest density under its prior N(0, 1), given K**-1 (n, n) and y (n,)."""
    row = K_inverse.sum(axis=0)
    return float(row @ y) / (float(row.sum()) + 1.0)


def add_noise(k: Array, parameters: Hyperparameters) -> Array:
    """Turn the covariance (n, n) of the process into that of its outputs, in place."""
    s2 = parameters.kernel.matern.variance
    k.flat[:: len(k) + 1] += parameters.noise + JITTER * s2
    return k

"""How promising a point is, from the mean and standard deviation predicted there.

Outputs are minimised, acquisition values maximised.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import erfcx, ndtr

from wazir.algorithms.axes import Array

_LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)
_SQRT_HALF_PI = math.sqrt(math.pi / 2.0)
# Below this the scaled complementary error function is needed, and below the next one even it
# cancels and a series takes over.
_Z_DIRECT = -1.0
_Z_SERIES = -1e3
# Its square is still a float.
_MAX_SCORE = 1e150


class Acquisition(Protocol):
    """A function of the marginal prediction; arrays have shape (m,)."""

    def value(self, mean: Array, std: Array) -> Array:
        """Return how promising points with these predictions are."""
        ...

    def with_slopes(self, mean: Array, std: Array) -> tuple[Array, Array, Array]:
        """Return the value and its derivatives by mean and by standard deviation."""
        ...


@dataclass(frozen=True)
class LogExpectedImprovement:
    """log E[max(best - Y, 0)] for Y ~ N(mean, std**2).

    With z = (best - mean) / std it is log std + log h(z), h(z) = phi(z) + z Phi(z), evaluated
    without underflow as in S. Ament et al., "Unexpected improvements to expected improvement",
    NeurIPS 2023. Finite for means and deviations from 1e-300 to 1e300.
    """

    best: float

    def value(self, mean: Array, std: Array) -> Array:
        """See Acquisition."""
        return np.log(std) + log_h(self._score(mean, std))[0]

    def with_slopes(self, mean: Array, std: Array) -> tuple[Array, Array, Array]:
        """See Acquisition."""
        z = self._score(mean, std)
        value, ratio = log_h(z)
        return np.log(std) + value, -ratio / std, (1.0 - ratio * z) / std

    def _score(self, mean: Array, std: Array) -> Array:
        with np.errstate(over="ignore"):
            z = (self.best - mean) / std
        bounded: Array = np.minimum(np.maximum(z, -_MAX_SCORE), _MAX_SCORE)
        return bounded


@dataclass(frozen=True)
class AugmentedLogExpectedImprovement:
    """Log expected improvement less what the noise of one more observation takes away.

    log EI + log(1 - noise / sqrt(std**2 + noise**2)), where `noise` is the standard deviation of
    an observation (D. Huang et al., "Global optimization of stochastic black-box systems via
    sequential kriging meta-models", J. Global Optim. 34, 2006, equation 12). Where the process is
    surer than the noise, looking again hardly tells more: this is what drives the search away
    from points that it already knows well enough. With noise 0 it is log EI itself.
    """

    best: float
    noise: float

    def value(self, mean: Array, std: Array) -> Array:
        """See Acquisition."""
        improvement = LogExpectedImprovement(self.best).value(mean, std)
        return improvement + self._log_share(std, np.hypot(std, self.noise))

    def with_slopes(self, mean: Array, std: Array) -> tuple[Array, Array, Array]:
        """See Acquisition."""
        value, by_mean, by_std = LogExpectedImprovement(self.best).with_slopes(mean, std)
        total = np.hypot(std, self.noise)
        by_share = self.noise * (total + self.noise) / (total * total * std)
        return value + self._log_share(std, total), by_mean, by_std + by_share

    def _log_share(self, std: Array, total: Array) -> Array:
        # 1 - noise / total, without the cancellation where std is small.
        share: Array = 2.0 * np.log(std) - np.log(total) - np.log(total + self.noise)
        return share


@dataclass(frozen=True)
class LogProbabilityBelow:
    """log P(Y <= bound) for an observation Y ~ N(mean, std**2 + noise); `noise` is a variance.

    Finite for means and deviations from 1e-300 to 1e150.
    """

    bound: float
    noise: float = 0.0

    def value(self, mean: Array, std: Array) -> Array:
        """See Acquisition."""
        return log_cdf(self._score(mean, self._total(std)))[0]

    def with_slopes(self, mean: Array, std: Array) -> tuple[Array, Array, Array]:
        """See Acquisition."""
        total = self._total(std)
        z = self._score(mean, total)
        value, ratio = log_cdf(z)
        return value, -ratio / total, -ratio * z / total * (std / total)

    def _total(self, std: Array) -> Array:
        return np.hypot(std, math.sqrt(self.noise))

    def _score(self, mean: Array, total: Array) -> Array:
        with np.errstate(over="ignore"):
            z = (self.bound - mean) / total
        bounded: Array = np.minimum(np.maximum(z, -_MAX_SCORE), _MAX_SCORE)
        return bounded


@dataclass(frozen=True)
class LowerConfidenceBound:
    """beta std - mean: what a point may reach at best, large where little is known."""

    beta: float

    def value(self, mean: Array, std: Array) -> Array:
        """See Acquisition."""
        return self.beta * std - mean

    def with_slopes(self, mean: Array, std: Array) -> tuple[Array, Array, Array]:
        """See Acquisition."""
        return self.value(mean, std), np.full_like(mean, -1.0), np.full_like(std, self.beta)


def log_cdf(z: Array) -> tuple[Array, Array]:
    """Return log Phi(z) and its derivative phi(z) / Phi(z), without underflow."""
    x = np.maximum(z, _Z_DIRECT)
    cdf = ndtr(x)
    value, ratio = np.log(cdf), np.exp(-0.5 * x * x - _LOG_SQRT_2PI) / cdf
    low = z < _Z_DIRECT
    if low.any():
        # Phi(z) = phi(z) m(z) with the Mills ratio m.
        mills = _SQRT_HALF_PI * erfcx(-z[low] / math.sqrt(2.0))
        value[low] = -0.5 * z[low] ** 2 - _LOG_SQRT_2PI + np.log(mills)
        ratio[low] = 1.0 / mills
    return value, ratio


def log_h(z: Array) -> tuple[Array, Array]:
    """Return log(phi(z) + z Phi(z)) and its derivative Phi(z) / (phi(z) + z Phi(z))."""
    x = np.maximum(z, _Z_DIRECT)
    cdf = ndtr(x)
    h = np.exp(-0.5 * x * x - _LOG_SQRT_2PI) + x * cdf
    value, ratio = np.log(h), cdf / h
    low = z < _Z_DIRECT
    if low.any():
        value[low], ratio[low] = _log_h_below(z[low])
    return value, ratio


def _log_h_below(z: Array) -> tuple[Array, Array]:
    """Return the same for z below -1, where the direct formula cancels."""
    x = np.maximum(z, _Z_SERIES)
    mills = _SQRT_HALF_PI * erfcx(-x / math.sqrt(2.0))
    rest = x * mills
    value = -0.5 * z * z - _LOG_SQRT_2PI
    ratio = mills / (1.0 + rest)
    far = z < _Z_SERIES
    if not far.any():
        return value + np.log1p(rest), ratio
    y = np.minimum(z, _Z_SERIES)
    series = -2.0 * np.log(-y) + np.log1p(-3.0 / y / y)
    value += np.where(far, series, np.log1p(np.where(far, 0.0, rest)))
    return value, np.where(far, -z - 2.0 / y, ratio)

"""How promising a point is, from the mean and standard deviation predicted there.

Outputs are minimised, acquisition values maximised.
"""

import math
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, ndtr

from wazir.algorithms.axes import Array

_Mask: TypeAlias = NDArray[np.bool_]

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

    def slopes(self, mean: Array, std: Array) -> tuple[Array, Array]:
        """Return the derivatives of the value by mean and by standard deviation."""
        ...


@dataclass(frozen=True)
class LogExpectedImprovement:
    """log E[max(best - Y, 0)] for Y ~ N(mean, std**2).

    With z = (best - mean) / std it is log std + log h(z), h(z) = phi(z) + z Phi(z), evaluated
    without underflow as in S. Ament et al., "Unexpected improvements to expected improvement",
    NeurIPS 2023. Finite
    for means and deviations from 1e-300 to 1e300.
    """

    best: float

    def value(self, mean: Array, std: Array) -> Array:
        """See Acquisition."""
        return np.log(std) + log_h(self._score(mean, std))

    def slopes(self, mean: Array, std: Array) -> tuple[Array, Array]:
        """See Acquisition."""
        z = self._score(mean, std)
        ratio = h_ratio(z)
        return -ratio / std, (1.0 - ratio * z) / std

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
        total = np.hypot(std, self.noise)
        # 1 - noise / total, without the cancellation where std is small.
        return improvement + 2.0 * np.log(std) - np.log(total) - np.log(total + self.noise)

    def slopes(self, mean: Array, std: Array) -> tuple[Array, Array]:
        """See Acquisition."""
        by_mean, by_std = LogExpectedImprovement(self.best).slopes(mean, std)
        total = np.hypot(std, self.noise)
        return by_mean, by_std + self.noise * (total + self.noise) / (total * total * std)


@dataclass(frozen=True)
class LowerConfidenceBound:
    """beta std - mean: what a point may reach at best, large where little is known."""

    beta: float

    def value(self, mean: Array, std: Array) -> Array:
        """See Acquisition."""
        return self.beta * std - mean

    def slopes(self, mean: Array, std: Array) -> tuple[Array, Array]:
        """See Acquisition."""
        return np.full_like(mean, -1.0), np.full_like(std, self.beta)


def log_h(z: Array) -> Array:
    """Return log(phi(z) + z Phi(z)), elementwise."""
    result = np.empty_like(z)
    direct, tail, series = _branches(z)
    x = z[direct]
    result[direct] = np.log(np.exp(-0.5 * x * x - _LOG_SQRT_2PI) + x * ndtr(x))
    x = z[tail]
    result[tail] = -0.5 * x * x - _LOG_SQRT_2PI + np.log1p(x * _mills(x))
    x = z[series]
    result[series] = -0.5 * x * x - _LOG_SQRT_2PI - 2.0 * np.log(-x) + np.log1p(-3.0 / x / x)
    return result


def h_ratio(z: Array) -> Array:
    """Return Phi(z) / (phi(z) + z Phi(z)), the derivative of log_h, elementwise."""
    result = np.empty_like(z)
    direct, tail, series = _branches(z)
    x = z[direct]
    cdf = ndtr(x)
    result[direct] = cdf / (np.exp(-0.5 * x * x - _LOG_SQRT_2PI) + x * cdf)
    x = z[tail]
    result[tail] = _mills(x) / (1.0 + x * _mills(x))
    x = z[series]
    result[series] = -x - 2.0 / x
    return result


def _mills(z: Array) -> Array:
    """Return Phi(z) / phi(z) for negative z."""
    result: Array = _SQRT_HALF_PI * erfcx(-z / math.sqrt(2.0))
    return result


def _branches(z: Array) -> tuple[_Mask, _Mask, _Mask]:
    direct = z > _Z_DIRECT
    series = z < _Z_SERIES
    return direct, ~direct & ~series, series

"""Objective values made fit for a Gaussian process: bad ones pulled in by rank or logarithm."""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

# In units of the better half's spread: from where on bad values count by their logarithm, and by
# how much at most.
_KNEE, _MAX_ABOVE = 3.0, 6.0
_MAX_SCALED = 1e300


@dataclass(frozen=True)
class WarpedOutputs:
    """Warped values, shape (n,), with mean 0 and variance 1 unless all are equal.

    For values not worse than the median the map is linear: y = origin + unit * warped. With a
    `knee` it is so up to there (in warped units), and what lies above counts by the logarithm of
    its distance in parts of `bend`.
    """

    values: Array
    origin: float
    unit: float
    knee: float = math.inf
    bend: float = 1.0

    def warped(self, y: float) -> float:
        """Return the warped value of any loss y; linear where there is no knee."""
        scaled = min(max((y / self.unit - self.origin / self.unit), -_MAX_SCALED), _MAX_SCALED)
        above = math.log1p(max(scaled - self.knee, 0.0) / self.bend)
        return min(scaled, self.knee) + self.bend * min(above, _MAX_ABOVE)


def fill_missing(y: Array) -> Array:
    """Return `y`, smaller is better, with the worst finite value in place of non-finite ones.

    All values are 0 where none is finite.
    """
    finite = np.isfinite(y)
    worst = float(np.max(y[finite])) if finite.any() else 0.0
    return np.where(finite, y, worst)


def half_rank(y: Array) -> WarpedOutputs:
    """Return outputs, smaller is better and all finite, with the worse half replaced by ranks.

    Values up to the median stay in proportion. A value above it becomes the median plus s times
    the normal quantile of its rank, where s is the root mean square distance of the better half
    from the median, so that no outlier hides what matters near the optimum. The idea is that of
    the "half rank" warping of Google Vizier (X. Song et al., arXiv:2408.11527).
    Values may be as large as a float can be.
    """
    # Halved, because the difference of two large floats may be too large for one.
    deviation = y / 2 - float(np.median(y / 2))
    better = deviation <= 0
    unit = -float(np.min(deviation, initial=0.0))
    scaled = np.zeros_like(y)
    if unit > 0:
        scaled[better] = deviation[better] / unit
    spread = math.sqrt(float(np.mean(scaled[better] ** 2))) or 1.0
    scaled[~better] = spread * _upper_quantiles(deviation)[~better]
    mean, sd = float(np.mean(scaled)), float(np.std(scaled)) or 1.0
    unit = 2 * (unit or 0.5)
    return WarpedOutputs(
        values=(scaled - mean) / sd,
        origin=2 * float(np.median(y / 2)) + unit * mean,
        unit=unit * sd,
    )


def log_tail(y: Array) -> WarpedOutputs:
    """Return outputs, smaller is better and all finite, with very bad values pulled in.

    Values up to three times s above the median stay in proportion, s as in `half_rank`; what lies
    above counts by its logarithm, and at most six times s. So values that differ by noise keep
    their distances, and one that is worse by orders of magnitude does not make all others look
    equal. Values may be as large as a float can be.
    """
    deviation = y / 2 - float(np.median(y / 2))
    unit = _root_mean_square(deviation[deviation <= 0]) or _root_mean_square(deviation) or 1.0
    with np.errstate(over="ignore"):
        scaled = np.minimum(deviation / unit, _MAX_SCALED)
    above = np.log1p(np.maximum(scaled - _KNEE, 0.0))
    scaled = np.minimum(scaled, _KNEE) + np.minimum(above, _MAX_ABOVE)
    mean, sd = float(np.mean(scaled)), float(np.std(scaled)) or 1.0
    return WarpedOutputs(
        values=(scaled - mean) / sd,
        origin=2 * float(np.median(y / 2)) + 2 * unit * mean,
        unit=2 * unit * sd,
    )


def log_beyond(y: Array, limit: float) -> WarpedOutputs:
    """Return outputs, smaller is better and all finite, linear up to `limit`, logarithmic beyond.

    The unit is the distance from the best value to the limit, if the limit is worse; what lies
    beyond counts at most six units. Meant for one of several objectives: values up to the limit
    keep their proportions, wherever in this objective the compromises lie.
    """
    low = float(np.min(y))
    # Halved, because the difference of two large floats may be too large for one.
    unit = 2 * (limit / 2 - low / 2)
    unit = unit if 0 < unit < math.inf else 1.0
    with np.errstate(over="ignore"):
        scaled = np.minimum((y / 2 - low / 2) / (unit / 2), _MAX_SCALED)
    above = np.log1p(np.maximum(scaled - 1.0, 0.0))
    scaled = np.minimum(scaled, 1.0) + np.minimum(above, _MAX_ABOVE)
    mean, sd = float(np.mean(scaled)), float(np.std(scaled)) or 1.0
    return WarpedOutputs(
        values=(scaled - mean) / sd,
        origin=low + unit * mean,
        unit=unit * sd,
        knee=(1.0 - mean) / sd,
        bend=1.0 / sd,
    )


def _root_mean_square(x: Array) -> float:
    # Scaled first, because the square of a large float may be too large for one.
    size = float(np.max(np.abs(x), initial=0.0))
    return size * math.sqrt(float(np.mean((x / size) ** 2))) if size else 0.0


def standardise(y: Array) -> WarpedOutputs:
    """Return outputs, all finite, shifted and scaled to mean 0 and variance 1.

    The map is linear for all values: y = origin + unit * warped.
    """
    # Scaled first, because the square of a large float may be too large for one.
    size = float(np.max(np.abs(y), initial=0.0)) or 1.0
    scaled = y / size
    mean, sd = float(np.mean(scaled)), float(np.std(scaled))
    if sd == 0.0:
        return WarpedOutputs(np.zeros_like(scaled), mean * size, size)
    return WarpedOutputs((scaled - mean) / sd, mean * size, sd * size)


def _upper_quantiles(deviation: Array) -> Array:
    """Return the normal quantiles of the ranks; meant for values above the median, at 0."""
    levels, ranks = np.unique(deviation, return_inverse=True)
    middle = int(np.searchsorted(levels, 0.0))
    share = 0.5 + 0.5 * (ranks - middle + 0.5) / (len(levels) - middle)
    quantile = NormalDist().inv_cdf
    return np.array([quantile(min(max(q, 0.5), 1 - 1e-12)) for q in share.tolist()])

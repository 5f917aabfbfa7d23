"""A model of learning curves: what loss a trial will end with, from how others went on.

Notation, for curves that are seen up to x = s and end at x = T (after scaling, see `Scale`):
    z_s      the loss at s
    phi (4,) features of a curve at s: z_s, z_s - z_{s/2}, z_{s/2} - z_{s/4}, best so far - z_s
    target   z_T - z_s
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from wazir.surrogates.linear_algebra import cholesky, inverse

Array: TypeAlias = NDArray[np.float64]
Points: TypeAlias = tuple[Array, Array]

_MAX_NEIGHBOURS = 60
_PENALTIES = (0.3, 3.0, 30.0, 300.0)
# A feature that hardly varies is not blown up to unit variance.
_LEAST_DEVIATION = 0.05
_LEAST_VARIANCE = 1e-4
_N_FITTED = 5


@dataclass(frozen=True)
class Scale:
    """Losses relative to the final ones of finished trials: 0 is the best, 1 the median.

    Beyond -1 and 1 distances grow like logarithms, so that a diverged trial is just bad.
    """

    best: float
    width: float

    @classmethod
    def of(cls, finals: Array) -> "Scale":
        """Return the scale of final losses (m,)."""
        best = float(finals.min())
        return cls(best, float(np.median(finals)) - best or abs(best) or 1.0)

    def __call__(self, y: Array) -> Array:
        """Return scaled losses."""
        with np.errstate(over="ignore"):
            z = (y - self.best) / self.width
        size = np.minimum(np.abs(z), 1e300)
        return np.where(size <= 1.0, z, np.sign(z) * (1.0 + np.log(np.maximum(size, 1.0))))


@dataclass(frozen=True)
class FinalLoss:
    """Student's t distribution of a final loss, in scaled units: 0 is the best finished trial."""

    mean: float
    std: float
    degrees: float

    def probability_below(self, loss: float) -> float:
        """Return the probability that the final loss is below `loss`."""
        return float(stdtr(self.degrees, (loss - self.mean) / self.std))


def predict_final(curve: Points, finished: Sequence[Points], end: float) -> FinalLoss | None:
    """Return the distribution of the loss of `curve` at `end`.

    Curves are (x, y) with finite y, ascending in x; `finished` are those that reached `end`, at
    least two. A ridge regression of the target on the features of the finished curves that looked
    most alike at the same place; its penalty and its variance come from leaving one out (the
    residuals of a linear smoother: T. Hastie et al., "The Elements of Statistical Learning", 2009,
    equation 7.64). None where the curve is empty.
    """
    if len(curve[0]) == 0:
        return None
    finals = np.array([np.interp(end, *points) for points in finished])
    scale = Scale.of(finals)
    s = float(curve[0][-1])
    own = _features(curve, s, scale)
    phi = np.array([_features(points, s, scale) for points in finished])
    near = np.argsort(np.sum((phi[:, :2] - own[:2]) ** 2, axis=1), kind="stable")
    near = near[:_MAX_NEIGHBOURS]
    target = scale(finals[near]) - phi[near, 0]
    gain, variance = _ridge(phi[near], target, own)
    degrees = max(len(near) - _N_FITTED, 2)
    return FinalLoss(float(own[0] + gain), math.sqrt(variance), float(degrees))


def _features(points: Points, s: float, scale: Scale) -> Array:
    x, y = points
    now, half, quarter = scale(np.interp([s, s / 2.0, s / 4.0], x, y))
    seen = y[x <= s]
    best = float(scale(np.array([seen.min() if len(seen) else y[0]]))[0])
    return np.array([now, now - half, half - quarter, best - now])


def _ridge(phi: Array, target: Array, own: Array) -> tuple[float, float]:
    """Return the predicted target at features `own` (4,) and its variance."""
    centre, spread = phi.mean(axis=0), phi.std(axis=0) + _LEAST_DEVIATION
    A, a = (phi - centre) / spread, (own - centre) / spread
    middle = float(target.mean())
    fits = []
    for penalty in _PENALTIES:
        M = inverse(cholesky(A.T @ A + penalty * np.eye(A.shape[1])))
        weights = M @ (A.T @ (target - middle))
        own_share = np.einsum("ij,jk,ik->i", A, M, A) + 1.0 / len(A)
        left_out = (target - middle - A @ weights) / np.maximum(1.0 - own_share, 1e-3)
        fits.append((float(np.mean(left_out**2)), float(a @ weights), float(a @ M @ a)))
    error, gain, leverage = min(fits)
    return middle + gain, (error + _LEAST_VARIANCE) * (1.0 + 1.0 / len(A) + leverage)

"""Rules that ask what a trial will end with: from other curves, or from its own convexity."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wazir.domain.errors import InvalidInputError
from wazir.stopping.curves import Array, Curve
from wazir.stopping.horizon import horizon
from wazir.stopping.protocol import Stop
from wazir.surrogates.learning_curves import Points, predict_final

_MIN_FINISHED = 5
_MIN_POINTS_OF_SLOPE = 3


@dataclass(frozen=True)
class DecayCurveRule:
    """Stops a trial that will hardly become the best one, by a model of learning curves.

    The model is `wazir.surrogates.learning_curves`; it is asked once five trials have finished.
    Alone it stops late bloomers (in our measurements the best trial of 10 % of studies); together
    with the rank rule it is the aggressive one.

    Args:
        probability: in (0, 0.5]; below this the trial is stopped.
        first_share: in (0, 1); nothing is stopped before this share of a trial's length.
        max_x: the length of a trial where it is known; else the median of finished trials.
    """

    probability: float = 0.003
    first_share: float = 0.1
    max_x: float | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.probability <= 0.5:
            raise InvalidInputError(f"probability lies in (0, 0.5], got {self.probability!r}")
        if not 0.0 < self.first_share < 1.0:
            raise InvalidInputError(f"first_share lies between 0 and 1, got {self.first_share!r}")

    def judge(self, curve: Curve, others: Sequence[Curve]) -> Stop | None:
        """See StoppingRule."""
        length = horizon([curve, *others], self.max_x)
        # A fixed order: sums must not depend on that of `others`.
        ordered = sorted(others, key=lambda other: other.trial_id)
        known = [_finite(other) for other in ordered if other.is_finished]
        finished = [points for points in known if len(points[0])]
        own = _finite(curve)
        if length is None or len(finished) < _MIN_FINISHED or len(own[0]) == 0:
            return None
        if not self.first_share * length <= curve.end < length:
            return None
        final = predict_final(own, finished, length)
        if final is None or (p := final.probability_below(0.0)) >= self.probability:
            return None
        best = min(float(np.interp(length, *points)) for points in finished)
        return Stop(
            "at {axis} {step} it has {value}; judging by {n} finished trials, the probability that "
            "it ends better than {limit} is {probability}",
            {"value": float(own[1][-1]), "limit": best},
            {"step": curve.end, "n": len(finished), "probability": p},
        )


@dataclass(frozen=True)
class ConvexRule:
    """Stops a trial that cannot reach the best one even at the speed it improves at now.

    A convex curve lies above its tangents: a loss that falls ever more slowly ends no lower than
    a straight line from its last part does. The slope is that of the best loss so far over the
    last half of the curve, by least squares.

    Args:
        first_share: in (0, 1); nothing is stopped before this share of a trial's length.
        max_x: the length of a trial where it is known (Vertex: maxStepCount).
        min_x: nothing is stopped before this x (Vertex: minStepCount).
        min_points: nor with fewer measurements (Vertex: minMeasurementCount).
    """

    first_share: float = 0.1
    max_x: float | None = None
    min_x: float = 0.0
    min_points: int = 5

    def __post_init__(self) -> None:
        if not 0.0 < self.first_share < 1.0:
            raise InvalidInputError(f"first_share lies between 0 and 1, got {self.first_share!r}")
        if self.min_points < _MIN_POINTS_OF_SLOPE:
            raise InvalidInputError(f"min_points must be at least 3, got {self.min_points!r}")

    def judge(self, curve: Curve, others: Sequence[Curve]) -> Stop | None:
        """See StoppingRule."""
        length = horizon([curve, *others], self.max_x)
        ends = [other.best_at(other.end) for other in others if other.is_finished]
        known = [end for end in ends if end is not None]
        x, _ = _finite(curve)
        if length is None or not known or len(x) < self.min_points:
            return None
        if not max(self.min_x, self.first_share * length) <= curve.end < length:
            return None
        half = x >= (x[0] + x[-1]) / 2.0
        if int(half.sum()) < _MIN_POINTS_OF_SLOPE:
            return None
        best = curve.best[np.isfinite(curve.y)]
        reach = float(best[-1]) + min(_slope(x[half], best[half]), 0.0) * (length - curve.end)
        if reach <= (limit := min(known)):
            return None
        return Stop(
            "its best value at {axis} {step} is {value}; improving as fast as now it would end with "
            "{reach}, and the best of {n} finished trials has {limit}",
            {"value": float(best[-1]), "reach": reach, "limit": limit},
            {"step": curve.end, "n": len(known)},
        )


def _finite(curve: Curve) -> Points:
    seen = np.isfinite(curve.y)
    return curve.x[seen], curve.y[seen]


def _slope(x: Array, y: Array) -> float:
    centred = x - x.mean()
    return float(centred @ y) / float(centred @ centred)

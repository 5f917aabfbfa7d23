"""Vertex AI's median rule."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wazir.domain.errors import InvalidInputError
from wazir.stopping.curves import Curve
from wazir.stopping.horizon import MIN_FINISHED, horizon
from wazir.stopping.protocol import Stop


@dataclass(frozen=True)
class MedianRule:
    """Stops a trial whose best loss is worse than the median of others' averages up to there.

    As Vertex AI documents it, only finished trials are compared with. That tightens itself: only
    good trials finish, so the median is that of ever better ones, and most trials are stopped (84
    to 94 % in our measurements without a minimum). `RankRule` counts all trials.

    Args:
        first_share: in [0, 1); nothing is stopped before this share of a trial's length. Vertex
            has no such minimum; 0 means none.
        max_x: the length of a trial where it is known; else the median of finished trials.
    """

    first_share: float = 0.1
    max_x: float | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.first_share < 1.0:
            raise InvalidInputError(f"first_share lies in [0, 1), got {self.first_share!r}")

    def judge(self, curve: Curve, others: Sequence[Curve]) -> Stop | None:
        """See StoppingRule."""
        length = horizon([curve, *others], self.max_x)
        own = curve.best_at(curve.end) if len(curve.x) else None
        if length is None or own is None:
            return None
        if not self.first_share * length <= curve.end < length:
            return None
        averages = [_average(other, curve.end) for other in others if other.is_finished]
        known = [average for average in averages if average is not None]
        if len(known) < MIN_FINISHED or own <= (limit := float(np.median(known))):
            return None
        return Stop(
            "its best value up to {axis} {step} is {value}; "
            "the median of the averages of {n} finished trials up to there is {limit}",
            {"value": own, "limit": limit},
            {"step": curve.end, "n": len(known)},
        )


def _average(curve: Curve, x: float) -> float | None:
    seen = curve.y[curve.x <= x]
    finite = seen[np.isfinite(seen)]
    return float(finite.mean()) if len(finite) else None

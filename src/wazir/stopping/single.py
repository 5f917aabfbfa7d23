"""Rules that look at one trial alone, and rules made of others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wazir.domain.errors import InvalidInputError
from wazir.stopping.curves import Curve
from wazir.stopping.protocol import Stop, StoppingRule


@dataclass(frozen=True)
class ThresholdRule:
    """Stops a trial that is not at least as good as a loss that the user gave, from `min_x` on.

    Args:
        loss: the limit, smaller is better.
        min_x: the x at which it has to be reached.
    """

    loss: float
    min_x: float = 0.0

    def judge(self, curve: Curve, others: Sequence[Curve]) -> Stop | None:
        """See StoppingRule."""
        if len(curve.x) == 0 or curve.end < self.min_x:
            return None
        own = float(curve.best[-1])
        if own <= self.loss or not np.isfinite(own):
            return None
        return Stop(
            "its best value at {axis} {step} is {value}; {limit} was asked for",
            {"value": own, "limit": self.loss},
            {"step": curve.end},
        )


@dataclass(frozen=True)
class PatienceRule:
    """Stops a trial whose best loss has not become better in the last `n` measurements.

    Args:
        n: at least 1.
        min_gain: at least 0; a smaller step down counts as none.
    """

    n: int = 10
    min_gain: float = 0.0

    def __post_init__(self) -> None:
        if self.n < 1:
            raise InvalidInputError(f"patience needs n of at least 1, got {self.n!r}")
        if self.min_gain < 0.0:
            raise InvalidInputError(f"min_gain must not be negative, got {self.min_gain!r}")

    def judge(self, curve: Curve, others: Sequence[Curve]) -> Stop | None:
        """See StoppingRule."""
        if len(curve.x) <= self.n:
            return None
        before, now = float(curve.best[-1 - self.n]), float(curve.best[-1])
        if not np.isfinite(before) or before - now > self.min_gain:
            return None
        return Stop(
            "its best value is {value} since {axis} {step}, for {n} measurements",
            {"value": now},
            {"step": float(curve.x[-1 - self.n]), "n": self.n},
        )


@dataclass(frozen=True)
class AnyOf:
    """Stops a trial that one of several rules stops; the first one that does is told."""

    rules: tuple[StoppingRule, ...]

    def judge(self, curve: Curve, others: Sequence[Curve]) -> Stop | None:
        """See StoppingRule."""
        return next(filter(None, (rule.judge(curve, others) for rule in self.rules)), None)

"""The rank rule: a trial goes on while it is among the better ones of late, at a few checks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wazir.domain.errors import InvalidInputError
from wazir.stopping.curves import Curve
from wazir.stopping.horizon import checks, horizon
from wazir.stopping.protocol import Stop

_MIN_OTHERS = 3


@dataclass(frozen=True)
class RankRule:
    """Stops a trial whose best loss at the last check is worse than a quantile of recent trials.

    Checks lie at `first_share` of the length of a trial and at multiples of it by `factor`. The
    newest other trials that got so far are compared with, running and stopped ones too: if only
    finished ones counted, and only good ones finish, the rule would tighten itself; and an
    optimizer's trials become better, so that beside its first ones all are good enough. Ties go on.
    This is asynchronous successive halving (L. Li et al., "A system for massively parallel
    hyperparameter tuning", MLSys 2020) without a pause, on the best loss so far, beside recent
    trials, and with the share that goes on told apart from the spacing of the checks.

    Args:
        first_share: in (0, 1); where the first check lies. Deciding earlier is the largest error
            a rule can make.
        factor: above 1.
        keep: in (0, 1); the share of trials that goes on at a check.
        window: at least 3; how many of the newest trials that got to the check are compared
            with. None for all.
        max_x: the length of a trial where it is known; else the median of finished trials.
    """

    first_share: float = 0.125
    factor: float = 2.0
    keep: float = 0.4
    max_x: float | None = None
    window: int | None = 10

    def __post_init__(self) -> None:
        for name, value in (("first_share", self.first_share), ("keep", self.keep)):
            if not 0.0 < value < 1.0:
                raise InvalidInputError(f"{name} lies between 0 and 1, got {value!r}")
        if not self.factor > 1.0:
            raise InvalidInputError(f"factor must be above 1, got {self.factor!r}")
        if self.window is not None and self.window < _MIN_OTHERS:
            raise InvalidInputError(f"window must be at least 3, got {self.window!r}")

    def judge(self, curve: Curve, others: Sequence[Curve]) -> Stop | None:
        """See StoppingRule."""
        length = horizon([curve, *others], self.max_x)
        if length is None or curve.end >= length:
            return None
        passed = [x for x in checks(length, self.first_share, self.factor) if x <= curve.end]
        own = curve.best_at(passed[-1]) if passed else None
        if own is None:
            return None
        newest = sorted(others, key=lambda other: -other.trial_id)
        seen = [other.best_at(passed[-1]) for other in newest]
        losses = [loss for loss in seen if loss is not None][: self.window]
        if len(losses) < _MIN_OTHERS:
            return None
        limit = float(np.quantile(losses, self.keep))
        if own <= limit:
            return None
        return Stop(
            "its best value up to {axis} {step} is {value}; to be among the better {percent} % of "
            "{n} other trials there takes {limit}",
            {"value": own, "limit": limit},
            {"step": curve.first_at(passed[-1]), "n": len(losses), "percent": 100.0 * self.keep},
        )

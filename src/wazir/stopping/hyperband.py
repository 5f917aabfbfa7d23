"""Hyperband without a pause: successive halving that begins at several budgets."""

from collections.abc import Sequence
from dataclasses import dataclass

from wazir.domain.errors import InvalidInputError
from wazir.stopping.curves import Curve
from wazir.stopping.protocol import Stop
from wazir.stopping.rank import RankRule


@dataclass(frozen=True)
class HyperbandRule:
    """Gives trials to brackets in turn; each bracket has its own first check.

    In bracket b it lies at `first_share` * `factor`**b, and a trial is compared with those of its
    bracket. So some trials are judged early and others late (L. Li et al., "Hyperband: a novel
    bandit-based approach to hyperparameter optimization", JMLR 18, 2018).

    Args:
        first_share: in (0, 1); where the first check of the first bracket lies.
        factor: above 1; 1 / factor of the trials goes on at a check.
        n_brackets: at least 1; checks beyond a trial's length never come.
        max_x: the length of a trial where it is known; else the median of finished trials.
    """

    first_share: float = 0.1
    factor: float = 2.0
    n_brackets: int = 3
    max_x: float | None = None

    def __post_init__(self) -> None:
        if self.n_brackets < 1:
            raise InvalidInputError(f"n_brackets must be at least 1, got {self.n_brackets!r}")
        RankRule(self.first_share, self.factor)

    def judge(self, curve: Curve, others: Sequence[Curve]) -> Stop | None:
        """See StoppingRule."""
        bracket = curve.trial_id % self.n_brackets
        share = self.first_share * self.factor**bracket
        if share >= 1.0:
            return None
        rule = RankRule(share, self.factor, 1.0 / self.factor, self.max_x, window=None)
        same = [other for other in others if other.trial_id % self.n_brackets == bracket]
        return rule.judge(curve, same)

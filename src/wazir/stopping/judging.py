"""Whether a trial is to be stopped: a rule for every objective, and what holds for all rules."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wazir.stopping.curves import Array, Curve
from wazir.stopping.protocol import Stop, StoppingRule

N_NOT_FINITE = 3


@dataclass(frozen=True)
class Evidence:
    """The curves of one objective: that of the trial, and those of all others."""

    own: Curve
    others: Sequence[Curve]


def has_diverged(curve: Curve) -> bool:
    """Return whether the last three values are NaN or infinite; one alone may be a slip."""
    return len(curve.y) >= N_NOT_FINITE and bool(np.isnan(curve.y[-N_NOT_FINITE:]).all())


def judge(rule: StoppingRule, objectives: Sequence[Evidence]) -> Stop | None:
    """Return why a trial is to be stopped, None if it is to go on.

    The only trial that has reported anything is never stopped. With several objectives the rule must say so for each of them, and another trial must have
    been better in all of them with as many steps: a trial that may yet be a compromise goes on.
    """
    if not any(len(other.x) for one in objectives for other in one.others):
        return None
    found = [rule.judge(one.own, one.others) for one in objectives]
    stops = [stop for stop in found if stop is not None]
    if len(stops) < len(objectives):
        return None
    if len(objectives) > 1 and not _is_dominated(objectives):
        return None
    return stops[0]


def _is_dominated(objectives: Sequence[Evidence]) -> bool:
    end = min(one.own.end for one in objectives)
    own = _losses([one.own for one in objectives], end)
    if own is None:
        return False
    by_trial = zip(*(one.others for one in objectives), strict=True)
    there = [_losses(curves, end) for curves in by_trial]
    return any(bool((losses < own).all()) for losses in there if losses is not None)


def _losses(curves: Sequence[Curve], x: float) -> Array | None:
    """Return the best losses of a trial at `x`, shape (m,); None if one is not known."""
    losses = [curve.best_at(x) for curve in curves]
    if any(loss is None for loss in losses):
        return None
    return np.array(losses, dtype=np.float64)

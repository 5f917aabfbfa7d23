"""Learning curves: what trials have reported of one metric, made comparable."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from wazir.domain.metrics import Goal, Measurement, Metric

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """Losses y (n,) of a trial at x (n,), ascending; smaller is better.

    x is a step or seconds since the attempt began. y is NaN where a value was NaN or infinite.
    `is_finished`: the trial ran to its own end, so that its length tells how long trials are.
    """

    trial_id: int
    x: Array
    y: Array
    is_finished: bool = False

    @property
    def end(self) -> float:
        """The last x, 0 for an empty curve."""
        return float(self.x[-1]) if len(self.x) else 0.0

    @cached_property
    def best(self) -> Array:
        """The best finite loss up to each point, infinity before the first; shape (n,)."""
        finite = np.where(np.isnan(self.y), np.inf, self.y)
        lowest: Array = np.minimum.accumulate(finite)
        return lowest

    def first_at(self, x: float) -> float:
        """Return the x of the first point at or after `x`, of the last one if there is none."""
        place = min(int(np.searchsorted(self.x, x)), len(self.x) - 1)
        return float(self.x[place])

    def best_at(self, x: float) -> float | None:
        """Return the best loss up to the first point at or after `x`.

        None where the curve does not reach so far, or has no finite value there.
        """
        place = int(np.searchsorted(self.x, x))
        if place == len(self.x) or not np.isfinite(self.best[place]):
            return None
        return float(self.best[place])

    def of_bests(self) -> "Curve":
        """Return the curve of the best loss so far; NaN before the first finite one."""
        y: Array = np.where(np.isfinite(self.best), self.best, np.nan)
        return replace(self, y=y)

    def until(self, x: float) -> "Curve":
        """Return the part up to `x`, as of a trial that still runs."""
        n = int(np.searchsorted(self.x, x, side="right"))
        return Curve(self.trial_id, self.x[:n], self.y[:n])


def curve_of(
    trial_id: int,
    measurements: Sequence[Measurement],
    metric: Metric,
    *,
    is_finished: bool,
    by_time: bool = False,
) -> Curve:
    """Return the curve of a metric, in whatever order the measurements came.

    Measurements without the metric, or without a step (or elapsed time), are left out; of equal x
    the last one counts.
    """
    sign = 1.0 if metric.goal is Goal.MINIMIZE else -1.0
    points: dict[float, float] = {}
    for measurement in measurements:
        x = measurement.elapsed_s if by_time else measurement.step
        if x is not None and metric.name in measurement.metrics:
            value = measurement.value(metric.name)
            points[float(x)] = np.nan if value is None else sign * value
    order = sorted(points)
    y = np.array([points[x] for x in order], dtype=np.float64)
    return Curve(trial_id, np.array(order, dtype=np.float64), y, is_finished)


def steps_are_comparable(lengths: Sequence[tuple[float, float]]) -> bool:
    """Return whether finished trials can be compared step by step.

    `lengths` are (last step, elapsed seconds) of each. They cannot where steps differ much more
    between trials than times do: a batch size that is tuned makes many small steps of one epoch.
    """
    both = np.array([pair for pair in lengths if min(pair) > 0.0], dtype=np.float64)
    if len(both) < _MIN_LENGTHS:
        return True
    by_step, by_time = np.log(both).std(axis=0)
    return bool(by_step < _MUCH or by_time > _LESS * by_step)


_MIN_LENGTHS = 5
# Standard deviations of logarithms: 0.5 means that lengths differ by a factor of 1.6 or so.
_MUCH, _LESS = 0.5, 0.5

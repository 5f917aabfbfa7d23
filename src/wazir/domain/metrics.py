"""Metrics with their goals, and the measurements that programs report."""

import enum
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wazir.domain.errors import InvalidInputError
from wazir.domain.hints import one_of


class Goal(enum.Enum):
    """The direction in which a metric gets better."""

    MINIMIZE = "MINIMIZE"
    MAXIMIZE = "MAXIMIZE"

    @classmethod
    def parse(cls, text: "Goal | str") -> "Goal":
        """Return the goal named by `text` in any case.

        Raises:
            InvalidInputError: no such goal.
        """
        if isinstance(text, Goal):
            return text
        if text.upper() not in cls.__members__:
            raise InvalidInputError(f"a goal is {one_of(cls.__members__)}, got {text!r}")
        return cls[text.upper()]

    def better(self, left: float, right: float) -> bool:
        """Return whether `left` is strictly better than `right`; NaN is never better."""
        return left < right if self is Goal.MINIMIZE else left > right


@dataclass(frozen=True)
class Metric:
    """A number that trials report.

    With a `safety_threshold` it is a safety metric: it is not optimized, and a trial is safe when
    its value is not worse than the threshold. `min_safe_fraction` in [0, 1] is the share of
    trials that should be safe.
    """

    name: str
    goal: Goal = Goal.MAXIMIZE
    safety_threshold: float | None = None
    min_safe_fraction: float | None = None

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise InvalidInputError(f"a metric needs a name, got {self.name!r}")
        if self.min_safe_fraction is not None and not 0 <= self.min_safe_fraction <= 1:
            raise InvalidInputError(
                f"the fraction of safe trials must lie in [0, 1], got {self.min_safe_fraction!r}"
            )

    @property
    def is_objective(self) -> bool:
        """Whether the metric is optimized."""
        return self.safety_threshold is None


@dataclass(frozen=True)
class Measurement:
    """Metric values at one moment of a trial.

    `step` is the program's own count (epoch, iteration), at least 0; `elapsed_s` is the time since
    the attempt began, in seconds. Values may be NaN or infinite: a program may diverge.
    """

    metrics: Mapping[str, float]
    step: int | None = None
    elapsed_s: float | None = None

    def __post_init__(self) -> None:
        if not self.metrics:
            raise InvalidInputError("a measurement needs at least one metric, got none")
        if self.step is not None and self.step < 0:
            raise InvalidInputError(f"a step must be at least 0, got {self.step!r}")

    def value(self, metric: str) -> float | None:
        """Return the finite value of a metric, None where it is missing, NaN or infinite."""
        value = self.metrics.get(metric)
        return value if value is not None and math.isfinite(value) else None


class MeasurementSelection(enum.Enum):
    """Which measurement of a trial counts as its final one."""

    LAST = "LAST"
    BEST = "BEST"


def select_measurement(
    measurements: Sequence[Measurement], metric: Metric, selection: MeasurementSelection
) -> Measurement | None:
    """Return the final measurement of a trial: the last or the best with a finite value.

    Measurements are ordered by time. None if none holds a finite value of `metric`.
    """
    usable = [m for m in measurements if m.value(metric.name) is not None]
    if not usable or selection is MeasurementSelection.LAST:
        return usable[-1] if usable else None
    best = usable[0]
    for candidate in usable[1:]:
        if metric.goal.better(candidate.metrics[metric.name], best.metrics[metric.name]):
            best = candidate
    return best

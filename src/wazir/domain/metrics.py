"""Metrics with their goals, and the measurements that programs report."""

import enum
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from wazir.domain.errors import InvalidInputError
from wazir.domain.hints import did_you_mean, one_of
from wazir.domain.numbers import as_finite


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
    trials that should be safe. `reference_value` is for several objectives: the worst value that
    is of any use, from which hypervolume is measured; None lets it be chosen from the results.

    Raises:
        InvalidInputError: an empty name, a threshold that is not finite, a fraction outside of
            [0, 1].
    """

    name: str
    goal: Goal = Goal.MAXIMIZE
    safety_threshold: float | None = None
    min_safe_fraction: float | None = None
    reference_value: float | None = None

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise InvalidInputError(f"a metric needs a name, got {self.name!r}")
        if self.safety_threshold is not None:
            as_finite(self.safety_threshold, f"the safety threshold of {self.name!r}")
        if self.min_safe_fraction is not None and not 0 <= self.min_safe_fraction <= 1:
            raise InvalidInputError(
                f"the fraction of safe trials must lie in [0, 1], got {self.min_safe_fraction!r}"
            )
        if self.reference_value is None:
            return
        if not self.is_objective:
            raise InvalidInputError(
                f"only an objective has a reference value, {self.name!r} is a safety metric"
            )
        as_finite(self.reference_value, f"the reference value of {self.name!r}")

    @property
    def is_objective(self) -> bool:
        """Whether the metric is optimized."""
        return self.safety_threshold is None

    def loss(self, value: float) -> float:
        """Return a value turned so that smaller is better; the same turns it back."""
        return value if self.goal is Goal.MINIMIZE else -value

    def violation(self, value: float | None) -> float:
        """Return by how much a value breaks the limit of a safety metric, 0 if it keeps it.

        In parts of the threshold's size, or of 1 where the threshold is 0, so that metrics can be
        added up. Infinite for a value that is missing: what is not known to be safe is not. 0 for
        a metric that is optimized.
        """
        if self.safety_threshold is None:
            return 0.0
        if value is None:
            return math.inf
        excess = value - self.safety_threshold
        if self.goal is Goal.MAXIMIZE:
            excess = -excess
        return max(0.0, excess) / (abs(self.safety_threshold) or 1.0)


def with_references(
    metrics: Sequence[Metric], references: Mapping[str, float | None]
) -> tuple[Metric, ...]:
    """Return metrics with the reference values that are given by their names; None takes one away.

    Raises:
        InvalidInputError: a name of no metric, a value that is not finite, or a single objective.
    """
    names = [metric.name for metric in metrics if metric.is_objective]
    for name in references:
        if name not in names:
            raise InvalidInputError(
                f"a reference value is for {one_of(names)}, got {name!r}",
                hint=did_you_mean(name, names),
            )
    if references and len(names) == 1:
        raise InvalidInputError(
            f"a reference value is for several objectives, there is only {names[0]!r}"
        )
    return tuple(
        replace(metric, reference_value=references.get(metric.name, metric.reference_value))
        for metric in metrics
    )


def describe_metrics(metrics: Sequence[Metric]) -> str:
    """Return "MAXIMIZE accuracy, MINIMIZE latency (reference 100)"."""
    return ", ".join(
        describe_metric(metric)
        + ("" if metric.reference_value is None else f" (reference {metric.reference_value:g})")
        for metric in metrics
    )


def describe_metric(metric: Metric) -> str:
    """Return "MINIMIZE loss", or "safety latency <= 100" for a safety metric."""
    if metric.is_objective:
        return f"{metric.goal.value} {metric.name}"
    return f"safety {limit_text(metric)}"


def limit_text(metric: Metric) -> str:
    """Return the limit of a safety metric as `wazir.domain.safety` reads it: "latency <= 9"."""
    sign = "<=" if metric.goal is Goal.MINIMIZE else ">="
    text = f"{metric.name} {sign} {_number_text(metric.safety_threshold or 0.0)}"
    share = metric.min_safe_fraction
    return text if share is None else f"{text} in {share * 100:.17g}%"


def _number_text(value: float) -> str:
    return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


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
    measurements: Sequence[Measurement],
    metrics: Sequence[Metric],
    selection: MeasurementSelection,
) -> Measurement | None:
    """Return the final measurement of a trial: the last, or the best by the leading objective.

    Measurements are ordered by time; those without a finite value of the first objective do not
    count, and None is returned if there are no others. Programs need not report all metrics
    together: one that the chosen measurement lacks takes its latest value before, or else its
    first one after.
    """
    leader = next(metric for metric in metrics if metric.is_objective)
    usable = [i for i, m in enumerate(measurements) if m.value(leader.name) is not None]
    if not usable:
        return None
    chosen = usable[-1]
    if selection is MeasurementSelection.BEST:
        chosen = min(usable, key=lambda i: leader.loss(measurements[i].metrics[leader.name]))
    known = measurements[chosen].metrics
    nearest = [*reversed(measurements[:chosen]), *measurements[chosen + 1 :]]
    lacking = {
        metric.name: next(m.metrics[metric.name] for m in nearest if metric.name in m.metrics)
        for metric in metrics
        if metric.name not in known and any(metric.name in m.metrics for m in nearest)
    }
    if not lacking:
        return measurements[chosen]
    return replace(measurements[chosen], metrics={**known, **lacking})

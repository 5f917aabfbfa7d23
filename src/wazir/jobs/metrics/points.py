"""Points of a trial's metrics, and the rules that make a series out of raw samples."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

MAX_STEP = 2**63 - 1


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """Values of the wanted metrics at one step.

    Attributes:
        metrics: values by name; may be NaN or infinite, since programs diverge.
        step: the program's own count, at least 0; the ordinal from 1 where it gives none.
        time: when the program wrote the newest of the values, in Unix seconds.
    """

    metrics: Mapping[str, float]
    step: int
    time: float


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one metric as a source gave it.

    Attributes:
        value: the number, NaN and infinity included.
        step: the step if the source has one.
        time: Unix seconds.
        provisional: a progress bar that may still be drawn over.
    """

    value: float
    step: int | None
    time: float
    provisional: bool = False


@dataclass(frozen=True, slots=True, order=True)
class SeenTag:
    """The name of a value that was seen, and where, in words."""

    tag: str
    where: str


def valid_step(step: int | None) -> int | None:
    """Return the step, None if it is negative or does not fit 64 bits."""
    return step if step is not None and 0 <= step <= MAX_STEP else None


def numbered(samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples of one metric with a step each, ordered by step.

    `samples` are in the order in which they were written. If no step tells anything (all are None
    or 0) samples are counted 1, 2, 3; a single missing one comes after the largest so far. Of
    several samples with the same step the one with the latest time counts.
    """
    if not any(sample.step for sample in samples):
        return [replace(sample, step=i) for i, sample in enumerate(samples, start=1)]
    by_step: dict[int, Sample] = {}
    largest = 0
    for sample in samples:
        step = largest + 1 if sample.step is None else sample.step
        largest = max(largest, step)
        known = by_step.get(step)
        if known is None or sample.time >= known.time:
            by_step[step] = replace(sample, step=step)
    return [by_step[step] for step in sorted(by_step)]


def series(samples: Mapping[str, Sequence[Sample]], objective: str) -> list[MetricPoint]:
    """Return one point per step from the samples of each metric, ordered by step.

    A metric other than the objective that has no steps of its own, while the objective has, is
    taken as measured at the objective's last step. An objective of a single value without a step
    is taken as measured at the last step of the others.
    """
    columns = {name: numbered(values) for name, values in samples.items() if values}
    stepped = [name for name in columns if any(sample.step for sample in samples[name])]
    if objective in stepped:
        last = columns[objective][-1].step
        for name in columns.keys() - stepped:
            columns[name] = [replace(columns[name][-1], step=last)]
    elif stepped and len(columns.get(objective, ())) == 1:
        last = max(columns[name][-1].step or 0 for name in stepped)
        columns[objective] = [replace(columns[objective][0], step=last)]
    merged: dict[int, tuple[dict[str, float], float]] = {}
    for name, column in columns.items():
        for sample in column:
            values, time = merged.get(sample.step or 0, ({}, sample.time))
            values[name] = sample.value
            merged[sample.step or 0] = (values, max(time, sample.time))
    return [MetricPoint(merged[step][0], step, merged[step][1]) for step in sorted(merged)]


def without_replaced(runs: Iterable[Sequence[Sample]]) -> list[Sample]:
    """Return the samples of runs of one writer, without those that a restart made obsolete.

    Each run is what one file holds of a metric. A program that starts again from a checkpoint
    opens a new file with a smaller first step: what older files hold from that step on is void.
    Only samples written before the new file's first one are dropped, so that two processes that
    write side by side keep theirs.
    """
    ordered = sorted((run for run in runs if run), key=lambda run: run[0].time)
    kept: list[Sample] = []
    for run in ordered:
        first = run[0]
        restart = first.step or 0
        has_steps = any(sample.step for sample in run)
        if has_steps:
            kept = [s for s in kept if (s.step or 0) < restart or s.time >= first.time]
        kept.extend(run)
    return sorted(kept, key=lambda sample: sample.time)


def last_finite(points: Sequence[MetricPoint], metric: str) -> MetricPoint | None:
    """Return the last point whose value of `metric` is finite, None if there is none."""
    for point in reversed(points):
        value = point.metrics.get(metric)
        if value is not None and math.isfinite(value):
            return point
    return None


def ended_not_finite(points: Sequence[MetricPoint], metric: str) -> bool:
    """Return whether the last value of `metric` is NaN or infinite: the program diverged."""
    values = [point.metrics[metric] for point in points if metric in point.metrics]
    return bool(values) and not math.isfinite(values[-1])

"""Collect the metrics of one attempt from whatever its program leaves behind."""

import math
import re
from collections.abc import Callable, Mapping, Sequence

from wazir.domain.hints import did_you_mean
from wazir.jobs.metrics.event_files import EventFilesSource
from wazir.jobs.metrics.hypertune_file import HypertuneSource
from wazir.jobs.metrics.log_lines import LogLinesSource
from wazir.jobs.metrics.names import HYPERTUNE_FILE, REPORT_FILE
from wazir.jobs.metrics.points import MetricPoint, Sample, SeenTag, series
from wazir.jobs.metrics.report_file import ReportFileSource
from wazir.jobs.metrics.source import MetricSource
from wazir.jobs.metrics.spec import CollectorSpec

_HELD_OUT_TAG = re.compile(r"(?i)(?:.*/)?(?:val(?![a-z])|valid(?![a-z])|validation|eval)")
_HELD_OUT_PLACE = re.compile(r"(?i).*/(?:val(?![a-z])|valid(?![a-z])|validation|eval)[^/]*$")
_TRAINING_NAME = re.compile(r"(?i)(?:.*/)?train(?:ing)?[_/-](?!hptuning/)")
_MAX_SHOWN_TAGS = 20


class MetricCollector:
    """Follows the metrics of one attempt until its program has ended.

    Sources are looked at in this order: `wazir.reporting`, the cloudml-hypertune file,
    TensorBoard event files, standard output. With a `--metric-pattern` standard output comes
    before the event files, because the user pointed at it. For each metric the first source that
    has it counts; a better one that shows up later takes its place.

    Everything is read from files, so a new collector for the same attempt gives the same points
    again. It is used by one thread. Nothing that a program writes makes it raise.

    Args:
        spec: the attempt.
        clock: monotonic seconds; folders are searched at most once a second.

    Raises:
        InvalidInputError: the metric pattern cannot be used.
    """

    def __init__(self, spec: CollectorSpec, clock: Callable[[], float]) -> None:
        self._spec = spec
        self._log = LogLinesSource(spec)
        self._events = EventFilesSource(spec, clock)
        explicit: list[MetricSource] = [
            ReportFileSource(spec.attempt_dir / REPORT_FILE),
            HypertuneSource(spec.attempt_dir / HYPERTUNE_FILE),
        ]
        found: list[MetricSource] = [self._events, self._log]
        self._sources = explicit + (found if spec.metric_pattern is None else found[::-1])
        self._chosen: dict[str, MetricSource] = {}
        self._points: list[MetricPoint] = []
        self._given: dict[int, Mapping[str, float]] = {}
        self._was_final = False

    def poll(self, *, final: bool = False) -> list[MetricPoint]:
        """Return the points that are new or corrected since the last call, ordered by step.

        A step is given again only if its values changed, because the program wrote it twice or a
        better source appeared; the newer point is right. The newest step is held back while it
        may not be complete: another wanted metric is missing, a progress bar is not full, or a
        single step 0 does not tell whether the program counts. With `final`, after the program
        has ended, everything is read once more and nothing is held back.
        """
        changed = [source.refresh(final=final) for source in self._sources]
        if not any(changed) and self._was_final == final:
            return []
        self._was_final = final
        samples = self._choose(final=final)
        self._points = series(samples, self._spec.objective)
        ready = self._points if final else self._settled(samples)
        new = [point for point in ready if not _same(self._given.get(point.step), point.metrics)]
        self._given.update((point.step, point.metrics) for point in new)
        return new

    @property
    def source(self) -> str | None:
        """Where the metrics come from, in words; None while the objective was not seen."""
        objective = self._chosen.get(self._spec.objective)
        if objective is None:
            return None
        text = objective.describe(self._spec.objective)
        for metric, source in self._chosen.items():
            if source is not objective:
                text += f"; {metric} from {source.describe(metric)}"
        return text

    @property
    def warnings(self) -> list[str]:
        """What is doubtful about the metrics, one sentence each, as of the last poll."""
        found = [w for metric, source in self._chosen.items() for w in source.warnings(metric)]
        for metric, source in self._chosen.items():
            if _TRAINING_NAME.match(metric):
                found.append(
                    f"metric {metric!r} is by its name measured on training data, which is no "
                    "tuning metric; use one on held-out data"
                )
            better = self._held_out_tag(metric)
            if better is not None and not _HELD_OUT_PLACE.match(source.describe(metric)):
                found.append(
                    f"metric {metric!r} is probably measured on training data, which is no tuning "
                    f"metric; there is also {better.tag!r} ({better.where})"
                )
        return found

    def _held_out_tag(self, metric: str) -> SeenTag | None:
        """Return the tag that makes a metric look like the one on training data."""
        if _HELD_OUT_TAG.match(metric):
            return None
        for seen in self.seen_tags():
            counterpart = re.fullmatch(
                rf"{_HELD_OUT_TAG.pattern}\w*[/_-]{re.escape(metric)}", seen.tag
            )
            is_loss = metric == "loss" and _is_held_out(seen)
            if seen.tag != metric and (counterpart or is_loss):
                return seen
        return None

    def series(self) -> list[MetricPoint]:
        """Return all points as they are now known, ordered by step.

        Unlike the points given by `poll` one by one, these are free of what a restart or a better
        source made obsolete. The final measurement is taken from them: see
        `points.last_finite` and `points.ended_not_finite`.
        """
        return list(self._points)

    def seen_tags(self) -> list[SeenTag]:
        """Return the names of all values that were seen, and where."""
        seen = [tag for source in self._sources for tag in source.seen_tags()]
        if self._was_final and any(name not in self._chosen for name in self._spec.metric_names):
            seen += self._log.names_in_log()
        return list(dict.fromkeys(seen))

    def missing_message(self, wanted: str) -> str:
        """Return why the trial has no value of a metric, and what to do about it."""
        seen = [tag for tag in self.seen_tags() if tag.tag != wanted]
        lines = [f"the program ended without a value of metric {wanted!r}"]
        if seen:
            lines.append("seen instead: " + _listed(seen))
            lines.append(did_you_mean(wanted, [tag.tag for tag in seen]))
        else:
            lines.append("no other values were seen either")
        lines.append("event files were searched in " + ", ".join(self._events.searched))
        lines.append(
            f"print a line such as {wanted}=0.31, call {_reporting_call(wanted, self._spec)}, "
            "name a metric that the program writes, or give a --metric-pattern"
        )
        return "\n".join(line for line in lines if line)

    def _choose(self, *, final: bool) -> dict[str, Sequence[Sample]]:
        found: dict[str, Sequence[Sample]] = {}
        for metric in self._spec.metric_names:
            for source in self._sources:
                samples = source.samples(metric, final=final)
                if samples:
                    found[metric] = samples
                    self._chosen[metric] = source
                    break
        return found if self._spec.objective in found else {}

    def _settled(self, samples: Mapping[str, Sequence[Sample]]) -> list[MetricPoint]:
        if not self._points:
            return []
        newest = self._points[-1]
        is_partial = len(newest.metrics) < len(self._spec.metric_names)
        is_drawn = any(column[-1].provisional for column in samples.values())
        objective = samples[self._spec.objective]
        is_lone_zero = len(self._points) == 1 and all(s.step == 0 for s in objective)
        return self._points[:-1] if is_partial or is_drawn or is_lone_zero else self._points


def _reporting_call(wanted: str, spec: CollectorSpec) -> str:
    value = "value" if len(spec.metric_names) == 1 else f"{{{wanted!r}: value}}"
    return f"wazir.reporting.report({value})"


def _same(known: Mapping[str, float] | None, metrics: Mapping[str, float]) -> bool:
    if known is None or known.keys() != metrics.keys():
        return False
    return all(
        known[name] == value or (math.isnan(value) and math.isnan(known[name]))
        for name, value in metrics.items()
    )


def _is_held_out(seen: SeenTag) -> bool:
    return bool(_HELD_OUT_TAG.match(seen.tag) or _HELD_OUT_PLACE.match(seen.where))


def _listed(seen: Sequence[SeenTag]) -> str:
    by_place: dict[str, list[str]] = {}
    for tag in seen[:_MAX_SHOWN_TAGS]:
        by_place.setdefault(tag.where, []).append(repr(tag.tag))
    text = "; ".join(f"{', '.join(tags)} in {where}" for where, tags in by_place.items())
    n_more = len(seen) - _MAX_SHOWN_TAGS
    return f"{text}; and {n_more} more" if n_more > 0 else text

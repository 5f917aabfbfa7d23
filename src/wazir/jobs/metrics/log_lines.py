"""Read a trial's metrics from the lines that its program printed."""

from collections.abc import Sequence
from pathlib import Path

from wazir.jobs.metrics.line_pattern import MetricPattern, compile_metric_pattern
from wazir.jobs.metrics.line_rules import (
    Bar,
    clean_lines,
    find_bar,
    find_names,
    find_step,
    find_value,
)
from wazir.jobs.metrics.names import LINES_FILE, LOG_FILE
from wazir.jobs.metrics.points import Sample, SeenTag
from wazir.jobs.metrics.spec import CollectorSpec
from wazir.jobs.metrics.tail import LineTail

WHERE = "standard output"
_MAX_SAMPLES = 10_000  # of more, as a program prints by mistake, only the last one is kept
_MAX_NAMES = 200
_N_NAMED_LINES = 1_000
_SCAN_BYTES = 256 << 10


class _Stream:
    """The samples of one metric in the order of printing; a progress bar is drawn over."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self._last_bar = Bar.NONE

    def add(self, sample: Sample, bar: Bar) -> None:
        """Add a sample, in place of the last one if that was the same bar, drawn earlier."""
        is_full = len(self.samples) >= _MAX_SAMPLES
        if is_full or (self.samples and self._is_drawn_over(sample, bar)):
            self.samples[-1] = sample
        else:
            self.samples.append(sample)
        self._last_bar = bar

    def _is_drawn_over(self, sample: Sample, bar: Bar) -> bool:
        last = self.samples[-1]
        same_place = last.step == sample.step or None in (last.step, sample.step)
        # A full bar is often drawn twice; one with another value is that of the next epoch.
        is_full_again = self._last_bar is Bar.FULL and bar is Bar.FULL
        again = is_full_again and last.value == sample.value
        return same_place and (self._last_bar is Bar.PARTIAL or again)


class LogLinesSource:
    """The metrics in a program's output; see MetricSource.

    Values behind the word train count only if there are no others, and so not before the end.
    A line names its step (`find_step`); lines that name none are counted.
    """

    def __init__(self, spec: CollectorSpec) -> None:
        self._spec = spec
        self._pattern: MetricPattern | None = None
        if spec.metric_pattern is not None:
            self._pattern = compile_metric_pattern(spec.metric_pattern)
        self._tails: dict[str, LineTail] = {}
        self._plain: dict[str, _Stream] = {}
        self._training: dict[str, _Stream] = {}
        self._names: set[str] = set()
        self._n_lines = 0

    def refresh(self, *, final: bool) -> bool:
        """Read new lines; see MetricSource."""
        n_before = self._n_lines
        for path in _parts(self._spec.attempt_dir, LINES_FILE):
            tail = self._tails.setdefault(path.name, LineTail(path))
            for line in tail.read(final=final):
                self._take(line)
        return self._n_lines > n_before

    def samples(self, metric: str, *, final: bool) -> Sequence[Sample]:
        """Return the printed values; see MetricSource."""
        found = self._plain.get(metric)
        if found is None and final:
            found = self._training.get(metric)
        return found.samples if found else ()

    def describe(self, metric: str) -> str:
        """Return the name of this source; see MetricSource."""
        return f"{WHERE}, by --metric-pattern" if self._pattern else WHERE

    def seen_tags(self) -> list[SeenTag]:
        """Return the names in the lines that were read; see MetricSource."""
        return [SeenTag(name, WHERE) for name in sorted(self._names)]

    def warnings(self, metric: str) -> list[str]:
        """Return what is doubtful about the printed values; see MetricSource."""
        if metric in self._plain or metric not in self._training:
            return []
        text = (
            f"every printed value of metric {metric!r} stands behind the word train; a value on "
            "training data is no tuning metric, print one on held-out data"
        )
        return [text]

    def names_in_log(self) -> list[SeenTag]:
        """Return the names of values in all of the program's output, its middle left out."""
        names: dict[str, None] = {}
        for path in _parts(self._spec.attempt_dir, LOG_FILE):
            for line in _ends_of(path):
                for part in clean_lines(line):
                    names.update(dict.fromkeys(find_names(part)))
                if len(names) >= _MAX_NAMES:
                    break
        return [SeenTag(name, WHERE) for name in names]

    def _take(self, line: bytes) -> None:
        stamp, _, text = line.partition(b"\t")
        try:
            time = float(stamp)
        except ValueError:
            return
        self._n_lines += 1
        for part in clean_lines(text.decode(errors="replace")):
            if self._n_lines <= _N_NAMED_LINES and len(self._names) < _MAX_NAMES:
                self._names.update(find_names(part))
            if self._pattern is not None:
                self._take_by_pattern(part, time, self._pattern)
            else:
                self._take_by_rules(part, time)

    def _take_by_pattern(self, line: str, time: float, pattern: MetricPattern) -> None:
        for match in pattern.find(line):
            metric = match.metric or self._spec.objective
            step = find_step(line) if match.step is None else match.step
            stream = self._plain.setdefault(metric, _Stream())
            stream.add(_sample(match.value, step, time, find_bar(line)), find_bar(line))

    def _take_by_rules(self, line: str, time: float) -> None:
        for metric in self._spec.metric_names:
            match = find_value(line, metric) if metric in line else None
            if match is None:
                continue
            bar = find_bar(line)
            streams = self._training if match.is_training else self._plain
            sample = _sample(match.value, find_step(line), time, bar)
            streams.setdefault(metric, _Stream()).add(sample, bar)


def _sample(value: float, step: int | None, time: float, bar: Bar) -> Sample:
    return Sample(value, step, time, provisional=bar is Bar.PARTIAL)


def _parts(folder: Path, name: str) -> list[Path]:
    """Return a capped file's parts in the order of writing: its head, then its tails."""
    return [folder / name, *sorted(folder.glob(f"{name}.[0-9]*"))]


def _ends_of(path: Path) -> list[str]:
    try:
        size = path.stat().st_size
        with open(path, "rb") as file:
            data = file.read(_SCAN_BYTES)
            if size > 2 * _SCAN_BYTES:
                file.seek(-_SCAN_BYTES, 2)
            data += b"\n" + file.read(_SCAN_BYTES)
    except OSError:
        return []
    return data.decode(errors="replace").splitlines()

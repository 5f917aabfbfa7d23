"""Read the file to which `wazir.reporting` appends in the trial's process."""

import json
from collections.abc import Sequence
from pathlib import Path

from wazir.jobs.metrics.points import Sample, SeenTag, valid_step
from wazir.jobs.metrics.tail import LineTail

_RECORD_START = b'{"t":'


class ReportFileSource:
    """The metrics that the program reported itself; see MetricSource."""

    def __init__(self, path: Path) -> None:
        self._tail = LineTail(path)
        self._samples: dict[str, list[Sample]] = {}

    def refresh(self, *, final: bool) -> bool:
        """Read new reports; see MetricSource."""
        lines = self._tail.read(final=final)
        for line in lines:
            self._take(line)
        return bool(lines)

    def samples(self, metric: str, *, final: bool) -> Sequence[Sample]:
        """Return the reports of a metric; see MetricSource."""
        return self._samples.get(metric, ())

    def describe(self, metric: str) -> str:
        """Return the name of this source; see MetricSource."""
        return "wazir.reporting.report()"

    def seen_tags(self) -> list[SeenTag]:
        """Return the reported names; see MetricSource."""
        return [SeenTag(name, "wazir.reporting.report()") for name in self._samples]

    def warnings(self, metric: str) -> list[str]:
        """Return nothing: a report says what it means; see MetricSource."""
        return []

    def _take(self, line: bytes) -> None:
        # A write cut short by a full disk leaves half a record in front of the next one.
        start = max(line.rfind(_RECORD_START), 0)
        try:
            record = json.loads(line[start:])
            time = float(record["t"])
            step = valid_step(None if record["step"] is None else int(record["step"]))
            values = {str(name): float(value) for name, value in record["metrics"].items()}
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            return
        for name, value in values.items():
            self._samples.setdefault(name, []).append(Sample(value, step, time))

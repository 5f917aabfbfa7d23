"""Read the metric file of the cloudml-hypertune package.

The package keeps its last 100 reports and rewrites the whole file with each one, neither
atomically nor in any order with other processes. So the file is read whole whenever it changed,
unreadable lines are passed over, and everything is merged into a store of our own, in which
nothing is lost when the file is cut or another process begins it anew.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from wazir.jobs.metrics.points import Sample, SeenTag, valid_step

WHERE = "the cloudml-hypertune file"
_OWN_KEYS = ("timestamp", "trial", "global_step", "checkpoint_path")


class HypertuneSource:
    """The metrics in one cloudml-hypertune file; see MetricSource."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._signature: tuple[int, int, int] | None = None
        self._store: dict[str, dict[tuple[float, int | None], Sample]] = {}

    def refresh(self, *, final: bool) -> bool:
        """Read the file again if it changed; see MetricSource.

        The last time it is read in any case: two rewrites may carry the same time and size.
        """
        try:
            stat = os.stat(self._path)
            signature = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if signature == self._signature and not final:
                return False
            data = self._path.read_bytes()
        except OSError:
            return False
        self._signature = signature
        changed = [self._take(line) for line in data.splitlines()]
        return any(changed)

    def samples(self, metric: str, *, final: bool) -> Sequence[Sample]:
        """Return what was reported of a metric, by time; see MetricSource."""
        return sorted(self._store.get(metric, {}).values(), key=lambda sample: sample.time)

    def describe(self, metric: str) -> str:
        """Return the name of this source; see MetricSource."""
        return WHERE

    def seen_tags(self) -> list[SeenTag]:
        """Return the reported names; see MetricSource."""
        return [SeenTag(name, WHERE) for name in self._store]

    def warnings(self, metric: str) -> list[str]:
        """Return nothing: a report says what it means; see MetricSource."""
        return []

    def _take(self, line: bytes) -> bool:
        try:
            record = json.loads(line)
            time = float(record["timestamp"])
        except (ValueError, KeyError, TypeError):
            return False
        step = _step(record.get("global_step"))
        changed = False
        for name, value in _values(record):
            known = self._store.setdefault(name, {})
            if (time, step) not in known:
                known[(time, step)] = Sample(value, step, time)
                changed = True
        return changed


def _values(record: Mapping[str, object]) -> Iterator[tuple[str, float]]:
    pairs = [(name, value) for name, value in record.items() if name not in _OWN_KEYS]
    # A tag such as 'trial' takes the place of the package's own key of that name.
    if not pairs:
        pairs = [(name, record[name]) for name in ("trial", "checkpoint_path") if name in record]
    for name, value in pairs:
        # Google's architecture search adds further metrics as key_1, value_1, key_2, ...
        if name.startswith("value_") and name.replace("value", "key", 1) in record:
            continue
        if name.startswith("key_") and name.replace("key", "value", 1) in record:
            name, value = str(value), record[name.replace("key", "value", 1)]
        number = _number(value)
        if number is not None:
            yield name, number


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _step(value: object) -> int | None:
    number = _number(value)
    return valid_step(int(number)) if number is not None and number - number == 0 else None

"""A trial to collect from, and a small writer of event files, apart from the reader under test."""

import struct
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType

import pytest

from wazir.jobs.metrics.collector import MetricCollector
from wazir.jobs.metrics.spec import CollectorSpec

START = 1_700_000_000.0


class Bench:
    """One attempt of a trial in a temporary folder, with a clock that tests move."""

    def __init__(self, root: Path) -> None:
        self.cwd = root / "work"
        self.attempt_dir = root / "trials" / "3" / "attempts" / "1"
        self.out = root / "trials" / "3" / "out"
        self.now = 0.0
        for folder in (self.cwd, self.attempt_dir, self.out):
            folder.mkdir(parents=True)

    def collector(self, *metric_names: str, **changes: object) -> MetricCollector:
        return MetricCollector(self.spec(*metric_names, **changes), self.clock)

    def spec(self, *metric_names: str, **changes: object) -> CollectorSpec:
        fields: dict[str, object] = {
            "trial_id": 3,
            "metric_names": metric_names or ("rmse",),
            "attempt_dir": self.attempt_dir,
            "trial_dir": self.out,
            "started_at": START,
            "cwd": self.cwd,
        }
        return CollectorSpec(**{**fields, **changes})  # type: ignore[arg-type]

    def clock(self) -> float:
        return self.now

    def write(self, path: Path | str, data: bytes) -> Path:
        path = self.out / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.now += 1000.0
        return path

    def print(self, *lines: str, name: str = "lines") -> None:
        with open(self.attempt_dir / name, "ab") as file:
            for line in lines:
                self.now += 1.0
                file.write(f"{START + self.now!r}\t{line}\n".encode())


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture(scope="session")
def encoder() -> ModuleType:
    return sys.modules[__name__]


def crc32c(data: bytes) -> int:
    """Bit by bit, without a table."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 * (crc & 1))
    return crc ^ 0xFFFFFFFF


def masked(data: bytes) -> bytes:
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + masked(length) + data + masked(data)


def varint(number: int) -> bytes:
    number &= 2**64 - 1
    parts = []
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def simple(tag: str, value: float) -> bytes:
    return field(1, tag.encode()) + b"\x15" + struct.pack("<f", value)


def tensor(tag: str, value: float, plugin: str = "scalars") -> bytes:
    metadata = field(9, field(1, field(1, plugin.encode())))
    content = b"\x08\x01" + field(2, b"") + field(4, struct.pack("<f", value))
    return field(1, tag.encode()) + metadata + field(8, content)


def event(time: float, step: int | None, *values: bytes) -> bytes:
    data = b"\x09" + struct.pack("<d", time)
    if step is not None:
        data += b"\x10" + varint(step)
    return data + (field(5, b"".join(field(1, value) for value in values)) if values else b"")


def header(time: float) -> bytes:
    return record(event(time, None) + field(3, b"brain.Event:2"))


def event_file(
    tag: str,
    points: Iterable[tuple[int | None, float]],
    *,
    start: float,
    encode: Callable[[str, float], bytes] = simple,
) -> bytes:
    """The bytes of a file with one tag; the i-th point is written at `start` + i seconds."""
    rows = [
        record(event(start + i, step, encode(tag, value)))
        for i, (step, value) in enumerate(points)
    ]
    return header(start) + b"".join(rows)

"""What is kept of a run: one JSON line, appended whole, found again by its key."""

import fcntl
import gzip
import json
import math
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Record = dict[str, Any]
CHECKPOINTS = (5, 10, 20, 35, 50, 75, 100, 150, 200)
# What a packed record goes without: the points, and the memory at each suggestion.
BULKY = ("params", "names")


@dataclass(frozen=True)
class RunSpec:
    """A run to do; also the key of its record."""

    peer: str
    problem: str
    seed: int
    n_trials: int
    pending: int = 1
    default_first: bool = True

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "RunSpec":
        """Return the key of a record."""
        return cls(**{name: record[name] for name in cls.__dataclass_fields__})


def rounded(value: float | None, digits: int = 6) -> float | None:
    """Return a number to so many significant digits, so that lines stay small."""
    if value is None or not math.isfinite(value):
        return value
    return float(f"{value:.{digits}g}")


def append(path: Path, record: Record) -> None:
    """Append a record in one write; a line that an earlier process left unfinished is ended."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
    with path.open("ab+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if file.tell() > 0:
            file.seek(-1, os.SEEK_END)
            line = line if file.read(1) == b"\n" else b"\n" + line
        file.write(line)


def read(path: Path) -> Iterator[Record]:
    """Yield the records of a file, plain or compressed; unfinished lines are left out."""
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        for line in file:
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                continue


def latest(records: Iterable[Record]) -> dict[RunSpec, Record]:
    """Return the record of each key: the last that succeeded, else the last that failed."""
    found: dict[RunSpec, Record] = {}
    for record in records:
        key = RunSpec.of(record)
        if key in found and found[key]["status"] != "failed" and record["status"] == "failed":
            continue
        found[key] = record
    return found


def done(path: Path) -> set[RunSpec]:
    """Return the keys of the runs in a file that need not be done again."""
    if not path.exists():
        return set()
    return {key for key, record in latest(read(path)).items() if record["status"] != "failed"}


def remove(path: Path, peers: Collection[str]) -> None:
    """Take the records of some optimizers out of a file, all at once."""
    if not path.exists():
        return
    kept = [record for record in read(path) if record["peer"] not in peers]
    new = path.with_suffix(".new")
    new.write_text("".join(json.dumps(record) + "\n" for record in kept), encoding="utf-8")
    new.replace(path)


def pack(sources: Iterable[Path], target: Path) -> int:
    """Write the latest records of some files without their points, compressed; return how many."""
    kept = latest(record for source in sources for record in read(source))
    target.parent.mkdir(parents=True, exist_ok=True)
    # No time and no name in the header: the same records make the same file.
    with target.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
        for record in kept.values():
            small = {name: value for name, value in record.items() if name not in BULKY}
            file.write(json.dumps(small, separators=(",", ":")).encode() + b"\n")
    return len(kept)

"""Read what the supervisor writes into an attempt's directory: records, log, matching lines."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wazir.jobs.recording import LINES, LOG

_CHUNK_BYTES = 1 << 20
_LAST_LINES_BYTES = 256 << 10


@dataclass(frozen=True)
class Chunk:
    """A piece of a capped file.

    Attributes:
        data: Bytes as written, empty at the end.
        next_offset: Where to read on.
        left_out_bytes: How many bytes before `data` were asked for and are no longer there.
    """

    data: bytes
    next_offset: int
    left_out_bytes: int = 0


@dataclass(frozen=True)
class OutputLine:
    """A line of output that matched the pattern; `time` is its Unix time in seconds."""

    time: float
    text: bytes


def read_record(path: Path) -> dict[str, object] | None:
    """Return a JSON object from a file, or None if there is none that can be read."""
    try:
        record = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def read_chunk(path: Path, offset: int, limit_bytes: int = _CHUNK_BYTES) -> Chunk:
    """Read at most `limit_bytes` from `offset` on of a file that was written with a cap.

    `path` is the first part, such as `attempt_dir / "log"`. Offsets count all bytes ever written.
    """
    for start, part, size in _parts(path):
        if offset >= start + size:
            continue
        begin = max(offset, start)
        try:
            with open(part, "rb") as file:
                file.seek(begin - start)
                data = file.read(limit_bytes)
        except FileNotFoundError:
            # The writer has just replaced this part by a later one.
            continue
        return Chunk(data, begin + len(data), begin - offset)
    return Chunk(b"", offset)


def _parts(path: Path) -> list[tuple[int, str, int]]:
    """Return offset, path and size of each part in order."""
    found = []
    prefix = path.name + "."
    try:
        entries = list(os.scandir(path.parent))
    except OSError:
        return []
    for entry in entries:
        offset = entry.name.removeprefix(prefix)
        if entry.name == path.name or (offset != entry.name and offset.isdecimal()):
            start = 0 if entry.name == path.name else int(offset)
            try:
                found.append((start, entry.path, entry.stat().st_size))
            except FileNotFoundError:
                continue
    return sorted(found)


def _chunks(path: Path, offset: int = 0) -> Iterator[Chunk]:
    while (chunk := read_chunk(path, offset)).data:
        yield chunk
        offset = chunk.next_offset


def read_log(attempt_dir: Path) -> bytes:
    """Return the whole log, with a line that says how much of its middle was left out."""
    pieces = []
    for chunk in _chunks(attempt_dir / LOG):
        if chunk.left_out_bytes:
            pieces.append(left_out_notice(chunk.left_out_bytes))
        pieces.append(chunk.data)
    return b"".join(pieces)


def left_out_notice(n_bytes: int) -> bytes:
    """Return the line that stands for bytes of a log that were not kept."""
    return b"\n[... %d bytes left out ...]\n" % n_bytes


def last_lines(attempt_dir: Path, n_lines: int) -> list[str]:
    r"""Return the last lines of the log that are not blank, without their ends.

    `\r` ends a line too. At most the last 256 KiB are looked at.
    """
    parts = _parts(attempt_dir / LOG)
    end = parts[-1][0] + parts[-1][2] if parts else 0
    start = max(0, end - _LAST_LINES_BYTES)
    data = b"".join(chunk.data for chunk in _chunks(attempt_dir / LOG, start))
    lines = [line for line in re.split(rb"[\r\n]+", data) if line.strip()]
    return [line.decode("utf-8", "replace") for line in lines[-n_lines:]] if n_lines else []


def read_lines(attempt_dir: Path, offset: int = 0) -> tuple[list[OutputLine], int]:
    """Return the matching lines written since `offset`, and the offset to go on from.

    An unchanged file costs little. Lines that were left out between head and tail are skipped.
    """
    path = attempt_dir / LINES
    found = []
    while (chunk := read_chunk(path, offset)).data:
        complete, end, _ = chunk.data.rpartition(b"\n")
        if not end:
            break
        offset = chunk.next_offset - len(chunk.data) + len(complete) + 1
        found += [_output_line(line) for line in complete.split(b"\n")]
    return found, offset


def _output_line(line: bytes) -> OutputLine:
    time, _, text = line.partition(b"\t")
    return OutputLine(float(time), text)

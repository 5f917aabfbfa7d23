"""What the supervisor writes into an attempt's directory: records, and output with a cap.

The supervisor imports this module, so it loads little.
"""

import contextlib
import errno
import json
import os
import re
from collections.abc import Mapping
from typing import Final

LOG: Final = "log"
LINES: Final = "lines"
CLAIM: Final = "claim.json"
STARTED: Final = "started.json"
STOP: Final = "stop.json"
EXIT: Final = "exit.json"

LOG_HEAD_BYTES: Final = 4 << 20
LOG_TAIL_BYTES: Final = 2 << 20
LINES_HEAD_BYTES: Final = 8 << 20
LINES_TAIL_BYTES: Final = 8 << 20
LINE_BYTES: Final = 64 << 10
"""Longer lines are cut here."""

_BOUND_TO_LINE: Final = (rb"\A", rb"\Z", b"(?!", b"(?<!", b"(?>", b"*+", b"++", b"?+", b"}+")
"""Pieces of a pattern that can fail in a text although they match one of its lines alone."""


def claim(attempt_dir: str, content: Mapping[str, object]) -> bool:
    """Make `claim.json` and return True, or return False if somebody has it.

    Raises:
        OSError: if the file cannot be written; then there is no claim.
    """
    path = os.path.join(attempt_dir, CLAIM)
    try:
        with open(path, "x", encoding="utf-8") as file:
            json.dump(content, file)
    except FileExistsError:
        return False
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(path)
        raise
    return True


def write_record(path: str, record: Mapping[str, object], *, sync: bool) -> None:
    """Write JSON under a temporary name and rename it; with `sync` it survives a power cut.

    Raises:
        OSError: if that fails; an older file of this name is then unchanged.
    """
    temporary = path + ".tmp"
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump(record, file)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        os.rename(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    if sync:
        folder = os.open(os.path.dirname(path), os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class CappedFile:
    """A file that keeps the head and the tail of what is written to it, whatever its length.

    The first part is `path`. After about `head_bytes` follow parts of about `tail_bytes` named
    `path.<offset of its first byte>`, of which the last two stay. A write never spans two parts
    and is kept whole or not at all. A write that fails is counted and raises nothing.
    """

    def __init__(self, path: str, head_bytes: int, tail_bytes: int) -> None:
        self._path = path
        self._limit_bytes = head_bytes
        self._tail_bytes = tail_bytes
        self._fd = -1
        self._part_bytes = 0
        self._total_bytes = 0
        self._tails: list[str] = []
        self._dropped_bytes = 0
        self._error = ""

    @property
    def error(self) -> str:
        """What could not be written and why, or nothing."""
        if not self._error:
            return ""
        return f"{self._dropped_bytes} bytes could not be written: {self._error}"

    def write(self, data: bytes) -> None:
        """Append `data`, or drop it if that fails."""
        try:
            if self._fd < 0 or self._part_bytes >= self._limit_bytes:
                self._open_next()
            n_written = os.write(self._fd, data)
            if n_written < len(data):
                os.ftruncate(self._fd, self._part_bytes)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._part_bytes += n_written
            self._total_bytes += n_written
        except OSError as error:
            self._dropped_bytes += len(data)
            self._error = error.strerror or str(error)

    def _open_next(self) -> None:
        is_first = self._fd < 0
        path = self._path if is_first else f"{self._path}.{self._total_bytes:015d}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_TRUNC
        fd = os.open(path, flags, 0o666)
        if not is_first:
            os.close(self._fd)
            self._limit_bytes = self._tail_bytes
            self._tails.append(path)
        self._fd = fd
        self._part_bytes = 0
        if len(self._tails) > 2:
            os.unlink(self._tails.pop(0))

    def close(self, *, sync: bool) -> None:
        """Close the file; with `sync` what was written survives a power cut."""
        if self._fd < 0:
            return
        try:
            if sync:
                os.fsync(self._fd)
            os.close(self._fd)
        except OSError as error:
            self._error = error.strerror or str(error)


class LineFilter:
    r"""Finds the lines of a stream that match a pattern; `\n` and `\r` end a line.

    Whole chunks are searched, so output in which the pattern does not occur costs next to nothing.
    Empty lines never match.
    """

    def __init__(self, pattern: str | None) -> None:
        source = (pattern or "").encode()
        self._is_idle = pattern is None
        self._line_pattern = re.compile(source)
        self._text_pattern = re.compile(source, re.MULTILINE)
        self._by_line = any(piece in source for piece in _BOUND_TO_LINE)
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the matching lines that end within `data`, without their ends."""
        if self._is_idle:
            return []
        data = data.replace(b"\r", b"\n")
        end = data.rfind(b"\n")
        if end < 0:
            self._rest = (self._rest + data)[:LINE_BYTES]
            return []
        text = self._rest + data[:end]
        self._rest = data[end + 1 :][:LINE_BYTES]
        return self._matches(text)

    def finish(self) -> list[bytes]:
        """Return the last line, if it had no end and matches."""
        rest, self._rest = self._rest, b""
        return self._matches(rest)

    def _matches(self, text: bytes) -> list[bytes]:
        if self._by_line:
            lines = (line[:LINE_BYTES] for line in text.split(b"\n"))
            return [line for line in lines if line and self._line_pattern.search(line)]
        found = []
        position = 0
        while position <= len(text) and (hit := self._text_pattern.search(text, position)):
            start = text.rfind(b"\n", 0, hit.start()) + 1
            end = text.find(b"\n", hit.start())
            end = len(text) if end < 0 else end
            line = text[start : min(end, start + LINE_BYTES)]
            # A hit may reach into the next line, or lie behind the cut.
            if line and self._line_pattern.search(line):
                found.append(line)
            position = end + 1
        return found

"""A text stream whose troubles do not reach the job."""

from contextlib import suppress
from typing import TextIO


class SafeStream:
    """Writes to a stream as long as that works.

    A reader that has gone, a full disk or a closed terminal must not end a job that has run for
    hours, so that such failures are dropped.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @property
    def encoding(self) -> str:
        """The stream's encoding, "" if it has none."""
        return getattr(self._stream, "encoding", None) or ""

    def isatty(self) -> bool:
        """Return whether the stream is a terminal."""
        return self._stream.isatty()

    def write(self, text: str) -> int:
        """Write text, or drop it."""
        # ValueError: the stream is closed, or cannot encode the text.
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, if that works."""
        with suppress(OSError, ValueError):
            self._stream.flush()

    def write_line(self, line: str) -> None:
        """Write one line at once."""
        self.write(line + "\n")
        self.flush()

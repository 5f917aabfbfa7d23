"""What a running `wazir tune` shows: a live view, plain lines or JSON."""

import io
import os
from typing import Protocol, TextIO

from wazir.domain.clock import Clock
from wazir.jobs.news import JobListener


class JobDisplay(JobListener, Protocol):
    """A listener that shows the job."""

    def close(self) -> None:
        """Leave the terminal as it was; nothing if that is done. JobEnded does it too."""
        ...


def listener_for(*, json: bool, stream: TextIO, clock: Clock) -> JobDisplay:
    """Return the display that fits a stream: JSON if asked for, live on a terminal, else plain.

    Characters that the stream's encoding lacks are written as escapes from now on. A stream that
    cannot be written to never ends the job.
    """
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    if json:
        from wazir.cli.display.json_lines import JsonLinesDisplay

        return JsonLinesDisplay(stream, clock)
    if _is_live(stream):
        # Loads rich, which is slow.
        from wazir.cli.display.live import LiveDisplay

        return LiveDisplay(stream, clock)
    from wazir.cli.display.plain import PlainDisplay

    return PlainDisplay(stream, clock)


def _is_live(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM", "").lower() not in ("", "dumb", "unknown")

"""Follow an attempt: what its log got since the last look, and whether its program still runs."""

import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from wazir.domain.durations import format_duration
from wazir.jobs.attempt_files import left_out_notice, read_chunk, read_record
from wazir.jobs.processes import ProcessIdentity, is_running
from wazir.jobs.recording import CLAIM, EXIT, LOG


@dataclass
class LogFollower:
    """Gives the log of one attempt piece by piece, from its beginning."""

    attempt_dir: Path
    _offset: int = field(default=0, init=False)

    def new(self) -> Iterator[bytes]:
        """Yield what was written since the last call, with a line for what was left out."""
        while (chunk := read_chunk(self.attempt_dir / LOG, self._offset)).data:
            if chunk.left_out_bytes:
                yield left_out_notice(chunk.left_out_bytes)
            yield chunk.data
            self._offset = chunk.next_offset


class AttemptState(Enum):
    """What the files of an attempt tell: DIED is an end that nobody could record."""

    NOT_STARTED = "NOT_STARTED"
    RUNNING = "RUNNING"
    ENDED = "ENDED"
    DIED = "DIED"


def attempt_state(attempt_dir: Path) -> AttemptState:
    """Return whether the program of an attempt runs. Nothing is changed by looking."""
    if (attempt_dir / EXIT).exists():
        return AttemptState.ENDED
    claim = read_record(attempt_dir / CLAIM)
    if claim is None or claim.get("cancelled"):
        return AttemptState.NOT_STARTED
    match claim:
        case {"pid": int(pid), "start": str(start)} if is_running(ProcessIdentity(pid, start)):
            return AttemptState.RUNNING
    # The supervisor writes the record before it ends, so it may have come since the first look.
    return AttemptState.ENDED if (attempt_dir / EXIT).exists() else AttemptState.DIED


def how_attempt_stands(attempt_dir: Path) -> str:
    """Return in words how an attempt ended, such as "exit code 1 after 12s", or that it runs."""
    state = attempt_state(attempt_dir)
    if state is AttemptState.ENDED:
        return _how_it_ended(read_record(attempt_dir / EXIT) or {})
    return {
        AttemptState.NOT_STARTED: "not started yet",
        AttemptState.RUNNING: "still running",
    }.get(state, "it died with its supervisor, or with the machine")


def _how_it_ended(record: Mapping[str, object]) -> str:
    match record:
        case {"outcome": "failed_to_start", "error": str(error)}:
            return f"the program cannot be started: {error}"
        case {"signal": int(number)}:
            text = f"killed by {_signal_name(number)}"
        case {"code": int(code)}:
            text = f"exit code {code}"
        case _:
            text = "ended"
    if record.get("outcome") in ("timeout", "stopped"):
        text = f"{record['outcome']}, {text}"
    match record:
        case {"started_at": float(started_at), "ended_at": float(ended_at)}:
            return f"{text} after {format_duration(ended_at - started_at)}"
        case _:
            return text


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

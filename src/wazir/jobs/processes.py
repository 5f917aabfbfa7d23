"""Tell processes apart by id and start time, and end those that must not stay behind.

The supervisor imports this module, so it loads little.
"""

import contextlib
import functools
import os
import signal
import time
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

MARKER: Final = "WAZIR_ATTEMPT_DIR"
"""Environment variable of a trial's program that holds its attempt's directory."""


class ProcessIdentity(NamedTuple):
    """One process: ids are used again, so the token of its start time belongs to it."""

    pid: int
    start: str


def identify(pid: int) -> ProcessIdentity | None:
    """Return the identity of a process, zombies included, or None if there is none."""
    found = _start_and_state(pid)
    return ProcessIdentity(pid, found[0]) if found else None


def is_running(identity: ProcessIdentity) -> bool:
    """Return whether this very process still runs; a zombie does not."""
    found = _start_and_state(identity.pid)
    return found is not None and found[0] == identity.start and found[1] not in "ZX"


def session_processes(session: int) -> Iterator[tuple[int, int]]:
    """Yield the (process id, group id) of each living process of a session; needs /proc."""
    for name in os.listdir("/proc") if _has_proc() else ():
        fields = _stat_fields(name) if name.isdecimal() else None
        if fields and int(fields[3]) == session and fields[0] not in "ZX":
            yield int(name), int(fields[2])


def signal_session(leader: int, number: int) -> None:
    """Send a signal to the group of a session's leader and to all other groups of the session.

    The leader must not have been reaped, else its id may belong to somebody else. Shells with job
    control and `timeout` make groups of their own; a child with its own session is out of reach.
    """
    for group in {leader, *(group for _, group in session_processes(leader))}:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)


def kill_leftovers(
    leader: ProcessIdentity | None, attempt_dir: str, *, wait_s: float = 1.0
) -> bool:
    """Kill what is left of a program whose supervisor is gone, and wait a moment for it to go.

    A leader counts only with its start time. Its children are found even after it has gone, by
    its session and by the `MARKER` in their environment (only where there is /proc). Without a
    leader every process with the marker is killed.

    Returns:
        Whether nothing that could be found was left within `wait_s`.
    """
    deadline = time.monotonic() + wait_s
    found: set[ProcessIdentity] = set()
    while True:
        if leader and identify(leader.pid) == leader:
            found |= {leader, *_identified(pid for pid, _ in session_processes(leader.pid))}
            signal_session(leader.pid, signal.SIGKILL)
        found |= _identified(_marked_processes(leader, attempt_dir))
        # A process that is going has no environment any more, so the marker does not find it.
        found = {process for process in found if is_running(process)}
        for process in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process.pid, signal.SIGKILL)
        if not found or time.monotonic() >= deadline:
            return not found
        time.sleep(0.01)


def _identified(pids: Iterable[int]) -> set[ProcessIdentity]:
    return {identity for pid in pids if (identity := identify(pid))}


def _marked_processes(leader: ProcessIdentity | None, attempt_dir: str) -> Iterator[int]:
    entry = f"{MARKER}={attempt_dir}".encode(errors="surrogateescape")
    for name in os.listdir("/proc") if _has_proc() else ():
        fields = _stat_fields(name) if name.isdecimal() else None
        if not fields or fields[0] in "ZX" or (leader and int(fields[3]) != leader.pid):
            continue
        with contextlib.suppress(OSError), open(f"/proc/{name}/environ", "rb") as file:
            if entry in file.read().split(b"\0"):
                yield int(name)


@functools.cache
def _has_proc() -> bool:
    return os.path.exists("/proc/self/stat")


@functools.cache
def _boot_id() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def _stat_fields(pid: int | str) -> list[str] | None:
    """Return the fields of /proc/PID/stat from the third on: state, parent, group, session, ..."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return parse_stat(file.read())
    except OSError:
        return None


def parse_stat(text: bytes) -> list[str]:
    """Split a line of /proc/PID/stat into its fields from the third (the state) on."""
    # The name before them may hold blanks and parentheses, so only the last parenthesis counts.
    return text[text.rindex(b")") + 2 :].decode("ascii").split()


def _start_and_state(pid: int) -> tuple[str, str] | None:
    if not _has_proc():
        return _start_and_state_by_ps(pid)
    fields = _stat_fields(pid)
    # Start times count from the boot of the machine, so the boot belongs to the token.
    return (f"{_boot_id()}:{fields[19]}", fields[0]) if fields else None


def _start_and_state_by_ps(pid: int) -> tuple[str, str] | None:
    import subprocess  # noqa: PLC0415  only systems without /proc pay for this import

    done = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        env={"LC_ALL": "C", "PATH": os.defpath},
        check=False,
    )
    state, _, start = done.stdout.strip().partition(" ")
    return (" ".join(start.split()), state[0]) if start else None

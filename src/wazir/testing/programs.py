"""Helpers for tests that let an executor run small programs."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wazir.jobs.attempt_files import read_log
from wazir.jobs.executors.protocol import (
    AttemptExited,
    AttemptStarted,
    Event,
    Executor,
    Launch,
)

PYTHON = (sys.executable, "-I", "-S", "-c")
"""A quick start of Python; a program text follows."""

_DEADLINE_S = 20.0


def shell(script: str) -> tuple[str, ...]:
    """Return the argument list that runs a shell script."""
    return ("/bin/sh", "-c", script)


def make_launch(
    folder: Path, argv: Iterable[str], *, trial_id: int = 1, attempt: int = 1
) -> Launch:
    """Return a launch with a fresh attempt directory below `folder`."""
    attempt_dir = folder / f"trial-{trial_id}" / f"attempt-{attempt}"
    attempt_dir.mkdir(parents=True)
    return Launch(trial_id, attempt, tuple(argv), folder, {}, attempt_dir)


def collect(executor: Executor, n_ends: int = 1) -> list[Event]:
    """Poll until `n_ends` attempts have ended, and return all events."""
    events: list[Event] = []
    deadline = time.monotonic() + _DEADLINE_S
    while sum(not isinstance(event, AttemptStarted) for event in events) < n_ends:
        assert time.monotonic() < deadline, f"only {events} within {_DEADLINE_S} s"
        events += executor.poll(1.0)
    return events


def exit_of(events: Sequence[Event]) -> AttemptExited:
    """Return the last event, which must be the end of a program."""
    assert isinstance(events[-1], AttemptExited), events
    return events[-1]


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until a condition is true."""
    deadline = time.monotonic() + _DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.005)


def is_alive(pid: int) -> bool:
    """Return whether a process exists that is no zombie."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except OSError:
        return not Path("/proc/self").exists()
    return state not in "ZX"


@dataclass
class Running:
    """A program under way that has written `ready`."""

    executor: Executor
    launch: Launch
    pid: int


def run_until_ready(executor: Executor, launch: Launch) -> Running:
    """Launch a program and wait until it has written `ready`."""
    executor.launch(launch)
    events: list[Event] = []
    while not events:
        events = executor.poll(1.0)
    assert isinstance(events[0], AttemptStarted), events
    wait_for(lambda: b"ready" in read_log(launch.attempt_dir))
    return Running(executor, launch, events[0].pid)

"""Run programs on this machine, under a supervisor that outlives this process."""

import contextlib
import json
import os
import select
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wazir.domain.errors import JobError
from wazir.jobs import processes, recording, supervisor
from wazir.jobs.attempt_files import read_record
from wazir.jobs.environment import SECRETS
from wazir.jobs.executors.protocol import (
    Attachment,
    AttemptDied,
    AttemptExited,
    AttemptStarted,
    Event,
    ExitStatus,
    Launch,
    LaunchFailed,
    Outcome,
)
from wazir.jobs.processes import ProcessIdentity

_ATTACHED_POLL_S = 0.2
_CLAIM_WAIT_S = 2.0
_CLOSE_WAIT_S = 2.0
_ATTACHED_GRACE_S = 30.0
_DIED_REASON = "the supervisor or the machine died while the program ran"


@dataclass
class _Attempt:
    """An attempt under way: launched here (`launch` is set) or attached to."""

    trial_id: int
    attempt: int
    attempt_dir: Path
    launch: Launch | None = None
    was_sent_again: bool = False
    note: str = ""


class _SupervisorProcess:
    """The two pipes to a supervisor of our own."""

    def __init__(self, log: Path | None) -> None:
        if not sys.executable:
            raise JobError(
                "programs are started with the help of a Python interpreter, got none",
                hint="Run Wazir with a Python that knows its own path (sys.executable).",
            )
        their_orders, self._orders = os.pipe()
        self.news, their_news = os.pipe()
        try:
            self.pid = self._spawn(their_orders, their_news, log)
        except OSError as error:
            os.close(self._orders)
            os.close(self.news)
            raise JobError(f"the supervisor cannot be started: {error}") from error
        finally:
            os.close(their_orders)
            os.close(their_news)
        self._partial = b""

    @staticmethod
    def _spawn(orders: int, news: int, log: Path | None) -> int:
        root = str(Path(supervisor.__file__).resolve().parents[2])
        utf8 = ("-X", "utf8") if sys.flags.utf8_mode else ()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        return os.posix_spawn(
            sys.executable,
            [sys.executable, *utf8, *supervisor.COMMAND, root],
            {name: value for name, value in os.environ.items() if name not in SECRETS},
            file_actions=[
                (os.POSIX_SPAWN_DUP2, orders, 0),
                (os.POSIX_SPAWN_DUP2, news, 1),
                (os.POSIX_SPAWN_OPEN, 2, str(log or os.devnull), flags, 0o666),
            ],
            setsid=True,
            setsigmask=(),
        )

    def send(self, order: Mapping[str, object]) -> None:
        """Send an order; a dead supervisor is noticed by `receive`."""
        rest = memoryview(json.dumps(order).encode() + b"\n")
        with contextlib.suppress(BrokenPipeError):
            while rest:
                rest = rest[os.write(self._orders, rest) :]

    def receive(self) -> list[dict[str, Any]] | None:
        """Return the news that is there, or None when the supervisor has ended."""
        data = os.read(self.news, 1 << 16)
        *lines, self._partial = (self._partial + data).split(b"\n")
        return [json.loads(line) for line in lines] if data else None

    def close(self, wait_s: float) -> None:
        """Send no more orders, and wait a moment for an end that is near."""
        os.close(self._orders)
        os.close(self.news)
        deadline = time.monotonic() + wait_s
        with contextlib.suppress(ChildProcessError):
            while not os.waitpid(self.pid, os.WNOHANG)[0] and time.monotonic() < deadline:
                time.sleep(0.002)


class LocalExecutor:
    """An `Executor` of processes on this machine.

    Args:
        supervisor_log: File to which errors of the supervisor itself are appended, if any.
    """

    def __init__(self, *, supervisor_log: Path | None = None) -> None:
        self._log = supervisor_log
        self._supervisor: _SupervisorProcess | None = None
        self._attempts: dict[int, _Attempt] = {}
        self._events: list[Event] = []
        self._is_closed = False
        self._last_look = -float("inf")

    def launch(self, launch: Launch) -> None:
        """See `Executor.launch`."""
        self._require_free(launch.trial_id)
        if self._supervisor is None:
            self._supervisor = _SupervisorProcess(self._log)
        attempt = _Attempt(launch.trial_id, launch.attempt, launch.attempt_dir, launch)
        self._attempts[launch.trial_id] = attempt
        self._supervisor.send(_launch_order(launch))

    def _require_free(self, trial_id: int) -> None:
        if self._is_closed:
            raise JobError("this executor has been closed", hint="Make a new one.")
        if (known := self._attempts.get(trial_id)) is not None:
            raise JobError(
                f"one attempt of a trial runs at a time; attempt {known.attempt} of trial "
                f"{trial_id} is under way",
                hint="Wait for its end, or stop it.",
            )

    def attach(self, trial_id: int, attempt: int, attempt_dir: Path) -> Attachment:
        """See `Executor.attach`."""
        self._require_free(trial_id)
        found = _Attempt(trial_id, attempt, attempt_dir)
        deadline = time.monotonic() + _CLAIM_WAIT_S
        while True:
            attachment = _examine(attempt_dir)
            if attachment is not None or time.monotonic() >= deadline:
                break
            time.sleep(0.01)
        if attachment is None:
            # A supervisor that lives needs longer than usual for its first record, or one died
            # within its claim; whatever the latter may have left has the attempt's mark.
            attachment = Attachment.RUNNING if _supervisor_runs(attempt_dir) else Attachment.DIED
        if attachment is Attachment.DIED:
            _kill_leftovers(attempt_dir)
        elif attachment is not Attachment.NEVER_STARTED:
            self._attempts[trial_id] = found
            self._last_look = -float("inf")
        return attachment

    def stop(self, trial_id: int, *, grace_s: float) -> None:
        """See `Executor.stop`."""
        found = self._attempts.get(trial_id)
        if found is None:
            return
        if found.launch is None:
            _stop_attached(found.attempt_dir, grace_s)
        elif self._supervisor is not None:
            order = {"trial_id": trial_id, "attempt": found.attempt, "grace_s": grace_s}
            self._supervisor.send({"order": "stop", **order})

    def poll(self, timeout_s: float) -> list[Event]:
        """See `Executor.poll`."""
        deadline = time.monotonic() + timeout_s
        while True:
            self._look_at_attached()
            remaining_s = max(0.0, deadline - time.monotonic())
            if self._has_attached():
                remaining_s = min(remaining_s, _ATTACHED_POLL_S)
            self._hear(0.0 if self._events else remaining_s)
            if self._events or time.monotonic() >= deadline:
                events, self._events = self._events, []
                return events

    def close(self, *, stop_running: bool = False) -> None:
        """See `Executor.close`."""
        if self._is_closed:
            return
        self._is_closed = True
        if stop_running:
            for found in list(self._attempts.values()):
                grace_s = found.launch.grace_s if found.launch else _ATTACHED_GRACE_S
                self.stop(found.trial_id, grace_s=grace_s)
        has_own = any(found.launch for found in self._attempts.values())
        if self._supervisor is not None:
            self._supervisor.close(0.0 if has_own else _CLOSE_WAIT_S)
            self._supervisor = None
        self._attempts.clear()

    def _has_attached(self) -> bool:
        return any(found.launch is None for found in self._attempts.values())

    def _look_at_attached(self) -> None:
        if time.monotonic() - self._last_look < _ATTACHED_POLL_S:
            return
        self._last_look = time.monotonic()
        for found in [a for a in self._attempts.values() if a.launch is None]:
            runs = _supervisor_runs(found.attempt_dir)
            # The file is read after the look at the process, which writes it before it ends.
            if (status := _read_exit(found.attempt_dir)) is not None:
                self._end(found, AttemptExited(found.trial_id, found.attempt, status))
            elif not runs:
                _kill_leftovers(found.attempt_dir)
                self._end(found, AttemptDied(found.trial_id, found.attempt, _DIED_REASON))

    def _end(self, found: _Attempt, event: Event) -> None:
        del self._attempts[found.trial_id]
        self._events.append(event)

    def _hear(self, timeout_s: float) -> None:
        if self._supervisor is None:
            time.sleep(timeout_s)
            return
        poller = select.poll()
        poller.register(self._supervisor.news, select.POLLIN)
        while poller.poll(timeout_s * 1000):
            timeout_s = 0.0
            messages = self._supervisor.receive()
            if messages is None:
                self._bury_supervisor()
                return
            for message in messages:
                self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        found = self._attempts.get(message["trial_id"])
        if found is None or found.launch is None or found.attempt != message["attempt"]:
            return
        names = (found.trial_id, found.attempt)
        match message["event"]:
            case "started":
                self._events.append(AttemptStarted(*names, message["pid"]))
            case "unrecorded":
                found.note = message["error"]
            case "exited":
                status = _exit_status(message["status"])
                error = "; ".join(filter(None, (status.error, found.note)))
                self._end(found, AttemptExited(*names, replace(status, error=error)))
            case "not_launched":
                self._end(found, LaunchFailed(*names, message["error"]))
            case _:
                pass

    def _bury_supervisor(self) -> None:
        """Settle what a supervisor that died had under way."""
        assert self._supervisor is not None  # noqa: S101  its news has just ended
        self._supervisor.close(_CLOSE_WAIT_S)
        self._supervisor = None
        for found in [a for a in self._attempts.values() if a.launch is not None]:
            self._settle(found)

    def _settle(self, found: _Attempt) -> None:
        names = (found.trial_id, found.attempt)
        if (status := _read_exit(found.attempt_dir)) is not None:
            self._end(found, AttemptExited(*names, status))
        elif (found.attempt_dir / recording.CLAIM).exists():
            _kill_leftovers(found.attempt_dir)
            self._end(found, AttemptDied(*names, _DIED_REASON))
        elif found.launch is None or found.was_sent_again:
            self._end(found, LaunchFailed(*names, "two supervisors died before they started it"))
        else:
            found.was_sent_again = True
            if self._supervisor is None:
                self._supervisor = _SupervisorProcess(self._log)
            self._supervisor.send(_launch_order(found.launch))


def _launch_order(launch: Launch) -> dict[str, object]:
    return {
        "order": "launch",
        "trial_id": launch.trial_id,
        "attempt": launch.attempt,
        "argv": list(launch.argv),
        "cwd": str(launch.cwd),
        "env": dict(launch.env),
        "attempt_dir": str(launch.attempt_dir),
        "timeout_s": launch.timeout_s,
        "grace_s": launch.grace_s,
        "line_pattern": launch.line_pattern,
    }


def _exit_status(record: Mapping[str, Any]) -> ExitStatus:
    return ExitStatus(
        outcome=Outcome(record["outcome"]),
        code=record["code"],
        signal=record["signal"],
        started_at=record["started_at"],
        ended_at=record["ended_at"],
        cpu_s=record["cpu_s"],
        max_rss_bytes=record["max_rss_bytes"],
        error="; ".join(filter(None, (record["error"], record.get("log_error")))),
        has_lost_lines=bool(record.get("has_lost_lines")),
    )


def _read_exit(attempt_dir: Path) -> ExitStatus | None:
    """Return how an attempt ended, None if that is not recorded or cannot be read."""
    record = read_record(attempt_dir / recording.EXIT)
    try:
        return _exit_status(record) if record is not None else None
    except (KeyError, TypeError, ValueError):
        return None


def _identity(record: object) -> ProcessIdentity | None:
    match record:
        case {"pid": int(pid), "start": str(start)}:
            return ProcessIdentity(pid, start)
        case _:
            return None


def _examine(attempt_dir: Path) -> Attachment | None:
    """Return what became of an attempt, or None if that will be known in a moment."""
    claim = read_record(attempt_dir / recording.CLAIM)
    if claim is None and _cancel(attempt_dir):
        return Attachment.NEVER_STARTED
    if claim is not None and claim.get("cancelled"):
        return Attachment.NEVER_STARTED
    runs = _supervisor_runs(attempt_dir)
    # Only now, because a supervisor that has ended since wrote this before.
    if _read_exit(attempt_dir) is not None:
        return Attachment.EXITED
    if claim is None:
        return None
    if not runs:
        return Attachment.DIED
    has_started = (attempt_dir / recording.STARTED).exists()
    return Attachment.RUNNING if has_started else None


def _cancel(attempt_dir: Path) -> bool:
    """Claim an attempt so that nobody starts it; return whether it will never start."""
    try:
        return recording.claim(str(attempt_dir), {"cancelled": True})
    except FileNotFoundError:
        # Without its directory nobody can claim it, and so nobody starts it.
        return True
    except OSError as error:
        raise JobError(
            f"the attempt's directory cannot be used: {error}",
            hint="Make it writable, with some free space, and start again.",
        ) from error


def _supervisor_runs(attempt_dir: Path) -> bool:
    identity = _identity(read_record(attempt_dir / recording.CLAIM))
    return identity is not None and processes.is_running(identity)


def _kill_leftovers(attempt_dir: Path) -> None:
    leader = _identity(read_record(attempt_dir / recording.STARTED))
    processes.kill_leftovers(leader, str(attempt_dir))


def _stop_attached(attempt_dir: Path, grace_s: float) -> None:
    """Leave the wish to stop for the supervisor that has the program, and wake it."""
    identity = _identity(read_record(attempt_dir / recording.CLAIM))
    if identity is None or not processes.is_running(identity):
        return
    path = str(attempt_dir / recording.STOP)
    try:
        recording.write_record(path, {"grace_s": grace_s}, sync=False)
    except OSError:
        # Without the wish on disk its end looks like one of its own, but it does end.
        leader = _identity(read_record(attempt_dir / recording.STARTED))
        if leader is not None and processes.is_running(leader):
            number = signal.SIGTERM if grace_s > 0 else signal.SIGKILL
            processes.signal_session(leader.pid, number)
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(identity.pid, signal.SIGUSR1)

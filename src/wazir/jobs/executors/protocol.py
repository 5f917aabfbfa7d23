"""The contract of an executor: it starts programs of trials and tells how they end."""

import enum
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from wazir.domain.errors import JobError


@dataclass(frozen=True)
class Launch:
    r"""One attempt to run a trial's program.

    Attributes:
        trial_id: Number of the trial.
        attempt: Number of the attempt, from 1.
        argv: Program and arguments, passed verbatim; the program is looked up in PATH of `env`.
        cwd: Working directory, absolute.
        env: Variables set on top of the inherited ones; None removes a variable.
        attempt_dir: Existing directory of this attempt alone, absolute. One directory is launched
            at most once, ever.
        timeout_s: Time that the program may run, > 0; None for no limit.
        grace_s: Time between SIGTERM and SIGKILL after the timeout, >= 0.
        line_pattern: Regular expression; the lines of output in which it is found are kept apart
            from the log. It is applied to bytes (UTF-8), and should begin with something rare:
            one that begins with `\w+` takes quadratic time on long lines.
    """

    trial_id: int
    attempt: int
    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str | None]
    attempt_dir: Path
    timeout_s: float | None = None
    grace_s: float = 30.0
    line_pattern: str | None = None

    def __post_init__(self) -> None:
        if not self.argv or not self.argv[0]:
            raise JobError(f"argv needs a program, got {self.argv!r}", hint="Give a command.")
        for name, path in (("cwd", self.cwd), ("attempt_dir", self.attempt_dir)):
            if not path.is_absolute():
                raise JobError(f"{name} must be absolute, got {path}", hint="Resolve it first.")
        if self.timeout_s is not None and not (0 < self.timeout_s < math.inf):
            raise JobError(
                f"timeout_s must be finite and above 0, got {self.timeout_s}",
                hint="Use None for no limit.",
            )
        if not 0 <= self.grace_s < math.inf:
            raise JobError(
                f"grace_s must be finite and not negative, got {self.grace_s}",
                hint="Use 0 to kill at once.",
            )
        try:
            re.compile((self.line_pattern or "").encode())
        except re.error as error:
            raise JobError(
                f"line_pattern must be a regular expression, got {self.line_pattern!r}: {error}",
                hint="Put a backslash before characters such as ( or [.",
            ) from None


class Outcome(enum.Enum):
    """Why a program is no longer running; each is the value that `exit.json` holds."""

    EXITED = "exited"
    TIMEOUT = "timeout"
    STOPPED = "stopped"
    FAILED_TO_START = "failed_to_start"


@dataclass(frozen=True)
class ExitStatus:
    """How an attempt ended.

    Attributes:
        outcome: EXITED if it ended by itself, or by a signal that the executor did not send.
        code: Exit code, None if a signal ended it or it did not start.
        signal: Number of the signal that ended it.
        started_at: Unix time in seconds.
        ended_at: Unix time in seconds.
        cpu_s: User and system time of the program and of those children it has waited for.
        max_rss_bytes: Largest resident set of one process; never below the supervisor's own.
        error: Why it did not start, or what could not be recorded.
        has_lost_lines: Whether lines of output that match the pattern could not be recorded.
    """

    outcome: Outcome
    code: int | None
    signal: int | None
    started_at: float
    ended_at: float
    cpu_s: float
    max_rss_bytes: int
    error: str = ""
    has_lost_lines: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether the program ended by itself with exit code 0."""
        return self.outcome is Outcome.EXITED and self.code == 0


@dataclass(frozen=True)
class AttemptStarted:
    """A program runs; `pid` is also the id of its process group and session."""

    trial_id: int
    attempt: int
    pid: int


@dataclass(frozen=True)
class AttemptExited:
    """An attempt has ended and its files are complete."""

    trial_id: int
    attempt: int
    status: ExitStatus


@dataclass(frozen=True)
class AttemptDied:
    """The supervisor or the machine died while the program ran; its leftovers were killed."""

    trial_id: int
    attempt: int
    reason: str


@dataclass(frozen=True)
class LaunchFailed:
    """Nothing was started, because the attempt's directory cannot be used; nothing follows."""

    trial_id: int
    attempt: int
    reason: str


Event: TypeAlias = AttemptStarted | AttemptExited | AttemptDied | LaunchFailed


class Attachment(enum.Enum):
    """What a restarted runner finds of an attempt."""

    RUNNING = "RUNNING"
    EXITED = "EXITED"
    DIED = "DIED"
    NEVER_STARTED = "NEVER_STARTED"


class Executor(Protocol):
    """Runs programs so that they outlive the runner, and finds them again.

    Rules for all methods: one thread uses an executor. At most one attempt of a trial is under
    way at a time; a second is a JobError. For each attempt that `launch` accepts there is either
    one LaunchFailed, or at most one AttemptStarted and then exactly one AttemptExited or
    AttemptDied, unless the executor is closed before. A program that cannot be started gives an
    AttemptExited with FAILED_TO_START and no AttemptStarted.

    The program gets /dev/null as standard input and a session of its own, so that keys of the
    terminal do not reach it. Its two output streams go, merged, to the attempt's log; see
    `wazir.jobs.attempt_files` for reading it. When the program itself has ended, whatever it left
    in its session is killed; children that made a session of their own are out of reach.
    """

    def launch(self, launch: Launch) -> None:
        """Start a program soon; how this goes is told by `poll`.

        Raises:
            JobError: if an attempt of the trial is under way, or no program can be started at
                all.
        """
        ...

    def attach(self, trial_id: int, attempt: int, attempt_dir: Path) -> Attachment:
        """Take over an attempt that an earlier executor may have launched.

        Returns:
            RUNNING if it runs, and its end follows from `poll`; EXITED if it has ended, and
            AttemptExited follows from `poll`; DIED if it did not survive, its leftovers are
            killed and nothing follows; NEVER_STARTED if no program was started, and none will be
            in this directory: the next launch needs a new one.

        Raises:
            JobError: if an attempt of the trial is under way here, or the directory cannot be
                used.
        """
        ...

    def stop(self, trial_id: int, *, grace_s: float) -> None:
        """Ask a program to end: SIGTERM, and SIGKILL after `grace_s` (0: SIGKILL at once).

        It returns without waiting; the end follows from `poll` with STOPPED, unless the program
        had ended before. A second call can only shorten the time. Unknown trials are ignored.
        """
        ...

    def poll(self, timeout_s: float) -> list[Event]:
        """Return what has happened, waiting at most `timeout_s` for the first event."""
        ...

    def close(self, *, stop_running: bool = False) -> None:
        """End the use of this executor without waiting for programs.

        Programs run on, and can be attached to, or are stopped with the grace of their launch
        (30 s for attached ones) if `stop_running`.
        """
        ...

"""One program under supervision: its process, its pipe, its files and its end.

The supervisor imports this module, so it loads little.
"""

import contextlib
import enum
import errno
import fcntl
import json
import os
import resource
import selectors
import signal
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from wazir.jobs import recording
from wazir.jobs.processes import MARKER, identify, signal_session

Message = dict[str, Any]

_READ_BYTES: Final = 256 << 10
_DRAIN_S: Final = 0.5
"""How long children that hold the pipe may go on writing after the program itself has ended."""
_LAST_DRAIN_S: Final = 0.2
_N_TRIES: Final = 6
_RETRY_S: Final = 0.1


def _now() -> float:
    return time.time()  # noqa: TID251  a process of its own has nobody to inject a clock


class _Phase(enum.Enum):
    RUNNING = enum.auto()
    DRAINING = enum.auto()
    KILLED = enum.auto()
    WRITING = enum.auto()
    DONE = enum.auto()


class Program:
    """One program: its process, its pipe, its files, and when it is due for what.

    Times in `_due` are of the monotonic clock; `step` does what is due and never waits.
    """

    def __init__(
        self,
        order: Message,
        selector: selectors.BaseSelector,
        tell: Callable[[Message], None],
    ) -> None:
        self.key: tuple[object, object] = (order["trial_id"], order["attempt"])
        self._phase = _Phase.RUNNING
        self._pipe = -1
        self._order = order
        self._selector = selector
        self._tell = tell
        self._pid = 0
        self._log = recording.CappedFile(
            self._path(recording.LOG), recording.LOG_HEAD_BYTES, recording.LOG_TAIL_BYTES
        )
        self._lines = recording.CappedFile(
            self._path(recording.LINES), recording.LINES_HEAD_BYTES, recording.LINES_TAIL_BYTES
        )
        self._filter = recording.LineFilter(order["line_pattern"])
        self._due: dict[str, float] = {}
        self._waited: tuple[int, resource.struct_rusage] | None = None
        self._start_record: Message | None = None
        self._n_tries = 0
        self._status: Message = {
            "outcome": "exited",
            "code": None,
            "signal": None,
            "started_at": _now(),
            "ended_at": 0.0,
            "cpu_s": 0.0,
            "max_rss_bytes": 0,
            "error": "",
        }

    @property
    def is_over(self) -> bool:
        """Whether it has ended and everything about it is written."""
        return self._phase is _Phase.DONE

    def _path(self, name: str) -> str:
        return os.path.join(self._order["attempt_dir"], name)

    def start(self, supervisor: Mapping[str, object]) -> None:
        """Start the program; a failure to start is an outcome like others."""
        order = self._order
        changes = {**order["env"], MARKER: order["attempt_dir"]}
        merged = {**os.environ, **changes}
        env = {name: value for name, value in merged.items() if value is not None}
        try:
            self._pid = self._start_with_pipe(order["argv"], order["cwd"], env)
        except (OSError, ValueError) as error:
            self._fail(error)
            return
        identity = identify(self._pid)
        self._start_record = {
            "pid": self._pid,
            "start": identity.start if identity else "",
            "supervisor": supervisor,
            "started_at": self._status["started_at"],
        }
        self._due["started"] = 0.0
        if order["timeout_s"] is not None:
            self._due["timeout"] = time.monotonic() + order["timeout_s"]
        self._tell_own("started", pid=self._pid)
        self.step()

    def _start_with_pipe(self, argv: list[str], cwd: str, env: dict[str, str]) -> int:
        self._pipe, output = os.pipe()
        try:
            os.set_blocking(self._pipe, False)
            self._selector.register(self._pipe, selectors.EVENT_READ, self._read_output)
            if hasattr(fcntl, "F_SETPIPE_SZ"):
                with contextlib.suppress(OSError):
                    fcntl.fcntl(output, fcntl.F_SETPIPE_SZ, _READ_BYTES)
            return _spawn(argv, cwd, env, output)
        finally:
            os.close(output)

    def _fail(self, error: OSError | ValueError) -> None:
        text = str(error)
        if isinstance(error, OSError):
            text = f"{error.filename or self._order['argv'][0]}: {error.strerror}"
        self._close_pipe()
        self._status |= {"outcome": "failed_to_start", "error": text, "ended_at": _now()}
        self._phase = _Phase.WRITING
        self.step()

    def _close_pipe(self) -> None:
        if self._pipe >= 0:
            self._selector.unregister(self._pipe)
            os.close(self._pipe)
            self._pipe = -1

    def _read_output(self) -> None:
        # The selector may still know of a pipe that was closed a moment ago.
        if self._pipe < 0:
            return
        try:
            data = os.read(self._pipe, _READ_BYTES)
        except BlockingIOError:
            return
        if not data:
            self._close_pipe()
            return
        self._log.write(data)
        self._keep_lines(self._filter.feed(data))

    def _keep_lines(self, lines: list[bytes]) -> None:
        if lines:
            now = _now()
            self._lines.write(b"".join(b"%.6f\t%s\n" % (now, line) for line in lines))

    def stop(self, outcome: str, grace_s: float) -> None:
        """Ask the program to end, and kill it after `grace_s`; a second call can only hasten."""
        self.look_for_exit()
        if self._phase is not _Phase.RUNNING:
            return
        kill_at = time.monotonic() + grace_s
        if "kill" not in self._due and self._status["outcome"] == "exited":
            self._due.pop("timeout", None)
            self._status["outcome"] = outcome
            if grace_s > 0:
                signal_session(self._pid, signal.SIGTERM)
        self._due["kill"] = min(kill_at, self._due.get("kill", kill_at))
        self.step()

    def stop_for_death(self) -> None:
        """Stop the program, but leave no record of how it ended."""
        self.stop("died", self._order["grace_s"])

    def look_for_wish(self) -> None:
        """Stop the program if another runner has left the wish to."""
        with contextlib.suppress(OSError, ValueError), open(self._path(recording.STOP)) as file:
            self.stop("stopped", float(json.load(file)["grace_s"]))

    def look_for_exit(self) -> None:
        """Notice that the program itself has ended."""
        if self._phase is not _Phase.RUNNING:
            return
        if hasattr(os, "waitid"):
            # The zombie keeps its id, so that its group can still be signalled safely.
            if not os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                return
        elif not self._reap(os.WNOHANG):
            return
        self._status["ended_at"] = _now()
        self._phase = _Phase.DRAINING
        self._due.pop("timeout", None)
        self._due.pop("kill", None)
        self._due["drained"] = time.monotonic() + _DRAIN_S
        self.step()

    def _reap(self, options: int) -> bool:
        if self._waited is None:
            pid, status, usage = os.wait4(self._pid, options)
            self._waited = (status, usage) if pid else None
        return self._waited is not None

    def next_due(self) -> float | None:
        """Return when `step` has something to do, in seconds of the monotonic clock."""
        return min(self._due.values(), default=None)

    def step(self) -> None:
        """Do what is due now."""
        now = time.monotonic()
        if self._due.get("started", now + 1) <= now:
            self._write_start()
        if self._due.get("timeout", now + 1) <= now:
            self.stop("timeout", self._order["grace_s"])
        if self._due.get("kill", now + 1) <= now:
            del self._due["kill"]
            signal_session(self._pid, signal.SIGKILL)
        if self._phase in (_Phase.DRAINING, _Phase.KILLED):
            self._drain(now)
        if self._phase is _Phase.WRITING and self._due.get("exit", 0.0) <= now:
            self._write_exit()

    def _drain(self, now: float) -> None:
        is_late = self._due["drained"] <= now
        if self._phase is _Phase.DRAINING and (self._pipe < 0 or is_late):
            self._kill_rest(is_wide=self._pipe >= 0 or self._status["outcome"] != "exited")
            self._phase = _Phase.KILLED
            is_late = False
            self._due["drained"] = now + _LAST_DRAIN_S
        if self._phase is _Phase.KILLED and (self._pipe < 0 or is_late):
            del self._due["drained"]
            self._close_pipe()
            self._finish()

    def _kill_rest(self, *, is_wide: bool) -> None:
        # Looking through all processes costs milliseconds, so it is left out for the usual end:
        # by itself, and with nobody left who holds the pipe.
        if is_wide:
            signal_session(self._pid, signal.SIGKILL)
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._pid, signal.SIGKILL)

    def _finish(self) -> None:
        self._reap(0)
        assert self._waited is not None  # noqa: S101  a blocking wait has returned
        status, usage = self._waited
        if os.WIFSIGNALED(status):
            self._status["signal"] = os.WTERMSIG(status)
        else:
            self._status["code"] = os.WEXITSTATUS(status)
        self._status["cpu_s"] = usage.ru_utime + usage.ru_stime
        unit_bytes = 1 if sys.platform == "darwin" else 1024
        self._status["max_rss_bytes"] = usage.ru_maxrss * unit_bytes
        self._keep_lines(self._filter.finish())
        self._log.close(sync=False)
        self._lines.close(sync=True)
        errors = {"log": self._log.error, "lines": self._lines.error}
        self._status["log_error"] = "; ".join(f"{k}: {v}" for k, v in errors.items() if v)
        self._status["has_lost_lines"] = bool(self._lines.error)
        self._n_tries = 0
        self._due.pop("started", None)
        self._phase = _Phase.DONE if self._status["outcome"] == "died" else _Phase.WRITING

    def _write_start(self) -> None:
        if self._start_record and self._try("started", recording.STARTED, self._start_record):
            self._start_record = None

    def _write_exit(self) -> None:
        if self._try("exit", recording.EXIT, self._status):
            self._tell_own("exited", status=self._status)
            self._phase = _Phase.DONE

    def _try(self, due: str, name: str, record: Message) -> bool:
        """Write a record; return whether that is over, because it is done or given up."""
        try:
            recording.write_record(self._path(name), record, sync=name == recording.EXIT)
        except OSError as error:
            self._n_tries += 1
            if self._n_tries < _N_TRIES:
                self._due[due] = time.monotonic() + _RETRY_S * self._n_tries
                return False
            self._tell_own("unrecorded", error=f"{name}: {error.strerror}")
        self._n_tries = 0
        self._due.pop(due, None)
        return True

    def _tell_own(self, event: str, **fields: object) -> None:
        self._tell({"event": event, "trial_id": self.key[0], "attempt": self.key[1], **fields})


def _spawn(argv: list[str], cwd: str, env: dict[str, str], output: int) -> int:
    """Start a program in a session of its own and return its process id."""
    try:
        os.chdir(cwd)
    except OSError as error:
        raise OSError(error.errno, f"working directory: {error.strerror}", cwd) from None
    failure = OSError(errno.ENOENT, "program not found", argv[0])
    try:
        for path in _candidates(argv[0], env):
            try:
                return _spawn_path(path, argv, env, output)
            except (FileNotFoundError, NotADirectoryError) as error:
                if os.path.exists(path):
                    text = "the interpreter named in its first line was not found"
                    failure = OSError(error.errno, text, path)
            except PermissionError as error:
                failure = OSError(error.errno, "may not be executed", path)
        raise failure
    finally:
        os.chdir("/")


def _candidates(program: str, env: dict[str, str]) -> list[str]:
    if "/" in program:
        return [program]
    return [os.path.join(folder, program) for folder in os.get_exec_path(env)]


def _spawn_path(path: str, argv: list[str], env: dict[str, str], output: int) -> int:
    return os.posix_spawn(
        path,
        argv,
        env,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, output, 1),
            (os.POSIX_SPAWN_DUP2, output, 2),
        ],
        setsid=True,
        setsigmask=(),
        setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),
    )

"""One optimizer process as the server sees it: started, asked, killed."""

import contextlib
import os
import select
import subprocess
import sys
import threading
import time
from typing import Protocol

from wazir.domain.json_fields import JsonObject, from_json, to_json

# numpy's libraries read them when they are loaded. Threads would only get in each other's way.
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_READ_BYTES = 1 << 16
_END_S = 2.0


class WorkerDiedError(Exception):
    """The process ended before it answered."""


class WorkerTimeoutError(Exception):
    """There was no answer in time."""


class Worker(Protocol):
    """What the pool needs of a process. Used by one thread at a time, but for `end`."""

    def ask(self, request: JsonObject, timeout_s: float) -> object:
        """Return the answer to a request. Raises WorkerDiedError, WorkerTimeoutError."""
        ...

    def end(self) -> None:
        """End the process, whatever it does; whoever waits for an answer gets WorkerDiedError."""
        ...


class OptimizerProcess:
    """Runs `wazir.app.optimizer_worker` in a process of its own (the Worker protocol)."""

    def __init__(self, storage: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "wazir.app.optimizer_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env={**os.environ, **dict.fromkeys(_ONE_THREAD, "1")},
            # Ctrl-C is for the server, which ends this process when it has finished.
            process_group=0,
        )
        requests, answers = self._process.stdin, self._process.stdout
        if requests is None or answers is None:
            raise RuntimeError("a process without pipes")
        self._requests, self._answers = requests, answers
        self._in_use = threading.RLock()
        with contextlib.suppress(BrokenPipeError):
            self._write(storage)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def ask(self, request: JsonObject, timeout_s: float) -> object:
        """Return the answer to a request."""
        with self._in_use:
            try:
                self._write(request)
                return from_json(self._read_line(timeout_s).decode())
            except (BrokenPipeError, ValueError) as error:
                # Pipes that `end` has closed meanwhile are a ValueError.
                self.end()
                raise WorkerDiedError(f"status {self._process.returncode}") from error

    def end(self) -> None:
        """End the process, wait for it and close its pipes. A second call does nothing."""
        self._process.kill()
        self._process.wait(_END_S)
        # Whoever reads from them sees their end first.
        with self._in_use:
            self._requests.close()
            self._answers.close()

    def _write(self, message: object) -> None:
        data = memoryview(to_json(message).encode() + b"\n")
        while data:
            data = data[self._requests.write(data) or 0 :]

    def _read_line(self, timeout_s: float) -> bytes:
        deadline = time.monotonic() + timeout_s
        poll = select.poll()
        poll.register(self._answers, select.POLLIN)
        parts: list[bytes] = []
        while not (parts and parts[-1].endswith(b"\n")):
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise WorkerTimeoutError
            if not poll.poll(left_s * 1000):
                continue
            data = self._answers.read(_READ_BYTES)
            if not data:
                self.end()
                raise WorkerDiedError(f"status {self._process.returncode}")
            parts.append(data)
        return b"".join(parts)

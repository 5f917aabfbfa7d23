"""The other end of `peers/host.py`: start an optimizer's process, ask it, notice its death."""

import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

HOST = Path(__file__).resolve().parents[1] / "peers" / "host.py"


class PeerError(Exception):
    """An optimizer has failed: it raised an error, died, or took too long."""


class Host:
    """A running host; use it in a `with` statement.

    `limit_s` is the longest time for one answer. `hello` is what the host said of itself.
    """

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], limit_s: float) -> None:
        self._limit_s = limit_s
        self._buffer = b""
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._process = subprocess.Popen(
            argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr
        )
        try:
            self.hello = self._receive()
        except PeerError:
            self.close()
            raise

    def __enter__(self) -> "Host":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def request(self, **message: Any) -> dict[str, Any]:
        """Send a request and return the answer.

        Raises:
            PeerError: the answer is an error, or there is none.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise PeerError(f"the host has ended: {self._last_words()}") from None
        return self._receive()

    def close(self) -> None:
        """End the host, by force if it does not end by itself."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._stderr.close()

    def _receive(self) -> dict[str, Any]:
        deadline = time.monotonic() + self._limit_s
        while b"\n" not in self._buffer:
            self._buffer += self._read(deadline)
        line, _, self._buffer = self._buffer.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise PeerError(answer["error"])
        return answer

    def _read(self, deadline: float) -> bytes:
        assert self._process.stdout is not None
        fd = self._process.stdout.fileno()
        ready, _, _ = select.select([fd], [], [], max(deadline - time.monotonic(), 0.0))
        if not ready:
            self._process.kill()
            raise PeerError(f"no answer within {self._limit_s:g} s")
        chunk = os.read(fd, 1 << 16)
        if not chunk:
            raise PeerError(f"the host has ended: {self._last_words()}")
        return chunk

    def _last_words(self) -> str:
        self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(self._stderr.tell() - 1500, 0))
        lines = self._stderr.read().decode(errors="replace").strip().splitlines()
        return "\n".join([*lines[-1:], *lines])

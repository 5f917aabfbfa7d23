"""Asking a program for its help, with bounds on time and output."""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

TIMEOUT_S = 20.0
MAX_OUTPUT_BYTES = 1 << 20

_ENVIRONMENT = {
    "PYTHONUNBUFFERED": "1",
    # Wide enough that no option and its default are torn apart, and without colours.
    "COLUMNS": "200",
    "TERMINAL_WIDTH": "200",
    "NO_COLOR": "1",
    "PYTHON_COLORS": "0",
    "TERM": "dumb",
}


@dataclass(frozen=True)
class HelpAnswer:
    """What a program printed when asked for help; `problem` says why it is less than all."""

    text: str
    problem: str = ""


HelpRunner: TypeAlias = Callable[[Sequence[str], Path], HelpAnswer]


def ask_for_help(command: Sequence[str], cwd: Path, *, timeout_s: float = TIMEOUT_S) -> HelpAnswer:
    """Run a command that ends in `--help` and return what it prints.

    It gets no input and a session of its own, which is killed when it has ended, when it has
    printed MAX_OUTPUT_BYTES, or after `timeout_s` seconds.
    """
    try:
        process = subprocess.Popen(
            list(command),
            cwd=cwd,
            env={**os.environ, **_ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return HelpAnswer("", f"{command[0]} does not start: {error}")
    with process:
        try:
            output, problem = _read(process, timeout_s)
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
    return HelpAnswer(output.decode("utf-8", "replace"), problem)


def _read(process: subprocess.Popen[bytes], timeout_s: float) -> tuple[bytes, str]:
    if process.stdout is None:
        return b"", "its output cannot be read"
    output = bytearray()
    deadline = time.monotonic() + timeout_s
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while len(output) < MAX_OUTPUT_BYTES:
            left_s = deadline - time.monotonic()
            if left_s <= 0 or not selector.select(left_s):
                return bytes(output), f"--help had not ended after {timeout_s:g} s"
            data = os.read(process.stdout.fileno(), 1 << 16)
            if not data:
                return bytes(output), ""
            output += data
    return bytes(output), f"--help printed more than {MAX_OUTPUT_BYTES >> 20} MiB"

"""Servers for tests: in a thread of this process, or as the command that users run."""

import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from command_line import CommandLine
from starlette.middleware import Middleware

from wazir.servers.http.app import make_app
from wazir.servers.http.parts import ServerParts


@contextmanager
def served(parts: ServerParts, middleware: Sequence[Middleware] = ()) -> Iterator[str]:
    """Serve over HTTP in a thread; yields the address."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    app = make_app(parts, version="test", middleware=middleware)
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
    config.timeout_graceful_shutdown = 5
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        parts.closing.set()
        server.should_exit = True
        thread.join()
        listening.close()


@dataclass(frozen=True)
class ServerProcess:
    """`wazir serve` as a process."""

    process: subprocess.Popen[str]
    url: str
    grpc_place: str = ""

    def end(self, number: int = signal.SIGTERM, timeout_s: float = 15) -> tuple[int, str]:
        """Send a signal; return the exit code and what it still printed."""
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=timeout_s)
        return self.process.returncode, rest


def start_server(
    folder: Path, *arguments: str, port: int = 0, prefix: Sequence[str] = ()
) -> ServerProcess:
    """Start `wazir serve` in a folder, and wait until it says where it serves.

    `prefix`: the words before the command, which may change its folder.
    """
    command = CommandLine(folder)
    process = subprocess.Popen(
        [*prefix, *command.argv("serve", "--port", str(port), *arguments)],
        cwd=folder,
        env=command.environment(None),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    printed = []
    for line in process.stdout:
        printed.append(line)
        found = re.search(r"\bat (https?://\S+)", line)
        if found:
            told = process.stdout.readline()
            grpc = re.search(r"gRPC for OSS Vizier at (\S+)", told)
            return ServerProcess(process, found[1], "" if grpc is None else grpc[1])
    process.wait()
    raise AssertionError(f"the server did not start: {''.join(printed)}")


@contextmanager
def server_process(folder: Path, *arguments: str) -> Iterator[ServerProcess]:
    """Run `wazir serve` in a folder while the block runs."""
    server = start_server(folder, *arguments)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        assert server.process.stdout is not None
        server.process.stdout.close()

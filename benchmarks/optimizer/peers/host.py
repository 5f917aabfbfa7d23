"""The process in which an optimizer lives: JSON lines in, JSON lines out.

`python benchmarks/optimizer/peers/host.py PEER` loads the library once, says so, and serves runs
one after the other, each in a fork of its own (or one run in itself, for libraries that must not
be forked). Requests are objects with `op`:

    start      with the fields of `Setup`           {}
    ask        with `count`                         {"points": [{"id", "params"}], "cpu_s", "rss_mb"}
    tell       with `id`, `value`                   {"cpu_s"}
    observe    with `params`, `value`               {"cpu_s"}
    recommend                                       {"params": null or {...}}
    end                                             {}

No points mean that the space is exhausted. CPU seconds are those of all threads of the process
for that request. An error is answered by {"error"}, and ends the run.

`host.py PEER first N` is the other form: load, observe N results, ask once, and end.
"""

import sys

if __name__ == "__main__":
    # The folder of this file holds modules with the names of libraries.
    sys.path[0] = sys.path[0].rpartition("/")[0]

import json
import os
import time
import traceback
from collections.abc import Callable, Mapping
from importlib import import_module, metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from peers.protocol import Optimizer, Params, Setup, Token
from peers.registry import Peer, find_peer

Message = Mapping[str, Any]
Make = Callable[[Setup], Optimizer]


class Channel:
    """Lines on two file descriptors, without a buffer that a fork would share."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd = read_fd
        self._write_fd = write_fd

    def receive(self) -> Message | None:
        """Return the next request; None at the end of the input."""
        data = b""
        while not data.endswith(b"\n"):
            chunk = os.read(self._read_fd, 1 << 16)
            if not chunk:
                return None
            data += chunk
        message: Message = json.loads(data)
        return message

    def send(self, message: Message) -> None:
        """Write one answer."""
        data = json.dumps(message).encode() + b"\n"
        while data:
            data = data[os.write(self._write_fd, data) :]


class Session:
    """The requests of one run."""

    def __init__(self, make: Make) -> None:
        self._make = make
        self._optimizer: Optimizer | None = None
        self._points: dict[int, tuple[Token, Params]] = {}
        self._n_asked = 0

    def answer(self, message: Message) -> dict[str, Any]:
        """Return the answer to a request."""
        before = time.process_time()
        result = getattr(self, f"_{message['op']}")(message)
        cpu_s = time.process_time() - before
        return {**result, "cpu_s": cpu_s, "rss_mb": resident_mb()}

    def _start(self, message: Message) -> dict[str, Any]:
        self._optimizer = self._make(Setup.from_message(message))
        return {}

    def _ask(self, message: Message) -> dict[str, Any]:
        points = []
        for _ in range(message.get("count", 1)):
            asked = self._running.ask()
            if asked is None:
                break
            self._points[self._n_asked] = asked
            points.append({"id": self._n_asked, "params": plain(asked[1])})
            self._n_asked += 1
        return {"points": points}

    def _tell(self, message: Message) -> dict[str, Any]:
        token, params = self._points.pop(message["id"])
        self._running.tell(token, params, message["value"])
        return {}

    def _observe(self, message: Message) -> dict[str, Any]:
        self._running.observe(message["params"], message["value"])
        return {}

    def _recommend(self, _message: Message) -> dict[str, Any]:
        params = self._running.recommend()
        return {"params": None if params is None else plain(params)}

    @property
    def _running(self) -> Optimizer:
        if self._optimizer is None:
            raise ValueError("the first request of a run must be `start`")
        return self._optimizer


def plain(params: Params) -> Params:
    """Return parameters without numpy's types."""
    return {
        name: value.item() if hasattr(value, "item") else value for name, value in params.items()
    }


def resident_mb() -> float:
    """Return the resident memory of this process in MB; 0 where the system does not say."""
    path = Path("/proc/self/statm")
    if not path.exists():
        return 0.0
    return int(path.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def serve_run(channel: Channel, make: Make, message: Message) -> None:
    """Answer the requests of one run, the first of which is `message`."""
    session = Session(make)
    current: Message | None = message
    while current is not None and current["op"] != "end":
        try:
            channel.send(session.answer(current))
        except Exception as error:  # noqa: BLE001 - whatever a library raises is its result
            channel.send({"error": _error_text(error)})
            return
        current = channel.receive()
    channel.send({})


def serve_forked(channel: Channel, make: Make, message: Message) -> None:
    """Answer the requests of one run in a fork of this process."""
    pid = os.fork()
    if pid == 0:
        try:
            serve_run(channel, make, message)
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    if status != 0:
        channel.send({"error": f"the process of the run ended with status {status}"})


def _error_text(error: Exception) -> str:
    last = traceback.format_exception(error)[-3:]
    return f"{type(error).__name__}: {error}"[:400] + "\n" + "".join(last)[-1200:]


def maker(module: ModuleType, peer: Peer) -> Make:
    """Return what makes an optimizer of a peer."""

    def make(setup: Setup) -> Optimizer:
        made: Optimizer = module.make(setup, peer.choice)
        return made

    return make


def versions(peer: Peer) -> dict[str, str]:
    """Return the versions of a peer's distributions."""
    found = {}
    for name in peer.distributions:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "source tree"
    return found


def warm_up(make: Make) -> None:
    """Run a few trials, so that forks need not load what the library loads late."""
    unit = {"type": "double", "min": 0.0, "max": 1.0, "scale": "linear"}
    space = [{"name": name, **unit} for name in ("x", "y")]
    optimizer = make(Setup(space, seed=0, n_trials=12))
    for number in range(12):
        asked = optimizer.ask()
        if asked is not None:
            optimizer.tell(*asked, float(number))


def serve(peer: Peer) -> None:
    """Serve runs until the input ends."""
    channel = Channel(os.dup(0), os.dup(1))
    os.dup2(2, 1)  # whatever libraries print must not come between the answers
    module = import_module(peer.module)
    hello = {"import_cpu_s": time.process_time(), "rss_mb": resident_mb()}
    channel.send({**hello, "versions": versions(peer)})
    make = maker(module, peer)
    if peer.may_fork:
        warm_up(make)
    while (message := channel.receive()) is not None:
        if not peer.may_fork:
            serve_run(channel, make, message)
            return
        serve_forked(channel, make, message)


def suggest_first(peer: Peer, n_known: int) -> None:
    """Load the library, observe so many results, and ask once."""
    from latency.workload import SPACE, points, value

    optimizer = maker(import_module(peer.module), peer)(Setup(SPACE, seed=0, n_trials=2 * n_known))
    for point in points(n_known, seed=0):
        optimizer.observe(dict(point), value(point))
    if optimizer.ask() is None:
        raise ValueError(f"{peer.name} has suggested nothing")


if __name__ == "__main__":
    if sys.argv[2:3] == ["first"]:
        suggest_first(find_peer(sys.argv[1]), int(sys.argv[3]))
    else:
        serve(find_peer(sys.argv[1]))

"""The small process that outlives the runner, starts the programs of trials and records them.

There is one per runner, on the standard library alone: see `COMMAND`. Starting it costs about
40 ms of CPU (10 ms of them a bare `python -I -S`), a trial about 1 ms, so that one supervisor per
trial would cost many times more than one per runner.

Orders come in as JSON lines on standard input, news goes out as JSON lines on standard output.
The files in an attempt's directory are the durable truth; news only makes it fast:

* `claim.json`: made by whoever decides the fate of the attempt, before anything starts.
* `started.json`: the process (its id is also its group's and its session's) and its supervisor.
  It is not forced to disk: after a power cut nothing runs, and the claim's boot has passed.
* `log`, `lines`: the output, and those lines of it that match a pattern (`recording.CappedFile`).
* `stop.json`: the wish to stop of a runner that did not start this supervisor; SIGUSR1 tells.
* `exit.json`: how it ended, written last and forced to disk.

When standard input ends, nothing more is launched and the process ends after its last program.
SIGTERM stops the programs and writes no `exit.json`: their attempts died, they did not fail.
Keys of the terminal do not reach it, because it has its own session, as has each program.
"""

import errno
import json
import os
import selectors
import signal
import time
from typing import Final

from wazir.jobs import recording
from wazir.jobs.processes import identify
from wazir.jobs.program import Message, Program

COMMAND: Final = (
    "-I",
    "-S",
    "-c",
    "import sys; sys.path.append(sys.argv[1]); from wazir.jobs.supervisor import main; main()",
)
"""Arguments for the interpreter; the directory that contains `wazir` comes after them."""

_READ_BYTES: Final = 256 << 10


class Supervisor:
    """The loop: one selector over orders, news, signals and the programs' pipes."""

    def __init__(self, orders: int = 0, news: int = 1) -> None:
        self._orders = orders
        self._news = news
        self._selector = selectors.DefaultSelector()
        self._programs: dict[tuple[object, object], Program] = {}
        self._accepts = True
        self._partial_order = b""
        self._unsent = b""
        self._identity: Message = {"pid": os.getpid()}

    def run(self) -> None:
        """Work until there are no more orders and no more programs."""
        os.chdir("/")
        identity = identify(os.getpid())
        self._identity["start"] = identity.start if identity else ""
        self._listen_to_signals()
        os.set_blocking(self._orders, False)
        os.set_blocking(self._news, False)
        self._selector.register(self._orders, selectors.EVENT_READ, self._read_orders)
        while self._accepts or self._programs:
            for key, _ in self._selector.select(self._timeout_s()):
                key.data()
            for program in list(self._programs.values()):
                program.step()
                if program.is_over:
                    del self._programs[program.key]

    def _timeout_s(self) -> float | None:
        dues = [due for p in self._programs.values() if (due := p.next_due()) is not None]
        return max(0.0, min(dues) - time.monotonic()) if dues else None

    def _listen_to_signals(self) -> None:
        self._signals, wakeup = os.pipe()
        os.set_blocking(self._signals, False)
        os.set_blocking(wakeup, False)
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
        # Handlers, not SIG_IGN, because programs would inherit ignored signals.
        heard = (signal.SIGCHLD, signal.SIGUSR1, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        for number in heard:
            signal.signal(number, lambda *_: None)
        self._selector.register(self._signals, selectors.EVENT_READ, self._read_signals)

    def _read_signals(self) -> None:
        numbers = set(os.read(self._signals, 4096))
        for program in list(self._programs.values()):
            if signal.SIGCHLD in numbers:
                program.look_for_exit()
            if signal.SIGUSR1 in numbers:
                program.look_for_wish()
            if signal.SIGTERM in numbers:
                program.stop_for_death()
        if signal.SIGTERM in numbers:
            self._accept_no_more()

    def _accept_no_more(self) -> None:
        if self._accepts:
            self._accepts = False
            self._selector.unregister(self._orders)

    def _read_orders(self) -> None:
        try:
            data = os.read(self._orders, _READ_BYTES)
        except BlockingIOError:
            return
        if not data:
            self._accept_no_more()
        *lines, self._partial_order = (self._partial_order + data).split(b"\n")
        for line in lines:
            self._obey(json.loads(line))

    def _obey(self, order: Message) -> None:
        if order["order"] == "launch":
            self._launch(order)
        elif program := self._programs.get((order["trial_id"], order["attempt"])):
            program.stop("stopped", order["grace_s"])

    def _launch(self, order: Message) -> None:
        names = {"trial_id": order["trial_id"], "attempt": order["attempt"]}
        try:
            if not recording.claim(order["attempt_dir"], self._identity):
                raise FileExistsError(errno.EEXIST, "another runner has claimed this attempt")
        except OSError as error:
            text = f"{order['attempt_dir']}: {error.strerror}"
            self._tell({"event": "not_launched", **names, "error": text})
            return
        program = Program(order, self._selector, self._tell)
        self._programs[program.key] = program
        program.start(self._identity)

    def _tell(self, message: Message) -> None:
        self._unsent += json.dumps(message).encode() + b"\n"
        self._send()

    def _send(self) -> None:
        try:
            n_sent = os.write(self._news, self._unsent)
        except BlockingIOError:
            n_sent = 0
        except OSError:
            # The runner has gone; it or the next one reads the files.
            n_sent = len(self._unsent)
        self._unsent = self._unsent[n_sent:]
        is_waiting = self._news in self._selector.get_map()
        if self._unsent and not is_waiting:
            self._selector.register(self._news, selectors.EVENT_WRITE, self._send)
        elif not self._unsent and is_waiting:
            self._selector.unregister(self._news)


def main() -> None:
    """Supervise for the runner at the other end of standard input and output."""
    Supervisor().run()

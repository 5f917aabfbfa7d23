"""The optimizer processes of a server: which one computes what, and what happens when one dies."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from wazir.app.optimizer_process import Worker, WorkerDiedError, WorkerTimeoutError
from wazir.domain.errors import ComputationError
from wazir.domain.json_fields import JsonObject
from wazir.domain.names import StudyName
from wazir.service.status import Status
from wazir.service.wire_errors import error_from_dict

TIMEOUT_S = 600.0
# A study waits so long for the process that has read it already, then another one may have it.
PATIENCE_S = 0.25
_MAX_HOMES = 10_000


@dataclass
class _Slot:
    """A place for one process, which starts when it is needed."""

    worker: Worker | None = None
    is_busy: bool = False


class OptimizerProcesses:
    """Sends requests to processes, one at a time to each. Safe for several threads.

    A study goes to the process that computed for it last, because that one has its trials in
    memory, unless it is busy for long. Work ahead begins only while no client waits, and leaves
    one process to the clients where there are several. A process that dies is replaced and its
    request sent once more; one that is too slow is killed.

    Args:
        start: starts a process.
        n_processes: how many there may be, at least 1.
        timeout_s: how long one request may take.
        patience_s: how long a study waits for the process that knows it.
    """

    def __init__(
        self,
        start: Callable[[], Worker],
        n_processes: int,
        *,
        timeout_s: float = TIMEOUT_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._start = start
        self._timeout_s = timeout_s
        self._patience_s = patience_s
        self._slots = [_Slot() for _ in range(n_processes)]
        self._homes: OrderedDict[StudyName, _Slot] = OrderedDict()
        self._changed = threading.Condition()
        self._n_waiting = 0
        self._n_ahead = 0
        self._is_closed = False

    @property
    def max_n_ahead(self) -> int:
        """How many requests may be computed ahead at the same time."""
        return max(1, len(self._slots) - 1)

    def call(
        self,
        name: StudyName,
        call: str,
        *,
        is_ahead: bool = False,
        on_begin: Callable[[], None] | None = None,
        **arguments: object,
    ) -> object:
        """Return what a call of a worker about a study returns.

        `on_begin` is called when a process is free for it; what it raises ends the call.

        Raises:
            WazirError: what the call raised.
            ComputationError: the process died twice, was too slow, or failed.
        """
        request = {
            "call": call,
            "project_id": name.project_id,
            "study_id": name.study_id,
            **arguments,
        }
        slot = self._take(name, is_ahead=is_ahead)
        try:
            if on_begin is not None:
                on_begin()
            answer = self._ask(slot, request)
        finally:
            self._give_back(slot, is_ahead=is_ahead)
        return _result(answer, f"{call} for study {name.study_id!r}")

    def close(self) -> None:
        """End all processes; what they were computing raises ComputationError."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
            workers = [slot.worker for slot in self._slots if slot.worker is not None]
        for worker in workers:
            worker.end()

    def _ask(self, slot: _Slot, request: JsonObject) -> object:
        try:
            return self._worker(slot).ask(request, self._timeout_s)
        except WorkerDiedError:
            self._drop(slot)
        except WorkerTimeoutError:
            self._drop(slot)
            raise ComputationError(
                f"the optimizer process took longer than {self._timeout_s:g} s and was ended"
            ) from None
        try:
            return self._worker(slot).ask(request, self._timeout_s)
        except (WorkerDiedError, WorkerTimeoutError) as error:
            self._drop(slot)
            raise ComputationError(
                f"the optimizer process died twice while it computed ({error})",
                hint="look for a lack of memory on the server",
            ) from None

    def _worker(self, slot: _Slot) -> Worker:
        with self._changed:
            self._check_open()
            if slot.worker is None:
                slot.worker = self._start()
            return slot.worker

    def _drop(self, slot: _Slot) -> None:
        with self._changed:
            worker, slot.worker = slot.worker, None
            self._check_open()
        if worker is not None:
            worker.end()

    def _take(self, name: StudyName, *, is_ahead: bool) -> _Slot:
        deadline = time.monotonic() + self._patience_s
        with self._changed:
            self._n_waiting += not is_ahead
            try:
                while True:
                    self._check_open()
                    slot = self._free_slot(
                        name, is_ahead=is_ahead, now=time.monotonic() - deadline
                    )
                    if slot is not None:
                        break
                    left_s = deadline - time.monotonic()
                    self._changed.wait(left_s if left_s > 0 else None)
            finally:
                self._n_waiting -= not is_ahead
            slot.is_busy = True
            self._n_ahead += is_ahead
            self._homes[name] = slot
            self._homes.move_to_end(name)
            if len(self._homes) > _MAX_HOMES:
                self._homes.popitem(last=False)
            self._changed.notify_all()
            return slot

    def _free_slot(self, name: StudyName, *, is_ahead: bool, now: float) -> _Slot | None:
        """Return the slot for a study, None while there is none; `now` counts from its deadline."""
        if is_ahead and (self._n_waiting or self._n_ahead >= self.max_n_ahead):
            return None
        home = self._homes.get(name)
        if home is not None and now < 0:
            return None if home.is_busy else home
        free = [slot for slot in self._slots if not slot.is_busy]
        if home in free:
            return home
        # One that runs already is better than one that is still to start.
        free.sort(key=lambda slot: slot.worker is None)
        return free[0] if free else None

    def _give_back(self, slot: _Slot, *, is_ahead: bool) -> None:
        with self._changed:
            slot.is_busy = False
            self._n_ahead -= is_ahead
            self._changed.notify_all()

    def _check_open(self) -> None:
        if self._is_closed:
            raise ComputationError("the server is closing")


def _result(answer: object, what: str) -> object:
    """Return the result of an answer, or raise what it tells."""
    if isinstance(answer, dict):
        if "result" in answer:
            return answer["result"]
        if "error" in answer:
            raise error_from_dict(answer, Status.INTERNAL.http_code)
        if "failure" in answer:
            raise ComputationError(f"{what} failed in the optimizer process:\n{answer['failure']}")
    raise ComputationError(f"{what}: the optimizer process gave an answer that means nothing")

"""Turns of threads in computing suggestions, one study apart from the other."""

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from wazir.domain.names import StudyName


@dataclass
class _Queue:
    """Those who compute for a study or wait for it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    n_users: int = 0
    owner: int | None = None


class Turns:
    """A lock for each study that somebody uses at the moment. In a forked child all are free."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queues: dict[StudyName, _Queue] = {}
        _all_turns.add(self)

    @contextmanager
    def taken(self, name: StudyName, timeout_s: float) -> Iterator[bool]:
        """Take a turn for a block, and give whether somebody else had one meanwhile."""
        has_turn, has_waited = self.take(name, timeout_s)
        try:
            yield has_waited
        finally:
            if has_turn:
                self.give_back(name)

    def take(self, name: StudyName, timeout_s: float) -> tuple[bool, bool]:
        """Return (whether it is our turn, whether somebody else had one meanwhile).

        What is taken is to be given back.
        """
        with self._lock:
            queue = self._queues.setdefault(name, _Queue())
            if queue.owner == threading.get_ident():
                # It would wait for itself.
                return False, True
            queue.n_users += 1
        has_waited = not queue.lock.acquire(blocking=False)
        if has_waited and not queue.lock.acquire(timeout=timeout_s):
            self._leave(name)
            return False, True
        queue.owner = threading.get_ident()
        return True, has_waited

    def give_back(self, name: StudyName) -> None:
        """End a turn."""
        queue = self._queues.get(name)
        # A child that was forked in the block has no part in it.
        if queue is not None:
            queue.owner = None
            queue.lock.release()
            self._leave(name)

    def forget(self) -> None:
        """Free all: those who had them are in another process."""
        self._lock = threading.Lock()
        self._queues = {}

    def _leave(self, name: StudyName) -> None:
        with self._lock:
            queue = self._queues[name]
            queue.n_users -= 1
            if not queue.n_users:
                del self._queues[name]


_all_turns: "weakref.WeakSet[Turns]" = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for turns in list(_all_turns):
        turns.forget()


os.register_at_fork(after_in_child=_after_fork_in_child)

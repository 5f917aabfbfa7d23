"""Taking turns: suggestions of one study are made one after the other."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from wazir.domain.names import StudyName


@dataclass
class _Turn:
    lock: threading.Lock = field(default_factory=threading.Lock)
    n_users: int = 0


class Turns:
    """One lock per study for the threads of this process.

    Two suggestions that are computed at the same time are for the same trial id, and one of them
    is thrown away. Other processes are not held up: what they store meanwhile is noticed.
    """

    def __init__(self) -> None:
        self._turns: dict[StudyName, _Turn] = {}
        self._lock = threading.Lock()

    @contextmanager
    def taken(self, name: StudyName) -> Iterator[bool]:
        """Wait for a study's turn; the value is whether somebody else had it until now."""
        with self._lock:
            turn = self._turns.setdefault(name, _Turn())
            turn.n_users += 1
        has_waited = not turn.lock.acquire(blocking=False)
        if has_waited:
            turn.lock.acquire()
        try:
            yield has_waited
        finally:
            turn.lock.release()
            with self._lock:
                turn.n_users -= 1
                if not turn.n_users:
                    del self._turns[name]

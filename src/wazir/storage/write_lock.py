"""A lock for the one writer of a process, which knows when a thread would wait for itself."""

import threading

NESTED = (
    "a write transaction is open in this thread; read through its writer, or end it first "
    "(transactions do not nest)"
)


class WriteLock:
    """Lets one thread write at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: int | None = None

    def check_free(self) -> None:
        """Raise RuntimeError if this thread holds the lock."""
        if self._owner == threading.get_ident():
            raise RuntimeError(NESTED)

    def acquire(self, timeout_s: float = -1) -> bool:
        """Wait for the lock, without end if `timeout_s` is -1; return whether it was got.

        Raises:
            RuntimeError: this thread holds it already.
        """
        self.check_free()
        if not self._lock.acquire(timeout=timeout_s):
            return False
        self._owner = threading.get_ident()
        return True

    def release(self) -> None:
        """Give the lock back."""
        self._owner = None
        self._lock.release()

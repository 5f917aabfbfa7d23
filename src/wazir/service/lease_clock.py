"""A clock for leases, which does not jump when the clock of the machine does."""

import threading
from collections.abc import Callable

from wazir.domain.clock import Clock

MAX_CORRECTION = 0.5


class LeaseClock:
    """Unix seconds that follow a clock without its jumps (a Clock). Safe for several threads.

    When the clock of the machine is set, or the machine wakes up, this one goes faster or slower
    by at most half until both agree again. So a lease lasts at least two thirds and at most twice
    its time, whatever happens, and an owner that renews it in time keeps it. `monotonic` returns
    seconds that nobody sets.
    """

    def __init__(self, clock: Clock, monotonic: Callable[[], float]) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._seen_at = monotonic()
        self._now = clock()

    def __call__(self) -> float:
        """Return the time."""
        with self._lock:
            seen_at = self._monotonic()
            passed = seen_at - self._seen_at
            gap = self._clock() - (self._now + passed)
            limit = MAX_CORRECTION * passed
            self._now += passed + min(max(gap, -limit), limit)
            self._seen_at = seen_at
            return self._now

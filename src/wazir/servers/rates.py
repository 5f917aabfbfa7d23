"""How often somebody may ask: a bucket for each, which fills with time."""

from collections import OrderedDict
from collections.abc import Callable

# Tokens that are not valid, from one address.
FAILURES_PER_S, FAILURES_AT_ONCE = 1.0, 60.0


class TokenBuckets:
    """One bucket per key; a request takes one from it, and none is left for those beyond the rate.

    For one thread. Of many keys those that were not heard of for longest are forgotten.

    Args:
        rate: how many a second, in the long run; greater than 0.
        burst: how many at once, at least 1.
        now: seconds of a clock that does not jump.
        max_keys: how many buckets are kept.
    """

    def __init__(
        self, rate: float, burst: float, now: Callable[[], float], *, max_keys: int = 10_000
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._now = now
        self._max_keys = max_keys
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, key: str) -> float:
        """Return 0 if there is one left for a key, else after how many seconds there will be."""
        left = self._left(key)
        return 0.0 if left >= 1 else (1 - left) / self._rate

    def take(self, key: str) -> None:
        """Take one, if there is one."""
        self._buckets[key] = (max(0.0, self._left(key) - 1), self._now())
        self._buckets.move_to_end(key)
        while len(self._buckets) > self._max_keys:
            self._buckets.popitem(last=False)

    def _left(self, key: str) -> float:
        left, at = self._buckets.get(key, (self._burst, self._now()))
        return min(self._burst, left + max(0.0, self._now() - at) * self._rate)


def failure_buckets(now: Callable[[], float]) -> TokenBuckets:
    """Return the buckets, by address, of tokens that are not valid."""
    return TokenBuckets(FAILURES_PER_S, FAILURES_AT_ONCE, now)

"""The system's clock, the only one."""

import time


def system_clock() -> float:
    """Return Unix seconds."""
    return time.time()  # noqa: TID251 - this is the clock that is injected everywhere

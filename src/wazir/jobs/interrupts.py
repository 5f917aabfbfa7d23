"""Ctrl-C as a count that can be asked for, instead of an exception at any moment."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupts:
    """How often the user wanted to stop."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, number: int, frame: FrameType | None) -> None:
        """Count one signal (a signal handler)."""
        self.count += 1


@contextmanager
def counted_interrupts() -> Iterator[Interrupts]:
    """Count SIGINT and SIGTERM in this block; only in a main thread."""
    interrupts = Interrupts()
    signals = (signal.SIGINT, signal.SIGTERM)
    previous = {number: signal.signal(number, interrupts.add) for number in signals}
    try:
        yield interrupts
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)

"""The clock as a value that is passed in."""

from collections.abc import Callable
from typing import TypeAlias

# Returns Unix seconds.
Clock: TypeAlias = Callable[[], float]

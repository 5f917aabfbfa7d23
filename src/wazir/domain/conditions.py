"""When a parameter exists: a value of another one, its parent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from wazir.domain.errors import InvalidInputError

Value: TypeAlias = str | bool | int | float
# A parent, and the value or values of it.
When: TypeAlias = Mapping[str, Value | Sequence[Value]]


@dataclass(frozen=True)
class Condition:
    """A parameter exists only while `parent` has one of `values`."""

    parent: str
    values: tuple[Value, ...]

    @classmethod
    def of(cls, when: When | None) -> "Condition | None":
        """Return the condition {parent: value or values}, None for None.

        Raises:
            InvalidInputError: not exactly one parent, or no values.
        """
        if when is None:
            return None
        if len(when) != 1:
            raise InvalidInputError(f"a condition names one parent, got {sorted(when)!r}")
        ((parent, values),) = when.items()
        single = isinstance(values, (str, bool, int, float))
        listed: Sequence[Value] = [values] if single else list(values)  # type: ignore[list-item,arg-type]
        if not listed:
            raise InvalidInputError(
                f"a condition needs at least one value of {parent!r}, got none"
            )
        return cls(parent, tuple(listed))

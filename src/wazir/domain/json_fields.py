"""Checked reading of JSON objects, and numbers that JSON cannot hold."""

import enum
import json
import math
from collections.abc import Callable
from typing import TypeAlias, TypeVar

from wazir.domain.errors import InvalidInputError
from wazir.domain.hints import did_you_mean, one_of
from wazir.domain.parameters import ParameterValue

JsonObject: TypeAlias = dict[str, object]

_T = TypeVar("_T")
_E = TypeVar("_E", bound=enum.Enum)
_REQUIRED = object()

_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def to_json(value: object) -> str:
    """Return compact strict JSON in ASCII.

    Raises:
        InvalidInputError: a value that JSON cannot hold.
    """
    try:
        return _ENCODER.encode(value)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"a value cannot be written as JSON: {error}") from None


def from_json(text: str) -> object:
    """Return the value that `to_json` wrote.

    Raises:
        InvalidInputError: the text is no JSON.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidInputError(f"a stored text cannot be read as JSON: {error}") from None


def encode_number(value: float | None) -> int | float | str | None:
    """Return a number for JSON: NaN and infinities as texts, numbers of other libraries plain."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    number = float(value)
    if math.isfinite(number):
        return number
    if math.isnan(number):
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"


def decode_number(value: object, what: str) -> int | float:
    """Return the number that `encode_number` wrote."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value in _NOT_FINITE:
        return _NOT_FINITE[value]
    raise _wrong(what, "a number", value)


def decode_whole(value: object, what: str) -> int:
    """Return a whole number as an int; 3.0, as other languages write it, is one."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise _wrong(what, "a whole number", value)


def decode_text(value: object, what: str) -> str:
    """Return a text."""
    if isinstance(value, str):
        return value
    raise _wrong(what, "a text", value)


def decode_value(value: object, what: str) -> ParameterValue:
    """Return the value of a parameter."""
    if isinstance(value, str | bool | int | float):
        return value
    raise _wrong(what, "a text, a boolean or a number", value)


def decode_list(value: object, what: str) -> list[object]:
    """Return a list, not a copy."""
    if isinstance(value, list):
        return value
    raise _wrong(what, "a list", value)


def decode_object(value: object, what: str) -> JsonObject:
    """Return a JSON object, not a copy."""
    if isinstance(value, dict):
        return value
    raise _wrong(what, "an object", value)


class Fields:
    """The keys of one JSON object; each is taken once, and what is left over is an error.

    `what` names the object in messages. All methods raise InvalidInputError.
    """

    def __init__(self, data: object, what: str) -> None:
        self._what = what
        self._left = decode_object(data, what).copy()
        self._known: list[str] = []

    def take(self, key: str, default: object = _REQUIRED) -> object:
        """Return any value."""
        self._known.append(key)
        value = self._left.pop(key, default)
        if value is _REQUIRED:
            raise InvalidInputError(f"{self._what} needs the key {key!r}")
        return value

    def optional(self, key: str, decode: Callable[[object, str], _T]) -> _T | None:
        """Return a decoded value, None where it is missing or null."""
        value = self.take(key, None)
        return None if value is None else decode(value, key)

    def text(self, key: str, default: object = _REQUIRED) -> str:
        """Return a text."""
        return decode_text(self.take(key, default), key)

    def whole(self, key: str, default: object = _REQUIRED) -> int:
        """Return an int."""
        return decode_whole(self.take(key, default), key)

    def number(self, key: str, default: object = _REQUIRED) -> float:
        """Return a number."""
        return decode_number(self.take(key, default), key)

    def flag(self, key: str) -> bool:
        """Return a boolean, False where it is missing."""
        value = self.take(key, False)
        if not isinstance(value, bool):
            raise _wrong(key, "true or false", value)
        return value

    def items(self, key: str, default: object = _REQUIRED) -> list[object]:
        """Return a list."""
        return decode_list(self.take(key, default), key)

    def word(self, key: str, default: _E) -> _E:
        """Return a member of the enumeration of `default`, which stands for a missing key."""
        text = self.take(key, default.value)
        known = [str(member.value) for member in type(default)]
        if text not in known:
            raise InvalidInputError(
                f"{key} must be {one_of(known)}, got {text!r}",
                hint=did_you_mean(str(text), known),
            )
        return type(default)(text)

    def check_version(self, version: int) -> None:
        """Take the key `version` (1 if missing), which must not be greater than ours."""
        got = self.whole("version", 1)
        if got > version:
            raise InvalidInputError(
                f"{self._what} was written in version {got}, this Wazir reads up to {version}",
                hint="upgrade Wazir",
            )

    def finish(self) -> None:
        """Raise if a key was not taken."""
        for key in self._left:
            raise InvalidInputError(
                f"{self._what} has no key {key!r}", hint=did_you_mean(key, self._known)
            )


def _wrong(what: str, wanted: str, value: object) -> InvalidInputError:
    return InvalidInputError(f"{what} must be {wanted}, got {value!r}")

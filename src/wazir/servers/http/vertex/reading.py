"""Reading the JSON form of protocol buffers by tables of fields, with the place of each mistake.

https://protobuf.dev/programming-guides/json/: names in camelCase or as in the .proto, enums as names
or numbers, 64-bit integers as texts or numbers, null for what is not set.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from wazir.domain.errors import InvalidInputError
from wazir.domain.hints import did_you_mean, one_of
from wazir.domain.json_fields import JsonObject
from wazir.servers.http.vertex.times import MAX_DURATION_S

Read: TypeAlias = Callable[[object, str], object]

_INT32, _INT64 = 2**31, 2**63
_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_DURATION = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)s", re.ASCII)
_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Field:
    """How a field is read; `many` for a list of such values.

    `words` are those of an enum by number, `table` gives the fields of a message.
    """

    read: Read
    many: bool = False
    words: Mapping[int, str] | None = None
    table: "Callable[[], Table] | None" = None


Table: TypeAlias = Mapping[str, Field]


def anything(value: object, _path: str) -> object:
    """Return a value as it is."""
    return value


def text(value: object, path: str) -> str:
    """Return a text."""
    if not isinstance(value, str):
        raise wrong(path, "a text", value)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise wrong(path, "valid Unicode", value) from None
    return value


def boolean(value: object, path: str) -> bool:
    """Return a boolean."""
    if not isinstance(value, bool):
        raise wrong(path, "true or false", value)
    return value


def number(value: object, path: str) -> float:
    """Return a number; NaN and infinities are texts."""
    if isinstance(value, str):
        if value in _WORDS:
            return _WORDS[value]
        value = _parsed(float, value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong(path, "a number", value)
    try:
        return float(value)
    except OverflowError:
        raise wrong(path, "a number of 64 bits", value) from None


def finite(value: object, path: str) -> float:
    """Return a number that is neither NaN nor infinite."""
    read = number(value, path)
    if not math.isfinite(read):
        raise wrong(path, "a finite number", value)
    return read


def whole(value: object, path: str) -> int:
    """Return an integer of 64 bits."""
    read = _parsed(int, value) if isinstance(value, str) and value.isascii() else value
    if isinstance(read, float) and read.is_integer():
        read = int(read)
    if isinstance(read, bool) or not isinstance(read, int):
        raise wrong(path, "a whole number", value)
    if not -_INT64 <= read < _INT64:
        raise wrong(path, "a whole number of 64 bits", value)
    return read


def whole32(value: object, path: str) -> int:
    """Return an integer of 32 bits."""
    read = whole(value, path)
    if not -_INT32 <= read < _INT32:
        raise wrong(path, "a whole number of 32 bits", value)
    return read


def int32_from(value: int) -> int:
    """Return the whole number of 32 bits that is nearest: clients cannot read others."""
    return min(max(value, -_INT32), _INT32 - 1)


def int64_text(value: float) -> str:
    """Return the text of the whole number of 64 bits that is nearest."""
    return str(min(max(int(value), -_INT64), _INT64 - 1))


def duration(value: object, path: str) -> float:
    """Return the seconds of a duration such as "3.5s"."""
    match = _DURATION.fullmatch(text(value, path))
    if match is None:
        raise wrong(path, 'a duration such as "3.5s"', value)
    seconds = float(match[1])
    if seconds > MAX_DURATION_S:
        raise wrong(path, "a duration of 10,000 years at most", value)
    return seconds


def timestamp(value: object, path: str) -> float:
    """Return the Unix seconds of a moment such as "2026-11-27T12:00:00Z" (RFC 3339)."""
    match = _TIMESTAMP.fullmatch(text(value, path))
    try:
        if match is None:
            raise ValueError(value)
        moment = datetime.fromisoformat(match[1] + match[3].replace("Z", "+00:00"))
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise wrong(path, 'a moment such as "2026-11-27T12:00:00Z"', value) from None
    return (moment - _EPOCH) / timedelta(seconds=1) + float(match[2] or 0)


def scalar(value: object, path: str) -> str | bool | int | float:
    """Return a value of a parameter: a text, a finite number or a boolean."""
    if isinstance(value, str):
        return text(value, path)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        # Numbers of JSON are doubles; whole ones stay whole.
        return value if abs(value) < _INT64 else finite(value, path)
    return finite(value, path)


def enum(words: Mapping[int, str]) -> Field:
    """Return the field of an enum; what is read is the name of its value."""

    def read(value: object, path: str) -> str:
        if isinstance(value, str) and value in words.values():
            return value
        if isinstance(value, int) and not isinstance(value, bool) and value in words:
            return words[value]
        raise wrong(path, one_of(words.values()), value)

    return Field(read, words=words)


def message(table: Callable[[], Table], *, many: bool = False) -> Field:
    """Return the field of a message; its table is asked for when it is needed."""

    def read(value: object, path: str) -> JsonObject:
        return read_message(value, table(), path)

    return Field(read, many, table=table)


def read_message(data: object, table: Table, path: str) -> JsonObject:
    """Return the fields of a message that are set, by their names in camelCase.

    Raises:
        InvalidInputError: no object, an unknown field, or a value that does not fit; it names the place.
    """
    if not isinstance(data, dict):
        raise wrong(path or "the body", "an object", data)
    found: JsonObject = {}
    for key, value in data.items():
        name = _camel_case(str(key))
        place = f"{path}.{name}" if path else name
        if name not in table:
            hint = did_you_mean(name, list(table))
            raise InvalidInputError(f"{place}: there is no such field", hint=hint)
        if value is None:
            continue
        if name in found:
            raise InvalidInputError(f"{place}: the field is given twice")
        found[name] = _field(value, table[name], place)
    return found


def with_enums(data: JsonObject, table: Table, *, as_numbers: bool) -> JsonObject:
    """Return a message that its table can read with all enums as numbers, or as names.

    Names of fields are written in camelCase, and what is null is left out.
    """
    named = {_camel_case(key): value for key, value in data.items() if value is not None}
    return {key: _with_enums(value, table[key], as_numbers) for key, value in named.items()}


def _with_enums(value: object, field: Field, as_numbers: bool) -> object:
    if isinstance(value, list):
        return [_with_enums(one, field, as_numbers) for one in value]
    if field.table is not None and isinstance(value, dict):
        return with_enums(value, field.table(), as_numbers=as_numbers)
    if field.words is None:
        return value
    wanted = [(number, word) for number, word in field.words.items() if value in (number, word)]
    return next((number if as_numbers else word for number, word in wanted), value)


def wrong(path: str, wanted: str, value: object) -> InvalidInputError:
    """Return the error for a value that does not fit."""
    shown = repr(value)
    shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
    return InvalidInputError(f"{path}: must be {wanted}, got {shown}")


def _field(value: object, field: Field, path: str) -> object:
    if not field.many:
        return field.read(value, path)
    if not isinstance(value, list):
        raise wrong(path, "a list", value)
    return [field.read(item, f"{path}[{index}]") for index, item in enumerate(value)]


def _camel_case(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def _parsed(kind: Callable[[str], int | float], given: str) -> object:
    if not re.fullmatch(r"-?\d{1,30}(\.\d{0,30})?([eE][+-]?\d{1,3})?", given, re.ASCII):
        return given
    try:
        return kind(given)
    except ValueError:
        return given

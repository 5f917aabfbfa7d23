"""What the text of a scalar means for the field it is written for.

The rules are those of the service's own readers (a quoted number is a number, an integer may bound
a DOUBLE), without the traps of YAML 1.1: `1e-4` is a number, and `010`, `1_000`, `12:30`, which
readers disagree about, are refused with both readings.
"""

import re
from collections.abc import Collection
from datetime import UTC, datetime

from wazir.domain.durations import parse_duration
from wazir.domain.errors import InvalidInputError
from wazir.domain.hints import did_you_mean, one_of
from wazir.domain.numbers import is_number_text, number_from_text
from wazir.jobs.config.nodes import Scalar

MAX_INT32 = 2**31 - 1

_BOOLEANS = {
    **dict.fromkeys(("true", "yes", "on", "y"), True),
    **dict.fromkeys(("false", "no", "off", "n"), False),
}
_TIME_OF_DAY = re.compile(r"[-+]?\d+(?::[0-5]?\d)+(?:\.\d*)?")
_NOT_FINITE = re.compile(r"[-+]?\.?(?:inf|nan|infinity)", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?.*")
# What people write for a word of the service.
_SYNONYMS = {
    "FLOAT": "DOUBLE",
    "REAL": "DOUBLE",
    "INT": "INTEGER",
    "CHOICE": "CATEGORICAL",
    "ENUM": "CATEGORICAL",
    "STRING": "CATEGORICAL",
    "BOOL": "CATEGORICAL",
    "BOOLEAN": "CATEGORICAL",
    "MIN": "MINIMIZE",
    "MAX": "MAXIMIZE",
    "LOG": "UNIT_LOG_SCALE",
    "LINEAR": "UNIT_LINEAR_SCALE",
    "REVERSE_LOG": "UNIT_REVERSE_LOG_SCALE",
    "RANDOM": "RANDOM_SEARCH",
    "GRID": "GRID_SEARCH",
}


def read_text(scalar: Scalar) -> str:
    """Return the source text."""
    return scalar.text


def read_number(scalar: Scalar) -> int | float:
    """Return a finite number; an int where the text has no point and no exponent."""
    text = scalar.text.strip()
    trap = _trap(text)
    if trap or not is_number_text(text):
        raise InvalidInputError(
            f"must be a number, got {scalar.text!r}", hint=trap or _number_hint(text)
        )
    number = number_from_text(text)
    if number is None:
        raise InvalidInputError(f"must be a finite number, got {text[:40]!r}")
    return number


def read_whole(scalar: Scalar) -> int:
    """Return a whole number that fits into 32 bits and is not negative."""
    number = read_number(scalar)
    if not isinstance(number, int):
        hint = f"write {int(number)}" if number == int(number) else "write a whole number"
        raise InvalidInputError(f"must be a whole number, got {scalar.text!r}", hint=hint)
    if not 0 <= number <= MAX_INT32:
        raise InvalidInputError(f"must lie between 0 and {MAX_INT32}, got {scalar.text!r}")
    return number


def read_whole_text(scalar: Scalar) -> str:
    """Return a whole number as a text, as the service writes 64-bit numbers."""
    return str(read_whole(scalar))


def read_boolean(scalar: Scalar) -> bool:
    """Return a boolean, written as any YAML 1.1 word without quotes."""
    text = scalar.text.strip()
    known = _BOOLEANS.get(text.lower())
    if known is None:
        raise InvalidInputError(
            f"must be true or false, got {scalar.text!r}",
            hint=_variable_hint(text) or did_you_mean(text, ("true", "false")),
        )
    if scalar.quoted:
        raise InvalidInputError(
            f"must be true or false, got the text {scalar.text!r}",
            hint=f"write {text} without quotes",
        )
    return known


def read_duration(scalar: Scalar) -> float:
    """Return seconds from a text such as "7200s"; a bare number means seconds."""
    try:
        return parse_duration(scalar.text)
    except InvalidInputError as error:
        raise InvalidInputError(
            f"must be a duration, got {scalar.text!r}",
            hint=error.hint or "write for example 7200s",
        ) from None


def read_moment(scalar: Scalar) -> float:
    """Return Unix seconds from an RFC 3339 time; one without a zone is UTC."""
    try:
        moment = datetime.fromisoformat(scalar.text.strip())
    except ValueError:
        raise InvalidInputError(
            f"must be a time, got {scalar.text!r}", hint="write for example 2030-01-31T12:00:00Z"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def read_choice(scalar: Scalar, choices: Collection[str]) -> str:
    """Return one of `choices`, exactly as it is spelt."""
    text = scalar.text
    if text in choices:
        return text
    synonym = _SYNONYMS.get(text.strip().upper().replace("-", "_"), "")
    hint = f"did you mean {synonym!r}?" if synonym in choices else did_you_mean(text, choices)
    shown = one_of(word for word in choices if not word.endswith("UNSPECIFIED"))
    raise InvalidInputError(f"must be {shown}, got {text!r}", hint=_variable_hint(text) or hint)


def other_type(scalar: Scalar) -> str:
    """Return what YAML readers take an unquoted text for, "" if it is a text to all of them."""
    text = scalar.text
    if scalar.quoted:
        return ""
    if text.lower() in _BOOLEANS:
        return "a boolean"
    if is_number_text(text) or _trap(text) or _NOT_FINITE.fullmatch(text):
        return "a number"
    return "a date" if _DATE.fullmatch(text) else ""


def _trap(text: str) -> str:
    """Return what to write for a number that readers disagree about, "" for any other text."""
    plain = text.lstrip("+-")
    sign = "-" if text.startswith("-") else ""
    if re.fullmatch(r"0[xXoObB][\da-fA-F_]+", plain):
        return "write it in decimal"
    if re.fullmatch(r"0[0-7]+", plain):
        octal, decimal = f"{sign}{int(plain, 8)}", f"{sign}{int(plain)}"
        if octal == decimal:
            return f"write {decimal}"
        return f"YAML 1.1 reads it as {octal}, YAML 1.2 as {decimal}: write the one you mean"
    if re.fullmatch(r"0\d+", plain):
        return f"write {sign}{int(plain)}"
    if re.fullmatch(r"\d[\d_.]*_[\d_.]*", plain):
        return f"write {text.replace('_', '')}"
    if _TIME_OF_DAY.fullmatch(text):
        return "YAML 1.1 reads colons as base 60; write a plain number"
    return ""


def _number_hint(text: str) -> str:
    if _NOT_FINITE.fullmatch(text):
        return "it must be finite"
    if re.fullmatch(r"[-+]?\d+,\d+", text):
        return f"write {text.replace(',', '.')}"
    return _variable_hint(text)


def _variable_hint(text: str) -> str:
    if "$" in text:
        return "a shell variable is not replaced here; write its value"
    return ""

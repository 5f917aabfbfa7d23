"""Checks that turn what a user gave into plain numbers and categories."""

import math
import re

from wazir.domain.errors import InvalidInputError


def as_number(value: object, what: str) -> int | float:
    """Return an int or a finite float; accepts number types of other libraries, not texts."""
    if isinstance(value, (bool, str, bytes)) or not hasattr(value, "__float__"):
        raise InvalidInputError(f"{what} must be a number, got {value!r}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise InvalidInputError(f"{what} must be finite, got {value!r}")
    return int(value) if hasattr(value, "__index__") else number


def as_finite(value: object, what: str) -> float:
    """Return a finite float, or raise InvalidInputError naming `what`."""
    return float(as_number(value, what))


def as_whole(value: object, what: str) -> int:
    """Return a whole number as an int, or raise InvalidInputError naming `what`."""
    number = as_number(value, what)
    if number != int(number):
        raise InvalidInputError(f"{what} of an INTEGER must be a whole number, got {value!r}")
    return int(number)


def as_category(value: object) -> str | bool | int | float:
    """Return a text, boolean or number as it is, or raise InvalidInputError."""
    if isinstance(value, (str, bool)):
        return value
    if value is None or not hasattr(value, "__float__"):
        raise InvalidInputError(
            f"a category must be a text, a boolean or a number, got {value!r}",
            hint="write it as a text and translate it in your program",
        )
    return as_number(value, "a category")


_WHOLE = re.compile(r"[+-]?\d+")
_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def is_whole_text(text: str) -> bool:
    """Return whether a text is a whole number without point and exponent."""
    return bool(_WHOLE.fullmatch(text))


def is_number_text(text: str) -> bool:
    """Return whether a text is a plain decimal number, such as -3, 0.5, .5 or 1e-4."""
    return bool(_DECIMAL.fullmatch(text))


def number_from_text(text: str) -> int | float | None:
    """Return the number of a text for which `is_number_text` holds; None if it is too large.

    It is an int where the text has no point and no exponent.
    """
    try:
        number = int(text) if is_whole_text(text) else float(text)
        return number if math.isfinite(number) else None
    except (OverflowError, ValueError):
        return None


def parse_probability(text: str) -> float:
    """Return the probability in a text such as "5%", "5 %" or "0.05".

    Raises:
        InvalidInputError: it does not lie between 0 and 1, or is no number.
    """
    plain = text.strip()
    share = 100.0 if plain.endswith("%") else 1.0
    number = plain.removesuffix("%").rstrip()
    value = float(number) / share if is_number_text(number) else math.nan
    if not 0 < value < 1:
        raise InvalidInputError(
            f"a probability lies between 0 and 1, got {text!r}",
            hint="write for example 5% or 0.05",
        )
    return value

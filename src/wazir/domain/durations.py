"""Durations as people write them: "30s", "15m", "2h", "1h30m", "1d"."""

import math
import re

from wazir.domain.errors import InvalidInputError

_UNITS_S = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)([smhd])")


def parse_duration(text: str) -> float:
    """Return seconds; a bare number means seconds.

    Raises:
        InvalidInputError: the text is no duration, or it is not positive.
    """
    compact = text.strip().lower().replace(" ", "")
    if re.fullmatch(r"\d+(\.\d*)?", compact):
        compact += "s"
    if not re.fullmatch(f"(?:{_PART.pattern})+", compact):
        raise InvalidInputError(
            f"a duration is a number with s, m, h or d, got {text!r}",
            hint="write for example 90s, 30m, 2h or 1h30m",
        )
    seconds = sum(float(number) * _UNITS_S[unit] for number, unit in _PART.findall(compact))
    if not (seconds > 0 and math.isfinite(seconds)):
        raise InvalidInputError(f"a duration must be greater than 0, got {text!r}")
    return seconds


def format_duration(seconds: float) -> str:
    """Return a short text such as "0.4s", "12s", "3m05s", "2h10m" or "3d04h"."""
    if seconds < 10:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d{whole % 86400 // 3600:02d}h"

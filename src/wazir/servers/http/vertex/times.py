"""Durations and moments in the JSON form of protocol buffers."""

from datetime import UTC, datetime, timedelta

# The most that google.protobuf.Duration holds; clients cannot read more.
MAX_DURATION_S = 315_576_000_000.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The years 1 to 9999, to the microsecond that floats can tell there.
_FIRST, _LAST = -62_135_596_800.0, 253_402_300_799.0


def duration_text(seconds: float) -> str:
    """Return "3.5s", to the nanosecond; more than the format holds becomes the most it holds."""
    return f"{min(seconds, MAX_DURATION_S):.9f}".rstrip("0").rstrip(".") + "s"


def timestamp_text(at: float) -> str:
    """Return "2026-11-27T12:00:00.250000Z" for Unix seconds, the nearest that the format holds."""
    moment = _EPOCH + timedelta(seconds=min(max(at, _FIRST), _LAST))
    return moment.isoformat().replace("+00:00", "Z")

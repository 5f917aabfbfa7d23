"""Durations and moments in the JSON form of protocol buffers."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def duration_text(seconds: float) -> str:
    """Return "3.5s", to the nanosecond."""
    return f"{seconds:.9f}".rstrip("0").rstrip(".") + "s"


def timestamp_text(at: float) -> str:
    """Return "2026-11-27T12:00:00.250000Z" for Unix seconds."""
    moment = _EPOCH + timedelta(seconds=at)
    return moment.isoformat().replace("+00:00", "Z")

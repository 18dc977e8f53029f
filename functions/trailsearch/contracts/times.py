"""Times as they are written down: ISO 8601 in UTC, with a ``Z``. https://www.rfc-editor.org/rfc/rfc3339."""

from datetime import UTC, datetime


def to_seconds(moment: datetime) -> str:
    """Write a time, which has a time zone, in seconds, as 2026-11-26T22:15:00Z."""
    return _written(moment, "seconds")


def to_milliseconds(moment: datetime) -> str:
    """Write a time, which has a time zone, in milliseconds, as 2026-11-26T22:15:00.123Z."""
    return _written(moment, "milliseconds")


def _written(moment: datetime, precision: str) -> str:
    return moment.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")

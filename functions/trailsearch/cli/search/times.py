"""Times as one types them: how long ago, a day, or a moment with its zone."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from trailsearch.cli.console import CommandFailed

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LENGTH: Final = re.compile(rf"(\d{{1,6}})([{''.join(_UNITS)}])", re.ASCII)
# What is reckoned with a time, as the stretches of a histogram, stays within the years that Python has.
_YEARS: Final = range(1000, 9000)
_LONGEST: Final = timedelta(days=365_000)
EXAMPLES: Final = "2h, 3d, today, yesterday, 2026-11-01, 2026-11-01T10:00 or 2026-11-01T10:00+01:00"


class TimeUnreadable(CommandFailed):
    """What was typed is no time; says what one looks like. Exits as click does of what is typed wrong."""

    exit_code = 2


def parse_time(option: str, text: str, now: datetime) -> datetime:
    """Read a time: so long before ``now``, or a date and perhaps a time of ISO 8601, in UTC where it names no zone.

    Raises:
        TimeUnreadable: it is none.
    """
    if length := parse_length(text):
        return _checked(option, text, now - length if length < _LONGEST else None)
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    match text.strip().lower():
        case "now":
            return now
        case "today":
            return today
        case "yesterday":
            return today - timedelta(days=1)
        case typed:
            try:
                found = datetime.fromisoformat(typed.upper())
            except ValueError:
                found = None
            return _checked(option, text, found if not found or found.tzinfo else found.replace(tzinfo=UTC))


def _checked(option: str, text: str, found: datetime | None) -> datetime:
    if found is None or found.year not in _YEARS:
        raise TimeUnreadable(f"{option}={text} is no time; it is one of {EXAMPLES}")
    return found


def parse_length(text: str) -> timedelta | None:
    """Read a length of time, as ``90s``, ``15m``, ``2h``, ``7d`` or ``2w``; None if it is none, or nothing at all."""
    found = _LENGTH.fullmatch(text.strip().lower())
    length = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else timedelta()
    return length or None

"""Events over time: which stretches of time they are counted in."""

from datetime import UTC, datetime, timedelta
from typing import Final

from trailsearch.cli.search.times import parse_length
from trailsearch.cli.search.typed import OptionNotUnderstood
from trailsearch.search.queries import Query, SearchDomain

MOST: Final = 400
"""As many stretches as are shown, and as CloudSearch is asked for at once."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# As an eye reads them.
_LENGTHS: Final = (
    *(timedelta(seconds=each) for each in (1, 5, 10, 30)),
    *(timedelta(minutes=each) for each in (1, 5, 10, 15, 30)),
    *(timedelta(hours=each) for each in (1, 3, 6, 12)),
    *(timedelta(days=each) for each in (1, 7, 28, 364, 3640, 36400)),
)


def edges_of(domain: SearchDomain, query: Query, buckets: str, now: datetime) -> list[datetime]:
    """Give where each stretch of time begins, and the last one ends.

    Args:
        domain: is asked for the first and the last event, where the query names no time.
        query: what is counted.
        buckets: how long a stretch is, ``1h``, or how many there are to be, about.
        now: where the last one ends, if the query names no end and no event is later.

    Returns:
        The edges, at whole multiples of the length, in UTC: fewer than two where nothing is found.

    Raises:
        OptionNotUnderstood: neither a length nor a number was typed, or there are more stretches than are shown.
        QueryRefused, SearchError: as ``SearchDomain.search`` does.
    """
    length = parse_length(buckets)
    number = int(buckets) if buckets.isascii() and buckets.isdigit() and len(buckets) < 4 else 0
    if (not length and not 1 <= number <= MOST) or (length and length > _LENGTHS[-1]):
        raise OptionNotUnderstood(
            f"BUCKETS={buckets} is neither a length of time, as 15m, 1h or 1d, nor 1 to {MOST}"
        )
    first = query.since or _time_of(domain, query, "asc")
    last = query.until or (now if query.since else _time_of(domain, query, "desc"))
    if first is None or last is None:
        return []
    # An event at the last moment is in the last stretch.
    last = last if query.until else last + timedelta(milliseconds=1)
    length = length or next(
        each for each in _LENGTHS if (last - first) / each <= number or each is _LENGTHS[-1]
    )
    begin = _EPOCH + (first.astimezone(UTC) - _EPOCH) // length * length
    count = -(-(last - begin) // length)
    if count > MOST:
        raise OptionNotUnderstood(
            f"BUCKETS={buckets} makes {count:,} of them, and {MOST} are shown: name longer ones, or SINCE and UNTIL"
        )
    return [begin + length * at for at in range(count + 1)]


def _time_of(domain: SearchDomain, query: Query, order: str) -> datetime | None:
    """Give the time of the first or last event that has one."""
    page = query._replace(start=0, size=1, sort=f"event_time {order}", facets=(), highlight=False)
    times = [event.get("event_time") for event in domain.search(page).events]
    return datetime.fromisoformat(times[0]) if times and times[0] else None

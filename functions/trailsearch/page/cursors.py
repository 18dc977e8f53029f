"""Where a list of events goes on: a search domain counts no further than ``MAX_PAGE``, and a list ends nowhere.

Events that are sorted by their time go on after the last one's: from that moment on, past as many as were given of it. So
nothing is given twice because something new has arrived meanwhile. Those without a time come last. What is sorted by
something else goes on by its number, and ends where the search domain does.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from trailsearch.page.views import ViewRefused
from trailsearch.search.queries import MAX_PAGE, Event, Exists, Filter, Query, time_text

_CURSOR: Final = re.compile(r"(time|undated|number)~(\d{1,9})(?:~([0-9T:.Z-]{20,32}))?", re.ASCII)
_UNDATED: Final = Filter(("event_time",), (Exists(),), negated=True)
# The shortest time that a search domain tells apart.
_MOMENT: Final = timedelta(milliseconds=1)


def page_of(query: Query, cursor: str, size: int) -> Query:
    """Give the query for the next page of a query.

    Raises:
        ViewRefused: there is no such cursor.
    """
    query = query._replace(size=size, start=0)
    if not cursor:
        return query
    if not (found := _CURSOR.fullmatch(cursor)):
        raise ViewRefused("There is no such place in the list: after")
    kind, start = found[1], int(found[2])
    if kind == "undated":
        query = query._replace(filters=(*query.filters, _UNDATED))
    elif kind == "time":
        try:
            moment = datetime.fromisoformat(found[3] or "")
        except ValueError:
            raise ViewRefused("There is no such moment in the list: after") from None
        query = (
            query._replace(until=moment + _MOMENT)
            if query.sort.endswith("desc")
            else query._replace(since=moment)
        )
    if start + size > MAX_PAGE:
        raise ViewRefused(
            f"Past {MAX_PAGE:,} events a search domain gives no more in this order: name a narrower time"
        )
    return query._replace(start=start)


def next_cursor(query: Query, cursor: str, page: Query, events: Sequence[Event]) -> str | None:
    """Give the cursor after a page; None if it was the last one.

    Args:
        query: what is asked for, page by page.
        cursor: that of the page.
        page: the query for the page, of ``page_of``.
        events: what it has.
    """
    kind = cursor.partition("~")[0] or ("time" if query.sort.startswith("event_time ") else "number")
    if len(events) < page.size or not page.size:
        # The first page has them; those after it are of times. Whoever asks for a time does not ask for what has none.
        return "undated~0" if cursor.startswith("time~") and not (query.since or query.until) else None
    if kind != "time":
        at = page.start + len(events)
        return f"{kind}~{at}" if at + page.size <= MAX_PAGE else None
    last = events[-1].get("event_time")
    if not last:
        dated = sum(bool(each.get("event_time")) for each in events)
        return f"undated~{len(events) - dated}"
    same = 0
    for each in reversed(events):
        if each.get("event_time") != last:
            break
        same += 1
    moment = time_text(datetime.fromisoformat(last))
    if same == len(events) and cursor.endswith(f"~{moment}"):
        same += page.start
    return f"time~{same}~{moment}"

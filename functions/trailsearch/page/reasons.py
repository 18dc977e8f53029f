"""Why nothing was found: the answer that an empty page owes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from trailsearch.cli.console import CommandFailed
from trailsearch.page.behind import Behind
from trailsearch.page.views import View
from trailsearch.search.queries import EVERYTHING, Query, QueryRefused, SearchDomain, SearchError

# What happened before has been delivered long since: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/
# get-and-view-cloudtrail-log-files.html says within about five minutes of the call, which is no promise.
_STILL_ON_ITS_WAY: Final = timedelta(hours=1)


def reasons(view: View, behind: Behind, now: datetime) -> list[dict[str, Any]]:
    """Say why a view shows nothing, each reason with its ``kind``, a ``text``, and perhaps an ``action``: a view that shows more.

    Returns:
        None of them, if something has been found by now.

    Raises:
        ViewRefused, TimeUnreadable: as ``View.query`` does.
    """
    try:
        domain = behind.domain()
        query = view.query(now)
        return [*_reasons(view, query, domain, behind, now)]
    except QueryRefused as error:
        return [_reason("refused", str(error))]
    except SearchError as error:
        return [_reason("unreachable", str(error))]


def _reasons(
    view: View, query: Query, domain: SearchDomain, behind: Behind, now: datetime
) -> Iterator[dict[str, Any]]:
    if _count(domain, query):
        return
    if not domain.count():
        yield _reason("domain_empty", "The search domain has no event yet.")
        yield from _lag(behind)
        return
    ranged = bool(query.since or query.until)
    always = query._replace(since=None, until=None)
    if ranged and (found := domain.search(always._replace(size=1))).found:
        newest = found.events[0].get("event_time", "")
        yield _reason(
            "nothing_in_range",
            f"Of {found.found:,} that match, none is in this range of time{f'; the last one is of {newest}' if newest else ''}.",
            "Show those of any time",
            msgspec.structs.replace(view, since="", until=""),
        )
    elif view.narrows():
        within = _count(domain, Query(EVERYTHING, since=query.since, until=query.until))
        yield _reason(
            "no_match",
            f"Of {within:,} {'event' if within == 1 else 'events'}{' in this range of time' if ranged else ''}, none matches.",
            "Show them all",
            View(since=view.since, until=view.until),
        )
    else:
        yield _reason(
            "nothing_in_range",
            f"Of {domain.count():,} events, none is in this range of time.",
            "Show those of any time",
            View(),
        )
    if (query.until or now) > now.astimezone(UTC) - _STILL_ON_ITS_WAY:
        yield from _lag(behind)


def _lag(behind: Behind) -> Iterator[dict[str, Any]]:
    try:
        waiting = behind.waiting()
    except CommandFailed:
        return
    if waiting:
        yield _reason(
            "indexing_lag",
            f"{waiting:,} {'log is' if waiting == 1 else 'logs are'} announced and not indexed yet: look again in a minute.",
        )


def _count(domain: SearchDomain, query: Query) -> int:
    return domain.search(query._replace(start=0, size=0, facets=(), highlight=False)).found


def _reason(kind: str, text: str, label: str = "", view: View | None = None) -> dict[str, Any]:
    action = {"label": label, "view": msgspec.to_builtins(view)} if view else None
    return {"kind": kind, "text": text, "action": action}

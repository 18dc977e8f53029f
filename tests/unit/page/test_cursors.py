"""A list of events has each once, in its order, however it is cut into pages."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.browser.domain import EventsInMemory
from tests.unit.page.conftest import event
from trailsearch.page.cursors import next_cursor, page_of
from trailsearch.page.views import ViewRefused
from trailsearch.search.queries import MAX_PAGE, Event, Filter, Is, Query

# Several events of each of a few minutes, as an account has several of each second.
MINUTES = st.lists(st.integers(0, 6), max_size=40)


def listed(domain: Any, query: Query, size: int) -> list[Event]:
    """Read page by page, as the page does."""
    found: list[Event] = []
    cursor = ""
    for _ in range(200):
        page = page_of(query, cursor, size)
        answer = domain.search(page)
        found += answer.events
        following = next_cursor(query, cursor, page, answer.events)
        if following is None:
            return found
        cursor = following
    raise AssertionError("a list without an end")


@given(MINUTES, st.integers(1, 9), st.sampled_from(["event_time desc", "event_time asc", "actor asc"]))
def test_every_event_is_listed_once_whatever_the_size_of_a_page(
    minutes: list[int], size: int, order: str
) -> None:
    events = [event(minute, id=f"{at}", event_id=f"{at}") for at, minute in enumerate(minutes)]
    query = Query(sort=order)
    domain = EventsInMemory(events)
    assert listed(domain, query, size) == [*domain.scan(query)]


@given(MINUTES, st.integers(1, 9), st.integers(0, 5))
def test_events_without_a_time_are_listed_once_and_last(minutes: list[int], size: int, undated: int) -> None:
    events = [event(minute, id=f"{at}", event_id=f"{at}") for at, minute in enumerate(minutes)]
    events += [event(0, id=f"u{at}", event_time=None) for at in range(undated)]
    found = listed(EventsInMemory(events), Query(), size)
    assert sorted(each["id"] for each in found) == sorted(each["id"] for each in events)
    assert all("event_time" in each for each in found[: len(minutes)])


@given(MINUTES, st.integers(1, 5))
def test_a_range_and_filters_hold_on_every_page(minutes: list[int], size: int) -> None:
    events = [event(minute, id=f"{at}", event_id=f"{at}") for at, minute in enumerate(minutes)]
    query = Query(
        filters=(Filter(("actor",), (Is("alice"),)),),
        since=datetime(2026, 11, 25, 12, 1, tzinfo=UTC),
        until=datetime(2026, 11, 25, 12, 5, tzinfo=UTC),
    )
    domain = EventsInMemory(events)
    assert listed(domain, query, size) == [*domain.scan(query)]


def test_what_arrives_meanwhile_is_not_listed_twice() -> None:
    events = [event(minute) for minute in range(10)]
    query = Query()
    first = page_of(query, "", 4)
    before = EventsInMemory(events).search(first).events
    cursor = next_cursor(query, "", first, before)
    assert cursor
    after = EventsInMemory([*events, event(50), event(51)]).search(page_of(query, cursor, 4)).events
    assert [each["id"] for each in (*before, *after)] == [f"e{at}" for at in range(9, 1, -1)]


@pytest.mark.parametrize(
    "cursor", ["x", "time~1", "time~x~2026-11-25T12:00:00Z", "number~-1", "time~0~", "number~1~~"]
)
def test_no_other_cursor_is_taken(cursor: str) -> None:
    with pytest.raises(ViewRefused):
        page_of(Query(), cursor, 10)


def test_past_what_a_search_domain_counts_a_narrower_time_is_asked_for() -> None:
    with pytest.raises(ViewRefused, match="narrower time"):
        page_of(Query(sort="actor asc"), f"number~{MAX_PAGE}", 10)

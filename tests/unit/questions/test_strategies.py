"""What is found out by several queries, where there is much of it, or little, or it goes in a circle."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from trailsearch.questions import QuestionNotAnswered, strategies
from trailsearch.search.queries import Answer, Event, Exists, Filter, Is, Query, having, top

NOW = datetime(2026, 11, 26, tzinfo=UTC)


class Domain:
    """A search domain that looks at one event after the other."""

    def __init__(self, events: Sequence[Event]) -> None:
        self.events = [{"id": str(number), **event} for number, event in enumerate(events)]

    def search(self, query: Query) -> Answer:
        found = [event for event in self.events if all(meets(event, each) for each in query.filters)]
        found = [event for event in found if _within(event, query)]
        found.sort(key=lambda event: event.get("event_time", ""), reverse="desc" in query.sort)
        facets = {
            field: top(Counter(event[field] for event in found if field in event), query.facet_size)
            for field in query.facets
        }
        return Answer(len(found), found[: query.size], facets)

    def histogram(self, query: Query, edges: Sequence[datetime]) -> list[int]:
        pairs = pairwise(edges)
        return [self.search(query._replace(since=since, until=until)).found for since, until in pairs]


def meets(event: Event, wanted: Filter) -> bool:
    values = {event[field] for field in wanted.fields if field in event}
    met = any(
        bool(values) if condition == Exists() else isinstance(condition, Is) and condition.value in values
        for condition in wanted.conditions
    )
    return met is not wanted.negated


def _within(event: Event, query: Query) -> bool:
    time = datetime.fromisoformat(event["event_time"]) if "event_time" in event else None
    if query.since and (not time or time < query.since):
        return False
    return not query.until or bool(time and time < query.until)


def issue(by: str, key: str, time: int = 0) -> Event:
    moment = NOW - timedelta(days=1) + timedelta(minutes=time)
    return {
        "access_key_id": by,
        "issued_access_key_id": key,
        "actor": f"who has {by}",
        "event_name": "AssumeRole",
        "event_time": moment.isoformat(),
    }


def issued(events: Sequence[Event], key: str) -> list[tuple[str, str]]:
    domain: Any = Domain(events)
    (finding,) = strategies.chain(domain, Query(filters=[having("access_key_id", key)]), NOW)
    return [(row[0], row[-1]) for row in finding.rows]


def test_a_chain_has_all_that_was_issued_and_ends_where_nothing_is_known() -> None:
    events = [issue("A", "B"), issue("B", "C"), issue("B", "D", 1), issue("D", "E"), issue("X", "Y")]
    assert issued(events, "B") == [("0", "B"), ("1", "C"), ("1", "D"), ("2", "E")]
    assert issued(events, "nobody's") == []


def test_a_chain_that_goes_in_a_circle_ends() -> None:
    assert {key for _, key in issued([issue("A", "B"), issue("B", "A"), issue("C", "C")], "A")} == {"A", "B"}
    assert issued([issue("C", "C")], "C") == [("0", "C")]


def test_a_chain_of_very_many_keys_ends_somewhere() -> None:
    events = [issue("A", f"key-{number}") for number in range(300)]
    assert len(issued(events, "A")) == 300
    assert len(issued([issue(f"{number}", f"{number + 1}") for number in range(300)], "0")) <= 201


@pytest.mark.parametrize("strategy", [strategies.chain, strategies.first_seen])
def test_what_lacks_a_key_or_a_time_is_said(strategy: Any) -> None:
    with pytest.raises(QuestionNotAnswered, match=r"name KEY|Name SINCE"):
        strategy(Domain([]), Query(), NOW)


def test_of_many_values_a_hundred_are_looked_at_and_that_is_said() -> None:
    time = (NOW - timedelta(hours=1)).isoformat()
    domain: Any = Domain([{"event_name": f"Call{number}", "event_time": time} for number in range(130)])
    first, *_ = strategies.first_seen(domain, Query(since=NOW - timedelta(days=1)), NOW)
    assert len(first.rows) == 100
    assert first.title == "First seen: event_name, 100 of 130"


def test_hours_that_are_alike_have_no_spike_and_none_is_found_where_there_is_nothing() -> None:
    times = [NOW - timedelta(hours=hour) for hour in range(1, 25)]
    even: Any = Domain([{"event_time": time.isoformat()} for time in times])
    (finding,) = strategies.spikes(even, Query(since=times[-1]), NOW)
    assert finding.rows == []
    empty: Any = Domain([])
    assert strategies.spikes(empty, Query(), NOW) == []
    (finding,) = strategies.spikes(empty, Query(since=times[-1]), NOW)
    assert finding.rows == []


def test_what_no_agent_is_known_of_is_counted_too() -> None:
    domain: Any = Domain([{"user_agent_exact": "aws-cli/2"}, {}, {}])
    (finding,) = strategies.tools(domain, Query(), NOW)
    assert {row[0]: row[1] for row in finding.rows} == {"CLI": "1", "Unknown, or too many to tell": "2"}

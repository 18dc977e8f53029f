"""A search domain of events in memory, for what does not depend on a backend: it keeps the protocol, and nothing else.

It answers as fast over 100,000 events as a domain does: by the positions of the events that have each value, and each
question once.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from ipaddress import ip_address
from itertools import pairwise

from trailsearch.contracts.times import to_milliseconds
from trailsearch.events.fields import SCHEMA, FieldKind
from trailsearch.search.highlights import Tags, excerpts, new_tags
from trailsearch.search.queries import (
    EVERYTHING,
    MAX_DISTINCT,
    Answer,
    Begins,
    Condition,
    Event,
    Exists,
    Filter,
    Highlights,
    Is,
    Query,
    QueryRefused,
    Syntax,
    Within,
    check,
    require_field,
    top,
)

_WORD = re.compile(r"\w+")
_RECORD = "raw"
_HIGHLIGHTED = (_RECORD, "error_message", "user_agent")

Positions = Sequence[int]


class EventsInMemory:
    """Answers as a search domain does; of its native language it knows ``field:value`` alone.

    An event's position is its place in the order of time, then of ids; those without a time come last.
    """

    native_syntax = "a field and a value"

    def __init__(self, events: Iterable[Event]) -> None:
        self._events = sorted(
            events, key=lambda event: (_precise(event) or "~", event.get("event_id", event["id"]))
        )
        self._texts = [event[_RECORD].lower() for event in self._events]
        self._dated = [_precise(event) for event in self._events if "event_time" in event]
        # What is kept of an instance goes with it.
        self._positions = cache(self._read_positions)
        self._found = cache(self._find)
        self._counted = cache(self._count)

    def count(self) -> int:
        return len(self._events)

    def search(self, query: Query) -> Answer:
        for field in query.facets:
            require_field(field)
        asked = _asked(query)
        counts = {field: self._counted(asked, field) for field in query.facets}
        order = self._sorted(query)
        page = [self._events[at] for at in order[query.start : query.start + query.size]]
        return Answer(
            len(order),
            page,
            {field: top(counted, query.facet_size) for field, counted in counts.items()},
            [self._highlights(event, query) for event in page] if query.highlight else (),
            {field: len(counted) for field, counted in counts.items() if len(counted) <= MAX_DISTINCT},
        )

    def histogram(self, query: Query, edges: Sequence[datetime]) -> list[int]:
        found = self._found(_asked(query))
        at = [bisect_left(found, self._from(to_milliseconds(edge))) for edge in edges]
        return [until - since for since, until in pairwise(at)]

    def scan(self, query: Query, fields: Sequence[str] | None = None) -> Iterator[Event]:
        for at in self._sorted(query):
            event = self._events[at]
            yield (
                event if fields is None else {name: event[name] for name in ("id", *fields) if name in event}
            )

    def _from(self, moment: str) -> int:
        """Give the position of the first event at a moment, or after it."""
        return bisect_left(self._dated, moment)

    def _sorted(self, query: Query) -> Positions:
        field, _, order = query.sort.partition(" ")
        found = self._found(_asked(query))
        if query.sort == "event_time asc":
            return found
        having = [at for at in found if field in self._events[at]]
        lacking = [at for at in found if field not in self._events[at]]
        # Equal ones stay in their order, whichever it is.
        having.sort(key=lambda at: _precise(self._events[at], field), reverse=order == "desc")
        return having + lacking

    def _count(self, asked: Query, field: str) -> Mapping[str, int]:
        found = self._found(asked)
        if len(found) == len(self._events):
            return {value: len(positions) for value, positions in self._positions(field).items()}
        return Counter(value for at in found for value in _values(self._events[at], field))

    def _read_positions(self, field: str) -> Mapping[str, list[int]]:
        positions: dict[str, list[int]] = {}
        for at, event in enumerate(self._events):
            for value in dict.fromkeys(_values(event, field)):
                positions.setdefault(value, []).append(at)
        return positions

    def _find(self, query: Query) -> Positions:
        check(query)
        filters = [*query.filters]
        phrases = [*query.phrases]
        if query.syntax is Syntax.NATIVE and query.text != EVERYTHING:
            name, colon, value = query.text.partition(":")
            if not colon:
                raise QueryRefused(f"{query.text} is no field and value")
            filters.append(Filter((name,), (Is(value.strip('"')),)))
        elif query.text != EVERYTHING:
            phrases += _WORD.findall(query.text)
        found: Positions = range(len(self._events))
        if query.since or query.until:
            since = self._from(to_milliseconds(query.since)) if query.since else 0
            found = range(
                since, self._from(to_milliseconds(query.until)) if query.until else len(self._dated)
            )
        for each in filters:
            met = self._meeting(each)
            found = [at for at in found if (at in met) is not each.negated]
        for phrase in phrases:
            found = self._with_words(found, phrase)
        return found

    def _meeting(self, wanted: Filter) -> set[int]:
        met: set[int] = set()
        for field in wanted.fields:
            for condition in wanted.conditions:
                match condition:
                    case Is(value) if field == _RECORD:
                        met.update(self._with_words(range(len(self._events)), value))
                    case Is(value) if SCHEMA[field].kind is not FieldKind.TEXT:
                        met.update(self._positions(field).get(value, ()))
                    case _:
                        meets = _met(field, condition)
                        met.update(
                            at
                            for value, some in self._positions(field).items()
                            if meets(value)
                            for at in some
                        )
        return met

    def _with_words(self, found: Positions, text: str) -> Positions:
        words = _WORD.findall(text.lower())
        longest = max(words, key=len)
        has = _side_by_side(words)
        return [at for at in found if longest in self._texts[at] and has(self._texts[at])]

    def _highlights(self, event: Event, query: Query) -> Highlights:
        texts = [
            *query.phrases,
            *([] if query.text == EVERYTHING or query.syntax is Syntax.NATIVE else query.text.split()),
        ]
        wanted = [re.escape(word) for text in texts for word in _WORD.findall(text)]
        if not wanted:
            return {}
        tags = new_tags()
        pattern = re.compile(rf"\b(?:{'|'.join(wanted)})\b", re.IGNORECASE)
        marked = {
            name: excerpts(_tagged(pattern, event[name], tags), tags)
            for name in _HIGHLIGHTED
            if name in event
        }
        return {name: found for name, found in marked.items() if found}


def _tagged(pattern: re.Pattern[str], text: str, tags: Tags) -> str:
    return pattern.sub(lambda match: f"{tags.before}{match[0]}{tags.after}", text)


def _asked(query: Query) -> Query:
    """Give what a query asks for, as something to remember its answer by, without what is about a page of it."""
    return Query(
        text=query.text,
        syntax=query.syntax,
        phrases=tuple(query.phrases),
        filters=tuple(query.filters),
        since=query.since,
        until=query.until,
    )


def _precise(event: Event, field: str = "event_time") -> str:
    text = str(event.get(field, ""))
    if SCHEMA[field].kind is not FieldKind.TIME or "." in text:
        return text
    return text.replace("Z", ".000Z")


def _values(event: Event, field: str) -> Sequence[str]:
    value = event.get(SCHEMA[field].of or field) or ()
    return (value,) if isinstance(value, str) else value


def _met(field: str, condition: Condition) -> Callable[[str], bool]:
    is_text = SCHEMA[field].kind is FieldKind.TEXT
    match condition:
        case Exists():
            return bool
        case Is(value) if is_text:
            has = _side_by_side(_WORD.findall(value.lower()))
            return lambda text: has(text.lower())
        case Is(value):
            return value.__eq__
        case Begins(value) if is_text:
            return lambda text: any(word.startswith(value.lower()) for word in _WORD.findall(text.lower()))
        case Begins(value):
            return lambda text: text.startswith(value)
        case Within(network):
            return lambda text: text[:1].isdigit() and ip_address(text) in network


def _side_by_side(words: Sequence[str]) -> Callable[[str], bool]:
    between = r"\W+".join(map(re.escape, words))
    pattern = re.compile(rf"(?<!\w){between}(?!\w)")
    return lambda text: pattern.search(text) is not None

"""A search domain of events in memory, for what does not depend on a backend: it keeps the protocol, and nothing else."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from ipaddress import ip_address

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
    time_text,
    top,
)

_WORD = re.compile(r"\w+")
_HIGHLIGHTED = ("raw", "error_message", "user_agent")


class EventsInMemory:
    """Answers as a search domain does; of its native language it knows ``field:value`` alone."""

    native_syntax = "a field and a value"

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = events
        self._words = [[word.lower() for word in _WORD.findall(event["raw"])] for event in events]

    def count(self) -> int:
        return len(self._events)

    def search(self, query: Query) -> Answer:
        found = self._sorted(query)
        for field in query.facets:
            require_field(field)
        counts = {
            field: Counter(value for event in found for value in _values(event, field))
            for field in query.facets
        }
        page = found[query.start : query.start + query.size]
        return Answer(
            len(found),
            page,
            {field: top(counted, query.facet_size) for field, counted in counts.items()},
            [self._highlights(event, query) for event in page] if query.highlight else (),
            {field: len(counted) for field, counted in counts.items() if len(counted) <= MAX_DISTINCT},
        )

    def histogram(self, query: Query, edges: Sequence[datetime]) -> list[int]:
        counts = [0] * (len(edges) - 1)
        texts = [time_text(edge) for edge in edges]
        for event in self._matching(query):
            at = bisect_right(texts, _precise(event)) - 1
            if 0 <= at < len(counts):
                counts[at] += 1
        return counts

    def scan(self, query: Query, fields: Sequence[str] | None = None) -> Iterator[Event]:
        for event in self._sorted(query):
            yield (
                event if fields is None else {name: event[name] for name in ("id", *fields) if name in event}
            )

    def _sorted(self, query: Query) -> list[Event]:
        field, _, order = query.sort.partition(" ")
        found = self._matching(query)
        return sorted(found, key=lambda event: str(event.get(field, "")), reverse=order == "desc")

    def _matching(self, query: Query) -> list[Event]:
        check(query)
        met = [_meets(each) for each in query.filters]
        words = [_WORD.findall(phrase.lower()) for phrase in query.phrases]
        if query.syntax is Syntax.NATIVE and query.text != EVERYTHING:
            name, colon, value = query.text.partition(":")
            if not colon:
                raise QueryRefused(f"{query.text} is no field and value")
            met.append(_meets(Filter((name,), (Is(value.strip('"')),))))
        elif query.text != EVERYTHING:
            words += [[word] for word in _WORD.findall(query.text.lower())]
        since = time_text(query.since) if query.since else ""
        until = time_text(query.until) if query.until else "~"
        return [
            event
            for event, has in zip(self._events, self._words, strict=True)
            if ("event_time" in event or not (query.since or query.until))
            and since <= _precise(event) < until
            and all(meets(event) for meets in met)
            and all(_side_by_side(has, wanted) for wanted in words)
        ]

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


def _precise(event: Event) -> str:
    time = str(event.get("event_time", ""))
    return time if "." in time else time.replace("Z", ".000Z")


def _values(event: Event, field: str) -> Sequence[str]:
    value = event.get(SCHEMA[field].of or field) or ()
    return (value,) if isinstance(value, str) else value


def _meets(wanted: Filter) -> Callable[[Event], bool]:
    conditions = [(field, _met(field, each)) for field in wanted.fields for each in wanted.conditions]

    def meets(event: Event) -> bool:
        return wanted.negated is not any(
            met(value) for field, met in conditions for value in _values(event, field)
        )

    return meets


def _met(field: str, condition: Condition) -> Callable[[str], bool]:
    is_text = SCHEMA[field].kind is FieldKind.TEXT
    match condition:
        case Exists():
            return bool
        case Is(value) if is_text:
            words = _WORD.findall(value.lower())
            return lambda text: _side_by_side(_WORD.findall(text.lower()), words)
        case Is(value):
            return value.__eq__
        case Begins(value) if is_text:
            return lambda text: any(word.startswith(value.lower()) for word in _WORD.findall(text.lower()))
        case Begins(value):
            return lambda text: text.startswith(value)
        case Within(network):
            return lambda text: text[:1].isdigit() and ip_address(text) in network


def _side_by_side(has: Sequence[str], wanted: Sequence[str]) -> bool:
    if not wanted or wanted[0] not in has:
        return False
    return any(list(has[at : at + len(wanted)]) == list(wanted) for at in range(len(has)))

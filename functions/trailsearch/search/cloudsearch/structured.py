"""Queries in CloudSearch's structured syntax.

https://docs.aws.amazon.com/cloudsearch/latest/developerguide/search-api.html#structured-search-syntax. What an event has to
meet beside the words that are looked for is in the filter query, which is structured whatever the query's parser is.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from trailsearch.contracts.times import to_milliseconds
from trailsearch.events.fields import SCHEMA, FieldKind
from trailsearch.search.cloudsearch.addresses import texts_within
from trailsearch.search.cloudsearch.batches import stored
from trailsearch.search.queries import (
    EVERYTHING,
    Begins,
    Condition,
    Exists,
    Filter,
    Is,
    Query,
    QueryRefused,
    Syntax,
    Within,
    check,
)

# "Compound queries can have a maximum of 1024 clauses": developerguide/limits.html. Some are left to the query itself.
_MAX_CLAUSES: Final = 1_000
# The lowest character that a value may have.
_FIRST: Final = "'\t'"


class Structured(NamedTuple):
    """A query, in the language of the parser that its syntax names, and the filter query, which may be none."""

    query: str
    filter: str | None


def structured(query: Query) -> Structured:
    """Write a query for CloudSearch.

    Raises:
        QueryRefused: ``queries.check`` does not take it, or CloudSearch cannot be asked for what it says.
    """
    check(query)
    phrases = [f"(phrase field=raw {quoted(stored('raw', phrase))})" for phrase in query.phrases]
    filters = [_filter(each) for each in query.filters]
    if query.since or query.until:
        filters.append(f"event_time:{time_range(query.since, query.until)}")
    if query.syntax is Syntax.SIMPLE:
        return Structured(query.text, _all([*phrases, *filters]))
    native = [] if query.text == EVERYTHING else [query.text]
    return Structured(_all([*native, *phrases]) or EVERYTHING, _all(filters))


def time_range(since: datetime | None, until: datetime | None) -> str:
    """Write the range of times from one on, and before the other."""
    first = f"['{to_milliseconds(since)}'" if since else "{"
    last = f"'{to_milliseconds(until)}'" if until else ""
    return f"{first},{last}}}"


def quoted(value: str) -> str:
    """Write a string."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _all(clauses: Sequence[str]) -> str | None:
    if len(clauses) < 2:
        return clauses[0] if clauses else None
    return f"(and {' '.join(clauses)})"


def _filter(wanted: Filter) -> str:
    clauses = [
        clause
        for field in wanted.fields
        for condition in wanted.conditions
        for clause in _clauses(field, condition)
    ]
    if len(clauses) > _MAX_CLAUSES:
        raise QueryRefused(
            f"{', '.join(wanted.fields)}: CloudSearch takes {_MAX_CLAUSES:,} values at once, and these are {len(clauses):,}"
        )
    either = clauses[0] if len(clauses) == 1 else f"(or {' '.join(clauses)})"
    return f"(and {EVERYTHING} (not {either}))" if wanted.negated else either


def _clauses(field: str, condition: Condition) -> Iterator[str]:
    match condition:
        case Is(value) if SCHEMA[field].kind is FieldKind.TEXT:
            yield f"(phrase field={field} {quoted(stored(field, value))})"
        case Is(value):
            yield f"{field}:{quoted(stored(field, value))}"
        case Begins(value):
            yield _beginning(field, stored(field, value))
        case Exists() if SCHEMA[field].kind is FieldKind.TIME:
            yield f"{field}:['0001-01-01T00:00:00Z',}}"
        case Exists():
            # "You can also search a text or literal field for a range of values": developerguide/searching-ranges.html.
            yield f"{field}:[{_FIRST},}}"
        case Within(network):
            texts = texts_within(network)
            yield from (f"{field}:{quoted(text)}" for text in texts.whole)
            yield from (_beginning(field, text) for text in texts.beginnings)


def _beginning(field: str, value: str) -> str:
    return f"(prefix field={field} {quoted(value)})"

"""Queries in OpenSearch's query DSL.

https://docs.opensearch.org/latest/query-dsl/. Values are JSON: nothing in them means anything to OpenSearch.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from trailsearch.contracts.times import to_milliseconds
from trailsearch.events.fields import SCHEMA, FieldKind
from trailsearch.search.opensearch.batches import stored
from trailsearch.search.opensearch.template import LONGEST_LITERAL
from trailsearch.search.opensearch.words import with_and_between
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

_Clause = Mapping[str, Any]


def query_dsl(query: Query) -> _Clause:
    """Write a query for OpenSearch.

    Raises:
        QueryRefused: ``queries.check`` does not take it, or OpenSearch cannot be asked for what it says.
    """
    check(query)
    native = _native(query)
    must = [native, *({"match_phrase": {"raw": stored(phrase)}} for phrase in query.phrases)]
    filters = [_any_of(each) for each in query.filters if not each.negated]
    excluded = [_any_of(each) for each in query.filters if each.negated]
    if query.since or query.until:
        filters.append(time_range(query.since, query.until))
    if not (filters or excluded or query.phrases):
        return native
    return {"bool": {"must": must, "filter": filters, "must_not": excluded}}


def time_range(since: datetime | None, until: datetime | None) -> _Clause:
    """Write the range of times from one on, and before the other."""
    bounds = {"gte": since, "lt": until}
    return {"range": {"event_time": {name: to_milliseconds(each) for name, each in bounds.items() if each}}}


def _native(query: Query) -> _Clause:
    if query.syntax is Syntax.SIMPLE:
        return {"simple_query_string": {"query": query.text, "default_operator": "AND"}}
    if query.text == EVERYTHING:
        return {"match_all": {}}
    # As a phrase, or a name that the analyzer takes apart would be found wherever its parts are.
    text = with_and_between(query.text)
    return {"query_string": {"query": text, "default_operator": "AND", "type": "phrase"}}


def _any_of(wanted: Filter) -> _Clause:
    clauses = [clause for field in wanted.fields for clause in _clauses(field, wanted.conditions)]
    if len(clauses) == 1:
        return clauses[0]
    return {"bool": {"should": clauses, "minimum_should_match": 1}}


def _clauses(field: str, conditions: tuple[Condition, ...]) -> Iterator[_Clause]:
    is_text = SCHEMA[field].kind is FieldKind.TEXT
    values = [stored(condition.value) for condition in conditions if isinstance(condition, Is)]
    if too_long := next((value for value in values if not is_text and len(value) > LONGEST_LITERAL), None):
        raise QueryRefused(
            f"A value of {field} is not found by more than {LONGEST_LITERAL:,} characters: {too_long[:40]}…"
        )
    if is_text:
        yield from ({"match_phrase": {field: value}} for value in values)
    elif values:
        yield {"terms": {field: values}}
    for condition in conditions:
        match condition:
            case Begins(value):
                yield {"prefix": {field: {"value": stored(value.lower() if is_text else value)}}}
            case Exists():
                yield {"exists": {"field": field}}
            case Within(network):
                yield {"term": {f"{field}.ip": str(network)}}

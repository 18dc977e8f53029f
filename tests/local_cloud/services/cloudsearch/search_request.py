"""Search requests: from their parameters to a search.

https://docs.aws.amazon.com/cloudsearch/latest/developerguide/search-api.html#search-request-parameters. Not supported, and
refused: the lucene and dismax parsers, expressions and statistics.
"""

import math
from collections.abc import Mapping
from typing import Any

from . import simple_query, structured_query
from .cursors import offset_of
from .exceptions import SearchException
from .index import Search
from .query import Operator, Query
from .request_options import by_field, parse_facet, parse_highlight, parse_integer, parse_object, require
from .schema import Schema

_MAX_SIZE = 10_000
_MAX_SORT_FIELDS = 10
_UNSUPPORTED = ("expr", "stats")
# "Valid for", says the guide of each.
_OPTIONS = {
    "simple": {"defaultOperator", "fields", "operators"},
    "structured": {"defaultOperator", "fields"},
}


def parse_request(parameters: Mapping[str, str], schema: Schema) -> Search:
    """Return the search that a request asks for.

    Raises:
        SearchException: a parameter is missing, malformed, not supported, or names a field whose options forbid its use.
    """
    for name in parameters:
        if name.split(".")[0] in _UNSUPPORTED:
            raise SearchException(f"Parameter '{name}' is not supported by moto")
    if (
        "bq" in parameters
    ):  # As a real domain has answered: https://docs.aws.amazon.com/cloudsearch/latest/developerguide/migrating.html
        raise SearchException(
            "Parameter 'bq' is no longer valid. Replace 'bq=query' with 'q.parser=structured&q=query'."
        )
    text = parameters.get("q")
    if not text:
        raise SearchException("Request is missing required parameter 'q'")
    parser = parameters.get("q.parser", "simple")
    options = _query_options(parser, parameters.get("q.options", ""))
    operator = _operator(options)
    start, size = _page(parameters)
    return Search(
        query=_query(text, parser, operator, options),
        filter=structured_query.parse(parameters["fq"]) if "fq" in parameters else None,
        operator=operator,
        default_fields=_default_fields(options, schema),
        sort=tuple(_sort(parameters.get("sort") or "_score desc", schema)),
        start=start,
        size=size,
        facets=tuple(parse_facet(name, given, schema) for name, given in by_field("facet", parameters)),
        highlights=tuple(
            parse_highlight(name, given, schema) for name, given in by_field("highlight", parameters)
        ),
    )


def _query_options(parser: str, text: str) -> dict[str, Any]:
    if parser in ("lucene", "dismax"):
        raise SearchException(f"Query parser '{parser}' is not supported by moto")
    if parser not in _OPTIONS:
        raise SearchException(f"Parameter 'q.parser' cannot be '{parser}'")
    options = parse_object(text, "q.options")
    if unknown := options.keys() - _OPTIONS[parser]:
        raise SearchException(
            f"Option '{min(unknown)}' of parameter 'q.options' is not valid for the {parser} parser"
        )
    return options


def _operator(options: Mapping[str, Any]) -> Operator:
    match options.get("defaultOperator", "and"):
        case "and":
            return "and"
        case "or":
            return "or"
        case other:
            raise SearchException(f"Option 'defaultOperator' of parameter 'q.options' cannot be '{other}'")


def _query(text: str, parser: str, operator: Operator, options: Mapping[str, Any]) -> Query:
    if parser == "structured":
        return structured_query.parse(text)
    disabled = options.get("operators", [])
    if not isinstance(disabled, list) or not simple_query.OPERATORS.issuperset(map(str, disabled)):
        raise SearchException(
            "Option 'operators' of parameter 'q.options' must be an array of "
            + ", ".join(sorted(simple_query.OPERATORS))
        )
    return simple_query.parse(text, operator, disabled)


def _default_fields(options: Mapping[str, Any], schema: Schema) -> tuple[tuple[str, float], ...]:
    names = options.get("fields")
    if names is None:
        return tuple((name, 1.0) for name, index_field in schema.items() if index_field.value_type == "text")
    try:
        split = [str(name).partition("^") for name in names]
        fields = tuple((name, float(boost or 1)) for name, _, boost in split)
    except (TypeError, ValueError):
        fields = ()
    # https://docs.aws.amazon.com/cloudsearch/latest/developerguide/weighting-fields.html: a weight is positive.
    if not fields or not all(0 < boost < math.inf for _, boost in fields):
        raise SearchException(
            "Option 'fields' of parameter 'q.options' must be an array of FIELD or FIELD^WEIGHT"
        )
    for name, _ in fields:
        require(name, "Search", schema)
    return fields


def _page(parameters: Mapping[str, str]) -> tuple[int, int]:
    size = parse_integer("size", parameters.get("size", "10"), 0, _MAX_SIZE)
    if cursor := parameters.get("cursor"):
        if "start" in parameters:
            raise SearchException("Parameters 'cursor' and 'start' are mutually exclusive")
        return offset_of(cursor), size
    start = parse_integer("start", parameters.get("start", "0"), 0, _MAX_SIZE)
    if start + size > _MAX_SIZE:
        raise SearchException(
            f"Parameters 'start' and 'size' cannot add up to more than {_MAX_SIZE}; use 'cursor'"
        )
    return start, size


def _sort(text: str, schema: Schema) -> list[tuple[str, bool]]:
    parts = text.split(",")
    if len(parts) > _MAX_SORT_FIELDS:
        raise SearchException(f"Parameter 'sort' cannot have more than {_MAX_SORT_FIELDS} fields")
    sort = []
    for part in parts:
        name, _, direction = part.strip().partition(" ")
        if direction.strip() not in ("asc", "desc"):
            raise SearchException(
                f"Parameter 'sort' must be 'FIELD asc' or 'FIELD desc', not '{part.strip()}'"
            )
        if name not in ("_id", "_score"):
            require(name, "Sort", schema)
        sort.append((name, direction.strip() == "desc"))
    return sort

"""The search service: from request parameters to a search, and from its result to the answer.

Source: developer guide, "Search API Reference". Not supported, and refused: the lucene and dismax parsers, expressions,
statistics, and answers in XML.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

from . import simple_query, structured_query
from .exceptions import SearchException
from .index import Facet, Highlight, Hit, Result, Search
from .query import Query
from .schema import Schema

_MAX_SIZE = 10_000
_UNSUPPORTED = ("expr", "stats")


def parse_request(parameters: Mapping[str, str], schema: Schema) -> Search:
    """Return the search that a request asks for.

    Raises:
        SearchException: a parameter is missing, malformed, not supported, or names a field whose options forbid its use.
    """
    for name in parameters:
        if name.split(".")[0] in _UNSUPPORTED:
            raise SearchException(f"Parameter '{name}' is not supported by moto")
    options = _json_object(parameters.get("q.options", "{}"), "q.options")
    start, size = _page(parameters)
    return Search(
        query=_query(parameters, options),
        filter=structured_query.parse(parameters["fq"]) if "fq" in parameters else None,
        default_fields=_default_fields(options, schema),
        sort=tuple(_sort(parameters.get("sort") or "_score desc", schema)),
        start=start,
        size=size,
        facets=tuple(_facet(name, given, schema) for name, given in _by_field("facet", parameters)),
        highlights=tuple(
            _highlight(name, given, schema) for name, given in _by_field("highlight", parameters)
        ),
    )


def answer(parameters: Mapping[str, str], schema: Schema, search: Search, result: Result) -> dict[str, Any]:
    """Return the `hits` and `facets` of the answer in the `format` asked for: "sdk" has every field as an array.

    Raises:
        SearchException: `format` or `return` is not understood, or a field is not return enabled.
    """
    answer_format = parameters.get("format", "json")
    if answer_format not in ("json", "sdk"):
        raise SearchException(f"Format '{answer_format}' is not supported by moto")
    returned = _returned(parameters.get("return") or "_all_fields", schema)
    hits: dict[str, Any] = {"found": result.found, "start": search.start}
    if "cursor" in parameters:
        hits["cursor"] = _cursor(search.start + len(result.hits))
    hits["hit"] = [_hit(hit, returned, schema, answer_format) for hit in result.hits]
    facets = {
        name: {"buckets": [{"value": value, "count": count} for value, count in buckets]}
        for name, buckets in result.facets.items()
    }
    return {"hits": hits} | ({"facets": facets} if facets else {})


def _query(parameters: Mapping[str, str], options: Mapping[str, Any]) -> Query:
    text = parameters.get("q")
    if not text:
        raise SearchException("Request is missing required parameter 'q'")
    match parser := parameters.get("q.parser", "simple"):
        case "structured":
            return structured_query.parse(text)
        case "simple":
            if "operators" in options:
                raise SearchException("Option 'operators' of parameter 'q.options' is not supported by moto")
            operator = options.get("defaultOperator", "and")
            if operator not in ("and", "or"):
                raise SearchException(
                    f"Option 'defaultOperator' of parameter 'q.options' cannot be '{operator}'"
                )
            return simple_query.parse(text, operator)
        case "lucene" | "dismax":
            raise SearchException(f"Query parser '{parser}' is not supported by moto")
    raise SearchException(f"Parameter 'q.parser' cannot be '{parser}'")


def _default_fields(options: Mapping[str, Any], schema: Schema) -> tuple[tuple[str, float], ...]:
    names = options.get("fields")
    if names is None:
        return tuple((name, 1.0) for name, index_field in schema.items() if index_field.value_type == "text")
    try:
        split = [str(name).partition("^") for name in names]
        return tuple((name, float(boost or 1)) for name, _, boost in split)
    except (TypeError, ValueError):
        raise SearchException(
            "Option 'fields' of parameter 'q.options' must be an array of FIELD or FIELD^BOOST"
        ) from None


def _page(parameters: Mapping[str, str]) -> tuple[int, int]:
    size = _integer("size", parameters, 10, 0)
    if cursor := parameters.get("cursor"):
        if "start" in parameters:
            raise SearchException("Parameters 'cursor' and 'start' are mutually exclusive")
        return _offset(cursor), size
    start = _integer("start", parameters, 0, 0)
    if start + size > _MAX_SIZE:
        raise SearchException(
            f"Parameters 'start' and 'size' cannot add up to more than {_MAX_SIZE}; use 'cursor'"
        )
    return start, size


def _cursor(offset: int) -> str:
    """Make a cursor. It is a position, so that documents added meanwhile can shift what follows."""
    return base64.urlsafe_b64encode(f"offset:{offset}".encode()).decode()


def _offset(cursor: str) -> int:
    if cursor == "initial":
        return 0
    try:
        return int(base64.urlsafe_b64decode(cursor).decode().removeprefix("offset:"))
    except ValueError:
        raise SearchException(
            "Parameter 'cursor' is neither 'initial' nor a cursor of an earlier answer"
        ) from None


def _integer(name: str, parameters: Mapping[str, str], default: int, least: int) -> int:
    text = parameters.get(name, str(default))
    if not (text.isascii() and text.isdigit() and least <= int(text) <= _MAX_SIZE):
        raise SearchException(
            f"Parameter '{name}' must be a number from {least} to {_MAX_SIZE}, not '{text}'"
        )
    return int(text)


def _sort(text: str, schema: Schema) -> list[tuple[str, bool]]:
    sort = []
    for part in text.split(","):
        name, _, direction = part.strip().partition(" ")
        if direction.strip() not in ("asc", "desc"):
            raise SearchException(
                f"Parameter 'sort' must be 'FIELD asc' or 'FIELD desc', not '{part.strip()}'"
            )
        if name not in ("_id", "_score"):
            _require(name, "Sort", schema)
        sort.append((name, direction.strip() == "desc"))
    return sort


def _require(name: str, option: str, schema: Schema) -> None:
    if name not in schema:
        raise SearchException(f"Field '{name}' does not exist")
    if not schema[name].enabled(option):
        raise SearchException(f"Field '{name}' is not {option.lower()} enabled")


def _json_object(text: str, parameter: str) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise SearchException(f"Parameter '{parameter}' must be a JSON object")
    return value


def _by_field(parameter: str, parameters: Mapping[str, str]) -> list[tuple[str, dict[str, Any]]]:
    """Return the options by field: of `facet={"FIELD":{...}}`, as SDKs send it, and of `facet.FIELD={...}`."""
    found = list(_json_object(parameters.get(parameter, "{}"), parameter).items())
    for name, text in parameters.items():
        if name.startswith(f"{parameter}."):
            found.append((name.removeprefix(f"{parameter}."), _json_object(text, name)))
    for name, given in found:
        if not isinstance(given, dict):
            raise SearchException(f"Parameter '{parameter}.{name}' must be a JSON object")
    return found


def _facet(name: str, given: Mapping[str, Any], schema: Schema) -> Facet:
    _require(name, "Facet", schema)
    if unknown := given.keys() - {"sort", "size", "buckets"}:
        raise SearchException(f"Facet field '{name}' has an unknown option '{min(unknown)}'")
    if "buckets" in given:
        if len(given) > 1 or not isinstance(given["buckets"], list):
            raise SearchException(
                f"Option 'buckets' of facet field '{name}' must be an array, without sort and size"
            )
        texts = [str(bucket) for bucket in given["buckets"]]
        is_range = schema[name].value_type in ("int", "double", "date")
        return Facet(
            name,
            buckets=tuple(
                (text, structured_query.parse_range(name, text) if is_range and text[:1] in "[{" else text)
                for text in texts
            ),
        )
    sort, size = given.get("sort", "count"), given.get("size", 10)
    if sort not in ("count", "bucket"):
        raise SearchException(f"Option 'sort' of facet field '{name}' must be count or bucket, not '{sort}'")
    return Facet(name, sort, _integer("size", {"size": str(size)}, 10, 1))


def _highlight(name: str, given: Mapping[str, Any], schema: Schema) -> Highlight:
    _require(name, "Highlight", schema)
    if unknown := given.keys() - {"format", "max_phrases", "pre_tag", "post_tag"}:
        raise SearchException(f"Highlight field '{name}' has an unknown option '{min(unknown)}'")
    default = ("*", "*") if given.get("format") == "text" else ("<em>", "</em>")
    tags = (str(given.get("pre_tag", default[0])), str(given.get("post_tag", default[1])))
    phrases = str(given.get("max_phrases", 1))
    if phrases not in ("1", "2", "3", "4", "5"):
        raise SearchException(
            f"Option 'max_phrases' of highlight field '{name}' must be 1 to 5, not '{phrases}'"
        )
    return Highlight(name, int(phrases), *tags)


def _returned(text: str, schema: Schema) -> set[str]:
    returned = set()
    for name in (part.strip() for part in text.split(",")):
        if name == "_all_fields":
            returned |= {field for field, index_field in schema.items() if index_field.enabled("Return")}
        elif name == "_score":
            returned.add(name)
        elif name != "_no_fields":
            _require(name, "Return", schema)
            returned.add(name)
    return returned


def _hit(hit: Hit, returned: set[str], schema: Schema, answer_format: str) -> dict[str, Any]:
    fields: dict[str, Any] = {name: values for name, values in sorted(hit.fields.items()) if name in returned}
    if "_score" in returned:
        fields["_score"] = [str(hit.score)]
    if answer_format == "json":
        fields = {
            name: values if name in schema and schema[name].is_array else values[0]
            for name, values in fields.items()
        }
    shown: dict[str, Any] = {"id": hit.id}
    if returned:
        shown["fields"] = fields
    if hit.highlights:
        shown["highlights"] = hit.highlights
    return shown

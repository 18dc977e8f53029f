"""Options of search requests that are JSON objects: `q.options`, `facet.FIELD` and `highlight.FIELD`.

The guide writes them as JavaScript does, `{sort:'bucket', size:3}`, which is JSON5; SDKs send JSON.
https://docs.aws.amazon.com/cloudsearch/latest/developerguide/search-api.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

import json5

from . import structured_query
from .exceptions import SearchException
from .highlighting import Highlight
from .index import Facet
from .query import Range
from .schema import IndexField, Schema


def parse_object(text: str, parameter: str) -> dict[str, Any]:
    """Parse a JSON object.

    Raises:
        SearchException: it is none; the message names the parameter.
    """
    try:
        value = json5.loads(text or "{}")
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise SearchException(f"Parameter '{parameter}' must be a JSON object")
    return value


def by_field(parameter: str, parameters: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the options by field: of `facet={"FIELD":{...}}`, as SDKs send it, and of `facet.FIELD={...}`.

    Raises:
        SearchException: some are no JSON object.
    """
    found = parse_object(parameters.get(parameter, "{}"), parameter)
    for name, text in parameters.items():
        if name.startswith(f"{parameter}."):
            found[name.removeprefix(f"{parameter}.")] = parse_object(text, name)
    for name, given in found.items():
        if not isinstance(given, dict):
            raise SearchException(f"Parameter '{parameter}.{name}' must be a JSON object")
        yield name, given


def parse_facet(name: str, given: Mapping[str, Any], schema: Schema) -> Facet:
    """Return the facet that the options of a field ask for.

    https://docs.aws.amazon.com/cloudsearch/latest/developerguide/faceting.html

    Raises:
        SearchException: the field is not facet enabled, or an option is unknown, malformed, or does not go with another.
    """
    searched = require(name, "Facet", schema)
    _refuse_unknown("Facet", name, given, {"sort", "size", "buckets", "method"})
    if "buckets" in given:
        if given.keys() & {"sort", "size"} or not isinstance(given["buckets"], list):
            raise SearchException(
                f"Option 'buckets' of facet field '{name}' must be an array, without sort and size"
            )
        _one_of("method", given, ("filter", "interval"), name)
        texts = [str(bucket) for bucket in given["buckets"]]
        return Facet(name, buckets=tuple((text, _bucket(searched, text)) for text in texts))
    if "method" in given:
        raise SearchException(f"Option 'method' of facet field '{name}' needs buckets")
    if "size" in given and "sort" not in given:
        raise SearchException(f"Option 'size' of facet field '{name}' needs sort")
    sort = _one_of("sort", given, ("count", "bucket"), name)
    return Facet(name, sort, parse_integer("size", str(given.get("size", 10)), 1))


def parse_highlight(name: str, given: Mapping[str, Any], schema: Schema) -> Highlight:
    """Return the highlight that the options of a field ask for.

    Raises:
        SearchException: the field is not highlight enabled, or an option is unknown or malformed.
    """
    require(name, "Highlight", schema)
    _refuse_unknown("Highlight", name, given, {"format", "max_phrases", "pre_tag", "post_tag"})
    as_html = _one_of("format", given, ("html", "text"), name) == "html"
    default = ("<em>", "</em>") if as_html else ("*", "*")
    tags = (str(given.get("pre_tag", default[0])), str(given.get("post_tag", default[1])))
    phrases = _one_of("max_phrases", given, ("1", "2", "3", "4", "5"), name)
    return Highlight(name, as_html, int(phrases), *tags)


def require(name: str, option: str, schema: Schema) -> IndexField:
    """Return a field that has "Facet", "Return", "Sort" or "Highlight" enabled.

    Raises:
        SearchException: it does not exist, or has not.
    """
    if name not in schema:
        raise SearchException(f"Field '{name}' does not exist")
    if not schema[name].enabled(option):
        raise SearchException(f"Field '{name}' is not {option.lower()} enabled")
    return schema[name]


def parse_integer(name: str, text: str, least: int, most: int = 10_000) -> int:
    """Parse a number of a parameter.

    Raises:
        SearchException: it is none, or not between two bounds; the message names the parameter.
    """
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        raise SearchException(f"Parameter '{name}' must be a number from {least} to {most}, not '{text}'")
    return int(text)


def _bucket(searched: IndexField, text: str) -> str | Range:
    """Return what a bucket stands for: a range if it is written as one, else a value."""
    if text[:1] not in ("[", "{"):
        return text
    try:
        return structured_query.parse_range(searched.name, text)
    except SearchException:
        if searched.value_type == "literal":  # Whose values may begin so.
            return text
        raise


def _one_of(option: str, given: Mapping[str, Any], values: tuple[str, ...], name: str) -> str:
    """Return the value of an option, by default the first one."""
    value = str(given.get(option, values[0]))
    if value not in values:
        raise SearchException(f"Option '{option}' of field '{name}' must be one of {values}, not '{value}'")
    return value


def _refuse_unknown(kind: str, name: str, given: Mapping[str, Any], known: set[str]) -> None:
    if unknown := given.keys() - known:
        raise SearchException(f"{kind} field '{name}' has an unknown option '{min(unknown)}'")

"""Answers of the search service, in JSON.

https://docs.aws.amazon.com/cloudsearch/latest/developerguide/search-api.html#search-response. Those in XML are not
supported.
"""

from collections.abc import Mapping
from typing import Any

from .cursors import make_cursor
from .exceptions import SearchException
from .index import Hit, Result, Search
from .request_options import require
from .schema import Schema


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
        hits["cursor"] = make_cursor(search.start + len(result.hits))
    hits["hit"] = [_hit(hit, returned, schema, answer_format) for hit in result.hits]
    facets = {
        name: {"buckets": [{"value": value, "count": count} for value, count in buckets]}
        for name, buckets in result.facets.items()
    }
    return {"hits": hits} | ({"facets": facets} if facets else {})


def _returned(text: str, schema: Schema) -> set[str]:
    returned = set()
    for name in (part.strip() for part in text.split(",")):
        if name == "_all_fields":
            returned |= {field for field, index_field in schema.items() if index_field.enabled("Return")}
        elif name == "_score":
            returned.add(name)
        elif name != "_no_fields":
            require(name, "Return", schema)
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

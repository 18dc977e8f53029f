"""The schema, and the documents that follow it."""

import json
import re
from typing import Any, get_type_hints

import pytest

from trailsearch.events.documents import build_document
from trailsearch.events.fields import SCHEMA, FieldKind, Fields


def test_the_schema_has_every_field_of_a_document_and_those_that_the_domain_fills() -> None:
    filled = [name for name, field in SCHEMA.items() if field.of is None]
    assert filled == list(Fields.__struct_fields__)
    for name, field in SCHEMA.items():
        assert field.source, name
        assert field.of is None or SCHEMA[field.of].kind is FieldKind.TEXT, "a literal of a text"


@pytest.mark.parametrize("name", Fields.__struct_fields__)
def test_only_lists_hold_several_values(name: str) -> None:
    holds_several = get_type_hints(Fields)[name] == tuple[str, ...]
    assert holds_several == (SCHEMA[name].kind is FieldKind.LITERALS)


def test_texts_are_no_facets_and_lists_are() -> None:
    """A search domain counts whole values, not words."""
    assert not [name for name, field in SCHEMA.items() if field.kind is FieldKind.TEXT and field.facet]
    assert all(field.facet for field in SCHEMA.values() if field.kind is FieldKind.LITERALS)


# A source that is one part of the record, or one of this and another of that kind of events: the others say in words how
# they come of several.
PARTS = {
    name: re.findall(r"`([A-Za-z.]+)`", field.source)
    for name, field in SCHEMA.items()
    if re.match(r"`[A-Za-z.]+`($|, or of )", field.source)
}
KINDS_OF_EVENTS = {"Insights": "Insight", "aggregated": "Aggregated"}


def record_with(path: str, value: Any, **others: Any) -> bytes:
    for name in reversed(path.split(".")):
        value = {name: value}
    return json.dumps(value | others).encode()


def test_most_fields_are_one_part_of_the_record() -> None:
    assert len(PARTS) >= 20


@pytest.mark.parametrize(("name", "path"), [(name, path) for name, paths in PARTS.items() for path in paths])
def test_a_field_is_filled_from_where_it_says(name: str, path: str) -> None:
    value = "2026-11-26T10:00:00Z" if SCHEMA[name].kind is FieldKind.TIME else "a value"
    kinds = re.findall(rf"of (\w+) events `{re.escape(path)}`", SCHEMA[name].source)
    category = {"eventCategory": KINDS_OF_EVENTS[kinds[0]]} if kinds else {}
    filled = build_document(record_with(path, value, **category), "s3://logs/log").fields
    assert getattr(filled, name) == value

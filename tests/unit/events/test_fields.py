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


# A source that is one part of the record: the others say in words how they come of several.
ONE_PART = {
    name: source[1]
    for name, field in SCHEMA.items()
    if (source := re.fullmatch(r"`([A-Za-z.]+)`", field.source))
}


def record_with(path: str, value: Any) -> bytes:
    for name in reversed(path.split(".")):
        value = {name: value}
    return json.dumps(value).encode()


def test_most_fields_are_one_part_of_the_record() -> None:
    assert len(ONE_PART) >= 20


@pytest.mark.parametrize("name", ONE_PART)
def test_a_field_is_filled_from_where_it_says(name: str) -> None:
    value = "2026-11-26T10:00:00Z" if SCHEMA[name].kind is FieldKind.TIME else "a value"
    filled = build_document(record_with(ONE_PART[name], value), "s3://logs/log").fields
    assert getattr(filled, name) == value


@pytest.mark.parametrize("name", ["event_source", "event_name", "error_code"])
def test_insights_events_fill_these_fields_too(name: str) -> None:
    own, of_insights = re.findall(r"`([A-Za-z.]+)`", SCHEMA[name].source)
    for path in (own, of_insights):
        assert (
            getattr(build_document(record_with(path, "a value"), "s3://logs/log").fields, name) == "a value"
        )

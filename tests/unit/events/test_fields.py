"""The schema, and the documents that follow it."""

from typing import get_type_hints

import pytest

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

"""The table of the fields has those of the schema, with their kinds and facets."""

from tests.documentation import blocks, pages
from trailsearch.events.fields import SCHEMA


def test_every_field_is_shown_as_it_is() -> None:
    (block,) = (each for each in blocks.find(pages.read(pages.FUNCTIONS)) if each.name == "fields")
    rows = [row.strip("| ").split(" | ") for row in block.body.strip().splitlines()[2:]]
    assert [row[:3] for row in rows] == [
        [f"`{name}`", field.kind, "yes" if field.facet else "no"] for name, field in SCHEMA.items()
    ]
    assert all(row[3] for row in rows)

"""The table of the fields: those of the schema."""

from collections.abc import Mapping

from tests.documentation.tables import code, table
from trailsearch.events.fields import Field


def fields_table(schema: Mapping[str, Field]) -> str:
    """Give the table: name, kind, whether it is a facet, and what of a record fills it."""
    rows = [
        (code(name), field.kind, "yes" if field.facet else "no", field.source)
        for name, field in schema.items()
    ]
    return table(("Field", "Kind", "Facet", "Where it comes from"), rows)

"""The pipeline on CloudSearch."""

from tests.end_to_end.conftest import Pipeline
from tests.end_to_end.pipeline_tests import PipelineTests
from trailsearch.events.fields import SCHEMA, FieldKind
from trailsearch.search import Backend


class TestOnCloudSearch(PipelineTests):
    backend = Backend.CLOUDSEARCH
    emoji = "event_name:'Emoji'"
    bad_query = ("event_time:'x'", "event_time")


def test_terraform_makes_the_fields_of_the_schema(pipeline: Pipeline) -> None:
    types = {
        FieldKind.TIME: "date",
        FieldKind.LITERAL: "literal",
        FieldKind.LITERALS: "literal-array",
        FieldKind.TEXT: "text",
    }
    domain = pipeline.deployment.resources()["aws_cloudsearch_domain.events[0]"]
    made = {
        field["name"]: (field["type"], field["facet"], field["source_fields"] or None)
        for field in domain["index_field"]
    }
    assert made == {name: (types[field.kind], field.facet, field.of) for name, field in SCHEMA.items()}
    assert all(field["search"] for field in domain["index_field"])

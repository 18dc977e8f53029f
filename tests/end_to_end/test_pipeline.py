"""The pipeline on CloudSearch."""

import json

from tests.end_to_end.conftest import Pipeline
from tests.end_to_end.pipeline_tests import PipelineTests
from tests.local_cloud.process import ACCOUNT_ID
from trailsearch.cli.environment import Environment
from trailsearch.cli.status.observe import metric_queries
from trailsearch.events.fields import SCHEMA, FieldKind
from trailsearch.search import Backend


class TestOnCloudSearch(PipelineTests):
    backend = Backend.CLOUDSEARCH
    emoji = "event_name:'Emoji'"
    bad_query = ("nonsense:'x'", "nonsense")


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


def test_make_status_asks_for_metrics_that_the_dashboard_shows(pipeline: Pipeline) -> None:
    dashboard = pipeline.client("cloudwatch").get_dashboard(DashboardName="trailsearch-local")
    shown = {
        (*names, *sorted(zip(dimensions[::2], dimensions[1::2], strict=True)), options["stat"])
        for widget in json.loads(dashboard["DashboardBody"])["widgets"]
        for *metric, options in widget["properties"].get("metrics", [])
        if metric  # Expressions have no names.
        for names, dimensions in [(metric[:2], metric[2:])]
    }
    asked_for = {
        query["Id"]: (
            query["MetricStat"]["Metric"]["Namespace"],
            query["MetricStat"]["Metric"]["MetricName"],
            *sorted((each["Name"], each["Value"]) for each in query["MetricStat"]["Metric"]["Dimensions"]),
            query["MetricStat"]["Stat"],
        )
        for query in metric_queries(Environment("local"), ACCOUNT_ID)
    }
    assert {name for name, metric in asked_for.items() if metric not in shown} == {"dead_letter_age"}

"""The files of the questions, and what is reckoned beside a search."""

import pytest

from trailsearch.cli.search.over_time import MOST
from trailsearch.cli.search.times import parse_length
from trailsearch.events.fields import SCHEMA, FieldKind
from trailsearch.questions import Question, load
from trailsearch.questions.question import strategy_names
from trailsearch.questions.regions import regions_beside
from trailsearch.questions.strategies import tool_of
from trailsearch.search.cloudsearch.structured import structured
from trailsearch.search.opensearch.query_dsl import query_dsl

QUESTIONS = load()
OPTIONS = {"who", "what", "resource", "ip", "key", "outcome", "text", "since", "until"}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_a_question_is_about_fields_that_there_are_and_needs_options_that_there_are(
    question: Question,
) -> None:
    assert question.title.endswith(("?", "proven"))
    assert question.tells.endswith(".")
    assert {name for need in question.needs for name in need.split("|")} <= OPTIONS
    assert set(question.columns) <= SCHEMA.keys()
    assert all(SCHEMA[field].facet for field in question.facets)
    assert question.strategy in strategy_names() | {""}
    if question.buckets:
        assert parse_length(question.buckets) or 1 <= int(question.buckets) <= MOST
    for each in question.filters:
        assert all(SCHEMA[field].kind in {FieldKind.LITERAL, FieldKind.LITERALS} for field in each.fields)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_every_backend_can_be_asked_it(question: Question) -> None:
    assert structured(question.query())
    assert query_dsl(question.query())


def test_every_strategy_is_that_of_a_question() -> None:
    assert {question.strategy for question in QUESTIONS.values()} == strategy_names() | {""}


@pytest.mark.parametrize(
    ("agent", "tool"),
    [
        (
            "APN/1.0 HashiCorp/1.0 Terraform/1.11.0 (+https://www.terraform.io) aws-sdk-go-v2/1",
            "Terraform, OpenTofu",
        ),
        ("cloudformation.amazonaws.com", "CloudFormation, CDK"),
        ("aws-cli/2.15.0 md/awscrt", "CLI"),
        ("console.amazonaws.com", "Console"),
        ("Mozilla/5.0 (Windows NT 10.0)", "Console"),
        ("athena.amazonaws.com", "AWS services"),
        ("Boto3/1.34.0 md/Botocore", "SDK"),
        ("aws-sdk-java/2.20", "SDK"),
        ("curl/8.4.0", "Other"),
    ],
)
def test_a_user_agent_names_a_tool(agent: str, tool: str) -> None:
    assert tool_of(agent) == tool


def test_regions_are_those_of_the_partition_that_is_used() -> None:
    assert "sa-east-1" in regions_beside({"eu-central-1"})
    assert "us-east-1" in regions_beside(set())
    assert regions_beside({"cn-north-1"}) == {"cn-north-1", "cn-northwest-1"}

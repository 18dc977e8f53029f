"""What surprises on AWS is said where one decides: what a second trail costs, what is not encrypted, what nobody knows."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.documentation import pages
from tests.documentation.terraform_tables import variables
from trailsearch.cli.capacity import MAX_PARTITIONS
from trailsearch.cli.cost.settings import read_prices
from trailsearch.cli.status.observe import GROWTH_DAYS
from trailsearch.cli.status.pipeline_status import FULL_SOON_DAYS
from trailsearch.cli.status.room import LEAST_DAYS

TERRAFORM = REPOSITORY / "terraform"
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#function-configuration-deployment-and-execution
INVOCATION_BYTES = 6 * 1024 * 1024
COPY = read_prices()["management_event_copy"]
PRICE = re.compile(rf"\${COPY.dollars:.0f} for (each )?{COPY.per:,}\b")
NUMBERS = {3: "three", 10: "ten", 14: "two weeks"}


def section(page: Path, heading: str) -> str:
    found = re.search(
        rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", pages.read(page), re.MULTILINE | re.DOTALL
    )
    assert found, heading
    return " ".join(found[1].split())


def where_one_decides_about_the_trail() -> Iterator[tuple[str, str]]:
    yield "README.md", section(pages.TOP, "Deploy to AWS")
    yield "terraform/README.md", section(pages.TERRAFORM, "Which logs?")
    yield "functions/README.md", section(pages.FUNCTIONS, "Cost")
    for variable in variables():
        if variable.name == "create_trail":
            yield "create_trail", variable.description
    for settings in sorted((TERRAFORM / "environments").glob("*.tfvars")):
        yield settings.name, re.sub(r"\s*#?\s+", " ", settings.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("place", "text"),
    [pytest.param(place, text, id=place) for place, text in where_one_decides_about_the_trail()],
)
def test_what_a_second_trail_costs_is_said_where_one_decides_about_it(place: str, text: str) -> None:
    assert PRICE.search(text), place


def test_the_examples_begin_with_a_trail_that_exists_and_the_price_stands_before_them() -> None:
    text = section(pages.TERRAFORM, "Which logs?")
    takes, makes = (text.index(f"create_trail = {value}") for value in ("false", "true"))
    price = PRICE.search(re.sub(r" +=", " =", text))
    assert price
    assert price.start() < takes < makes


# Resources in which something rests, each with what sets its key.
KEYS = {
    "aws_cloudtrail": "kms_key_id",
    "aws_s3_bucket": "aws_s3_bucket_server_side_encryption_configuration",
    "aws_sqs_queue": "kms_master_key_id",
    "aws_sns_topic": "kms_master_key_id",
    "aws_cloudwatch_log_group": "kms_key_id",
    "aws_opensearch_domain": "encrypt_at_rest",
    "aws_cloudsearch_domain": None,
}


def test_only_the_domain_of_cloudsearch_has_no_key_of_ours_and_it_is_named_as_the_exception() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(TERRAFORM.glob("*.tf")))
    made = re.findall(r'^resource "(\w+)" "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL)
    resting = {(kind, name): body for kind, name, body in made if kind in KEYS}
    assert {kind for kind, _ in resting} == KEYS.keys()

    def has_key(kind: str, name: str, body: str) -> bool:
        sets = KEYS[kind]
        if sets and sets.startswith("aws_"):
            return any(each[:2] == (sets, name) for each in made)
        return bool(sets and re.search(rf"\b{sets}\b", body))

    without = {key for key, body in resting.items() if not has_key(*key, body)}
    assert without == {("aws_cloudsearch_domain", "events")}
    said = section(pages.TERRAFORM, "Security")
    assert "Audit data is protected alike wherever it rests, but for CloudSearch's domain" in said
    assert "A CloudSearch domain has no such key" in said


def test_what_nobody_knows_is_said_with_what_to_do() -> None:
    said = section(pages.TERRAFORM, "What is not known")
    fields, role, batch, wildcard = said.split(" - **")[1:]
    assert "index field" in fields
    assert "in the same update" in fields
    assert "wait until `make status`" in fields
    assert "role that is deleted and created again" in role
    assert "invocation payload size quota" in batch
    (limit,) = re.findall(r"redrive with `LIMIT=(\d)`", batch)
    queues = (TERRAFORM / "ingest.tf").read_text(encoding="utf-8")
    (largest,) = re.findall(r"max_message_bytes = (\d+)", queues)
    assert int(limit) * (6 * int(largest) + 4096) <= INVOCATION_BYTES < 2 * int(limit) * 6 * int(largest)
    (pattern,) = re.findall(r"`<prefix>(-events-[?.]+)`", wildcard)
    assert f"${{local.prefix}}{pattern}" in (TERRAFORM / "opensearch.tf").read_text(encoding="utf-8")
    # What is to be replaced is there.
    (policy,) = re.findall(r"`(aws_cloudsearch_domain_service_access_policy)\.(\w+)`", role)
    assert 'resource "{}" "{}"'.format(*policy) in (TERRAFORM / "cloudsearch.tf").read_text(encoding="utf-8")


def test_when_a_domain_is_full_is_said_with_what_it_is_reckoned_by() -> None:
    said = section(pages.TERRAFORM, "When it is full")
    assert f"last {GROWTH_DAYS} days" in said
    assert f"{NUMBERS[FULL_SOON_DAYS]} before the end" in said.lower()
    assert f"first {NUMBERS[LEAST_DAYS]} days" in said
    assert f"{NUMBERS[MAX_PARTITIONS]} partitions" in said
    for name in (
        "search_retention_days",
        "opensearch_volume_gib",
        "domain-nearly-full",
        "make cost",
        "make status",
    ):
        assert name in said

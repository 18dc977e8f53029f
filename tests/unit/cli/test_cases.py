"""Inputs that failed once, each with what is right, from outside the repository: as somebody meets them at a terminal.

They are read where they are, beside the repository (../shared/cases); what is absent is skipped.
"""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest
from click.testing import CliRunner, Result

from tests.conftest import REPOSITORY
from tests.local_cloud.process import ACCOUNT_ID, LocalCloud
from tests.unit.cli.conftest import Deployed
from trailsearch.cli.dead_letters.dlq import dlq
from trailsearch.cli.search.search import search
from trailsearch.events.documents import build_document
from trailsearch.events.fields import SCHEMA, FieldKind
from trailsearch.logs.trail_log import raw_records
from trailsearch.search import Backend, SearchSettings, search_backend
from trailsearch.search.batching import pack

CASES = REPOSITORY.parent / "shared" / "cases"
Case = Callable[[str], Path]


@pytest.fixture
def case() -> Case:
    """Gives the folder of a case; where there is none the test is skipped."""

    def folder(name: str) -> Path:
        found = CASES / name
        if not found.is_dir():
            pytest.skip(f"needs the case {name} beside the repository (../shared/cases)")
        return found

    return folder


class Searched(NamedTuple):
    """An environment with a search domain."""

    backend: Backend
    endpoint: str

    @property
    def environment(self) -> str:
        return self.backend.value

    def hold(self, key: str, text: bytes) -> None:
        """Make the events of a log searchable."""
        backend = search_backend(SearchSettings(self.backend, f"trailsearch-{self.environment}"))
        runs = (
            [build_document(bytes(record), f"s3://logs/{key}") for record in some]
            for some in raw_records(gzip.compress(text))
        )
        for batch in pack(runs, backend.batch_format, lambda document: pytest.fail(document.id)):
            assert not backend.index(self.endpoint).upload(bytes(batch.body))

    def is_value(self, field: str, value: str) -> str:
        quote = "'" if self.backend is Backend.CLOUDSEARCH else '"'
        return f"{field}:{quote}{value}{quote}"

    def is_between(self, first: str, last: str) -> str:
        if self.backend is Backend.CLOUDSEARCH:
            return f"event_time:['{first}','{last}']"
        return f"event_time:[{first} TO {last}]"

    def search(self, query: str, **options: str) -> Result:
        result = CliRunner().invoke(search, env={"ENV": self.environment, "QUERY": query, **options})
        assert result.exit_code == 0, result.output
        return result

    def found(self, query: str) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = json.loads(self.search(query, JSON="1").output)["events"]
        return events


def make_domain(backend: Backend, session: boto3.Session) -> str:
    """Make a domain as far as searches need it. Gives its endpoint."""
    name = f"trailsearch-{backend}"
    if backend is Backend.OPENSEARCH:
        everybody = {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}
        resource = f"arn:aws:es:us-east-1:{ACCOUNT_ID}:domain/{name}/*"
        allowed = {"Effect": "Allow", "Principal": everybody, "Action": "es:*", "Resource": resource}
        opensearch = session.client("opensearch")
        opensearch.create_domain(
            DomainName=name, AccessPolicies=json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        )
        return str(opensearch.describe_domain(DomainName=name)["DomainStatus"]["Endpoint"])
    cloudsearch = session.client("cloudsearch")
    cloudsearch.create_domain(DomainName=name)
    types: dict[FieldKind, Any] = {
        FieldKind.TIME: "date",
        FieldKind.LITERAL: "literal",
        FieldKind.LITERALS: "literal-array",
        FieldKind.TEXT: "text",
    }
    for field_name, field in SCHEMA.items():
        cloudsearch.define_index_field(
            DomainName=name,
            IndexField={"IndexFieldName": field_name, "IndexFieldType": types[field.kind]},
        )
    cloudsearch.index_documents(DomainName=name)
    (status,) = cloudsearch.describe_domains(DomainNames=[name])["DomainStatusList"]
    return status["DocService"]["Endpoint"]


@pytest.fixture(scope="module")
def made() -> dict[Backend, str]:
    """The endpoints of the domains that there are already."""
    return {}


@pytest.fixture(params=list(Backend))
def searched(
    request: pytest.FixtureRequest,
    cloud: LocalCloud,
    made: dict[Backend, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Searched:
    for name, value in cloud.environment().items():
        if name.startswith(("AWS_", "NO_PROXY", "no_proxy")):
            monkeypatch.setenv(name, value)
    backend: Backend = request.param
    if backend not in made:
        made[backend] = make_domain(backend, boto3.Session())
    return Searched(backend, made[backend])


def test_an_aggregated_event_is_found(case: Case, searched: Searched) -> None:
    text = (case("03-aggregated-event") / "log.json").read_bytes()
    searched.hold("AWSLogs/111111111111/CloudTrail-Aggregated/eu-west-3/2026/03/04/agg.json.gz", text)
    event_id = "0f0f0f0f-aaaa-bbbb-cccc-000000000001"
    for query in (
        searched.is_between("2026-03-04T05:00:00Z", "2026-03-04T05:05:00Z"),
        searched.is_value("event_id", event_id),
        searched.is_value("account_ids", "111111111111"),
        searched.is_value("recipient_account_id", "111111111111"),
        searched.is_value("resource_arns", "arn:aws:s3:::bucket-one"),
        searched.is_value("event_name", "PutObject"),
    ):
        assert [event["id"] for event in searched.found(query)] == [event_id], query
    assert "s3:PutObject (Aggregated)" in searched.search(searched.is_value("event_id", event_id)).output


def test_words_behind_escapes_are_found(case: Case, searched: Searched) -> None:
    folder = case("04-words-after-json-escapes")
    log = (folder / "log.json").read_bytes()
    searched.hold("escapes.json.gz", log)
    # What is before each query is how many it found once.
    queries = [line.split(" ", 1)[1] for line in (folder / "queries.txt").read_text("utf-8").splitlines()]
    assert queries
    for query in queries:
        assert len(searched.found(query)) == 1, query
    records = {record["eventID"]: record for record in json.loads(log)["Records"]}
    for query in queries:
        (event,) = searched.found(query)
        assert event["raw"] == records[event["id"]]


def test_a_user_with_a_path_is_found_by_name(case: Case, searched: Searched) -> None:
    searched.hold("path.json.gz", (case("15-iam-user-with-path") / "log.json").read_bytes())
    (event,) = searched.found(searched.is_value("actor", "build"))
    assert event["id"] == "e-path"


def test_a_message_that_sqs_moved_was_received_too_often(case: Case, deployed: Deployed) -> None:
    case("19-local-ReceivedTooOften")
    deployed.sqs.send_message(QueueUrl=deployed.ingest, MessageBody="never handed over")
    for _ in range(6):
        for message in deployed.sqs.receive_message(QueueUrl=deployed.ingest).get("Messages", []):
            deployed.sqs.change_message_visibility(
                QueueUrl=deployed.ingest, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )
    (letter,) = json.loads(CliRunner().invoke(dlq, env={"ENV": "test", "JSON": "1"}).stdout)
    assert letter["error"] == "ReceivedTooOften"

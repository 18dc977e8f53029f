"""The state machine with the real functions, against S3 in moto; dead letters are fed back to it."""

import gzip
import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import ANY

import pytest

import fetch_logs
import index_batch
import split_records
from tests.records import RECORD
from tests.steps import FakeDomainClient
from tests.workflow.workflow import Step, Workflow
from trailsearch.audit.reckoning import Reckoned, Reckoning
from trailsearch.aws import clients
from trailsearch.contracts.errors import BatchRefused, SearchThrottled
from trailsearch.contracts.ledger import FOLDER, read_entry
from trailsearch.contracts.messages import DeadLetter, Kind, LogRef
from trailsearch.logs.log_bucket import LogBucket
from trailsearch.search.backend import Refused

LOG_KEY = "AWSLogs/111122223333/CloudTrail/eu-central-1/2023/07/10/111122223333_{}.json.gz"
CONTEXT = SimpleNamespace(
    function_name="function",
    function_version="$LATEST",
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:function",
    memory_limit_in_mb=512,
    aws_request_id="id",
    get_remaining_time_in_millis=lambda: 120_000,
)


class SearchDomain:
    """Takes batches as CloudSearch does: all of it or, if there is a refused event in it, nothing."""

    def __init__(self) -> None:
        self.event_ids: list[str] = []
        self.refused: set[str] = set()
        self.throttled = False

    def upload(self, batch: bytes) -> Sequence[Refused]:
        event_ids = [document["id"] for document in json.loads(batch)]
        if self.throttled:
            raise SearchThrottled("The search domain asks for fewer uploads")
        if self.refused & set(event_ids):
            raise BatchRefused("The search domain refuses the batch")
        self.event_ids += event_ids
        return ()


@pytest.fixture
def domain(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> SearchDomain:
    """An empty search domain, with the real functions before it."""
    domain = SearchDomain()
    monkeypatch.setenv("ENVIRONMENT", "test")
    monkeypatch.setenv("STAGING_BUCKET", "staging")
    monkeypatch.setenv("LOG_BUCKETS", "log-bucket")
    monkeypatch.setenv("SEARCH_BACKEND", "cloudsearch")
    monkeypatch.setenv("SEARCH_ENDPOINT", "domain.example.com")
    client = FakeDomainClient(domain)
    monkeypatch.setattr(clients, "cloudsearch_domain", lambda _endpoint: client)
    clients.s3.cache_clear()
    for bucket in ("log-bucket", "staging"):
        clients.s3().create_bucket(Bucket=bucket)
    for function in (fetch_logs, split_records, index_batch):
        workflow.steps[function.__name__] = one_at_a_time(function)
    workflow.steps["take_message_apart"] = workflow.steps["fetch_logs"]
    return domain


def test_records_are_searchable(workflow: Workflow, domain: SearchDomain) -> None:
    run = workflow.run(deliver("1", "a", "b"), deliver("2", "b", "c"), "CloudTrail validation message.")
    assert run.status == "SUCCEEDED"
    assert sorted(domain.event_ids) == ["a", "b", "c"]
    assert run.input_of("Records To Split?")["counts"] == {
        "messages": 3,
        "logs": 2,
        "records": 4,
        "bytes": ANY,
        "ignored": {"validation_message": 1},
        "logs_by_bucket": {"log-bucket": 2},
    }
    assert run.input_of("Index Batches")["counts"] == {
        "records": 4,
        "documents": 3,
        "duplicates": 1,
        "batches": 1,
        "bytes": ANY,
    }
    assert run.output_of("Index Batch") == {"documents": 3}
    assert run.output_of("Index Batches")["batches"] == {"documents": [3], "dead_lettered": []}


def test_a_redriven_log_is_fetched_alone(workflow: Workflow, domain: SearchDomain) -> None:
    bad = deliver("bad", "b")
    put_log("bad", b"not gzip")
    assert workflow.run(deliver("good", "a"), bad).error == "SomeWorkDeadLettered"
    assert domain.event_ids == ["a"]
    body, letter = take(workflow)
    assert (letter.kind, letter.error.error, letter.attempts) == (Kind.LOG, "LogCorrupt", 1)

    assert workflow.run(body).error == "SomeWorkDeadLettered"
    body, again = take(workflow)
    assert (again.attempts, again.first_failed_at) == (2, letter.first_failed_at)

    deliver("bad", "b")
    assert workflow.run(body).status == "SUCCEEDED"
    assert domain.event_ids == ["a", "b"]


def test_a_redriven_batch_is_only_indexed(workflow: Workflow, domain: SearchDomain) -> None:
    domain.throttled = True
    assert workflow.run(deliver("1", "a", "b")).error == "SomeWorkDeadLettered"
    body, letter = take(workflow)
    assert (letter.kind, letter.error.error, letter.attempts) == (Kind.BATCH, "SearchThrottled", 1)

    assert workflow.run(body).error == "SomeWorkDeadLettered"
    body, again = take(workflow)
    assert again.attempts == 2
    assert again.batch
    assert again.batch.first_failed_at == letter.failed_at

    domain.throttled = False
    calls = len(workflow.calls["split_records"])
    run = workflow.run(body)
    assert run.visits[-2:] == ["Anything Dead-Lettered?", "Done"]
    assert "Index Batch" in run.visits
    assert "Split Records" not in run.visits
    assert len(workflow.calls["split_records"]) == calls
    assert sorted(domain.event_ids) == ["a", "b"]


def test_a_redriven_batch_joins_new_logs(workflow: Workflow, domain: SearchDomain) -> None:
    domain.throttled = True
    workflow.run(deliver("1", "a"))
    body, _ = take(workflow)
    domain.throttled = False
    assert workflow.run(body, deliver("2", "b")).status == "SUCCEEDED"
    assert sorted(domain.event_ids) == ["a", "b"]


def test_redriven_documents_are_only_indexed(workflow: Workflow, domain: SearchDomain) -> None:
    domain.refused = {"b", "d"}
    assert workflow.run(deliver("1", "a", "b", "c", "d", "e")).error == "SomeWorkDeadLettered"
    assert sorted(domain.event_ids) == ["a", "c", "e"]
    body, letter = take(workflow)
    assert (letter.kind, letter.error.error, letter.attempts) == (Kind.DOCUMENTS, "DocumentRefused", 1)
    assert letter.batch
    assert letter.batch.documents == 2

    domain.refused = {"d"}
    assert workflow.run(body).error == "SomeWorkDeadLettered"
    body, again = take(workflow)
    assert (again.attempts, again.first_failed_at) == (2, letter.first_failed_at)

    domain.refused = set()
    run = workflow.run(body)
    assert "Split Records" not in run.visits
    assert sorted(domain.event_ids) == ["a", "b", "c", "d", "e"]


def test_a_redriven_message_is_read_again(workflow: Workflow, domain: SearchDomain) -> None:
    assert workflow.run("{}", deliver("1", "a")).error == "SomeWorkDeadLettered"
    assert domain.event_ids == ["a"]
    body, letter = take(workflow)
    assert (letter.kind, letter.error.error) == (Kind.MESSAGE, "MessageNotRecognized")
    assert letter.message
    assert (letter.message.message_id, letter.message.body) == ("message-1", "{}")

    assert workflow.run(body).error == "SomeWorkDeadLettered"
    _, again = take(workflow)
    assert (again.message, again.attempts) == (letter.message, 2)


@pytest.mark.filterwarnings("ignore:No application metrics to publish")
def test_a_poisoned_log_of_a_message_about_several_waits_alone(
    workflow: Workflow, domain: SearchDomain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the message is one of an execution that was aborted, and redriven with it."""
    keys = [json.loads(deliver(name, name))["s3ObjectKey"][0] for name in ("a", "poison", "b")]
    several = json.dumps({"s3Bucket": "log-bucket", "s3ObjectKey": keys})
    aborted = workflow.run(several, "CloudTrail validation message.")
    assert aborted.status == "SUCCEEDED"
    domain.event_ids.clear()
    letter = {
        "dead_letter": 1,
        "kind": "execution",
        "environment": "test",
        "execution": aborted.arn,
        "failed_at": "2023-07-10T12:00:00Z",
        "error": {"Error": "ABORTED"},
    }
    poison_steps(monkeypatch)
    first = workflow.run(json.dumps(letter))
    assert first.visits[-1] == "Messages Handed On"
    run_started(workflow)
    assert sorted(domain.event_ids) == ["a", "b"]
    (poisoned,) = workflow.take_dead_letters()
    assert json.loads(poisoned.body) == {"s3Bucket": "log-bucket", "s3ObjectKey": [LOG_KEY.format("poison")]}
    assert json.loads(poisoned.attributes["error"])["Error"] == "MemoryError"
    assert poisoned.attributes["attempts"] == "2"
    assert poisoned.attributes["first_failed_at"] == "2023-07-10T12:00:00Z"


def poison_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Fetch Logs fail on one log in a way that nobody foresaw."""
    read = LogBucket.get

    def get(log_bucket: LogBucket, log: LogRef) -> Any:
        if "poison" in log.key:
            raise MemoryError
        return read(log_bucket, log)

    monkeypatch.setattr(LogBucket, "get", get)


def test_redriven_messages_of_a_failed_step_start_over(workflow: Workflow, domain: SearchDomain) -> None:
    messages = [deliver("1", "a"), deliver("2", "b")]
    clients.s3().delete_bucket(Bucket="staging")
    assert workflow.run(*messages).visits[-1] == "Messages Handed On"
    run_started(workflow)
    letters = workflow.take_dead_letters()
    assert sorted(letter.body for letter in letters) == sorted(messages)
    assert all("s3://staging/records" in letter.attributes["error"] for letter in letters)

    clients.s3().create_bucket(Bucket="staging")
    assert workflow.run(*(letter.body for letter in letters)).status == "SUCCEEDED"
    assert sorted(domain.event_ids) == ["a", "b"]


def run_started(workflow: Workflow) -> None:
    """Run the executions that one has started for its messages; none of them may start more."""
    for call in workflow.calls.pop("start_execution"):
        (message,) = json.loads(call["Input"])
        attributes = {
            name: attribute["stringValue"] for name, attribute in message["messageAttributes"].items()
        }
        workflow.run(message["body"], attributes=attributes)
    assert "start_execution" not in workflow.calls


def one_at_a_time(function: ModuleType) -> Step:
    """The function's handler, as its one execution environment calls it."""
    handler: Callable[[dict[str, Any], Any], dict[str, Any]] = function.handler
    lock = threading.Lock()

    def handle(event: dict[str, Any]) -> dict[str, Any]:
        with lock:
            return handler(event, CONTEXT)

    return handle


def deliver(name: str, *event_ids: str) -> str:
    """Put a log into the log bucket; give CloudTrail's notification."""
    records = [RECORD | {"eventID": event_id} for event_id in event_ids]
    put_log(name, gzip.compress(json.dumps({"Records": records}).encode()))
    return json.dumps({"s3Bucket": "log-bucket", "s3ObjectKey": [LOG_KEY.format(name)]})


def put_log(name: str, body: bytes) -> None:
    clients.s3().put_object(Bucket="log-bucket", Key=LOG_KEY.format(name), Body=body)


def take(workflow: Workflow) -> tuple[str, DeadLetter]:
    """Take the one dead letter from the queue: its body, and what it says."""
    (message,) = workflow.take_dead_letters()
    letter = DeadLetter.from_body(message.body)
    assert letter
    return message.body, letter


@pytest.fixture
def ledger(domain: SearchDomain, monkeypatch: pytest.MonkeyPatch) -> "Ledger":
    """Keeps a ledger; gives what it says of a log of this name."""
    monkeypatch.setenv("LEDGER", "true")

    def of(name: str) -> Reckoned | None:
        s3, key = clients.s3(), LOG_KEY.format(name)
        listed = s3.list_objects_v2(Bucket="staging", Prefix=FOLDER).get("Contents", [])
        entries = [
            read_entry(s3.get_object(Bucket="staging", Key=entry["Key"])["Body"].read()) for entry in listed
        ]
        content = s3.get_object(Bucket="log-bucket", Key=key)["Body"].read()
        sha256 = hashlib.sha256(gzip.decompress(content)).hexdigest() if content.startswith(b"\x1f") else ""
        known = Reckoning(entries).known(f"s3://log-bucket/{key}")
        return known.of(sha256) if known else None

    return of


Ledger = Callable[[str], Reckoned | None]


def counts(reckoned: Reckoned | None) -> tuple[int, int, int, int, int]:
    """Records, and how many of them are indexed, duplicates, dead-lettered and waiting."""
    assert reckoned
    parts = (reckoned.indexed, reckoned.duplicates, reckoned.dead_lettered, reckoned.waiting)
    assert reckoned.records == sum(parts)
    return (reckoned.records, *parts)


def test_the_ledger_knows_what_became_of_the_records_of_each_log(workflow: Workflow, ledger: Ledger) -> None:
    assert workflow.run(deliver("1", "a", "b"), deliver("2", "b", "c", "d", "d")).status == "SUCCEEDED"
    assert counts(ledger("1")) == (2, 2, 0, 0, 0)
    assert counts(ledger("2")) == (4, 2, 2, 0, 0)
    deliver("3", "e")
    assert ledger("3") is None


def test_the_ledger_knows_the_content_that_was_read(workflow: Workflow, ledger: Ledger) -> None:
    message = deliver("1", "a")
    workflow.run(message)
    before = ledger("1")
    assert before
    assert before.sha256 == hashlib.sha256(gzip.decompress(stored("1"))).hexdigest()
    deliver("1", "altered", "log")
    assert ledger("1") == before
    workflow.run(message)
    after = ledger("1")
    assert after
    assert after.sha256 == hashlib.sha256(gzip.decompress(stored("1"))).hexdigest() != before.sha256
    assert after.records == 2


def stored(name: str) -> bytes:
    return clients.s3().get_object(Bucket="log-bucket", Key=LOG_KEY.format(name))["Body"].read()


def test_refused_documents_are_in_the_ledger_until_they_are_indexed(
    workflow: Workflow, domain: SearchDomain, ledger: Ledger
) -> None:
    domain.refused = {"b", "d", "e"}
    workflow.run(deliver("1", "a", "b", "c"), deliver("2", "d", "e"))
    assert counts(ledger("1")) == (3, 2, 0, 1, 0)
    assert counts(ledger("2")) == (2, 0, 0, 2, 0)
    body, _ = take(workflow)
    domain.refused = {"d"}
    workflow.run(body)
    assert counts(ledger("1")) == (3, 3, 0, 0, 0)
    assert counts(ledger("2")) == (2, 1, 0, 1, 0)
    body, _ = take(workflow)
    domain.refused = set()
    workflow.run(body)
    assert counts(ledger("2")) == (2, 2, 0, 0, 0)


def test_a_batch_that_is_not_indexed_waits_in_the_ledger_until_a_redrive_adds_to_it(
    workflow: Workflow, domain: SearchDomain, ledger: Ledger
) -> None:
    domain.throttled = True
    workflow.run(deliver("1", "a", "b", "b"))
    assert counts(ledger("1")) == (3, 0, 0, 0, 3)
    body, _ = take(workflow)
    workflow.run(body)
    body, _ = take(workflow)
    domain.throttled = False
    workflow.run(body)
    assert counts(ledger("1")) == (3, 2, 1, 0, 0)


def test_a_log_that_cannot_be_read_is_in_the_ledger_with_its_error(
    workflow: Workflow, ledger: Ledger
) -> None:
    bad = deliver("bad", "b")
    put_log("bad", b"not gzip")
    workflow.run(bad)
    assert ledger("bad") == Reckoned(error="LogCorrupt")
    body, _ = take(workflow)
    deliver("bad", "b")
    workflow.run(body)
    assert counts(ledger("bad")) == (1, 1, 0, 0, 0)


def test_a_log_that_is_read_twice_counts_once(
    workflow: Workflow, domain: SearchDomain, ledger: Ledger
) -> None:
    message = deliver("1", "a", "b")
    workflow.run(message)
    domain.throttled = True
    workflow.run(message)
    assert counts(ledger("1")) == (2, 2, 0, 0, 0)
    take(workflow)


def test_a_function_that_is_to_keep_no_ledger_keeps_none(workflow: Workflow, domain: SearchDomain) -> None:
    workflow.run(deliver("1", "a"))
    assert domain.event_ids == ["a"]
    assert "Contents" not in clients.s3().list_objects_v2(Bucket="staging", Prefix=FOLDER)

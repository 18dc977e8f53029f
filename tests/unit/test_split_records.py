import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from split_records import handler, split_records
from tests.records import encode
from tests.steps import ARN, LOGS, STAGING, LambdaContext, event, execution, invoke, s3_answers, tags_of
from tests.unit.search.test_batching import SmallFormat
from tests.unit.test_fetch_logs import ODD_RECORDS
from tests.unit.upload_rules import assert_obeys
from trailsearch.contracts.errors import BatchNotFound, StorageAccessDenied, StorageUnavailable
from trailsearch.contracts.messages import BatchRef, Counts, DeadLetter, Kind, RecordsRef, Work
from trailsearch.search.backend import BatchFormat
from trailsearch.search.cloudsearch.batches import CloudSearchFormat, record_of
from trailsearch.search.opensearch.batches import Target, targets_in
from trailsearch.workflow import staging
from trailsearch.workflow.staging import LogHeader, Staging

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DELIVERED = "2023-07-10T12:15:00Z"


class ThreeDocuments(CloudSearchFormat):
    """CloudSearch with batches that hold three of the events of these tests, but not four."""

    max_batch_bytes = 11_000  # type: ignore[misc]


class Step:
    """Split Records with its bucket."""

    def __init__(self, stage: Staging) -> None:
        self.stage = stage

    def put(self, logs: dict[str, list[Any]]) -> Work:
        """Stage logs as Fetch Logs does, and give what it answers."""
        with staging.spool() as file:
            written = [
                staging.write_records(
                    LogHeader(LOGS, log, DELIVERED),
                    [[record if isinstance(record, bytes) else encode(record) for record in records]],
                    file,
                )
                for log, records in logs.items()
            ]
            count = sum(log.records for log in written)
            return Work(records=self.stage.put_records("run-1", file, count, DELIVERED))

    def run(self, work: Work, batch_format: BatchFormat | None = None) -> Work:
        return split_records(
            work, execution("Split Records"), self.stage, batch_format or CloudSearchFormat()
        )

    def documents(self, *batches: BatchRef) -> list[dict[str, Any]]:
        """Every document of the batches, after a look at the upload rules."""
        return [
            assert_obeys(document.body)
            for batch in batches
            for document in CloudSearchFormat().split(self.stage.get_batch(batch))
        ]


@pytest.fixture
def step(stage: Staging) -> Step:
    return Step(stage)


def test_records_of_many_logs_become_one_batch(step: Step) -> None:
    work = step.run(step.put({"a.json.gz": [event("1"), event("2")], "b.json.gz": [event("3")]}))
    (batch,) = work.batches
    documents = step.documents(batch)
    assert [document["id"] for document in documents] == ["1", "2", "3"]
    assert documents[2]["fields"]["log_file"] == f"s3://{LOGS}/b.json.gz"
    assert (batch.bucket, batch.key) == (STAGING, "batches/run-1/00001.json")
    assert batch.bytes == len(step.stage.get_batch(batch))
    assert work.counts == Counts(records=3, documents=3, batches=1, bytes=batch.bytes)
    assert work.records is None


def test_a_batch_knows_its_oldest_event_and_delivery(step: Step) -> None:
    times = ["2023-07-10T12:12:05Z", "2023-07-10T12:10:00Z", "soon"]
    work = step.run(step.put({"a": [event(str(n), eventTime=time) for n, time in enumerate(times)]}))
    (batch,) = work.batches
    assert batch.oldest_event_time == "2023-07-10T12:10:00Z"
    assert batch.oldest_delivery_time == DELIVERED


def test_a_batch_of_a_backfill_has_neither(step: Step) -> None:
    """What is indexed years later has no lag that says anything of the pipeline."""
    work = step.put({"a": [event("1")]})
    assert work.records
    records = msgspec.structs.replace(work.records, oldest_delivery_time=None)
    (batch,) = step.run(msgspec.structs.replace(work, records=records)).batches
    assert (batch.oldest_event_time, batch.oldest_delivery_time) == (None, None)


def test_a_batch_without_any_event_time_has_no_oldest(step: Step) -> None:
    (batch,) = step.run(step.put({"a": [{"eventID": "1"}]})).batches
    assert batch.oldest_event_time is None


def test_an_event_that_was_delivered_several_times_is_one_document(step: Step) -> None:
    work = step.run(step.put({"a": [event("1"), event("2")], "b": [event("2", awsRegion="x"), event("1")]}))
    documents = step.documents(*work.batches)
    assert [document["id"] for document in documents] == ["1", "2"]
    assert documents[1]["fields"]["aws_region"] == "eu-central-1"
    assert (work.counts.duplicates, work.counts.documents) == (2, 2)


def test_as_many_batches_as_the_limit_asks_for(step: Step) -> None:
    work = step.run(step.put({"a": [event(str(n)) for n in range(8)]}), ThreeDocuments())
    assert [batch.documents for batch in work.batches] == [3, 3, 2]
    assert all(batch.bytes <= ThreeDocuments.max_batch_bytes for batch in work.batches)
    assert [batch.key[-10:] for batch in work.batches] == ["00001.json", "00002.json", "00003.json"]
    assert [document["id"] for document in step.documents(*work.batches)] == [str(n) for n in range(8)]


def test_redriven_batches_and_earlier_dead_letters_stay_in_front(step: Step) -> None:
    redriven = BatchRef(STAGING, "batches/run-0/00001.json", documents=1, bytes=9, attempts=1)
    dead_letter = execution().dead_letter(Kind.BATCH, BatchNotFound("x"), batch=redriven)
    before = msgspec.structs.replace(
        step.put({"a": [event("1")]}), batches=(redriven,), dead_letters=(dead_letter,)
    )
    work = step.run(before)
    assert work.batches[0] == redriven
    assert len(work.batches) == 2
    assert work.dead_letters == (dead_letter,)
    assert (work.counts.batches, work.counts.documents) == (1, 1)


def test_nothing_staged_is_nothing_to_do(step: Step) -> None:
    work = Work(batches=(BatchRef(STAGING, "k", documents=1, bytes=9),))
    assert step.run(work) == work


@pytest.mark.parametrize("odd", sorted(set(ODD_RECORDS) - {"over 1 MB"}))
def test_odd_records_become_documents_that_hold_them_whole(step: Step, odd: str) -> None:
    work = step.run(step.put({"a": [event("1"), ODD_RECORDS[odd], event("2")]}))
    documents = step.documents(*work.batches)
    assert [documents[0]["id"], documents[2]["id"]] == ["1", "2"]
    assert json.loads(record_of(documents[1]["fields"]["raw"])) == json.loads(ODD_RECORDS[odd])
    assert not work.dead_letters


def test_a_record_nested_too_deep_to_be_read_here_is_a_document_all_the_same(step: Step) -> None:
    deep = b'{"a":' * 9_999 + b"0" + b"}" * 9_999
    work = step.run(step.put({"a": [event("1"), deep]}))
    documents = step.documents(*work.batches)
    assert [set(document["fields"]) >= {"event_name"} for document in documents] == [True, False]
    assert documents[1]["fields"]["raw"].encode() == deep


def test_a_document_that_is_too_large_is_staged_alone_and_dead_lettered(step: Step) -> None:
    work = step.run(step.put({"a": [event("1"), ODD_RECORDS["over 1 MB"], event("2")]}))
    assert [document["id"] for document in step.documents(*work.batches)] == ["1", "2"]
    (dead_letter,) = work.dead_letters
    assert (dead_letter.kind, dead_letter.state) == (Kind.DOCUMENTS, "Split Records")
    assert dead_letter.error.error == "DocumentTooLarge"
    assert dead_letter.error.cause.startswith("Document odd has 1,1")
    assert dead_letter.error.cause.endswith(f"the search domain takes 1,048,576. It is from s3://{LOGS}/a")
    assert dead_letter.batch
    assert dead_letter.batch.key == "batches/run-1/too-large-00001.json"
    (document,) = CloudSearchFormat().split(step.stage.get_batch(dead_letter.batch))
    assert document.id == "odd"


def test_batches_expire_soon_and_what_a_dead_letter_points_to_does_not(step: Step, s3: "S3Client") -> None:
    events = [event("1"), ODD_RECORDS["over 1 MB"], *(event(str(n)) for n in range(2, 8))]
    work = step.run(step.put({"a": events}), ThreeDocuments())
    assert len(work.batches) == 3
    assert [tags_of(s3, batch.key) for batch in work.batches] == [["expires=soon"]] * 3
    (dead_letter,) = work.dead_letters
    assert dead_letter.batch
    assert tags_of(s3, dead_letter.batch.key) == []


def test_nothing_but_documents_that_are_too_large_gives_no_batch(step: Step) -> None:
    work = step.run(step.put({"a": [event("1"), event("2")]}), SmallFormat())
    assert work.batches == ()
    assert [letter.batch and letter.batch.key[-20:] for letter in work.dead_letters] == [
        "too-large-00001.json",
        "too-large-00002.json",
    ]


def test_a_retry_writes_the_same_keys(step: Step, s3: "S3Client") -> None:
    staged = step.put({"a": [event(str(n)) for n in range(8)]})
    first = step.run(staged, ThreeDocuments())
    assert step.run(staged, ThreeDocuments()) == first
    assert s3.list_objects_v2(Bucket=STAGING, Prefix="batches/")["KeyCount"] == 3


def test_records_that_have_expired_are_not_found(step: Step) -> None:
    with pytest.raises(BatchNotFound, match=f"s3://{STAGING}/records/gone: NoSuchKey"):
        step.run(Work(records=RecordsRef(STAGING, "records/gone", records=1, bytes=1)))


@pytest.mark.parametrize("operation", ["GetObject", "PutObject"])
@pytest.mark.parametrize(("status", "error"), [(503, StorageUnavailable), (403, StorageAccessDenied)])
def test_storage_that_fails_fails_the_step(
    step: Step, s3: "S3Client", operation: str, status: int, error: type[Exception]
) -> None:
    work = step.put({"a": [event("1")]})
    with s3_answers(s3, operation, status, "Code"), pytest.raises(error, match=f"s3://{STAGING}/.*: Code"):
        step.run(work)


def test_the_handler_takes_what_fetch_logs_answered(step: Step, context: LambdaContext) -> None:
    work = msgspec.to_builtins(step.put({"a": [event("1"), ODD_RECORDS["over 1 MB"]]}))
    given = {name: work[name] for name in ("records", "batches", "dead_letters")}
    answer = invoke(handler, given | {"execution": ARN}, context)
    (batch,) = step.documents(msgspec.convert(answer["batches"][0], BatchRef))
    assert batch["id"] == "1"
    assert answer["counts"]["documents"] == 1
    (dead_letter,) = answer["dead_letters"]
    assert DeadLetter.from_body(json.dumps(dead_letter)) == msgspec.convert(dead_letter, DeadLetter)
    assert (dead_letter["environment"], dead_letter["execution"]) == ("test", ARN)


def test_the_handler_writes_batches_for_the_backend_of_its_environment(
    step: Step, context: LambdaContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEARCH_BACKEND", "opensearch")
    monkeypatch.setenv("SEARCH_MAX_BATCH_BYTES", "9000")
    work = msgspec.to_builtins(step.put({"a": [event(str(n)) for n in range(8)]}))
    given = {name: work[name] for name in ("records", "batches", "dead_letters")}
    answer = invoke(handler, given | {"execution": ARN}, context)
    batches = [step.stage.get_batch(msgspec.convert(batch, BatchRef)) for batch in answer["batches"]]
    targets = [target for batch in batches for target in targets_in(batch)]
    assert targets == [Target("trailsearch-test-events-2023.07", str(n)) for n in range(8)]
    assert len(batches) > 1
    assert all(len(batch) <= 9_000 for batch in batches)

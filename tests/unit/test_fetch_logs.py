import errno
import gzip
import io
import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from fetch_logs import fetch_logs, handler, read_messages, take_apart
from tests.steps import (
    ARN,
    LOGS,
    STAGING,
    LambdaContext,
    announce,
    event,
    execution,
    invoke,
    log_key,
    log_of,
    message,
    redrive,
    s3_answers,
    s3_event,
)
from tests.unit.logs.test_notifications import DIGEST, through_sns
from trailsearch.aws import clients
from trailsearch.contracts.errors import (
    DiskFull,
    DocumentRefused,
    ExecutionsUnavailable,
    PayloadTooLarge,
    StorageAccessDenied,
    StorageUnavailable,
)
from trailsearch.contracts.messages import (
    BatchRef,
    Counts,
    DeadLetter,
    Failures,
    Kind,
    LogRef,
    Parts,
    QueueMessage,
    Work,
)
from trailsearch.logs.log_bucket import FetchedLog, LogBucket
from trailsearch.logs.notifications import read_notification
from trailsearch.workflow import staging
from trailsearch.workflow.execution_inputs import ExecutionInputs
from trailsearch.workflow.staging import Staging

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Step:
    """Fetch Logs with its buckets."""

    def __init__(self, s3: "S3Client", log_bucket: LogBucket, stage: Staging) -> None:
        self.s3, self.log_bucket, self.stage = s3, log_bucket, stage
        self.inputs = ExecutionInputs(clients.stepfunctions)

    def put(self, name: str, body: bytes) -> None:
        self.s3.put_object(Bucket=LOGS, Key=log_key(name), Body=body)

    def run(self, *messages: QueueMessage) -> Work:
        return fetch_logs(messages, execution(), self.inputs, self.log_bucket, self.stage)

    def staged(self, work: Work) -> list[tuple[str, bytes]]:
        """The key of the log and the record, of everything staged."""
        assert work.records
        return [
            (log.key, record)
            for log, lines in self.stage.get_records(work.records)
            for record in lines.split(b"\n")
        ]

    def staged_ids(self, work: Work) -> list[str]:
        return [json.loads(record)["eventID"] for _, record in self.staged(work)]


@pytest.fixture
def step(s3: "S3Client", log_bucket: LogBucket, stage: Staging) -> Step:
    return Step(s3, log_bucket, stage)


def test_the_records_of_all_logs_of_all_messages_are_staged_as_one_object(step: Step) -> None:
    for name in "abcd":
        step.put(name, log_of(event(f"{name}1"), event(f"{name}2")))
    work = step.run(announce("a", "b"), announce("c"), s3_event(log_key("d")))
    assert step.staged_ids(work) == ["a1", "a2", "b1", "b2", "c1", "c2", "d1", "d2"]
    assert [key for key, _ in step.staged(work)][::2] == [log_key(name) for name in "abcd"]
    assert work.records
    assert (work.records.bucket, work.records.key) == (STAGING, "records/run-1.ndjson")
    assert (work.counts.messages, work.counts.logs, work.counts.records) == (3, 4, 8)
    assert work.records.records == 8
    assert work.records.bytes == step.s3.head_object(Bucket=STAGING, Key=work.records.key)["ContentLength"]
    assert work.records.oldest_delivery_time
    assert not work.dead_letters
    assert not work.batches


class Delivered(LogBucket):
    """Logs of one record, delivered at the time that the key ends in."""

    def get(self, log: LogRef) -> FetchedLog:
        return FetchedLog(log_of(event(log.key)), log.key.removesuffix(".json.gz")[-20:])


def test_the_oldest_delivery_counts(step: Step) -> None:
    step.log_bucket = Delivered(step.s3, {LOGS})
    times = [f"2023-07-10T12:{minute}:00Z" for minute in (15, 10, 20)]
    work = step.run(announce(*times))
    assert work.records
    assert work.records.oldest_delivery_time == "2023-07-10T12:10:00Z"


def test_a_log_that_is_announced_several_times_is_fetched_once(step: Step) -> None:
    step.put("a", log_of(event("1")))
    work = step.run(announce("a", "a"), announce("a"), message(through_sns(s3_event(log_key("a")).body)))
    assert step.staged_ids(work) == ["1"]
    assert work.counts.logs == 1
    assert not work.dead_letters


def test_what_is_ignored_is_counted_and_gives_no_records(step: Step) -> None:
    work = step.run(
        message("CloudTrail validation message."),
        message(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"})),
        s3_event(DIGEST, DIGEST),
    )
    assert work == Work(
        counts=Counts(messages=3, ignored={"validation_message": 1, "test_event": 1, "digest_file": 2})
    )
    assert step.s3.list_objects_v2(Bucket=STAGING)["KeyCount"] == 0


def test_a_log_without_records_is_fetched_and_gives_none(step: Step) -> None:
    step.put("empty", log_of())
    work = step.run(announce("empty"))
    assert work == Work(counts=Counts(messages=1, logs=1, logs_by_bucket={LOGS: 1}))


def test_logs_are_counted_by_the_bucket_that_they_come_from(step: Step) -> None:
    step.s3.create_bucket(Bucket="other-logs")
    step.log_bucket = LogBucket(step.s3, {LOGS, "other-logs"})
    for bucket, name in ((LOGS, "a"), (LOGS, "b"), ("other-logs", "c")):
        step.s3.put_object(Bucket=bucket, Key=log_key(name), Body=log_of(event(name)))
    work = step.run(
        announce("a", "b"), announce("c", bucket="other-logs"), announce("gone", bucket="other-logs")
    )
    assert (work.counts.logs, work.counts.logs_by_bucket) == (3, {LOGS: 2, "other-logs": 1})


BAD_LOGS = {
    "corrupt gzip": (log_of(event("1"))[:-20], "LogCorrupt", "Not a whole gzip file"),
    "not gzip": (b'{"Records":[]}', "LogCorrupt", "Not gzip"),
    "empty object": (b"", "LogCorrupt", "the object is empty"),
    "not JSON": (gzip.compress(b'{"Records":[{"a":1}'), "LogCorrupt", "Not JSON"),
    "not UTF-8": (gzip.compress(b'{"Records":["\xff"]}'), "LogCorrupt", "Not UTF-8"),
    "no Records": (gzip.compress(b'{"digestStartTime":"x"}'), "LogWithoutRecords", "no CloudTrail log"),
    "Records no array": (gzip.compress(b'{"Records":{}}'), "LogWithoutRecords", "no CloudTrail log"),
    "deleted": (None, "LogNotFound", "NoSuchKey"),
}


@pytest.mark.parametrize("bad", BAD_LOGS)
def test_a_log_that_cannot_be_read_is_dead_lettered_and_the_others_are_staged(step: Step, bad: str) -> None:
    body, error, reason = BAD_LOGS[bad]
    if body is not None:
        step.put("bad", body)
    step.put("good", log_of(event("1")))
    work = step.run(announce("bad", "good"))
    assert step.staged_ids(work) == ["1"]
    (dead_letter,) = work.dead_letters
    assert (dead_letter.kind, dead_letter.log) == (Kind.LOG, LogRef(LOGS, log_key("bad")))
    assert dead_letter.error.error == error
    assert f"s3://{LOGS}/{log_key('bad')}" in dead_letter.error.cause
    assert reason in dead_letter.error.cause
    assert (dead_letter.environment, dead_letter.state, dead_letter.execution) == ("test", "Fetch Logs", ARN)


@pytest.mark.parametrize(
    ("status", "code"), [(403, "AccessDenied"), (403, "InvalidObjectState"), (400, "KMS.DisabledException")]
)
def test_a_log_that_s3_does_not_hand_out_is_dead_lettered(step: Step, status: int, code: str) -> None:
    step.put("good", log_of(event("1")))
    step.put("bad", log_of(event("2")))
    with s3_answers(step.s3, "GetObject", status, code, log_key("bad")):
        work = step.run(announce("bad", "good"))
    assert step.staged_ids(work) == ["1"]
    assert work.dead_letters[0].error.error == "LogUnreadable"
    assert work.dead_letters[0].error.cause == f"s3://{LOGS}/{log_key('bad')}: {code} Because."


@pytest.mark.parametrize(
    "bucket",
    [
        "no-such-bucket",
        "No bucket!",
        "",
        "x--x-s3",
        "arn:aws:s3:::trail",
        "arn:aws:s3:us-nowhere-1:123456789012:accesspoint/foo",
        "arn:aws:s3-outposts:us-nowhere-1:123456789012:outpost/op-1/accesspoint/foo",
        "arn:aws:s3-object-lambda:us-nowhere-1:123456789012:accesspoint/foo",
        "foo.mrap",
        LOGS.upper(),
        f"{LOGS}/",
        STAGING,
    ],
)
def test_a_log_in_no_bucket_of_ours_is_dead_lettered_alone_and_nothing_is_asked_for(
    step: Step, bucket: str
) -> None:
    step.put("good", log_of(event("1")))
    asked: list[str] = []

    def note(params: Any, **_: Any) -> None:
        asked.append(params["Bucket"])

    step.s3.meta.events.register("provide-client-params.s3.GetObject", note)
    try:
        work = step.run(announce("bad", bucket=bucket), announce("good"))
    finally:
        step.s3.meta.events.unregister("provide-client-params.s3.GetObject", note)
    assert asked == [LOGS]
    assert step.staged_ids(work) == ["1"]
    (letter,) = work.dead_letters
    assert (letter.kind, letter.error.error) == (Kind.LOG, "LogBucketUnknown")
    assert f"s3://{bucket}/{log_key('bad')}" in letter.error.cause
    (again,) = step.run(redrive(letter)).dead_letters
    assert (again.error.error, again.attempts) == ("LogBucketUnknown", 2)


def test_an_empty_key_is_dead_lettered(step: Step) -> None:
    work = step.run(message(json.dumps({"s3Bucket": LOGS, "s3ObjectKey": [""]})))
    assert work.dead_letters[0].error.error == "LogNotFound"


@pytest.mark.parametrize(
    "body", ["hello", "", "[]", "{}", '{"dead_letter": 2}', r'{"a":"\ud800"}', "[" * 9999]
)
def test_a_message_that_is_no_notification_is_dead_lettered_whole(step: Step, body: str) -> None:
    step.put("good", log_of(event("1")))
    odd = message(body, "m-odd")
    work = step.run(odd, announce("good"))
    assert step.staged_ids(work) == ["1"]
    (dead_letter,) = work.dead_letters
    assert (dead_letter.kind, dead_letter.message) == (Kind.MESSAGE, odd)
    assert dead_letter.error.error == "MessageNotRecognized"
    assert body[:20] in dead_letter.error.cause


PARTLY_BAD = {
    "CloudTrail": json.dumps({"s3Bucket": LOGS, "s3ObjectKey": [7, log_key("good")]}),
    "S3": json.dumps({"Records": [*json.loads(s3_event(log_key("good")).body)["Records"], {"no": "event"}]}),
}


@pytest.mark.parametrize("sender", PARTLY_BAD)
def test_a_message_of_which_a_part_is_bad_is_dead_lettered_and_its_logs_are_staged(
    step: Step, sender: str
) -> None:
    step.put("good", log_of(event("1")))
    partly_bad = message(PARTLY_BAD[sender], "m-odd")
    work = step.run(partly_bad)
    assert step.staged_ids(work) == ["1"]
    (dead_letter,) = work.dead_letters
    assert dead_letter.kind is Kind.MESSAGE
    assert dead_letter.message
    assert log_key("good") not in dead_letter.message.body
    assert dead_letter.error.error == "MessageNotRecognized"
    assert "1 of its entries cannot be read, the others are" in dead_letter.error.cause
    again = step.run(redrive(dead_letter))
    assert again.records is None
    assert [(letter.message, letter.attempts) for letter in again.dead_letters] == [(dead_letter.message, 2)]


@pytest.mark.parametrize("sender", PARTLY_BAD)
def test_a_message_of_which_a_part_is_bad_is_taken_apart_into_its_logs_and_that_part(
    step: Step, sender: str
) -> None:
    good, bad = take_apart([message(PARTLY_BAD[sender])], step.inputs, step.stage).messages
    assert json.loads(good.body) == {"s3Bucket": LOGS, "s3ObjectKey": [log_key("good")]}
    assert take_apart([bad], step.inputs, step.stage).messages == ()
    (dead_letter,) = step.run(bad).dead_letters
    assert dead_letter.message == bad


def test_a_full_disk_is_no_matter_of_one_log(step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    """In executions of their own, the logs may fit."""

    class Full(io.BytesIO):
        def write(self, _data: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    step.put("a", log_of(event("1")))
    monkeypatch.setattr(staging, "spool", Full)
    with pytest.raises(DiskFull, match=log_key("a")):
        step.run(announce("a"))


ODD_RECORDS: dict[str, bytes] = {
    "control characters": json.dumps(event("odd", userAgent="".join(map(chr, range(32))))).encode(),
    "lone surrogates": json.dumps(event("odd", userAgent="\ud800x\udc00")).encode(),
    "emoji": json.dumps(event("odd", userAgent="😀"), ensure_ascii=False).encode(),
    "nested 60 deep": json.dumps(event("odd", x=json.loads("[" * 60 + "]" * 60))).encode(),
    "numbers past 64 bits": b'{"eventID":"odd","n":%d,"e":1e999,"f":-0.%d}' % (10**40, 10**40),
    "no eventID, no eventTime": b'{"eventID":null}',
    "over 1 MB": json.dumps(event("odd", x="x" * 1_100_000)).encode(),
    "no object": b"7",
}


@pytest.mark.parametrize("odd", ODD_RECORDS)
def test_odd_records_are_staged_as_they_are_among_the_others(step: Step, odd: str) -> None:
    step.put("a", log_of(event("1"), ODD_RECORDS[odd], event("2")))
    work = step.run(announce("a"))
    records = [record for _, record in step.staged(work)]
    assert len(records) == 3
    assert records[1] == ODD_RECORDS[odd]
    assert not work.dead_letters


@pytest.mark.parametrize("status", [500, 503, 429])
def test_storage_that_fails_is_for_the_workflow_to_retry(step: Step, status: int) -> None:
    step.put("a", log_of(event("1")))
    with (
        s3_answers(step.s3, "GetObject", status, "SlowDown"),
        pytest.raises(StorageUnavailable, match="SlowDown"),
    ):
        step.run(announce("a"))
    with (
        s3_answers(step.s3, "PutObject", status, "SlowDown"),
        pytest.raises(StorageUnavailable, match=STAGING),
    ):
        step.run(announce("a"))


def test_a_staging_bucket_that_refuses_is_no_matter_of_one_log(step: Step) -> None:
    step.put("a", log_of(event("1")))
    with (
        s3_answers(step.s3, "PutObject", 403, "AccessDenied"),
        pytest.raises(StorageAccessDenied, match=STAGING),
    ):
        step.run(announce("a"))


# ── Redriven dead letters ──────────────────────────────────────────────────────────────────────────────────


def test_a_redriven_log_is_fetched_and_counts_its_attempts_from_the_first_failure(step: Step) -> None:
    (first,) = step.run(announce("late")).dead_letters
    (second,) = step.run(redrive(first)).dead_letters
    (third,) = step.run(redrive(second)).dead_letters
    assert [letter.attempts for letter in (first, second, third)] == [1, 2, 3]
    assert first.first_failed_at == first.failed_at
    assert second.first_failed_at == third.first_failed_at == first.failed_at
    assert third.log
    assert (third.log.uri, third.log.attempts) == (f"s3://{LOGS}/{log_key('late')}", 2)
    step.put("late", log_of(event("1")))
    work = step.run(redrive(third))
    assert step.staged_ids(work) == ["1"]
    assert not work.dead_letters


def test_attempts_are_kept_if_the_log_is_announced_again_beside(step: Step) -> None:
    (first,) = step.run(announce("late")).dead_letters
    for messages in ([redrive(first), announce("late")], [announce("late"), redrive(first)]):
        (second,) = step.run(*messages).dead_letters
        assert second.attempts == 2


@pytest.mark.parametrize("kind", [Kind.BATCH, Kind.DOCUMENTS])
def test_a_redriven_batch_goes_straight_on(step: Step, kind: Kind) -> None:
    batch = BatchRef(
        STAGING, "batches/run-0/00001.json", documents=3, bytes=300, attempts=1, first_failed_at="t0"
    )
    dead_letter = execution("Index Batch").dead_letter(
        kind, DocumentRefused("bad"), earlier=batch, batch=batch
    )
    work = step.run(redrive(dead_letter), redrive(dead_letter))
    assert work == Work(
        batches=(msgspec.structs.replace(batch, attempts=2),),
        counts=Counts(messages=2),
    )


def test_the_dead_letter_that_the_state_machine_writes_about_a_batch_is_taken_back(step: Step) -> None:
    body = {
        "dead_letter": 1,
        "kind": "batch",
        "environment": "test",
        "state": "Index Batch",
        "execution": ARN,
        "failed_at": "2023-07-10T12:00:00.000Z",
        "error": {"Error": "SearchThrottled", "Cause": '{"errorMessage":"HTTP 507"}'},
        "attempts": 1,
        "batch": {
            "bucket": STAGING,
            "key": "batches/run-0/00001.json",
            "documents": 3,
            "bytes": 300,
            "oldest_event_time": "2023-07-10T11:00:00Z",
            "oldest_delivery_time": None,
            "attempts": 0,
            "first_failed_at": None,
        },
    }
    (batch,) = step.run(message(json.dumps(body))).batches
    assert (batch.attempts, batch.first_failed_at) == (1, "2023-07-10T12:00:00.000Z")


def test_a_redriven_message_counts_its_attempts_and_is_not_wrapped_again(step: Step) -> None:
    odd = message("hello", "m-odd")
    (first,) = step.run(odd).dead_letters
    (second,) = step.run(redrive(first)).dead_letters
    assert (first.message, second.message) == (odd, odd)
    assert (second.attempts, second.first_failed_at) == (2, first.failed_at)


def test_a_redriven_message_that_is_recognized_now_is_done(step: Step) -> None:
    step.put("a", log_of(event("1")))
    dead_letter = execution().dead_letter(Kind.MESSAGE, DocumentRefused("then"), message=announce("a"))
    assert step.staged_ids(step.run(redrive(dead_letter))) == ["1"]


def test_a_dead_letter_that_was_not_understood_is_understood_after_an_upgrade(step: Step) -> None:
    step.put("a", log_of(event("1")))
    log = LogRef(LOGS, log_key("a"))
    unknown_then = redrive(execution().dead_letter(Kind.LOG, DocumentRefused("x"), earlier=log, log=log))
    for _ in range(2):
        unknown_then = redrive(
            execution().dead_letter(Kind.MESSAGE, DocumentRefused("then"), message=unknown_then)
        )
    assert step.staged_ids(step.run(unknown_then)) == ["1"]


def test_a_message_that_failed_as_a_whole_hands_its_attempts_to_its_logs(step: Step) -> None:
    failed = announce("late").having_failed(Failures(3, "2023-07-10T12:00:00Z"))
    (first,) = step.run(failed).dead_letters
    assert (first.attempts, first.first_failed_at) == (4, "2023-07-10T12:00:00Z")
    (second,) = step.run(redrive(first).having_failed(Failures(2, "2023-07-11T12:00:00Z"))).dead_letters
    assert (second.attempts, second.first_failed_at) == (7, "2023-07-10T12:00:00Z")


def test_a_message_that_is_not_recognized_hands_its_attempts_on(step: Step) -> None:
    odd = message("hello", "m-odd")
    (first,) = step.run(odd.having_failed(Failures(3, "t0"))).dead_letters
    (second,) = step.run(redrive(first).having_failed(Failures(1, "t1"))).dead_letters
    assert (first.message, second.message) == (odd, odd)
    assert [(letter.attempts, letter.first_failed_at) for letter in (first, second)] == [(4, "t0"), (6, "t0")]


def test_a_redriven_batch_that_failed_as_a_message_counts_both(step: Step) -> None:
    batch = BatchRef(STAGING, "batches/run-0/00001.json", documents=3, bytes=300)
    letter = execution("Index Batch").dead_letter(Kind.DOCUMENTS, DocumentRefused("bad"), batch=batch)
    (again,) = step.run(redrive(letter).having_failed(Failures(2, "t9"))).batches
    assert (again.attempts, again.first_failed_at) == (3, letter.failed_at)


# ── Taking messages apart ──────────────────────────────────────────────────────────────────────────────────


def test_a_message_about_several_logs_becomes_one_for_each(step: Step) -> None:
    failed = s3_event(log_key("a b"), log_key("c"), DIGEST).having_failed(Failures(2, "t"))
    parts = take_apart([failed], step.inputs, step.stage)
    assert parts.announced == (f"s3://{LOGS}/{log_key('a b')}", f"s3://{LOGS}/{log_key('c')}")
    assert [part.failures for part in parts.messages] == [Failures(2, "t")] * 2
    logs = [read_notification(part.body).logs for part in parts.messages]
    assert logs == [(LogRef(LOGS, log_key("a b")),), (LogRef(LOGS, log_key("c")),)]


@pytest.mark.parametrize(
    "alone",
    [announce("a"), s3_event(DIGEST), message("hello"), message("CloudTrail validation message.")],
)
def test_a_message_about_one_thing_stays_whole(step: Step, alone: QueueMessage) -> None:
    assert take_apart([alone], step.inputs, step.stage).messages == ()
    wrapped = redrive(execution().dead_letter(Kind.MESSAGE, DocumentRefused("then"), message=alone))
    assert take_apart([wrapped], step.inputs, step.stage).messages == ()


def test_a_redriven_execution_becomes_its_messages(step: Step) -> None:
    batch = BatchRef(STAGING, "batches/run-0/00001.json", documents=3, bytes=300)
    letter = redrive(execution().dead_letter(Kind.DOCUMENTS, DocumentRefused("bad"), batch=batch))
    odd = redrive(execution().dead_letter(Kind.MESSAGE, DocumentRefused("odd"), message=message("hello")))
    with Stubber(clients.stepfunctions()) as stub:
        stub.add_response("describe_execution", described(announce("a"), announce("b", "c"), letter, odd))
        parts = take_apart([failed_execution()], step.inputs, step.stage)
    aborted = Failures(1, "2026-01-02T03:04:05Z")
    bodies = [announce("a").body, announce("b").body, announce("c").body, letter.body, "hello"]
    assert [json.loads(part.body) if "{" in part.body else part.body for part in parts.messages] == [
        json.loads(body) if "{" in body else body for body in bodies
    ]
    assert [part.failures for part in parts.messages[:4]] == [aborted] * 4
    assert parts.messages[4].failures.attempts == 2
    assert parts.announced == (*(f"s3://{LOGS}/{log_key(name)}" for name in "abc"), "and 1 more")


def test_an_execution_that_is_gone_stays_whole(step: Step) -> None:
    with Stubber(clients.stepfunctions()) as stub:
        stub.add_client_error("describe_execution", "ExecutionDoesNotExist", http_status_code=400)
        assert take_apart([failed_execution()], step.inputs, step.stage) == Parts()


# ── The handler ────────────────────────────────────────────────────────────────────────────────────────────


def delivery(*messages: QueueMessage) -> dict[str, Any]:
    """What the state machine hands to the function."""
    return {
        "execution": ARN,
        "messages": [
            {"messageId": m.message_id, "body": m.body, "attributes": {}, "awsRegion": "eu-central-1"}
            for m in messages
        ],
    }


FAILED_EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:trailsearch-test-index-logs:failed"


def failed_execution(name: str = "failed") -> QueueMessage:
    """The dead letter that EventBridge writes by the rule in terraform/workflow.tf."""
    letter = {
        "dead_letter": 1,
        "kind": "execution",
        "environment": "test",
        "execution": FAILED_EXECUTION.replace(":failed", f":{name}"),
        "failed_at": "2026-01-02T03:04:05Z",
        "error": {"Error": "ABORTED"},
    }
    return message(json.dumps(letter))


def described(*messages: QueueMessage, **changes: Any) -> dict[str, Any]:
    """What Step Functions says of an execution with these messages."""
    records = json.dumps([{"messageId": each.message_id, "body": each.body} for each in messages])
    return {
        "executionArn": FAILED_EXECUTION,
        "stateMachineArn": "arn",
        "status": "ABORTED",
        "startDate": 0,
        "input": records,
    } | changes


def test_a_redriven_execution_is_read_as_its_messages(step: Step) -> None:
    for name in "ab":
        step.put(name, log_of(event(name)))
    with Stubber(clients.stepfunctions()) as stub:
        again = failed_execution("failed-again")
        stub.add_response(
            "describe_execution",
            described(announce("a"), message("hello"), again),
            {"executionArn": FAILED_EXECUTION},
        )
        stub.add_response("describe_execution", described(announce("b")))
        work = step.run(failed_execution())
    assert step.staged_ids(work) == ["a", "b"]
    (dead_letter,) = work.dead_letters
    assert dead_letter.message
    assert dead_letter.message.body == "hello"
    assert (dead_letter.attempts, dead_letter.first_failed_at) == (2, "2026-01-02T03:04:05Z")


def test_attempts_of_an_execution_that_was_redriven_and_failed_again_add_up(step: Step) -> None:
    with Stubber(clients.stepfunctions()) as stub:
        stub.add_response("describe_execution", described(failed_execution("first")))
        stub.add_response("describe_execution", described(announce("late")))
        (letter,) = step.run(failed_execution("second")).dead_letters
    assert (letter.kind, letter.attempts) == (Kind.LOG, 3)
    (again,) = step.run(redrive(letter)).dead_letters
    assert (again.attempts, again.first_failed_at) == (4, "2026-01-02T03:04:05Z")


def test_an_execution_that_is_gone_is_dead_lettered(step: Step) -> None:
    with Stubber(clients.stepfunctions()) as stub:
        stub.add_client_error("describe_execution", "ExecutionDoesNotExist", http_status_code=400)
        work = step.run(failed_execution())
    (dead_letter,) = work.dead_letters
    assert dead_letter.error.error == "ExecutionNotFound"
    assert FAILED_EXECUTION in dead_letter.error.cause
    with Stubber(clients.stepfunctions()) as stub:
        stub.add_client_error("describe_execution", "ExecutionDoesNotExist", http_status_code=400)
        (again,) = step.run(redrive(dead_letter)).dead_letters
    assert (again.message, again.attempts) == (dead_letter.message, 2)


def test_step_functions_that_fail_are_for_the_workflow_to_retry(step: Step) -> None:
    with Stubber(clients.stepfunctions()) as stub:
        stub.add_client_error("describe_execution", "ThrottlingException", http_status_code=400)
        with pytest.raises(ExecutionsUnavailable, match="failed"):
            step.run(failed_execution())


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "AccessDeniedException"),
        (403, "AccessDeniedException"),
        (400, "UnrecognizedClientException"),
        (400, "KmsAccessDeniedException"),
        (400, "KmsInvalidStateException"),
    ],
)
def test_an_execution_that_may_not_be_seen_is_told_from_one_that_is_gone(
    step: Step, status: int, code: str
) -> None:
    step.put("good", log_of(event("1")))
    with Stubber(clients.stepfunctions()) as stub:
        stub.add_client_error("describe_execution", code, http_status_code=status)
        work = step.run(failed_execution(), announce("good"))
    assert step.staged_ids(work) == ["1"]
    (letter,) = work.dead_letters
    assert (letter.kind, letter.error.error) == (Kind.MESSAGE, "ExecutionsAccessDenied")
    assert code in letter.error.cause
    with Stubber(clients.stepfunctions()) as stub:
        stub.add_client_error("describe_execution", code, http_status_code=status)
        assert take_apart([failed_execution()], step.inputs, step.stage) == Parts()


@pytest.mark.parametrize("code", ["ExecutionDoesNotExist", "InvalidArn", "ValidationException"])
def test_an_execution_that_cannot_be_is_not_found(step: Step, code: str) -> None:
    with Stubber(clients.stepfunctions()) as stub:
        stub.add_client_error("describe_execution", code, http_status_code=400)
        (letter,) = step.run(failed_execution()).dead_letters
    assert letter.error.error == "ExecutionNotFound"


@pytest.mark.parametrize("code", ["ThrottlingException", "KmsThrottlingException"])
def test_step_functions_that_throttle_are_for_the_workflow_to_retry(step: Step, code: str) -> None:
    with Stubber(clients.stepfunctions()) as stub:
        stub.add_client_error("describe_execution", code, http_status_code=400)
        with pytest.raises(ExecutionsUnavailable, match=code):
            step.run(failed_execution())


class NothingStaged(Staging):
    """A staging bucket that nothing needs."""

    def __init__(self) -> None:
        pass


NOTHING_STAGED = NothingStaged()


class Executions(ExecutionInputs):
    """Executions by their names, each with its messages; it counts who is asked for."""

    def __init__(self, **messages: list[QueueMessage]) -> None:
        self._messages = messages
        self.asked: list[str] = []

    def get(self, execution: str) -> str:
        name = execution.rpartition(":")[2]
        self.asked.append(name)
        assert len(self.asked) < 1_000, "it never ends"
        return msgspec.json.encode(self._messages.get(name, [])).decode()


def test_a_letter_about_an_execution_whose_message_is_that_letter_is_dead_lettered(step: Step) -> None:
    step.inputs = Executions(a=[failed_execution("a")])
    (letter,) = step.run(failed_execution("a")).dead_letters
    assert (letter.kind, letter.error.error) == (Kind.MESSAGE, "MessageNotRecognized")
    assert "lead back to that execution" in letter.error.cause
    assert letter.message == failed_execution("a")
    assert take_apart([failed_execution("a")], Executions(a=[failed_execution("a")]), step.stage) == Parts()


@given(st.lists(st.lists(st.integers(0, 4), max_size=3), min_size=5, max_size=5), st.integers(0, 4))
def test_whatever_executions_letters_lead_to_each_is_read_once_and_nothing_is_lost(
    letters: list[list[int]], first: int
) -> None:
    """Each execution has a log of its own, and letters about some others: circles and diamonds, too."""
    names = "abcde"
    inputs = Executions(
        **{
            name: [announce(name), *(failed_execution(names[other]) for other in others)]
            for name, others in zip(names, letters, strict=True)
        }
    )
    reached, pending = set(), [first]
    while pending:
        if (number := pending.pop()) not in reached:
            reached.add(number)
            pending += letters[number]
    announced = read_messages([failed_execution(names[first])], execution(), inputs, NOTHING_STAGED)
    assert {log.key for log in announced.logs} == {log_key(names[number]) for number in reached}
    assert sorted(inputs.asked) == sorted(names[number] for number in reached)
    assert {letter.error.error for letter in announced.dead_letters} <= {"MessageNotRecognized"}


def test_an_execution_that_was_about_no_messages_is_dead_lettered(step: Step) -> None:
    with Stubber(clients.stepfunctions()) as stub:
        stub.add_response("describe_execution", described(input='{"not": "messages"}'))
        work = step.run(failed_execution())
    (dead_letter,) = work.dead_letters
    assert dead_letter.error.error == "MessageNotRecognized"
    assert FAILED_EXECUTION in dead_letter.error.cause


def test_the_handler_answers_with_pointers_dead_letters_and_counts(
    step: Step, context: LambdaContext
) -> None:
    step.put("good", log_of(event("1"), event("2")))
    step.put("bad", b"")
    answer = invoke(handler, delivery(announce("good", "bad"), message("hello"), s3_event(DIGEST)), context)
    assert answer["records"]["key"] == "records/run-1.ndjson"
    assert answer["records"]["records"] == 2
    assert [letter["kind"] for letter in answer["dead_letters"]] == ["message", "log"]
    assert answer["counts"]["ignored"] == {"digest_file": 1}
    assert {letter["environment"] for letter in answer["dead_letters"]} == {"test"}
    assert all(DeadLetter.from_body(json.dumps(letter)) for letter in answer["dead_letters"])


def measured_by_bucket(printed: str) -> dict[tuple[str, str], float]:
    """What was measured of buckets, by the metric's name and the bucket."""
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    return {
        (metric["Name"], line["bucket"]): line[metric["Name"]][0]
        for line in lines
        if "bucket" in line
        for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    }


def test_of_a_bucket_of_which_all_is_ignored_it_is_measured_that_no_log_was_fetched(
    step: Step, context: LambdaContext, capsys: pytest.CaptureFixture[str]
) -> None:
    other_layout, capitals = s3_event("trails/2026/x.json.gz"), s3_event(log_key("a").replace("json", "JSON"))
    answer = invoke(handler, delivery(other_layout, capitals, s3_event(DIGEST)), context)
    assert answer["counts"]["ignored"] == {"other_object": 2, "digest_file": 1}
    assert answer["counts"]["other_objects_by_bucket"] == {LOGS: 2}
    measured = measured_by_bucket(capsys.readouterr().out)
    assert measured == {("ObjectsIgnored", LOGS): 2, ("LogsFetched", LOGS): 0}


def test_objects_that_are_ignored_beside_logs_are_measured_beside_them(
    step: Step, context: LambdaContext, capsys: pytest.CaptureFixture[str]
) -> None:
    step.put("a", log_of(event("1")))
    invoke(handler, delivery(announce("a"), s3_event("trails/2026/x.json.gz")), context)
    measured = measured_by_bucket(capsys.readouterr().out)
    assert measured == {("ObjectsIgnored", LOGS): 1, ("LogsFetched", LOGS): 1}


def test_a_bucket_that_no_logs_are_read_from_gets_no_metric(
    step: Step, context: LambdaContext, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = message(s3_event("trails/2026/x.json.gz").body.replace(LOGS, "of-somebody-else"))
    invoke(handler, delivery(elsewhere), context)
    assert not measured_by_bucket(capsys.readouterr().out)


def test_messages_of_others_are_measured_together(
    step: Step, context: LambdaContext, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = message(json.dumps({"messageType": "ConfigurationItemChangeNotification"}))
    alarm = message(json.dumps({"AlarmName": "a", "NewStateValue": "OK"}))
    answer = invoke(handler, delivery(changed, alarm, s3_event(DIGEST)), context)
    assert not answer["dead_letters"]
    assert '"MessagesIgnored":[2.0]' in capsys.readouterr().out.replace(" ", "")


def test_the_handler_reads_the_attributes_of_messages(step: Step, context: LambdaContext) -> None:
    given = delivery(announce("late"))
    given["messages"][0]["messageAttributes"] = {
        "attempts": {
            "stringValue": "3",
            "stringListValues": [],
            "binaryListValues": [],
            "dataType": "Number",
        },
        "first_failed_at": {"stringValue": "2023-07-10T12:00:00Z", "dataType": "String"},
        "error": {"stringValue": "{}", "dataType": "String"},
    }
    (letter,) = invoke(handler, given, context)["dead_letters"]
    assert (letter["attempts"], letter["first_failed_at"]) == (4, "2023-07-10T12:00:00Z")


def test_the_handler_takes_messages_apart(step: Step, context: LambdaContext) -> None:
    given = {"execution": ARN, "take_apart": delivery(announce("a", "b"))["messages"]}
    answer = invoke(handler, given, context)
    assert [json.loads(part["body"]) for part in answer["messages"]] == [
        json.loads(announce(name).body) for name in "ab"
    ]
    assert answer["announced"] == [f"s3://{LOGS}/{log_key(name)}" for name in "ab"]
    assert step.s3.list_objects_v2(Bucket=STAGING)["KeyCount"] == 0, "nothing is fetched"


def test_a_delivery_without_records_answers_null_for_them(step: Step, context: LambdaContext) -> None:
    answer = invoke(handler, delivery(message("CloudTrail validation message.")), context)
    assert answer == {
        "records": None,
        "batches": [],
        "dead_letters": [],
        "counts": {"messages": 1, "ignored": {"validation_message": 1}},
    }


def test_more_dead_letters_than_a_payload_holds_are_an_error_that_can_be_caught(
    step: Step, context: LambdaContext
) -> None:
    with pytest.raises(PayloadTooLarge, match="Lower the Pipe's batch size"):
        handler(delivery(message("x" * 250_000)), context)

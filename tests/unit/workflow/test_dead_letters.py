import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from tests.workflow.samples import BATCH, UNREADABLE_LOG
from trailsearch.contracts.errors import TrailsearchError
from trailsearch.contracts.messages import ErrorOutput, Execution, Failures, Kind, QueueMessage
from trailsearch.workflow.dead_letters import (
    QueuedMessage,
    WaitingLetter,
    failures_before,
    read_letter,
    reason_of,
)

SENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ARN = "arn:aws:states:us-east-1:123456789012:execution:index-logs:e"


def read(body: Any, **attributes: str) -> WaitingLetter:
    text = body if isinstance(body, str) else json.dumps(body)
    return read_letter(QueuedMessage("m-1", text, attributes, SENT))


def test_a_dead_letter_about_a_log() -> None:
    letter = read(msgspec.json.encode(UNREADABLE_LOG).decode())
    assert (letter.kind, letter.subject, letter.error) == ("log", "s3://logs/key", "LogCorrupt")
    assert letter.reason == "s3://logs/key: LogCorrupt"
    assert (letter.attempts, letter.state, letter.environment) == (1, "Fetch Logs", "test")
    assert letter.last_failed_at == UNREADABLE_LOG.failed_at


def test_a_dead_letter_about_a_batch_as_the_state_machine_writes_it() -> None:
    cause = json.dumps({"errorMessage": "The domain is down", "errorType": "X", "stackTrace": ["…"]})
    letter = read(
        {
            "dead_letter": 1,
            "kind": "batch",
            "environment": "test",
            "state": "Index Batch",
            "execution": ARN,
            "failed_at": "2026-01-02T00:00:00Z",
            "error": {"Error": "SearchUnavailable", "Cause": cause},
            "attempts": 3,
            "batch": {
                "bucket": BATCH.bucket,
                "key": BATCH.key,
                "documents": 1,
                "bytes": 2,
                "attempts": 2,
                "first_failed_at": "2026-01-01T00:00:00Z",
            },
        }
    )
    assert (letter.kind, letter.subject) == ("batch", BATCH.uri)
    assert (letter.error, letter.reason) == ("SearchUnavailable", "The domain is down")
    assert (letter.attempts, letter.first_failed_at) == (3, "2026-01-01T00:00:00Z")


def test_a_dead_letter_about_a_message() -> None:
    error = MessageError("no notification")
    message = QueueMessage("m", "hello  there\n" + "x" * 500)
    written = Execution(ARN, "Fetch Logs", "test").dead_letter(Kind.MESSAGE, error, message=message)
    letter = read(msgspec.json.encode(written).decode())
    assert (letter.kind, letter.error) == ("message", "MessageError")
    assert letter.subject.startswith("hello there xxx")
    assert len(letter.subject) < 130


def test_a_message_whose_step_failed() -> None:
    letter = read(
        "hello",
        error='{"Error":"States.Timeout"}',
        execution=ARN,
        state="Split Records",
        environment="test",
        attempts="2",
        first_failed_at="2026-01-01T00:00:00Z",
        failed_at="2026-01-02T00:00:00Z",
    )
    assert (letter.kind, letter.subject, letter.error) == ("message", "hello", "States.Timeout")
    assert letter.reason == "It did not end in time"
    assert (letter.attempts, letter.first_failed_at, letter.last_failed_at) == (
        2,
        "2026-01-01T00:00:00Z",
        "2026-01-02T00:00:00Z",
    )
    assert (letter.execution, letter.state, letter.environment) == (ARN, "Split Records", "test")


def test_a_dead_letter_about_a_message_that_is_one_itself_counts_what_both_count() -> None:
    inner = QueueMessage("m", msgspec.json.encode(UNREADABLE_LOG).decode())
    written = Execution(ARN, "Fetch Logs", "test").dead_letter(
        Kind.MESSAGE,
        MessageError("not understood then"),
        earlier=Failures(1, "2026-01-01T00:00:00Z"),
        message=inner,
    )
    letter = read(msgspec.json.encode(written).decode())
    assert (letter.attempts, letter.first_failed_at) == (3, UNREADABLE_LOG.failed_at)


@pytest.mark.parametrize("body", ["hello", "[1]", '{"dead_letter": 99}', "{"])
def test_a_message_that_sqs_moved(body: str) -> None:
    letter = read_letter(QueuedMessage("m-1", body, {}, SENT, moved_by_sqs=True))
    assert (letter.kind, letter.subject, letter.error) == ("message", body, "ReceivedTooOften")
    assert "Pipe" in letter.reason
    assert letter.first_failed_at == letter.last_failed_at == "2026-01-02T03:04:05.000Z"


def test_a_message_that_sns_could_not_deliver() -> None:
    letter = read("hello")
    assert (letter.kind, letter.subject, letter.error) == ("message", "hello", "NotificationUndelivered")
    assert (letter.reason, letter.attempts) == ("SNS could not deliver this message to the ingest queue", 1)
    assert letter.first_failed_at == letter.last_failed_at == "2026-01-02T03:04:05.000Z"


STEP_FAILED = {
    "error": '{"Error":"Sandbox.Timedout","Cause":"Task timed out"}',
    "execution": "arn:new",
    "attempts": "2",
    "first_failed_at": "2026-01-03T00:00:00Z",
    "failed_at": "2026-01-04T00:00:00Z",
}


def test_a_redriven_dead_letter_whose_step_failed_is_there_for_its_newest_failure() -> None:
    letter = read(msgspec.json.encode(UNREADABLE_LOG).decode(), **STEP_FAILED)
    assert (letter.kind, letter.subject) == ("log", "s3://logs/key")
    assert (letter.error, letter.reason) == ("Sandbox.Timedout", "Task timed out")
    assert (letter.execution, letter.last_failed_at) == ("arn:new", "2026-01-04T00:00:00Z")
    assert letter.attempts == UNREADABLE_LOG.attempts + 2
    assert letter.first_failed_at == UNREADABLE_LOG.failed_at


def test_a_redriven_message_that_sqs_moved_is_there_because_sqs_moved_it() -> None:
    for body in (msgspec.json.encode(UNREADABLE_LOG).decode(), "hello"):
        earlier = read(body, **STEP_FAILED)
        letter = read_letter(QueuedMessage("m-1", body, STEP_FAILED, SENT, moved_by_sqs=True))
        assert (letter.error, letter.execution) == ("ReceivedTooOften", None)
        assert (letter.kind, letter.subject, letter.first_failed_at) == (
            earlier.kind,
            earlier.subject,
            earlier.first_failed_at,
        )
        assert letter.attempts == earlier.attempts + 1
        assert letter.last_failed_at == "2026-01-02T03:04:05.000Z"


def test_a_new_message_that_sqs_moved_failed_once() -> None:
    assert read_letter(QueuedMessage("m-1", "hello", {}, SENT, moved_by_sqs=True)).attempts == 1


@pytest.mark.parametrize("time", ["", "yesterday", "2026-01-02T03:04:05"])
def test_what_is_no_time_is_replaced_by_when_the_message_was_sent(time: str) -> None:
    letter = read("hello", **(STEP_FAILED | {"failed_at": time, "first_failed_at": time}))
    assert letter.first_failed_at == letter.last_failed_at == letter.sent_at


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("TIMED_OUT", "It did not end in time"),
        ("ABORTED", "A person or a program aborted it"),
        ("FAILED", "It failed in a way that the workflow does not know"),
    ],
)
def test_an_execution(status: str, reason: str) -> None:
    letter = read(
        {
            "dead_letter": 1,
            "kind": "execution",
            "environment": "test",
            "execution": ARN,
            "failed_at": "2026-01-02T03:04:05Z",
            "error": {"Error": status},
        }
    )
    assert (letter.kind, letter.subject, letter.execution) == ("execution", ARN, ARN)
    assert (letter.error, letter.reason) == (status, reason)
    assert letter.last_failed_at == "2026-01-02T03:04:05Z"


def test_an_execution_of_a_long_name_can_be_looked_up() -> None:
    """With names of 80 characters each (https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html)."""
    arn = f"arn:aws:states:ap-southeast-1:123456789012:execution:{'m' * 80}:{'e' * 80}"
    body = {"dead_letter": 1, "kind": "execution", "environment": "test", "execution": arn}
    letter = read(body | {"failed_at": "2026-01-02T03:04:05Z", "error": {"Error": "ABORTED"}})
    assert letter.subject == letter.execution == arn


def messages(*bodies: str, **attributes: str) -> str:
    """The input of an execution."""
    values = {name: {"stringValue": value, "dataType": "String"} for name, value in attributes.items()}
    return json.dumps([{"messageId": "m", "body": body, "messageAttributes": values} for body in bodies])


def test_what_failed_before_an_execution_is_in_its_input() -> None:
    """An execution was aborted, so was the one that its redriven letter caused, and this is the third."""
    aborted = {
        "dead_letter": 1,
        "kind": "execution",
        "environment": "test",
        "execution": "arn:1",
        "failed_at": "2026-01-02T03:04:05Z",
        "error": {"Error": "ABORTED"},
    }
    again = aborted | {"execution": "arn:2", "failed_at": "2026-01-03T03:04:05Z"}
    log = msgspec.json.encode(UNREADABLE_LOG).decode()
    inputs = {
        "arn:1": messages("hello", log, attempts="2", first_failed_at="2026-01-01T00:00:00Z"),
        "arn:2": messages(json.dumps(aborted)),
    }
    third = messages("a new one", json.dumps(again))
    assert failures_before(third, inputs.__getitem__) == Failures(5, UNREADABLE_LOG.failed_at)


def test_executions_that_lead_back_to_themselves_are_counted_once() -> None:
    """In circles and in diamonds: each is asked for once."""

    def about(*executions: str) -> str:
        letters = (
            {
                "dead_letter": 1,
                "kind": "execution",
                "environment": "test",
                "execution": execution,
                "failed_at": "2026-01-02T03:04:05Z",
                "error": {"Error": "ABORTED"},
            }
            for execution in executions
        )
        return messages(*map(json.dumps, letters))

    asked: list[str] = []
    inputs = {f"arn:{number}": about(*[f"arn:{number - 1}"] * 3) for number in range(1, 20)}
    inputs["arn:0"] = about("arn:0", "arn:19")

    def input_of(execution: str) -> str:
        asked.append(execution)
        assert len(asked) < 1_000, "it never ends"
        return inputs[execution]

    assert failures_before(about("arn:19"), input_of).attempts == 21
    assert len(asked) == len(set(asked)) == 20


@pytest.mark.parametrize("execution_input", ["[]", "{}", "17", '[{"body": "no id"}]', messages("hello")])
def test_nothing_failed_before_a_new_execution(execution_input: str) -> None:
    assert failures_before(execution_input, lambda _: "[]") == Failures()


@pytest.mark.parametrize(
    ("cause", "reason"),
    [("plain", "plain"), ('{"errorMessage":"m"}', "m"), ('{"other":1}', '{"other":1}'), ("", "Boom")],
)
def test_the_reason_is_the_sentence_in_the_cause(cause: str, reason: str) -> None:
    assert reason_of(ErrorOutput("Boom", cause)) == reason


class MessageError(TrailsearchError):
    """Stands for any error of Trailsearch's."""

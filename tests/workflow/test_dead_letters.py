"""What is in the dead-letter queue after each kind of failure, and what a failed execution says."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import pytest

from index_batch import to_answer
from tests.workflow.samples import (
    BATCH,
    FETCHED,
    INDEXED,
    LARGE_DOCUMENT,
    OTHER_BATCH,
    REFUSED_DOCUMENTS,
    SPLIT,
    UNREADABLE_LOG,
)
from tests.workflow.workflow import (
    DeadLetterMessage,
    Run,
    StepFailed,
    Workflow,
    always_fails,
    answers,
    fails,
)
from trailsearch.contracts.messages import (
    BatchRef,
    DeadLetter,
    ErrorOutput,
    Indexed,
    Kind,
    MessageAttribute,
    Parts,
    QueueMessage,
    Work,
)

# As they may come: JSON of any form, no JSON, what looks like a template or a path, characters of any language.
BODIES = (
    '{"s3Bucket": "logs",  "s3ObjectKey": ["key"]}\n',
    "CloudTrail validation message.",
    '"${environment} {} $.path \\u00e9 \U0001f600"',
    "[1]",
    "17",
)
# Of ours, of AWS's services, of Python's: with a cause and, States.Timeout, without. Some can hardly be the fault of a
# message, but who knows.
ERRORS = [
    "StorageAccessDenied",
    "StorageUnavailable",
    "BatchNotFound",
    "ExecutionsUnavailable",
    "SettingMissing",
    "DiskFull",
    "PayloadTooLarge",
    "Lambda.TooManyRequestsException",
    "Lambda.ResourceNotFoundException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Runtime.OutOfMemory",
    "Sandbox.Timedout",
    "States.Timeout",
    "KeyError",
    "MemoryError",
    "OSError",
]
STATE = {"fetch_logs": "Fetch Logs", "split_records": "Split Records"}
HINT = "make redrive ENV=test"


@pytest.fixture(autouse=True)
def _steps(workflow: Workflow) -> None:
    """Functions that succeed; each test changes what it is about."""
    workflow.steps |= {
        "fetch_logs": answers(FETCHED),
        "split_records": answers(SPLIT),
        "index_batch": answers(INDEXED),
    }


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("step", ["fetch_logs", "split_records"])
def test_a_step_that_fails_on_one_message_dead_letters_it(workflow: Workflow, step: str, error: str) -> None:
    workflow.steps[step] = always_fails(error)
    run = workflow.run(BODIES[0])
    (letter,) = workflow.take_dead_letters()
    assert letter.body == BODIES[0]
    assert_error_attributes(letter, run, error, STATE[step])
    assert_messages_dead_lettered(run, error, STATE[step])
    assert '["s3://logs/key"]' in run.cause, "what the message announces"


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("step", ["fetch_logs", "split_records"])
def test_a_step_that_fails_on_several_messages_hands_each_on_whatever_it_fails_with(
    workflow: Workflow, step: str, error: str
) -> None:
    workflow.steps[step] = always_fails(error)
    run = workflow.run(*BODIES)
    started = [json.loads(call["Input"]) for call in workflow.calls["start_execution"]]
    assert run.status == "SUCCEEDED"
    assert sorted(started, key=str) == sorted(([message] for message in run.input), key=str)
    assert workflow.take_dead_letters() == []


@pytest.mark.parametrize("step", ["fetch_logs", "split_records"])
def test_a_message_about_several_logs_that_crashes_a_step_is_taken_apart(
    workflow: Workflow, step: str
) -> None:
    again = {
        "attempts": MessageAttribute("2", "Number"),
        "first_failed_at": MessageAttribute("2023-07-10T12:00:00Z"),
    }
    parts = (QueueMessage("message-1", "a", again), QueueMessage("message-1", "b"))
    workflow.steps[step] = always_fails("KeyError")
    workflow.steps["take_message_apart"] = answers(Parts(messages=parts, announced=("a", "b")))
    run = workflow.run(BODIES[0])
    assert run.status == "SUCCEEDED"
    assert workflow.calls["take_message_apart"] == [{"take_apart": run.input, "execution": run.arn}]
    started = [json.loads(call["Input"]) for call in workflow.calls["start_execution"]]
    assert msgspec.convert(started, list[list[QueueMessage]]) == [[part] for part in parts]
    assert workflow.take_dead_letters() == []


@pytest.mark.parametrize("error", ["Runtime.ExitError", "ExecutionsUnavailable", "States.Timeout"])
def test_a_message_that_cannot_be_taken_apart_is_dead_lettered_for_what_it_crashed(
    workflow: Workflow, error: str
) -> None:
    workflow.steps["split_records"] = always_fails("KeyError")
    workflow.steps["take_message_apart"] = always_fails(error)
    run = workflow.run(BODIES[0])
    (letter,) = workflow.take_dead_letters()
    assert_error_attributes(letter, run, "KeyError", "Split Records")
    assert_messages_dead_lettered(run, "KeyError", "Split Records")


def test_messages_that_cannot_be_handed_on_are_dead_lettered_for_what_they_crashed(
    workflow: Workflow,
) -> None:
    workflow.steps["fetch_logs"] = always_fails("KeyError")
    workflow.steps["start_execution"] = always_fails("SFN.ExecutionLimitExceeded")
    run = workflow.run(*BODIES)
    letters = workflow.take_dead_letters()
    assert sorted(letter.body for letter in letters) == sorted(BODIES)
    for letter in letters:
        assert_error_attributes(letter, run, "KeyError", "Fetch Logs")


PARTS = Parts(messages=(QueueMessage("message-1", "a"), QueueMessage("message-1", "b")))


@pytest.mark.parametrize("bodies", [BODIES, BODIES[:1]], ids=["messages", "parts"])
@pytest.mark.parametrize("error", ["StepFunctions.SdkClientException", "States.Timeout"])
def test_an_execution_whose_start_was_not_answered_is_not_started_again(
    workflow: Workflow, bodies: Sequence[str], error: str
) -> None:
    """Step Functions as https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html says."""
    started: dict[str, str] = {}
    attempts: Counter[str] = Counter()

    def start(arguments: dict[str, Any]) -> Any:
        name, given = arguments["Name"], arguments["Input"]
        assert started.setdefault(name, given) == given
        attempts[name] += 1
        if attempts[name] <= 2:
            raise StepFailed(error)
        return {"ExecutionArn": name, "StartDate": 0}

    workflow.steps["fetch_logs"] = always_fails("KeyError")
    workflow.steps["take_message_apart"] = answers(PARTS)
    workflow.steps["start_execution"] = start
    run = workflow.run(*bodies)
    assert run.visits[-1] == "Messages Handed On"
    assert set(attempts.values()) == {3}
    assert len(started) == len(set(started.values())) == (len(bodies) if len(bodies) > 1 else 2)
    assert all(re.fullmatch(r"(message|part)-[0-9a-f]{64}", name) for name in started)
    assert workflow.take_dead_letters() == []


@pytest.mark.parametrize("bodies", [BODIES, BODIES[:1]], ids=["messages", "parts"])
def test_an_execution_that_exists_already_counts_as_started(
    workflow: Workflow, bodies: Sequence[str]
) -> None:
    workflow.steps["fetch_logs"] = always_fails("KeyError")
    workflow.steps["take_message_apart"] = answers(PARTS)
    workflow.steps["start_execution"] = always_fails("StepFunctions.ExecutionAlreadyExistsException")
    run = workflow.run(*bodies)
    assert run.visits[-1] == "Messages Handed On"
    assert len(workflow.calls["start_execution"]) == (len(bodies) if len(bodies) > 1 else 2)
    assert workflow.take_dead_letters() == []


def test_two_executions_start_theirs_by_different_names(workflow: Workflow) -> None:
    workflow.steps["fetch_logs"] = always_fails("KeyError")
    for _ in range(2):
        workflow.run(*BODIES)
    assert len({call["Name"] for call in workflow.calls["start_execution"]}) == 2 * len(BODIES)


def test_the_attempts_of_a_message_are_counted(workflow: Workflow) -> None:
    workflow.steps["fetch_logs"] = always_fails("StorageAccessDenied")
    first = workflow.run(BODIES[0])
    (letter,) = workflow.take_dead_letters()
    assert_error_attributes(letter, first, "StorageAccessDenied", "Fetch Logs")
    assert letter.attributes["attempts"] == "1"
    second = workflow.run(letter.body, attributes=letter.attributes)
    (again,) = workflow.take_dead_letters()
    assert_error_attributes(again, second, "StorageAccessDenied", "Fetch Logs")
    assert again.attributes["attempts"] == "2"
    assert again.attributes["first_failed_at"] == letter.attributes["first_failed_at"]
    assert again.attributes["failed_at"] > letter.attributes["failed_at"]


@pytest.mark.parametrize("error", ["BatchNotFound", "SearchThrottled", "States.Timeout"])
def test_a_failed_batch_is_dead_lettered_and_the_others_indexed(workflow: Workflow, error: str) -> None:
    indexed = []

    def index_batch(event: dict[str, Any]) -> Any:
        if event["batch"]["key"] == OTHER_BATCH.key:
            return always_fails(error)(event)
        indexed.append(event["batch"]["key"])
        return answers(INDEXED)(event)

    workflow.steps["split_records"] = answers(Work(batches=(OTHER_BATCH, BATCH)))
    workflow.steps["index_batch"] = index_batch
    run = workflow.run()
    (letter,) = read(workflow.take_dead_letters())
    assert indexed == [BATCH.key]
    assert letter.kind is Kind.BATCH
    assert letter.batch == OTHER_BATCH
    assert letter.attempts == OTHER_BATCH.attempts + 1
    assert letter.error.error == error
    assert bool(letter.error.cause) == (error != "States.Timeout")
    assert (letter.environment, letter.state, letter.execution) == ("test", "Index Batch", run.arn)
    assert_is_time(letter.failed_at)
    assert_some_work_dead_lettered(run, OTHER_BATCH.key, error)
    assert BATCH.key not in run.cause


@pytest.mark.parametrize("kept", [True, False])
def test_only_a_batch_that_fails_as_a_whole_loses_the_tag_that_makes_it_expire(
    workflow: Workflow, kept: bool
) -> None:
    """Its dead letter is sent in any case. Of one with refused documents, these are staged anew."""

    def index_batch(event: dict[str, Any]) -> Any:
        if event["batch"]["key"] == OTHER_BATCH.key:
            return always_fails("StorageAccessDenied")(event)
        return answers(Indexed(documents=2, dead_letters=(REFUSED_DOCUMENTS,)))(event)

    workflow.steps["split_records"] = answers(Work(batches=(BATCH, OTHER_BATCH)))
    workflow.steps["index_batch"] = index_batch
    if not kept:
        workflow.steps["delete_object_tagging"] = always_fails("S3.S3Exception")
    run = workflow.run()
    request = {"Bucket": OTHER_BATCH.bucket, "Key": OTHER_BATCH.key}
    assert workflow.calls["delete_object_tagging"] == [request] * (1 if kept else 7)
    (letter,) = [letter for letter in read(workflow.take_dead_letters()) if letter.kind is Kind.BATCH]
    assert (letter.batch, letter.error) == (
        OTHER_BATCH,
        ErrorOutput("StorageAccessDenied", letter.error.cause),
    )
    assert "StorageAccessDenied" in letter.error.cause
    assert "S3Exception" not in letter.error.cause
    assert_some_work_dead_lettered(run, OTHER_BATCH.key, "StorageAccessDenied")


@pytest.mark.parametrize("error", ["S3.NoSuchKeyException", "S3.NoSuchBucketException"])
def test_a_batch_that_is_gone_is_not_kept_again_and_again(workflow: Workflow, error: str) -> None:
    workflow.steps["index_batch"] = always_fails("StorageAccessDenied")
    workflow.steps["delete_object_tagging"] = always_fails(error)
    run = workflow.run()
    assert "Batch Not Kept" in run.visits
    assert len(workflow.calls["delete_object_tagging"]) == 1
    assert workflow.waits == []


def test_a_batch_that_index_batch_has_not_found_is_not_kept_at_all(workflow: Workflow) -> None:
    workflow.steps["index_batch"] = always_fails("BatchNotFound")
    run = workflow.run()
    assert workflow.calls["delete_object_tagging"] == []
    (letter,) = read(workflow.take_dead_letters())
    assert (letter.kind, letter.batch, letter.error.error) == (Kind.BATCH, BATCH, "BatchNotFound")
    assert_some_work_dead_lettered(run, BATCH.key, "BatchNotFound")


def test_failures_of_all_steps_are_dead_lettered(workflow: Workflow) -> None:
    """Logs that Fetch Logs could not read, documents of Split Records and of Index Batch, and a batch."""

    def index_batch(event: dict[str, Any]) -> Any:
        if event["batch"]["key"] == OTHER_BATCH.key:
            return always_fails("BatchNotFound")(event)
        return answers(Indexed(documents=2, dead_letters=(REFUSED_DOCUMENTS,)))(event)

    fetched = Work(records=FETCHED.records, dead_letters=(UNREADABLE_LOG,))
    split = Work(batches=(BATCH, OTHER_BATCH), dead_letters=(UNREADABLE_LOG, LARGE_DOCUMENT))
    workflow.steps |= {
        "fetch_logs": answers(fetched),
        "split_records": answers(split),
        "index_batch": index_batch,
    }
    run = workflow.run()
    assert msgspec.convert(workflow.calls["split_records"][0], Work) == fetched
    letters = read(workflow.take_dead_letters())
    failures = [UNREADABLE_LOG, LARGE_DOCUMENT, REFUSED_DOCUMENTS]
    assert all(failure in letters for failure in failures)
    assert [letter.batch for letter in letters if letter.kind is Kind.BATCH] == [OTHER_BATCH]
    assert len(letters) == len(failures) + 1
    assert_some_work_dead_lettered(
        run, OTHER_BATCH.key, "BatchNotFound", BATCH.key, "DocumentRefused", UNREADABLE_LOG.error.cause
    )


def test_the_cause_stays_short(workflow: Workflow) -> None:
    """Step Functions keeps 32,768 characters; the dead letter of a message has all of its body."""
    large = QueueMessage("message-1", "x" * 50_000)
    letter = msgspec.structs.replace(UNREADABLE_LOG, kind=Kind.MESSAGE, log=None, message=large)
    batches = tuple(msgspec.structs.replace(BATCH, key=f"{number:0100}") for number in range(20))
    workflow.steps["fetch_logs"] = answers(Work(batches=batches, dead_letters=(letter, letter)))
    workflow.steps["index_batch"] = always_fails("BatchNotFound")
    run = workflow.run()
    assert len(run.cause) < 2_000
    assert_some_work_dead_lettered(run, batches[0].key, "BatchNotFound", "20", letter.error.cause)


def test_what_fails_is_told_in_fewer_characters_than_the_batches_took(workflow: Workflow) -> None:
    """Index Batches hands on no more than it is given, whatever becomes of the batches: that fits into a payload."""
    batch = BatchRef("s", "batches/01234567-89ab-cdef-0123-456789abcdef/00001.json", documents=1, bytes=1)
    long = ErrorOutput("DocumentRefused", "x" * 1_000)
    refused = msgspec.structs.replace(REFUSED_DOCUMENTS, batch=batch, error=long)

    def index_batch(event: dict[str, Any]) -> Any:
        if event["batch"]["attempts"]:
            return always_fails("Lambda.ClientExecutionTimeoutException")(event)
        return answers(Indexed(documents=0, dead_letters=(refused,)))(event)

    failing = msgspec.structs.replace(batch, attempts=1)
    workflow.steps["split_records"] = answers(Work(batches=(batch, failing) * 2))
    workflow.steps["index_batch"] = index_batch
    run = workflow.run()
    given, told = run.input_of("Index Batches"), run.output_of("Index Batches")
    assert len(told["batches"]["dead_lettered"]) == 4
    for each, of_batch in zip(told["batches"]["dead_lettered"], given["batches"], strict=True):
        assert len(json.dumps({"dead_lettered": each})) < len(json.dumps(of_batch))
    assert len(json.dumps(told)) < len(json.dumps(given))
    # What a batch that is indexed leaves behind, which the Map state has for a moment.
    assert len(json.dumps(to_answer(Indexed(documents=10**6)))) < len(json.dumps(msgspec.to_builtins(batch)))
    assert len(read(workflow.take_dead_letters())) == 4


UNSENT = {
    "a batch": {"index_batch": always_fails("StorageAccessDenied")},
    "refused documents": {"index_batch": answers(Indexed(documents=2, dead_letters=(REFUSED_DOCUMENTS,)))},
    "a log": {"fetch_logs": answers(Work(dead_letters=(UNREADABLE_LOG,)))},
}


@pytest.mark.parametrize("error", ["SQS.InvalidMessageContents", "States.Timeout"])
@pytest.mark.parametrize("unsent", UNSENT)
def test_messages_of_which_one_has_a_dead_letter_that_cannot_be_sent_are_handed_on(
    workflow: Workflow, unsent: str, error: str
) -> None:
    """The dead-letter queue is out of reach, or refuses this letter alone, for as long as it is retried."""
    workflow.steps |= UNSENT[unsent]
    workflow.steps["send_message"] = fails(workflow.steps["send_message"], *[error] * 9)
    run = workflow.run(*BODIES)
    started = [json.loads(call["Input"]) for call in workflow.calls["start_execution"]]
    assert run.visits[-1] == "Messages Handed On"
    assert sorted(started, key=str) == sorted(([message] for message in run.input), key=str)


@pytest.mark.parametrize("error", ["SQS.InvalidMessageContents", "States.Timeout"])
@pytest.mark.parametrize("unsent", UNSENT)
def test_a_message_whose_dead_letter_cannot_be_sent_is_dead_lettered_as_it_came(
    workflow: Workflow, unsent: str, error: str
) -> None:
    workflow.steps |= UNSENT[unsent]
    workflow.steps["send_message"] = fails(workflow.steps["send_message"], *[error] * 9)
    run = workflow.run(BODIES[0])
    (letter,) = workflow.take_dead_letters()
    state = "Dead-Letter Failures" if unsent == "a log" else "Index Batches"
    assert letter.body == BODIES[0]
    assert_error_attributes(letter, run, error, state)
    assert_messages_dead_lettered(run, error, state)


@pytest.mark.parametrize("error", ["SQS.ServiceUnavailable", "States.Timeout"])
def test_an_unreachable_dead_letter_queue(workflow: Workflow, error: str) -> None:
    workflow.steps["fetch_logs"] = always_fails("StorageAccessDenied")
    workflow.steps["send_message"] = always_fails(error)
    # One message only: moto garbles the history where an item of a Map fails while others are running.
    run = workflow.run("a message")
    assert (run.status, run.error) == ("FAILED", "DeadLetterQueueUnreachable")
    assert error.partition(".")[0] in run.cause
    for text in ("Fetch Logs failed", "StorageAccessDenied", "EventBridge", HINT):
        assert text in run.cause
    assert workflow.take_dead_letters() == []


def read(letters: list[DeadLetterMessage]) -> list[DeadLetter]:
    """Read dead letters as Fetch Logs reads them when they are redriven."""
    read_letters = [DeadLetter.from_body(letter.body) for letter in letters]
    assert None not in read_letters
    return [letter for letter in read_letters if letter]


def assert_error_attributes(letter: DeadLetterMessage, run: Run, error: str, state: str) -> None:
    assert letter.attributes.keys() == {
        "error",
        "environment",
        "state",
        "execution",
        "failed_at",
        "first_failed_at",
        "attempts",
    }
    output = json.loads(letter.attributes["error"])
    assert output.keys() <= {"Error", "Cause"}
    assert output["Error"].startswith(error.partition(".")[0])
    assert ("why " in output["Cause"]) == (error != "States.Timeout")
    assert (letter.attributes["environment"], letter.attributes["state"]) == ("test", state)
    assert letter.attributes["execution"] == run.arn
    assert_is_time(letter.attributes["failed_at"])


def assert_messages_dead_lettered(run: Run, error: str, state: str) -> None:
    assert (run.status, run.error) == ("FAILED", "MessagesDeadLettered")
    assert run.cause.startswith(f"{state} failed: ")
    assert error.partition(".")[0] in run.cause
    assert '["message-1"' in run.cause, "their ids, not all of them"
    assert HINT in run.cause


def assert_some_work_dead_lettered(run: Run, *named: str) -> None:
    assert (run.status, run.error) == ("FAILED", "SomeWorkDeadLettered")
    assert all(text in run.cause for text in named)
    assert HINT in run.cause


def assert_is_time(text: str) -> None:
    assert datetime.fromisoformat(text).tzinfo is not None

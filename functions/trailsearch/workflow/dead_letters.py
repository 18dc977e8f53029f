"""What waits in the dead-letter queue, told in one way for the three forms that it waits in.

* a dead letter (``messages.DeadLetter``), written by a function or, of an execution, by EventBridge;
* a message as it came, whose step failed as a whole: the workflow says why in its message attributes;
* a message as it came, that SQS moved because the Pipe could not hand it over.

All of them are taken back by the workflow when they are moved to the ingest queue as they are.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from trailsearch.contracts.errors import MessageNotRecognized
from trailsearch.contracts.messages import (
    NO_FAILURES,
    BatchRef,
    DeadLetter,
    ErrorOutput,
    Failures,
    Kind,
    LargeMessage,
    QueueMessage,
    attempts_in,
)
from trailsearch.contracts.times import to_milliseconds

RECEIVED_TOO_OFTEN = "ReceivedTooOften"
NOTIFICATION_UNDELIVERED = "NotificationUndelivered"
_SHOWN_CHARACTERS = 120
_TIMED_OUT = "It did not end in time"
_ABORTED = "A person or a program aborted it"
_FAILED = "It failed in a way that the workflow does not know"
_NOT_HANDED_OVER = "The Pipe could not start an execution with this message"
_NOT_DELIVERED = "SNS could not deliver this message to the ingest queue"


class _LambdaCause(msgspec.Struct, rename="camel"):
    error_message: str


class QueuedMessage(msgspec.Struct, frozen=True):
    """A message of the dead-letter queue.

    ``attributes`` are its message attributes. ``sent_at`` is when it was sent; SQS keeps that time where it
    moves the message itself, by the redrive policy of the ingest queue (``moved_by_sqs``).
    """

    message_id: str
    body: str
    attributes: Mapping[str, str]
    sent_at: datetime
    moved_by_sqs: bool = False


class WaitingLetter(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that waits to be redriven, and why. Times are ISO 8601 in UTC.

    ``subject`` is the ``s3://`` URI of a log or batch, the beginning of a message, or an execution's ARN.
    ``error`` is a name, ``reason`` a sentence. ``sent_at`` is when the message was sent, by the clock of SQS.
    ``expired`` says whether the staged batch or the execution is gone; None where that is not known.
    """

    message_id: str
    kind: str
    subject: str
    error: str
    reason: str
    attempts: int
    first_failed_at: str
    last_failed_at: str
    sent_at: str
    execution: str | None = None
    state: str | None = None
    environment: str | None = None
    batch: BatchRef | None = None
    expired: bool | None = None


def read_letter(message: QueuedMessage) -> WaitingLetter:
    """Tell what a message of the dead-letter queue is about, and why it is there.

    The body says what it is about. Why it is there now, SQS knows if it moved the message, else the message
    attributes if it has any, else the body: what is redriven and fails again as a message keeps its body. A message
    of which none of them says why is from SNS, by the redrive policy of the subscription (``terraform/ingest.tf``).
    """
    letter = _of_body(message)
    try:
        error = msgspec.json.decode(message.attributes["error"], type=ErrorOutput)
    except (KeyError, msgspec.DecodeError):
        pass
    else:
        letter = _failed_as_message(letter, message, error)
    if message.moved_by_sqs:
        failed_before = letter.error != NOTIFICATION_UNDELIVERED
        letter = msgspec.structs.replace(
            letter,
            error=RECEIVED_TOO_OFTEN,
            reason=_NOT_HANDED_OVER,
            attempts=letter.attempts + 1 if failed_before else letter.attempts,
            last_failed_at=letter.sent_at,
            execution=None,
            state=None,
        )
    return letter


def reason_of(error: ErrorOutput) -> str:
    """Give the sentence in an error output: a Lambda function's cause is JSON around it."""
    try:
        return msgspec.json.decode(error.cause, type=_LambdaCause).error_message
    except msgspec.DecodeError:
        if error.error == "ABORTED":
            return f"{_ABORTED}: {error.cause}" if error.cause else _ABORTED
        if error.cause:
            return error.cause
        timed_out = "Time" in error.error or "TIME" in error.error
        return _TIMED_OUT if timed_out else {"FAILED": _FAILED}.get(error.error, error.error)


def failures_before(execution_input: str, input_of: Callable[[str], str]) -> Failures:
    """Tell how often the messages of an execution had failed before it: the one that did so most often.

    Args:
        execution_input: JSON, the messages.
        input_of: gives the input of an earlier execution, by its ARN.

    Returns:
        No failures, where the input is no array of messages.
    """
    known: dict[str, Failures] = {}

    def before(execution: str) -> Failures:
        if execution not in known:
            known[execution] = NO_FAILURES  # Its messages may lead back to it.
            known[execution] = of_input(input_of(execution))
        return known[execution]

    def of_input(text: str) -> Failures:
        try:
            messages = msgspec.json.decode(text, type=list[QueueMessage])
        except msgspec.DecodeError:
            return NO_FAILURES
        failures = (_failures_of(message, before) for message in messages)
        return max(failures, key=lambda each: each.attempts, default=NO_FAILURES)

    return of_input(execution_input)


def _failures_of(message: QueueMessage, before: Callable[[str], Failures]) -> Failures:
    """Count the failures of a message; ``before`` gives those of the messages of an execution."""
    letter = _dead_letter(message.body)
    if letter is None:
        return message.failures
    failures = message.failures.and_before(letter.failures)
    if letter.message:
        return failures.and_before(_failures_of(letter.message, before))
    if letter.kind is Kind.EXECUTION:
        return failures.and_before(before(letter.execution))
    return failures


def _dead_letter(body: str) -> DeadLetter | None:
    try:
        return DeadLetter.from_body(body)
    except MessageNotRecognized:
        return None


def _of_body(message: QueuedMessage) -> WaitingLetter:
    letter = _dead_letter(message.body)
    return _of_dead_letter(message, letter) if letter else _of_message(message)


def _of_dead_letter(message: QueuedMessage, letter: DeadLetter) -> WaitingLetter:
    sent = to_milliseconds(message.sent_at)
    # What came before an execution says its input, which only Step Functions has.
    failures = _failures_of(QueueMessage(message.message_id, message.body), lambda _execution: NO_FAILURES)
    return WaitingLetter(
        message_id=message.message_id,
        kind=letter.kind.value,
        subject=_subject(letter),
        error=letter.error.error,
        reason=reason_of(letter.error),
        attempts=failures.attempts,
        first_failed_at=_time(failures.first_failed_at, sent),
        last_failed_at=_time(letter.failed_at, sent),
        sent_at=sent,
        execution=letter.execution,
        state=letter.state,
        environment=letter.environment,
        batch=letter.batch,
    )


def _subject(letter: DeadLetter) -> str:
    if pointer := letter.log or letter.batch:
        return pointer.uri
    # What an execution failed with is looked up by the whole of its ARN.
    return _shown(letter.message.body) if letter.message else letter.execution


def _of_message(message: QueuedMessage) -> WaitingLetter:
    sent = to_milliseconds(message.sent_at)
    return WaitingLetter(
        message_id=message.message_id,
        kind=Kind.MESSAGE.value,
        subject=_shown(message.body),
        error=NOTIFICATION_UNDELIVERED,
        reason=_NOT_DELIVERED,
        attempts=1,
        first_failed_at=sent,
        last_failed_at=sent,
        sent_at=sent,
    )


def _failed_as_message(letter: WaitingLetter, message: QueuedMessage, error: ErrorOutput) -> WaitingLetter:
    """Add what the workflow wrote into the attributes of a message whose step failed as a whole."""
    attempts = attempts_in(message.attributes.get("attempts")) or 1
    first_failed_at = _time(message.attributes.get("first_failed_at"), letter.sent_at)
    # The attributes count the failures since the body was written; a body that is no dead letter has none.
    failed_before = letter.error != NOTIFICATION_UNDELIVERED
    return msgspec.structs.replace(
        letter,
        error=error.error,
        reason=reason_of(error),
        attempts=attempts + (letter.attempts if failed_before else 0),
        first_failed_at=letter.first_failed_at if failed_before else first_failed_at,
        last_failed_at=_time(message.attributes.get("failed_at"), letter.sent_at),
        execution=message.attributes.get("execution"),
        state=message.attributes.get("state"),
        environment=message.attributes.get("environment", letter.environment),
    )


def _shown(body: str) -> str:
    """Give the beginning of a message, and how large it is, if it is set aside."""
    if large := LargeMessage.from_body(body):
        return f"{_beginning(large.begins)}… ({large.bytes:,} bytes: {large.uri})"
    return _beginning(body)


def _beginning(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_CHARACTERS else line[:_SHOWN_CHARACTERS] + "…"


def _time(text: str | None, otherwise: str) -> str:
    """Give a time that is ISO 8601 with its zone, or else another: anybody may send to a queue."""
    try:
        return text if text and datetime.fromisoformat(text).tzinfo else otherwise
    except ValueError:
        return otherwise

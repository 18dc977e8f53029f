"""Read the dead-letter queue without consuming it, and send from it to the ingest queue without losing anything."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from trailsearch.cli.environment import Queue
from trailsearch.cli.interrupts import deferred_interrupt
from trailsearch.workflow.dead_letters import QueuedMessage, WaitingLetter, read_letter

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
_BATCH = 10
_BATCH_BYTES = 256 * 1024
# How long messages are hidden while they are looked at; they are made visible again as soon as that is done.
HIDDEN_SECONDS = 300
# What is read for longer becomes visible and is given again, as if the queue had no end.
READING_SECONDS = 240
# SQS is distributed: that one answer is empty, or brings nothing new, does not mean that everything is read.
_ANSWERS_WITHOUT_NEWS = 2
# Asks all servers of SQS, where a short poll asks only some.
_LONG_POLL_SECONDS = 1
# Before what SQS did not do of a batch, through no fault of the request, is asked for again.
_RETRY_PAUSES_SECONDS = (0.2, 0.8, 3.2)

_T = TypeVar("_T")


class Received(NamedTuple):
    """A message of the dead-letter queue as received, and what it is about."""

    message: "MessageTypeDef"
    letter: WaitingLetter


class Waiting(list[Received]):
    """What was read of the dead-letter queue, the oldest failure first.

    ``complete`` is False where there was more than could be read in ``READING_SECONDS``. ``still_hidden`` are the
    ids of the messages that SQS did not make visible again; within ``HIDDEN_SECONDS`` they become so by themselves.
    """

    complete = True
    still_hidden: frozenset[str] = frozenset()


class QueueState(NamedTuple):
    """How many messages of a queue others are reading now, about; and when that was, by the clock of SQS."""

    hidden: int
    time: datetime


def queue_state(queue: Queue) -> QueueState:
    """Ask for the state of a queue. The time is the answer's, in whole seconds: it is never late."""
    answer = queue.client.get_queue_attributes(
        QueueUrl=queue.url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"]
    )
    return QueueState(
        int(answer["Attributes"]["ApproximateNumberOfMessagesNotVisible"]),
        parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]),
    )


@contextmanager
def peek(queue: Queue) -> Iterator[Waiting]:
    """Receive everything that waits, oldest failure first; what is not deleted meanwhile is visible again after.

    A message is given once, even if SQS delivers it twice. Which could not be made visible, ``still_hidden`` says
    after the block.
    """
    received: dict[str, MessageTypeDef] = {}
    waiting = Waiting()
    deadline = time.monotonic() + READING_SECONDS
    try:
        without_news = 0
        while without_news < _ANSWERS_WITHOUT_NEWS:
            if time.monotonic() > deadline:
                waiting.complete = False
                break
            known = len(received)
            with deferred_interrupt():
                messages = queue.client.receive_message(
                    QueueUrl=queue.url,
                    MaxNumberOfMessages=_BATCH,
                    VisibilityTimeout=HIDDEN_SECONDS,
                    WaitTimeSeconds=_LONG_POLL_SECONDS,
                    MessageAttributeNames=["All"],
                    MessageSystemAttributeNames=["All"],
                ).get("Messages", [])
                received.update({message["MessageId"]: message for message in messages})
            without_news = 0 if len(received) > known else without_news + 1
        letters = [Received(message, read_letter(queued_message(message))) for message in received.values()]
        waiting += sorted(letters, key=lambda found: found.letter.first_failed_at)
        yield waiting
    finally:
        with deferred_interrupt():
            waiting.still_hidden = frozenset(_make_visible(queue, received.values()))


def _make_visible(queue: Queue, messages: Iterable["MessageTypeDef"]) -> Iterator[str]:
    """Make messages visible again. Yields the ids of those that SQS did not, though they are there."""
    in_reach = True
    for chunk in _chunks(messages, _BATCH):
        entries: list[dict[str, Any]] = [
            {"Id": str(at), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
            for at, message in enumerate(chunk)
        ]
        left: list[str] = [entry["Id"] for entry in entries]
        if in_reach:
            try:
                # The request is at fault where a message is deleted meanwhile: that one is not hidden.
                left = _complete(
                    lambda some: queue.client.change_message_visibility_batch(
                        QueueUrl=queue.url, Entries=some
                    ),
                    entries,
                ).left
            except BotoCoreError:
                in_reach = False
            except ClientError:
                pass
        yield from (chunk[int(at)]["MessageId"] for at in left)


def send_back(received: Sequence[Received], source: Queue, target: Queue) -> Iterator[int]:
    """Send messages to the ingest queue as they are: first sent, then deleted, so that none is lost in between.

    What is sent and cannot be deleted stays too; to send it once more does no harm.

    Yields:
        How many were sent, after each request; those that SQS did not take stay where they are.
    """
    for chunk in _requests(received):
        with deferred_interrupt():
            sent = _complete(
                lambda entries: target.client.send_message_batch(QueueUrl=target.url, Entries=entries),
                [{"Id": str(at), **_as_received(found.message)} for at, found in enumerate(chunk)],
            ).done
            _complete(
                lambda entries: source.client.delete_message_batch(QueueUrl=source.url, Entries=entries),
                [{"Id": at, "ReceiptHandle": chunk[int(at)].message["ReceiptHandle"]} for at in sent],
            )
        yield len(sent)


def divide(received: Iterable[Received]) -> tuple[list[Received], list[Received]]:
    """Divide messages into one of each body, the one that was sent last, and all others, which are its copies.

    A message is there several times where SQS took it and the answer was lost, so that it was sent again. Of messages
    with the same body each asks for the same: to redrive one is to redrive all.

    Whoever divides the same messages at the same time, and sees only some of them, keeps the one sent last too: copies
    may be deleted, and one stays. It is also the one that SQS keeps longest.
    """
    last: dict[str, Received] = {}
    copies: list[Received] = []
    for found in sorted(received, key=_sent_at):
        body = found.message["Body"]
        if body in last:
            copies.append(last[body])
        last[body] = found
    return list(last.values()), copies


def _sent_at(found: Received) -> tuple[int, str]:
    return int(found.message["Attributes"]["SentTimestamp"]), found.letter.message_id


def delete(received: Sequence[Received], queue: Queue) -> int:
    """Delete messages for good, within the block of ``peek`` that received them.

    Returns:
        How many SQS did not delete.
    """
    left = 0
    for chunk in _chunks(received, _BATCH):
        with deferred_interrupt():
            left += len(
                _complete(
                    lambda entries: queue.client.delete_message_batch(QueueUrl=queue.url, Entries=entries),
                    [
                        {"Id": str(at), "ReceiptHandle": found.message["ReceiptHandle"]}
                        for at, found in enumerate(chunk)
                    ],
                ).left
            )
    return left


class _Completed(NamedTuple):
    """The ids of what succeeded, and of what went on failing in SQS."""

    done: list[str]
    left: list[str]


def _complete(operation: Callable[[Any], Any], entries: list[dict[str, Any]]) -> _Completed:
    """Do a batch operation, once more for what failed in SQS through no fault of the request."""
    done: list[str] = []
    for pause in (0.0, *_RETRY_PAUSES_SECONDS):
        if not entries:
            break
        time.sleep(pause)
        answer = operation(entries)
        done += [entry["Id"] for entry in answer.get("Successful", [])]
        worth_it = {entry["Id"] for entry in answer.get("Failed", []) if not entry.get("SenderFault")}
        entries = [entry for entry in entries if entry["Id"] in worth_it]
    return _Completed(done, [entry["Id"] for entry in entries])


def _as_received(message: "MessageTypeDef") -> dict[str, Any]:
    """Give what to send so that a message arrives as it was: body, message attributes, trace."""
    entry: dict[str, Any] = {
        "MessageBody": message["Body"],
        "MessageAttributes": message.get("MessageAttributes", {}),
    }
    if trace := message["Attributes"].get("AWSTraceHeader"):
        entry["MessageSystemAttributes"] = {"AWSTraceHeader": {"DataType": "String", "StringValue": trace}}
    return entry


def queued_message(message: "MessageTypeDef") -> QueuedMessage:
    """Take from a message, as boto3 gives it, what says why it waits."""
    attributes = message.get("MessageAttributes", {})
    return QueuedMessage(
        message_id=message["MessageId"],
        body=message["Body"],
        attributes={name: value.get("StringValue", "") for name, value in attributes.items()},
        sent_at=datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC),
        moved_by_sqs="DeadLetterQueueSourceArn" in message["Attributes"],
    )


def _requests(received: Iterable[Received]) -> Iterator[list[Received]]:
    """Divide messages so that each part fits into one request, attributes included."""
    request: list[Received] = []
    size = 0
    for found in received:
        attributes = found.message.get("MessageAttributes", {})
        own = len(found.message["Body"].encode()) + len(str(attributes).encode())
        if request and (len(request) == _BATCH or size + own > _BATCH_BYTES):
            yield request
            request, size = [], 0
        request.append(found)
        size += own
    if request:
        yield request


def _chunks(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk

"""Fetch the logs that messages announce and stage their records. State: "Fetch Logs".

Event: ``{"messages": [SQS message, …], "execution": ARN}``; the messages as the Pipe delivers them.
Answer: ``Work``: the staged records (null if there are none), redriven batches, dead letters, counts.
"""

from collections import Counter, deque
from collections.abc import Sequence
from functools import partial
from typing import IO, Any, NamedTuple

import msgspec

from trailsearch import clients, staging
from trailsearch.concurrency import map_ahead
from trailsearch.errors import (
    ExecutionNotFound,
    LogCorrupt,
    LogError,
    LogWithoutRecords,
    MessageNotRecognized,
)
from trailsearch.execution_inputs import ExecutionInputs
from trailsearch.log_bucket import FetchedLog, LogBucket
from trailsearch.messages import (
    BatchRef,
    Counts,
    DeadLetter,
    Execution,
    Kind,
    LogRef,
    QueueMessage,
    Work,
    to_payload,
)
from trailsearch.notifications import read_notification
from trailsearch.settings import Settings
from trailsearch.staging import LogHeader, Staging, Written
from trailsearch.telemetry import observed, report_work
from trailsearch.trail_log import raw_records

# Small logs take longer to answer for than to send. Of the largest ones, 50 MB each, so many are bearable at once.
_FETCHED_AT_ONCE = 8


class Announced(NamedTuple):
    """What messages announce: each log and each redriven batch once."""

    logs: list[LogRef]
    batches: list[BatchRef]
    dead_letters: list[DeadLetter]
    ignored: Counter[str]


@observed
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Handle one delivery of the Pipe."""
    settings = Settings.from_environment()
    messages = msgspec.convert(event["messages"], list[QueueMessage])
    execution = Execution(event["execution"], "Fetch Logs", settings.environment)
    inputs, bucket = ExecutionInputs(clients.stepfunctions()), LogBucket(clients.s3())
    work = fetch_logs(messages, execution, inputs, bucket, Staging(clients.s3(), settings.staging_bucket))
    report_work("fetched", work, {"LogsFetched": work.counts.logs, "RecordsFetched": work.counts.records})
    return to_payload(work)


def fetch_logs(
    messages: Sequence[QueueMessage],
    execution: Execution,
    inputs: ExecutionInputs,
    log_bucket: LogBucket,
    stage: Staging,
) -> Work:
    """Fetch every log that the messages announce and stage all their records as one object.

    A message that is not recognized and a log that cannot be read become dead letters; the others are
    not held up by them.

    Raises:
        StorageUnavailable, StorageAccessDenied, ExecutionsUnavailable: nothing is staged; try again.
    """
    announced = read_messages(messages, execution, inputs)
    dead_letters = announced.dead_letters
    logs = records = size = 0
    oldest_delivery_time: str | None = None
    with staging.spool() as file:
        get = partial(_get, log_bucket)
        for log, got in zip(announced.logs, map_ahead(get, announced.logs, _FETCHED_AT_ONCE), strict=True):
            try:
                delivered_at, written = _write_records(log, got, file)
            except LogError as error:
                dead_letters.append(execution.dead_letter(Kind.LOG, error, earlier=log, log=log))
                continue
            logs, records, size = logs + 1, records + written.records, size + written.bytes
            oldest_delivery_time = min(oldest_delivery_time or delivered_at, delivered_at)
        staged = stage.put_records(execution.name, file, records, oldest_delivery_time) if records else None
    return Work(
        records=staged,
        batches=tuple(announced.batches),
        dead_letters=tuple(dead_letters),
        counts=Counts(
            messages=len(messages), logs=logs, records=records, bytes=size, ignored=dict(announced.ignored)
        ),
    )


def read_messages(
    messages: Sequence[QueueMessage], execution: Execution, inputs: ExecutionInputs
) -> Announced:
    """Read what messages announce, redriven dead letters among them.

    What is not recognized becomes a dead letter, and so does a message of which a part is not: what is beside
    that part is fetched now, and once more when the message is redriven. A dead letter about a message, or about the messages of an
    execution, is read as those messages, which may be dead letters again.
    """
    logs: dict[str, LogRef] = {}
    batches: dict[str, BatchRef] = {}
    dead_letters: list[DeadLetter] = []
    ignored: Counter[str] = Counter()
    pending: deque[tuple[QueueMessage, DeadLetter | None]] = deque((message, None) for message in messages)
    while pending:
        message, earlier = pending.popleft()
        try:
            match redriven := DeadLetter.from_body(message.body):
                case None:
                    announcement = read_notification(message.body)
                    ignored.update(announcement.ignored)
                    for log in announcement.logs:
                        logs.setdefault(log.uri, log)
                    if announcement.not_recognized:
                        raise announcement.not_recognized
                case DeadLetter(batch=BatchRef() as batch):
                    batches[batch.uri] = redriven.redriven(batch)
                case DeadLetter(log=LogRef() as log):
                    logs[log.uri] = redriven.redriven(log)
                case DeadLetter(message=QueueMessage() as original):
                    pending.append((original, redriven))
                case DeadLetter(kind=Kind.EXECUTION, execution=failed):
                    pending.extend((original, None) for original in _messages_of(failed, inputs))
        except (MessageNotRecognized, ExecutionNotFound) as error:
            dead_letters.append(execution.dead_letter(Kind.MESSAGE, error, earlier=earlier, message=message))
    return Announced(list(logs.values()), list(batches.values()), dead_letters, ignored)


def _messages_of(failed: str, inputs: ExecutionInputs) -> list[QueueMessage]:
    try:
        return msgspec.json.decode(inputs.get(failed), type=list[QueueMessage])
    except msgspec.DecodeError as error:
        raise MessageNotRecognized(f"The input of {failed} is no array of messages: {error}") from error


def _get(log_bucket: LogBucket, log: LogRef) -> FetchedLog | LogError:
    try:
        return log_bucket.get(log)
    except LogError as error:
        return error


# A function of its own, so that the records of a log are forgotten before those of the next one are read.
def _write_records(log: LogRef, got: FetchedLog | LogError, file: IO[bytes]) -> tuple[str, Written]:
    if isinstance(got, LogError):
        raise got
    try:
        records = raw_records(got.body)
    except (LogCorrupt, LogWithoutRecords) as error:
        raise type(error)(f"{log.uri}: {error}") from error
    header = LogHeader(log.bucket, log.key, got.delivered_at)
    return got.delivered_at, staging.write_records(header, records, file)

"""Fetch the logs that messages announce and stage their records. State: "Fetch Logs".

Event: ``{"messages": [SQS message, …], "execution": ARN}``; the messages as the Pipe delivers them.
Answer: ``Work``: the staged records (null if there are none), redriven batches, dead letters, counts.

It also takes apart a message that a step fails on, for state "Take Message Apart", and fetches nothing then.
Event: ``{"take_apart": [SQS message, …], "execution": ARN}``. Answer: ``Parts``.
"""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from functools import partial
from typing import IO, Any, NamedTuple, TypeVar

import msgspec

from trailsearch.aws import clients
from trailsearch.aws.concurrency import map_ahead
from trailsearch.aws.telemetry import (
    observed,
    report_ignored,
    report_logs_fetched,
    report_parts,
    report_work,
)
from trailsearch.contracts.errors import (
    ExecutionNotFound,
    ExecutionsAccessDenied,
    LogCorrupt,
    LogError,
    LogWithoutRecords,
    MessageNotFound,
    MessageNotRecognized,
)
from trailsearch.contracts.messages import (
    NO_FAILURES,
    BatchRef,
    Counts,
    DeadLetter,
    Execution,
    Failures,
    Kind,
    LargeMessage,
    LogRef,
    Parts,
    QueueMessage,
    Work,
    having_failed,
    to_payload,
)
from trailsearch.contracts.settings import Settings, required
from trailsearch.logs.log_bucket import FetchedLog, LogBucket
from trailsearch.logs.notifications import FOREIGN, Announcement, read_notification
from trailsearch.logs.trail_log import raw_records
from trailsearch.workflow import staging
from trailsearch.workflow.execution_inputs import ExecutionInputs
from trailsearch.workflow.room import body_with_room
from trailsearch.workflow.staging import LogHeader, Staging, Written

# Small logs take longer to answer for than to send. Of the largest ones, 50 MB each, so many are bearable at once.
FETCHED_AT_ONCE = 8
_SHOWN_PARTS = 3

_Ref = TypeVar("_Ref", LogRef, BatchRef)

_Unreadable = MessageNotRecognized | MessageNotFound | ExecutionNotFound | ExecutionsAccessDenied
"""Why a message cannot be read. It concerns this message alone."""
_UNREADABLE = (MessageNotRecognized, MessageNotFound, ExecutionNotFound, ExecutionsAccessDenied)


class Announced(NamedTuple):
    """What messages announce: each log and each redriven batch once."""

    logs: list[LogRef]
    batches: list[BatchRef]
    dead_letters: list[DeadLetter]
    ignored: Counter[str]
    other_objects: Counter[str]


class Content(NamedTuple):
    """What one message says, once it is out of all the dead letters around it.

    ``failures`` are those since the body of ``message`` was written. ``found`` is what the body says, or why that
    is not known.
    """

    message: QueueMessage
    failures: Failures
    found: Announcement | DeadLetter | _Unreadable


@observed
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Handle one delivery of the Pipe, or take apart a message of one."""
    inputs = ExecutionInputs(clients.stepfunctions)
    settings = Settings.from_environment()
    stage = Staging(clients.s3(), required("STAGING_BUCKET", settings.staging_bucket))
    if "take_apart" in event:
        parts = take_apart(msgspec.convert(event["take_apart"], list[QueueMessage]), inputs, stage)
        report_parts(parts)
        return to_payload(parts)
    messages = msgspec.convert(event["messages"], list[QueueMessage])
    execution = Execution(event["execution"], "Fetch Logs", settings.environment)
    bucket = LogBucket(clients.s3(), required("LOG_BUCKETS", settings.log_buckets))
    work = fetch_logs(messages, execution, inputs, bucket, stage)
    report_work("fetched", work, {"RecordsFetched": work.counts.records})
    other_objects = {
        bucket: objects
        for bucket, objects in work.counts.other_objects_by_bucket.items()
        if bucket in settings.log_buckets
    }
    report_logs_fetched(dict.fromkeys(other_objects, 0) | work.counts.logs_by_bucket)
    report_ignored(other_objects, sum(work.counts.ignored.get(kind, 0) for kind in FOREIGN))
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
        DiskFull: nothing is staged: fewer messages may fit.
    """
    announced = read_messages(messages, execution, inputs, stage)
    dead_letters = announced.dead_letters
    records = size = 0
    logs: Counter[str] = Counter()
    oldest_delivery_time: str | None = None
    with staging.spool() as file:
        get = partial(_get, log_bucket)
        for log, got in zip(announced.logs, map_ahead(get, announced.logs, FETCHED_AT_ONCE), strict=True):
            try:
                delivered_at, written = _write_records(log, got, file)
            except LogError as error:
                dead_letters.append(execution.dead_letter(Kind.LOG, error, earlier=log, log=log))
                continue
            logs[log.bucket] += 1
            records, size = records + written.records, size + written.bytes
            oldest_delivery_time = min(oldest_delivery_time or delivered_at, delivered_at)
        staged = stage.put_records(execution.name, file, records, oldest_delivery_time) if records else None
    return Work(
        records=staged,
        batches=tuple(announced.batches),
        dead_letters=tuple(dead_letters),
        counts=Counts(
            messages=len(messages),
            logs=logs.total(),
            logs_by_bucket=dict(logs),
            records=records,
            bytes=size,
            ignored=dict(announced.ignored),
            other_objects_by_bucket=dict(announced.other_objects),
        ),
    )


def read_messages(
    messages: Sequence[QueueMessage], execution: Execution, inputs: ExecutionInputs, stage: Staging
) -> Announced:
    """Read what messages announce, redriven dead letters among them.

    What is not recognized becomes a dead letter, and so do those entries of a message that are not. A dead letter about
    a message, or about the messages of an execution, is read as those messages, which may be dead letters again. Logs
    and batches have the failures that all of them count.

    Raises:
        ExecutionsUnavailable, StorageUnavailable: the messages of an execution, or what was set aside of one, are not
            known; try again.
        StorageAccessDenied: what was set aside may not be read, or a large rest of a message not be set aside.
    """
    logs: dict[str, LogRef] = {}
    batches: dict[str, BatchRef] = {}
    dead_letters: list[DeadLetter] = []
    ignored: Counter[str] = Counter()
    other_objects: Counter[str] = Counter()
    for message, failures, found in _contents(messages, inputs, stage):
        match found:
            case Announcement():
                ignored.update(found.ignored)
                other_objects.update(found.other_objects)
                for log in found.logs:
                    _keep(having_failed(log, failures), logs)
                if error := found.not_recognized:
                    rest = QueueMessage(message.message_id, body_with_room(found.rest, stage))
                    dead_letters.append(
                        execution.dead_letter(Kind.MESSAGE, error, earlier=failures, message=rest)
                    )
            case DeadLetter(batch=BatchRef() as batch):
                _keep(found.redriven(batch, failures), batches)
            case DeadLetter(log=LogRef() as log):
                _keep(found.redriven(log, failures), logs)
            case MessageNotRecognized() | MessageNotFound() | ExecutionNotFound() | ExecutionsAccessDenied():
                alone = message.having_failed(NO_FAILURES)
                dead_letters.append(
                    execution.dead_letter(Kind.MESSAGE, found, earlier=failures, message=alone)
                )
    return Announced(list(logs.values()), list(batches.values()), dead_letters, ignored, other_objects)


def take_apart(messages: Sequence[QueueMessage], inputs: ExecutionInputs, stage: Staging) -> Parts:
    """Take messages apart into messages that announce one thing each: what a log does then concerns it alone.

    An announcement of several logs becomes one of each, and dead letters about a message or an execution become
    the messages that they are about. Each part has the failures of what it was part of.

    Raises:
        ExecutionsUnavailable, StorageUnavailable, StorageAccessDenied: as of ``read_messages``.
    """
    parts: list[QueueMessage] = []
    announced: list[str] = []
    for message, failures, found in _contents(messages, inputs, stage):
        match found:
            case Announcement(logs=logs, rest=rest):
                announced += [log.uri for log in logs]
                bodies = [*map(_announcing, logs), *([body_with_room(rest, stage)] if rest else [])]
                if len(bodies) > 1:
                    pieces = [QueueMessage(message.message_id, body) for body in bodies]
                    parts += [piece.having_failed(failures) for piece in pieces]
                    continue
            case DeadLetter(log=LogRef() as ref) | DeadLetter(batch=BatchRef() as ref):
                announced.append(ref.uri)
        parts.append(message.having_failed(failures))
    more = len(announced) - _SHOWN_PARTS
    return Parts(
        messages=tuple(parts if len(parts) > len(messages) else ()),
        announced=(*announced[:_SHOWN_PARTS], *([f"and {more} more"] if more > 0 else [])),
    )


def _contents(messages: Sequence[QueueMessage], inputs: ExecutionInputs, stage: Staging) -> Iterator[Content]:
    """Read messages, and in place of dead letters about messages or executions the messages behind them.

    Of a large message, the body that was set aside is read; ``message`` is the one that stands for it.

    The messages of each execution are read once, however many dead letters are about it.
    """
    pending = deque((message, NO_FAILURES, frozenset[str]()) for message in messages)
    visited: set[str] = set()
    while pending:
        message, earlier, within = pending.popleft()
        failures = message.failures.and_before(earlier)
        found: Announcement | DeadLetter | _Unreadable
        try:
            large = LargeMessage.from_body(message.body)
            body = stage.get_message(large) if large else message.body
            match DeadLetter.from_body(body):
                case None:
                    found = read_notification(body)
                case DeadLetter(kind=Kind.MESSAGE, message=QueueMessage() as original) as letter:
                    pending.append((original, failures.and_before(letter.failures), within))
                    continue
                case DeadLetter(kind=Kind.EXECUTION, execution=failed) if failed in within:
                    found = MessageNotRecognized(f"The messages of {failed} lead back to that execution")
                case DeadLetter(kind=Kind.EXECUTION, execution=failed) as letter:
                    if failed not in visited:
                        originals = _messages_of(failed, inputs)
                        visited.add(failed)
                        before = failures.and_before(letter.failures)
                        pending.extend((original, before, within | {failed}) for original in originals)
                    continue
                case letter:
                    found = letter
        except _UNREADABLE as error:
            found = error
        yield Content(message, failures, found)


def _keep(ref: _Ref, refs: dict[str, _Ref]) -> None:
    """Keep a log or batch once; where it came with different failures, with the most."""
    known = refs.get(ref.uri)
    if known is None or known.attempts < ref.attempts:
        refs[ref.uri] = ref


def _announcing(log: LogRef) -> str:
    """Write CloudTrail's notification of one log."""
    return msgspec.json.encode({"s3Bucket": log.bucket, "s3ObjectKey": [log.key]}).decode()


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


def _write_records(log: LogRef, got: FetchedLog | LogError, file: IO[bytes]) -> tuple[str, Written]:
    if isinstance(got, LogError):
        raise got
    header = LogHeader(log.bucket, log.key, got.delivered_at)
    try:
        return got.delivered_at, staging.write_records(header, raw_records(got.body), file)
    except (LogCorrupt, LogWithoutRecords) as error:
        raise type(error)(f"{log.uri}: {error}") from error

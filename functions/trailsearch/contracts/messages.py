"""The contracts of the workflow: what its states hand to each other and to the dead-letter queue.

Payloads are pointers to objects in S3, because a Step Functions payload holds at most 262,144 characters
(https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html).
All types are immutable and have the same shape in Python, in the state machine and in the console.
"""

import hashlib
import json
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Literal, NamedTuple, Self, TypeVar

import msgspec

from trailsearch.contracts.errors import MessageNotRecognized, PayloadTooLarge, TrailsearchError
from trailsearch.contracts.times import to_milliseconds

MAX_PAYLOAD_CHARACTERS = 262_144
# Step Functions adds the state's other fields to what a function returns.
_MAX_RESULT_CHARACTERS = MAX_PAYLOAD_CHARACTERS - 16_384
# Beside the parts of a message, a state has two error outputs: why it was taken apart, and why that was in vain.
_MAX_PARTS_CHARACTERS = _MAX_RESULT_CHARACTERS - 2 * 32_768
# What failed comes back, pipe_batch_size of it in one payload: as JSON in an attribute of a message, or in its body.
# tests/workflow/test_redriven_size.py reckons it.
_MAX_CAUSE_CHARACTERS = 500
_MAX_ENCODED_CAUSE_CHARACTERS = 800
_TIMES_ENCODED = 3
# Of a message that is set aside, so much travels with the pointer to it; and a time has fewer characters than that.
_BEGINNING_CHARACTERS = 100
_TIME_CHARACTERS = 40


class Pointer(msgspec.Struct, frozen=True):
    """An object in S3."""

    bucket: str
    key: str

    @property
    def uri(self) -> str:
        """The object as ``s3://bucket/key``, the form that the AWS CLI takes."""
        return f"s3://{self.bucket}/{self.key}"


class LogRef(Pointer, frozen=True):
    """A CloudTrail log to fetch. ``attempts`` counts earlier failures, the first one at ``first_failed_at``.

    One that comes from a ``backfill``, and not as CloudTrail delivers it, has no lag that says anything of the pipeline.
    """

    attempts: int = 0
    first_failed_at: str | None = None
    backfill: bool = False


class RecordsRef(Pointer, frozen=True):
    """The staged records of all logs of one execution (see ``staging``).

    ``oldest_delivery_time`` (ISO 8601, UTC) is when CloudTrail wrote the oldest of the logs that came as it delivered them;
    None if all came from a backfill.
    """

    records: int
    bytes: int
    oldest_delivery_time: str | None = None


class BatchRef(Pointer, frozen=True):
    """A staged batch: one object in the exact form that the search domain takes.

    Times are ISO 8601 in UTC: ``oldest_event_time`` of the events in it, ``oldest_delivery_time`` when
    CloudTrail wrote the oldest log of its execution; of a batch from a backfill there is neither. ``attempts`` counts
    earlier failures, the first one at ``first_failed_at``.
    """

    documents: int
    bytes: int
    oldest_event_time: str | None = None
    oldest_delivery_time: str | None = None
    attempts: int = 0
    first_failed_at: str | None = None


class Failures(NamedTuple):
    """How often something has failed, the first time at ``first_failed_at`` (ISO 8601, UTC)."""

    attempts: int = 0
    first_failed_at: str | None = None

    def and_before(self, earlier: Self) -> Self:
        """Add the failures that came before these."""
        times = filter(None, (self.first_failed_at, earlier.first_failed_at))
        return type(self)(self.attempts + earlier.attempts, min(times, default=None))


NO_FAILURES = Failures()


class MessageAttribute(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """A message attribute as an EventBridge Pipe delivers it; one that is binary has no ``string_value``."""

    string_value: str | None = None
    data_type: str = "String"


class QueueMessage(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """What Trailsearch reads of an SQS message as an EventBridge Pipe delivers it.

    Of a message whose step failed as a whole, the state machine counts the failures in the message attributes.
    """

    message_id: str
    body: str
    message_attributes: dict[str, MessageAttribute] = {}

    @property
    def failures(self) -> Failures:
        """What its attributes say of failures since its body was written."""
        if attempts := attempts_in(self._attribute("attempts")):
            return Failures(attempts, self._attribute("first_failed_at"))
        return NO_FAILURES

    def having_failed(self, failures: Failures) -> Self:
        """Give the same message with these failures in its attributes, and no other attributes."""
        attributes = {}
        if failures.attempts and failures.first_failed_at:
            attributes = {
                "attempts": MessageAttribute(str(failures.attempts), "Number"),
                "first_failed_at": MessageAttribute(failures.first_failed_at),
            }
        return msgspec.structs.replace(self, message_attributes=attributes)

    def without_other_attributes(self) -> Self:
        """Give the same message with the attributes alone that say how often it has failed, if they are ours."""
        failures = self.failures
        ours = len(failures.first_failed_at or "") <= _TIME_CHARACTERS
        return self.having_failed(failures if ours else NO_FAILURES)

    def _attribute(self, name: str) -> str | None:
        attribute = self.message_attributes.get(name)
        return attribute.string_value if attribute else None


def attempts_in(attribute: str | None) -> int:
    """Read a count of attempts: 0 unless it is a number that may be one, as anybody may send to a queue."""
    return int(attribute) if attribute and attribute.isdecimal() and len(attribute) < 10 else 0


def content_of(body: str) -> bytes:
    """Encode the body of a message; SQS has no lone surrogates, but what does not come from there may."""
    return body.encode(errors="surrogatepass")


class LargeMessage(Pointer, frozen=True, kw_only=True):
    """The body of a message in place of one that an execution's input has no room for: where that is set aside.

    ``bytes`` is how large it is, in UTF-8, and ``begins`` is how it begins, for whoever looks at it.
    """

    large_message: Literal[1]
    bytes: int
    begins: str

    @classmethod
    def of(cls, body: str, bucket: str) -> Self:
        """Point to a body in a bucket, under its own hash."""
        content = content_of(body)
        key = f"messages/{hashlib.sha256(content).hexdigest()}"
        begins = body[:_BEGINNING_CHARACTERS]
        return cls(bucket=bucket, key=key, large_message=1, bytes=len(content), begins=begins)

    @classmethod
    def key_of(cls, body: str) -> str:
        """Give one key for a body and for what may stand for it: by that, a message is known again."""
        return (cls.from_body(body) or cls.of(body, "")).key

    @classmethod
    def from_body(cls, body: str) -> Self | None:
        """Read the body of a message, if it stands for one that is set aside."""
        if "large_message" not in body:
            return None
        try:
            return msgspec.json.decode(body, type=cls)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            return None

    def to_body(self) -> str:
        """Write the body of the message that stands for it."""
        return msgspec.json.encode(self).decode()


class ErrorOutput(msgspec.Struct, frozen=True, rename="pascal"):
    """Why, in the shape of a Step Functions error output: an error's name and its cause.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-fallback-states
    """

    error: str
    cause: str = ""


def short_cause(error: BaseException) -> str:
    """Give the beginning of what an error says, short enough to travel with what failed.

    Returns:
        At most 500 characters, or fewer, if there are many among them that JSON has to escape: the cause is JSON, in an
        attribute that is JSON, of a message that the Pipe hands over as JSON, where a quote has eight characters. A lone
        surrogate, with which it would not be JSON for everybody, is a question mark.
    """
    text = str(error)[:_MAX_CAUSE_CHARACTERS].encode(errors="replace").decode()
    left = _MAX_ENCODED_CAUSE_CHARACTERS
    for at, character in enumerate(text):
        left -= _encoded_characters(character)
        if left < 0:
            return text[:at]
    return text


@lru_cache(maxsize=256)
def _encoded_characters(character: str) -> int:
    """Count the characters that JSON makes of one, which is escaped if it is not ASCII, within JSON within JSON."""
    for _ in range(_TIMES_ENCODED):
        character = json.dumps(character)[1:-1]
    return len(character)


_Ref = TypeVar("_Ref", LogRef, BatchRef)


class Kind(StrEnum):
    """What a dead letter is about."""

    LOG = "log"
    BATCH = "batch"
    DOCUMENTS = "documents"
    MESSAGE = "message"
    EXECUTION = "execution"


class DeadLetter(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One thing that could not be made searchable, and why; in a form that the workflow takes back.

    ``kind`` says which pointer is set: ``log`` (fetch it again), ``batch`` and ``documents`` (index
    ``batch`` again: a whole batch, or the documents of one that could not be indexed), ``message`` (read it
    again). ``execution`` is where it failed, and in ``state``; of kind ``execution``, which EventBridge writes
    by the rule in ``terraform/workflow.tf``, it is the pointer itself (read its messages again).
    ``attempts`` counts the failures, this one included; of kind ``message`` and ``execution``, those since what it
    is about was written, which may be dead letters that count their own.
    """

    dead_letter: Literal[1]
    kind: Kind
    environment: str
    execution: str
    failed_at: str
    error: ErrorOutput
    state: str | None = None
    attempts: int = 1
    first_failed_at: str | None = None
    log: LogRef | None = None
    batch: BatchRef | None = None
    message: QueueMessage | None = None

    def __post_init__(self) -> None:
        pointers = {Kind.LOG: self.log, Kind.MESSAGE: self.message, Kind.EXECUTION: self.execution}
        if not pointers.get(self.kind, self.batch):
            raise ValueError(f"a dead letter of kind {self.kind} that does not say what it is about")

    @classmethod
    def from_body(cls, body: str) -> Self | None:
        """Read the body of a message, if it is a dead letter.

        Raises:
            MessageNotRecognized: it is a dead letter, but not one that this version understands.
        """
        try:
            if "dead_letter" not in msgspec.json.decode(body, type=dict[str, msgspec.Raw]):
                return None
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            return None
        try:
            return msgspec.json.decode(body, type=cls)
        except msgspec.ValidationError as error:
            raise MessageNotRecognized(f"Dead letter not recognized: {error}. It is: {body[:200]}") from error

    @property
    def failures(self) -> Failures:
        """The failures that this counts."""
        pointer = self.log or self.batch
        return Failures(
            self.attempts, self.first_failed_at or (pointer and pointer.first_failed_at) or self.failed_at
        )

    def redriven(self, ref: _Ref, later: Failures = NO_FAILURES) -> _Ref:
        """Give the log or batch that this is about, with the failures that this counts and later ones."""
        return having_failed(ref, later.and_before(self.failures))


def having_failed(ref: _Ref, failures: Failures) -> _Ref:
    """Give the same log or batch with these failures."""
    return msgspec.structs.replace(ref, attempts=failures.attempts, first_failed_at=failures.first_failed_at)


class Execution(msgspec.Struct, frozen=True):
    """Which execution and state a function runs for; it writes the dead letters that come of it."""

    arn: str
    state: str
    environment: str

    @property
    def name(self) -> str:
        """The name of the execution: the last part of its ARN."""
        return self.arn.rpartition(":")[2]

    def dead_letter(
        self,
        kind: Kind,
        error: TrailsearchError,
        *,
        earlier: LogRef | BatchRef | Failures | None = None,
        log: LogRef | None = None,
        batch: BatchRef | None = None,
        message: QueueMessage | None = None,
    ) -> DeadLetter:
        """Write a dead letter about what failed now.

        Args:
            kind: which of ``log``, ``batch`` and ``message`` it is about.
            error: why.
            earlier: what knows of earlier failures of the same thing.
            log: the log that cannot be read.
            batch: the batch, or the documents of one, that cannot be indexed.
            message: the message that is not recognized.
        """
        now = to_milliseconds(datetime.now(UTC))
        return DeadLetter(
            dead_letter=1,
            kind=kind,
            environment=self.environment,
            state=self.state,
            execution=self.arn,
            failed_at=now,
            error=ErrorOutput(type(error).__name__, short_cause(error)),
            attempts=(earlier.attempts if earlier else 0) + 1,
            first_failed_at=(earlier and earlier.first_failed_at) or now,
            log=log,
            batch=batch,
            message=message,
        )


class Counts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a step did, for whoever looks at the execution in the console.

    ``logs`` has those of a backfill, ``logs_by_bucket`` only those that came as CloudTrail delivered them.
    """

    messages: int = 0
    logs: int = 0
    logs_by_bucket: dict[str, int] = {}
    records: int = 0
    documents: int = 0
    duplicates: int = 0
    batches: int = 0
    bytes: int = 0
    ignored: dict[str, int] = {}
    other_objects_by_bucket: dict[str, int] = {}


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What flows from Fetch Logs through Split Records to Index Batches."""

    records: RecordsRef | None = None
    batches: tuple[BatchRef, ...] = ()
    dead_letters: tuple[DeadLetter, ...] = ()
    counts: Counts = Counts()


class Indexed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one batch: how many documents are indexed, and dead letters about those that are not."""

    documents: int
    dead_letters: tuple[DeadLetter, ...] = ()


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What messages become that are taken apart, so that each log gets an execution of its own.

    ``messages`` announce between them what the messages did; there are none if that would be no more messages than
    before. ``announced`` names some of what they announce, for whoever looks at the execution.
    """

    messages: tuple[QueueMessage, ...] = ()
    announced: tuple[str, ...] = ()


class Deletion(msgspec.Struct, frozen=True, kw_only=True):
    """How far one execution has come with deleting expired events, as Delete Expired leaves it to its next round.

    Events ``before`` this time (ISO 8601, UTC) are expired. ``expired`` is how many of them there were at first, None
    before the first round, and ``left`` how few have been found since: the difference, ``documents``, is how many are
    gone, each counted once, however long the domain takes. So it is with whole ``indices`` and ``indices_left``. The last
    ``without_effect`` of the ``rounds`` found no fewer than those before them. Unless there is nothing ``more`` to do, the
    next one is to begin after ``wait_seconds``.
    """

    before: str | None = None
    expired: int | None = None
    left: int = 0
    documents: int = 0
    indices: tuple[str, ...] = ()
    indices_left: tuple[str, ...] = ()
    rounds: int = 0
    without_effect: int = 0
    more: bool = True
    wait_seconds: int = 0


def to_payload(contract: Work | Indexed | Parts | Deletion) -> dict[str, Any]:
    """Give a contract as plain values, for a function to return.

    Raises:
        PayloadTooLarge: it would not fit into a Step Functions payload. The ``States.DataLimitExceeded``
            that would follow cannot be caught; this error can.
    """
    characters = len(msgspec.json.encode(contract))
    limit = _MAX_PARTS_CHARACTERS if isinstance(contract, Parts) else _MAX_RESULT_CHARACTERS
    if characters > limit:
        raise PayloadTooLarge(
            f"A result of {characters:,} bytes; Step Functions takes {MAX_PAYLOAD_CHARACTERS:,} characters."
            " Lower the Pipe's batch size."
        )
    payload: dict[str, Any] = msgspec.to_builtins(contract)
    return payload

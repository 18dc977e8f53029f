"""Index one batch of documents. State: "Index Batch".

Event: ``{"batch": BatchRef, "execution": ARN}``.
Answer: ``Indexed``: how many documents. If the search domain refuses some of them, ``DocumentsNotIndexed`` in its
place, with a dead letter for those; if there was no time to find out which those are, or no answer, or there are many, with
further ones for what is not indexed yet.
"""

import hashlib
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from random import uniform
from typing import Any, NamedTuple

import msgspec

from trailsearch.aws import clients
from trailsearch.aws.telemetry import observed, report_indexed
from trailsearch.aws.tracing import subsegment
from trailsearch.contracts.errors import (
    BatchRefused,
    DocumentRefused,
    DocumentsNotIndexed,
    OutOfTime,
    SearchThrottled,
    SearchUnavailable,
    TooManyRefused,
    TrailsearchError,
)
from trailsearch.contracts.ledger import IndexedBatch, Part
from trailsearch.contracts.messages import BatchRef, DeadLetter, Execution, Indexed, Kind, to_payload
from trailsearch.contracts.settings import Settings, required
from trailsearch.search import SearchSettings, import_backend, search_backend
from trailsearch.search.backend import BatchFormat, EncodedDocument, Refused, SearchIndex
from trailsearch.workflow.ledger import Ledger
from trailsearch.workflow.staging import Staging

# Isolates 8 bad documents among 5,000, and all of 50. Of what has more of them, each redrive isolates further ones, and
# leaves batches of at most half the size: with ceil(log2(documents / 50)) redrives, 7 of 5,000, each bad one is alone.
MAX_REFUSALS = 100
# No upload of a half begins later before the function's time-out. An upload that gets no answer takes 65 s, after which
# its client gives up (``clients``); the rest is for staging what is left.
RESERVED_SECONDS = 75
_PAUSE_SECONDS = (1.0, 10.0)
_SHOWN_REFUSALS = 3
_LOG_FILE = re.compile(rb'"log_file":("(?:[^"\\]|\\.)*")')

import_backend("index")

Upload = Callable[[bytes], Sequence[Refused]]
"""Indexes one batch, as ``SearchIndex.upload`` does."""
RemainingSeconds = Callable[[], float]
"""Gives the time until Lambda ends the function."""


class Refusal(NamedTuple):
    """Documents that the search domain refuses together, or the one that it refuses alone, and why."""

    documents: Sequence[EncodedDocument]
    reason: str


class Halved(NamedTuple):
    """What became of a refused batch; the documents of it that are in neither list are indexed.

    ``refusals`` are final, each of a single document. ``left`` are parts of the batch, in its order, of which it is not known yet which documents
    are bad, because uploading had to ``stop``.
    """

    refusals: list[Refusal]
    left: list[Sequence[EncodedDocument]]
    stop: TrailsearchError | None


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Handle one batch.

    Raises:
        DocumentsNotIndexed: not all of it is indexed.
    """
    settings = Settings.from_environment()
    endpoint = required("SEARCH_ENDPOINT", settings.search_endpoint)
    batch = msgspec.convert(event["batch"], BatchRef)
    execution = Execution(event["execution"], "Index Batch", settings.environment)
    backend = search_backend(SearchSettings.of_function(settings))
    stage = Staging(clients.s3(), required("STAGING_BUCKET", settings.staging_bucket))
    indexed = index_batch(
        batch,
        execution,
        stage,
        backend.batch_format,
        backend.index(endpoint),
        lambda: context.get_remaining_time_in_millis() / 1000,
    )
    if settings.ledger:
        Ledger(clients.s3(), stage.bucket).write(entry_about(batch, execution, indexed, stage))
    report_indexed(batch, indexed)
    return to_answer(indexed)


def entry_about(batch: BatchRef, execution: Execution, indexed: Indexed, stage: Staging) -> IndexedBatch:
    """Give what the ledger is to know of a batch; which logs the documents are from that are not indexed, they say themselves."""
    parts = [
        Part(part.key, Counter(logs_of(stage.get_batch(part))))
        for letter in indexed.dead_letters
        if (part := letter.batch)
    ]
    return IndexedBatch(execution.name, batch.key, indexed.documents, tuple(parts))


def logs_of(body: bytes) -> Iterator[str]:
    """Give the log (its ``s3://`` URI) that each document of a batch is from, in the form of either backend.

    In the texts of a document, ``raw`` among them, a quote is escaped: what looks like the field is the field.
    """
    for value in _LOG_FILE.findall(body):
        yield msgspec.json.decode(value, type=str)


def to_answer(indexed: Indexed) -> dict[str, Any]:
    """Give what the function answers, or raise what the state machine is to catch.

    Raises:
        DocumentsNotIndexed: there are dead letters. An error, as the state machine reads an answer only in a state
            of its own, which every batch would pay for.
    """
    if indexed.dead_letters:
        raise DocumentsNotIndexed(msgspec.json.encode(indexed.dead_letters).decode())
    return to_payload(indexed)


def index_batch(
    batch: BatchRef,
    execution: Execution,
    stage: Staging,
    batch_format: BatchFormat,
    index: SearchIndex,
    remaining_seconds: RemainingSeconds,
) -> Indexed:
    """Index every document of a staged batch that the search domain takes.

    The ones that it refuses are staged as a batch of their own, which a dead letter points to. What is not indexed when
    time runs out, when the domain has no room for more uploads meanwhile, or when it has refused ``MAX_REFUSALS``, is staged as
    one or two batches, each smaller than this one: a redrive goes on with them, where a retry of the whole batch would begin anew.

    Raises:
        SearchThrottled, SearchUnavailable: nothing is indexed; try again.
        SearchAccessDenied, StorageUnavailable, StorageAccessDenied: perhaps not all is indexed; try again.
        BatchNotFound: the batch has expired.
    """
    body = stage.get_batch(batch)
    if batch.attempts:
        stage.renew_batch(batch, body, batch_format.content_type)
    refused: Sequence[Refused] | None = None
    reason = ""
    try:
        with subsegment("Upload batch", batch=batch.uri, documents=batch.documents):
            refused = index.upload(body)
    except BatchRefused as error:
        reason = str(error)
    if refused is not None and not refused:
        return Indexed(documents=batch.documents)

    def upload(half: bytes) -> Sequence[Refused]:
        with subsegment("Upload half of a batch", batch=batch.uri, bytes=len(half)):
            return index.upload(half)

    def dead_letter(name: str, failed: Sequence[EncodedDocument], error: TrailsearchError) -> DeadLetter:
        failed_body = batch_format.join(failed)
        # Named by its contents: redriven batches of other executions may have the same name as one of this.
        name = f"{name}-{hashlib.sha256(failed_body).hexdigest()[:16]}"
        pointer = stage.put_batch(execution.name, name, failed_body, batch_format.content_type)
        staged = msgspec.structs.replace(
            batch, bucket=pointer.bucket, key=pointer.key, documents=len(failed), bytes=len(failed_body)
        )
        return execution.dead_letter(Kind.DOCUMENTS, error, earlier=batch, batch=staged)

    documents = batch_format.split(body)
    halved = (
        Halved(_alone(documents, refused), [], None)
        if refused
        else upload_halves(documents, reason, batch_format, _Patient(upload, remaining_seconds))
    )
    dead_letters = []
    if bad := [document for refusal in halved.refusals for document in refusal.documents]:
        dead_letters.append(dead_letter("refused", bad, _why(halved.refusals)))
    if halved.stop:
        dead_letters += [
            dead_letter("left", part, _why_left(part, reason, halved.stop)) for part in in_two(halved.left)
        ]
    failed = sum(letter.batch.documents for letter in dead_letters if letter.batch)
    return Indexed(documents=batch.documents - failed, dead_letters=tuple(dead_letters))


def upload_halves(
    documents: Sequence[EncodedDocument], reason: str, batch_format: BatchFormat, upload: Upload
) -> Halved:
    """Index all good documents of a refused batch: halve what is refused until the bad ones are alone.

    CloudSearch refuses a whole batch for one bad document, every backend a batch that is too large for it.

    Args:
        documents: the batch; it has been refused once.
        reason: what the search domain said.
        batch_format: how to make batches of documents.
        upload: indexes a batch; its ``SearchThrottled``, ``SearchUnavailable`` and ``OutOfTime`` end the halving.

    Returns:
        What stays refused and what is left, each in the order of the batch; everything else is indexed. Of what is left by
        ``TooManyRefused``, ``in_two`` makes batches of at most half the size of this one, with a bad document in each part.

    Raises:
        SearchAccessDenied: from an upload; some may be indexed.
    """
    refusals: list[Refusal] = []
    uploads_refused = 1
    pending = [Refusal(documents, reason)]
    while pending:
        refused = pending.pop()
        if len(refused.documents) == 1:
            refusals.append(refused)
            continue
        if uploads_refused >= MAX_REFUSALS:
            waiting = [refused, *pending[::-1]]
            alone = [each for each in waiting if len(each.documents) == 1]
            left = [each.documents for each in waiting if len(each.documents) > 1]
            return Halved([*refusals, *alone], left, TooManyRefused(f"it has refused {MAX_REFUSALS} uploads"))
        middle = len(refused.documents) // 2
        halves = [refused.documents[:middle], refused.documents[middle:]]
        halves_refused: list[Refusal] = []
        for number, half in enumerate(halves):
            try:
                halves_refused += _alone(half, upload(batch_format.join(half)))
            except BatchRefused as error:
                uploads_refused += 1
                halves_refused.append(Refusal(half, str(error)))
            except (SearchThrottled, SearchUnavailable, OutOfTime) as stop:
                waiting = pending[::-1]
                alone = [each for each in (*halves_refused, *waiting) if len(each.documents) == 1]
                before, after = (
                    [each.documents for each in some if len(each.documents) > 1]
                    for some in (halves_refused, waiting)
                )
                return Halved([*refusals, *alone], [*before, *halves[number:], *after], stop)
        pending.extend(reversed(halves_refused))
    return Halved(refusals, [], None)


def _alone(documents: Sequence[EncodedDocument], refused: Sequence[Refused]) -> list[Refusal]:
    return [Refusal([documents[each.position]], each.reason) for each in refused]


def in_two(parts: Sequence[Sequence[EncodedDocument]]) -> list[list[EncodedDocument]]:
    """Put parts of a batch together to two batches of about the same number of documents; a single one stays alone.

    So few, because a Step Functions payload holds only so many dead letters. Several, because each has to be smaller
    than the batch that they are from, or a redrive that is stopped as early would never come to an end.
    """

    def together(some: Sequence[Sequence[EncodedDocument]]) -> list[EncodedDocument]:
        return [document for part in some for document in part]

    def difference(at: int) -> int:
        return abs(sum(map(len, parts[:at])) - sum(map(len, parts[at:])))

    if len(parts) < 2:
        return [together(parts)]
    middle = min(range(1, len(parts)), key=difference)
    return [together(parts[:middle]), together(parts[middle:])]


class _Patient:
    """Uploads, again after a while where the search domain has no room, as long as there is time."""

    def __init__(self, upload: Upload, remaining_seconds: RemainingSeconds) -> None:
        self._upload = upload
        self._remaining_seconds = remaining_seconds

    def __call__(self, batch: bytes) -> Sequence[Refused]:
        """Index one batch.

        Raises:
            OutOfTime: another upload could last longer than the function may.
            Exception: what the upload raises.
        """
        while True:
            if self._remaining_seconds() < RESERVED_SECONDS:
                raise OutOfTime("Lambda would have ended the function")
            try:
                return self._upload(batch)
            except (SearchThrottled, SearchUnavailable):
                pause = uniform(*_PAUSE_SECONDS)  # noqa: S311 - jitter is no secret.
                if self._remaining_seconds() < RESERVED_SECONDS + pause:
                    raise
                time.sleep(pause)


def _why(refusals: Sequence[Refusal]) -> DocumentRefused:
    shown = [f"{refusal.documents[0].id}: {refusal.reason}" for refusal in refusals[:_SHOWN_REFUSALS]]
    return DocumentRefused(f"The search domain refuses {len(refusals)} document(s). {'; '.join(shown)}")


def _why_left(part: Sequence[EncodedDocument], reason: str, stop: TrailsearchError) -> TrailsearchError:
    why = (
        f"Not indexed yet: {len(part)} document(s) of a batch that the search domain refuses ({reason})."
        f" Finding out which are bad was stopped: {stop}. Redrive them: it goes on from here"
    )
    return type(stop)(why)

"""Index one batch of documents. State: "Index Batch".

Event: ``{"batch": BatchRef, "execution": ARN}``.
Answer: ``Indexed``: how many documents, and a dead letter for those that the search domain refuses.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from trailsearch import clients
from trailsearch.cloudsearch import CloudSearchFormat, CloudSearchIndex
from trailsearch.errors import BatchRefused, DocumentRefused, SettingMissing
from trailsearch.messages import BatchRef, Execution, Indexed, Kind, to_payload
from trailsearch.search_index import BatchFormat, EncodedDocument, SearchIndex
from trailsearch.settings import Settings
from trailsearch.staging import Staging
from trailsearch.telemetry import observed, report_indexed
from trailsearch.tracing import subsegment

# Isolates 8 bad documents among 5,000. A batch that is bad throughout is not taken apart to the last document.
MAX_REFUSALS = 100
_SHOWN_REFUSALS = 3


class Refusal(NamedTuple):
    """Documents that the search domain refuses, one unless ``MAX_REFUSALS`` was reached, and why."""

    documents: Sequence[EncodedDocument]
    reason: str


@observed
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Handle one batch."""
    settings = Settings.from_environment()
    if settings.search_endpoint is None:
        raise SettingMissing("The environment variable SEARCH_ENDPOINT is not set")
    batch = msgspec.convert(event["batch"], BatchRef)
    execution = Execution(event["execution"], "Index Batch", settings.environment)
    stage = Staging(clients.s3(), settings.staging_bucket)
    index = CloudSearchIndex(clients.cloudsearch_domain(settings.search_endpoint))
    indexed = index_batch(batch, execution, stage, CloudSearchFormat(), index)
    report_indexed(batch, indexed)
    return to_payload(indexed)


def index_batch(
    batch: BatchRef, execution: Execution, stage: Staging, batch_format: BatchFormat, index: SearchIndex
) -> Indexed:
    """Index every document of a staged batch that the search domain takes.

    The ones that it refuses are staged as a batch of their own, which a dead letter points to.

    Raises:
        SearchThrottled, SearchUnavailable, SearchAccessDenied, StorageUnavailable, StorageAccessDenied:
            perhaps not all is indexed; try again.
        BatchNotFound: the batch has expired.
    """
    body = stage.get_batch(batch)
    if batch.attempts:
        stage.renew_batch(batch, body)
    try:
        with subsegment("Upload batch", batch=batch.uri, documents=batch.documents):
            index.upload(body)
    except BatchRefused as error:
        refusals = upload_halves(batch_format.split(body), str(error), batch_format, index)
    else:
        refusals = []
    if not refusals:
        return Indexed(documents=batch.documents)
    refused = [document for refusal in refusals for document in refusal.documents]
    refused_body = batch_format.join(refused)
    # Named by its contents: redriven batches of other executions may have the same name as one of this.
    name = f"refused-{hashlib.sha256(refused_body).hexdigest()[:16]}"
    pointer = stage.put_batch(execution.name, name, refused_body)
    staged = msgspec.structs.replace(
        batch, bucket=pointer.bucket, key=pointer.key, documents=len(refused), bytes=len(refused_body)
    )
    dead_letter = execution.dead_letter(Kind.DOCUMENTS, _why(refusals), earlier=batch, batch=staged)
    return Indexed(documents=batch.documents - len(refused), dead_letters=(dead_letter,))


def upload_halves(
    documents: Sequence[EncodedDocument], reason: str, batch_format: BatchFormat, index: SearchIndex
) -> list[Refusal]:
    """Index all good documents of a refused batch: halve what is refused until the bad ones are alone.

    CloudSearch refuses a whole batch for one bad document.

    Args:
        documents: the batch; it has been refused once.
        reason: what the search domain said.
        batch_format: how to make batches of documents.
        index: where to upload them.

    Returns:
        What stays refused, in the order of the batch; everything else is indexed.

    Raises:
        SearchThrottled, SearchUnavailable, SearchAccessDenied: from an upload; some may be indexed.
    """
    refusals: list[Refusal] = []
    uploads_refused = 1
    pending = [Refusal(documents, reason)]
    while pending:
        refused = pending.pop()
        if len(refused.documents) == 1 or uploads_refused >= MAX_REFUSALS:
            refusals.append(refused)
            continue
        middle = len(refused.documents) // 2
        halves_refused = []
        for half in (refused.documents[:middle], refused.documents[middle:]):
            try:
                with subsegment("Upload half of a batch", documents=len(half)):
                    index.upload(batch_format.join(half))
            except BatchRefused as error:
                uploads_refused += 1
                halves_refused.append(Refusal(half, str(error)))
        pending.extend(reversed(halves_refused))
    return refusals


def _why(refusals: Sequence[Refusal]) -> DocumentRefused:
    count = sum(len(refusal.documents) for refusal in refusals)
    shown = [
        f"{refusal.documents[0].id}{f' and {len(refusal.documents) - 1} more' * (len(refusal.documents) > 1)}:"
        f" {refusal.reason}"
        for refusal in refusals[:_SHOWN_REFUSALS]
    ]
    return DocumentRefused(f"The search domain refuses {count} document(s). {'; '.join(shown)}")

"""Turn staged records into search documents, and those into batches. State: "Split Records".

Event: ``Work`` as "Fetch Logs" answers it, with ``"execution": ARN``.
Answer: ``Work`` with the batches of these records after the redriven ones.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from trailsearch import clients
from trailsearch.batching import check_size, pack
from trailsearch.cloudsearch import CloudSearchFormat
from trailsearch.documents import build_document
from trailsearch.errors import DocumentTooLarge
from trailsearch.messages import (
    BatchRef,
    Counts,
    DeadLetter,
    Execution,
    Kind,
    RecordsRef,
    Work,
    to_payload,
)
from trailsearch.search_index import BatchFormat, EncodedDocument
from trailsearch.settings import Settings
from trailsearch.staging import Staging
from trailsearch.telemetry import observed, report_work


@observed
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Handle the records that one execution staged."""
    settings = Settings.from_environment()
    execution = Execution(event["execution"], "Split Records", settings.environment)
    stage = Staging(clients.s3(), settings.staging_bucket)
    work = split_records(msgspec.convert(event, Work), execution, stage, CloudSearchFormat())
    report_work("split", work, {"DuplicateEvents": work.counts.duplicates})
    return to_payload(work)


def split_records(work: Work, execution: Execution, stage: Staging, batch_format: BatchFormat) -> Work:
    """Build the document of every staged record, once for each event, and stage them in batches.

    A document that the search domain would refuse for its size is staged alone and becomes a dead letter.

    Raises:
        StorageUnavailable, StorageAccessDenied, BatchNotFound: not all is staged; try again.
    """
    if work.records is None:
        return work
    splitting = _Splitting(work.records, execution, stage, batch_format)
    batches = [
        splitting.stage_batch(f"{number:05}", documents)
        for number, documents in enumerate(pack(splitting.documents(), batch_format), start=1)
    ]
    return Work(
        batches=(*work.batches, *batches),
        dead_letters=(*work.dead_letters, *splitting.dead_letters),
        counts=Counts(
            records=work.records.records,
            documents=sum(batch.documents for batch in batches),
            duplicates=splitting.duplicates,
            batches=len(batches),
            bytes=sum(batch.bytes for batch in batches),
        ),
    )


class _Splitting:
    """One run over the staged records of an execution; memory is bounded by a batch and the event ids."""

    def __init__(
        self, records: RecordsRef, execution: Execution, stage: Staging, batch_format: BatchFormat
    ) -> None:
        self._records = records
        self._execution = execution
        self._stage = stage
        self._format = batch_format
        self.duplicates = 0
        self.dead_letters: list[DeadLetter] = []

    def documents(self) -> Iterator[EncodedDocument]:
        """Give the document of every event: the first one, where an event was delivered several times."""
        seen: set[str] = set()
        for log, records in self._stage.get_records(self._records):
            log_file = log.uri
            for record in records:
                document = build_document(record, log_file)
                if document.id in seen:
                    self.duplicates += 1
                    continue
                seen.add(document.id)
                encoded = self._format.encode(document)
                try:
                    check_size(encoded, self._format)
                except DocumentTooLarge as error:
                    self._dead_letter(encoded, DocumentTooLarge(f"{error}. It is from {log_file}"))
                else:
                    yield encoded

    def stage_batch(self, name: str, documents: list[EncodedDocument]) -> BatchRef:
        """Stage one batch."""
        batch = self._format.join(documents)
        pointer = self._stage.put_batch(self._execution.name, name, batch)
        return BatchRef(
            pointer.bucket,
            pointer.key,
            documents=len(documents),
            bytes=len(batch),
            oldest_event_time=min((d.event_time for d in documents if d.event_time), default=None),
            oldest_delivery_time=self._records.oldest_delivery_time,
        )

    def _dead_letter(self, document: EncodedDocument, error: DocumentTooLarge) -> None:
        batch = self.stage_batch(f"too-large-{len(self.dead_letters) + 1:05}", [document])
        self.dead_letters.append(self._execution.dead_letter(Kind.DOCUMENTS, error, batch=batch))

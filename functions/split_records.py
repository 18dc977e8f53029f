"""Turn staged records into search documents, and those into batches. State: "Split Records".

Event: ``Work`` as "Fetch Logs" answers it, with ``"execution": ARN``.
Answer: ``Work`` with the batches of these records after the redriven ones.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from trailsearch.aws import clients
from trailsearch.aws.concurrency import map_ahead
from trailsearch.aws.telemetry import observed, report_work
from trailsearch.contracts.errors import DocumentTooLarge
from trailsearch.contracts.ledger import Part, Split, SplitLog, StagedBatch
from trailsearch.contracts.messages import (
    BatchRef,
    Counts,
    DeadLetter,
    Execution,
    Kind,
    RecordsRef,
    Work,
    to_payload,
)
from trailsearch.contracts.settings import Settings, required
from trailsearch.events.documents import Document, build_documents
from trailsearch.search import SearchSettings, import_backend, search_backend
from trailsearch.search.backend import BatchFormat
from trailsearch.search.batching import Batch, pack
from trailsearch.workflow.ledger import Ledger
from trailsearch.workflow.staging import Staging

# While batches are on their way to the staging bucket, the next one is made. Each has up to 5 MB.
STAGED_AT_ONCE = 4

import_backend()


@observed
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Handle the records that one execution staged."""
    settings = Settings.from_environment()
    backend = search_backend(SearchSettings.of_function(settings))
    execution = Execution(event["execution"], "Split Records", settings.environment)
    stage = Staging(clients.s3(), required("STAGING_BUCKET", settings.staging_bucket))
    ledger = Ledger(clients.s3(), stage.bucket) if settings.ledger else None
    work = split_records(msgspec.convert(event, Work), execution, stage, backend.batch_format, ledger)
    report_work("split", work, {"DuplicateEvents": work.counts.duplicates})
    return to_payload(work)


def split_records(
    work: Work,
    execution: Execution,
    stage: Staging,
    batch_format: BatchFormat,
    ledger: Ledger | None = None,
) -> Work:
    """Build the document of every staged record, once for each event, and stage them in batches.

    A document that the search domain would refuse for its size is staged alone and becomes a dead letter. If there is a
    ledger, it gets what became of the records of each log.

    Raises:
        StorageUnavailable, StorageAccessDenied, BatchNotFound: not all is staged; try again.
    """
    if work.records is None:
        return work
    splitting = _Splitting(work.records, execution, stage, batch_format)
    packed = pack(splitting.runs(), batch_format, splitting.dead_letter)
    batches = list(map_ahead(splitting.stage_batch, enumerate(packed, start=1), STAGED_AT_ONCE))
    if ledger:
        staged = tuple(StagedBatch(batch.key, batch.documents) for batch in batches)
        ledger.write(Split(execution.name, splitting.split_logs(), staged, tuple(splitting.parts)))
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
        self._documents: Counter[str] = Counter()
        self._duplicates: Counter[str] = Counter()
        self.parts: list[Part] = []
        self.dead_letters: list[DeadLetter] = []

    def runs(self) -> Iterator[list[Document]]:
        """Give the document of every event: the first one, where an event was delivered several times."""
        seen: set[str] = set()
        for log, lines in self._stage.get_records(self._records):
            run = []
            duplicates = 0
            for document in build_documents(lines, log.uri):
                if document.id in seen:
                    duplicates += 1
                    continue
                seen.add(document.id)
                run.append(document)
            self._documents[log.uri] += len(run)
            self._duplicates[log.uri] += duplicates
            if run:
                yield run

    @property
    def duplicates(self) -> int:
        """How many records were of events that had a document already."""
        return self._duplicates.total()

    def split_logs(self) -> tuple[SplitLog, ...]:
        """Give what became of the records of each log, once all batches are staged."""
        return tuple(
            SplitLog(log, documents, self._duplicates[log]) for log, documents in self._documents.items()
        )

    def stage_batch(self, numbered: tuple[int, Batch]) -> BatchRef:
        """Stage one batch under its number."""
        number, batch = numbered
        return self._put(
            f"{number:05}", batch.body, batch.documents, batch.oldest_event_time, expires_soon=True
        )

    def dead_letter(self, document: Document) -> None:
        """Stage a document alone that the search domain would refuse for its size, and keep a dead letter about it."""
        body = bytearray()
        size = self._format.append([document], body)
        error = DocumentTooLarge(
            f"Document {document.id} has {size:,} bytes; the search domain takes"
            f" {self._format.max_document_bytes:,}. It is from {document.fields.log_file}"
        )
        name = f"too-large-{len(self.dead_letters) + 1:05}"
        staged = self._put(name, body, documents=1, oldest_event_time=document.fields.event_time)
        self.dead_letters.append(self._execution.dead_letter(Kind.DOCUMENTS, error, batch=staged))
        log = document.fields.log_file
        self._documents[log] -= 1
        self.parts.append(Part(staged.key, {log: 1}))

    def _put(
        self,
        name: str,
        body: bytearray,
        documents: int,
        oldest_event_time: str | None,
        *,
        expires_soon: bool = False,
    ) -> BatchRef:
        pointer = self._stage.put_batch(
            self._execution.name, name, body, self._format.content_type, expires_soon=expires_soon
        )
        return BatchRef(
            pointer.bucket,
            pointer.key,
            documents=documents,
            bytes=len(body),
            oldest_event_time=oldest_event_time if self._records.oldest_delivery_time else None,
            oldest_delivery_time=self._records.oldest_delivery_time,
        )

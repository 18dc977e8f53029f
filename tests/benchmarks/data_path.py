"""Trailsearch's data path in this process: its pure stages, and its steps between folders that stand for buckets."""

import io
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from fetch_logs import fetch_logs
from index_batch import index_batch
from split_records import split_records
from tests.local_cloud.pipeline.cloudtrail_delivery import Log
from trailsearch.aws import clients
from trailsearch.contracts.messages import Execution, Indexed, QueueMessage, Work
from trailsearch.events.documents import Document, build_documents
from trailsearch.logs.log_bucket import LogBucket
from trailsearch.logs.trail_log import Records, gunzip, raw_records
from trailsearch.search import Backend, SearchSettings, search_backend
from trailsearch.search.backend import BatchFormat, Refused
from trailsearch.search.batching import pack
from trailsearch.workflow.execution_inputs import ExecutionInputs
from trailsearch.workflow.ledger import Ledger
from trailsearch.workflow.staging import Staging

PACK_BULK = "pack (OpenSearch)"
STAGES = ("gunzip", "parse", "document", "pack", PACK_BULK)
LOGS, STAGING = "logs", "staging"
# An execution takes up to 40 messages from the Pipe, each of which may name several logs.
MESSAGES_OF_AN_EXECUTION = 100
# Both with batches of the same size, that of all instances but the smallest.
CLOUDSEARCH = search_backend().batch_format
OPENSEARCH = search_backend(
    SearchSettings(Backend.OPENSEARCH, "trailsearch-bench", CLOUDSEARCH.max_batch_bytes)
).batch_format
# About 64 KiB, as much as ``staging.read_records`` gives.
_RECORDS_AT_ONCE = 50
_REMAINING_SECONDS = 120.0
_CHUNK_BYTES = 1024 * 1024
_DELIVERED = datetime(2026, 9, 1, 12, tzinfo=UTC)
_ARN = "arn:aws:states:us-east-1:111122223333:execution:trailsearch-bench-index-logs:run-1"


def batches_of(
    logs: Iterable[tuple[str, bytes]], batch_format: BatchFormat = CLOUDSEARCH
) -> Iterator[bytearray]:
    """Turn logs, each with its ``s3://`` URI, into batches, by the pure stages alone."""
    return (batch.body for batch in pack(_new_runs(logs), batch_format, _refuse))


def results_of(stage: str, logs: Iterable[tuple[str, bytes]]) -> Iterator[Any]:
    """Give, one after the other, what one of the pure stages makes of logs, after the stages before it."""
    match stage:
        case "gunzip":
            return (piece for _, log in logs for piece in gunzip(log))
        case "parse":
            return (records for _, log in logs for records in raw_records(log))
        case "document":
            return _new_runs(logs)
        case "pack":
            return batches_of(logs)
        case _:
            return batches_of(logs, OPENSEARCH)


def _new_runs(logs: Iterable[tuple[str, bytes]]) -> Iterator[list[Document]]:
    seen: set[str] = set()
    for log_file, log in logs:
        for lines in runs_of(raw_records(log)):
            run = []
            for document in build_documents(lines, log_file):
                if document.id not in seen:
                    seen.add(document.id)
                    run.append(document)
            yield run


def runs_of(records: Iterable[Records]) -> Iterator[bytes]:
    """Give the records of a log, as many at once as Split Records reads."""
    for some in records:
        for at in range(0, len(some), _RECORDS_AT_ONCE):
            yield b"\n".join(some[at : at + _RECORDS_AT_ONCE])


def pack_all(runs: Iterable[list[Document]], batch_format: BatchFormat = CLOUDSEARCH) -> int:
    """Pack documents into batches, and count those."""
    return sum(1 for _ in pack(runs, batch_format, _refuse))


def _refuse(document: Document) -> None:
    raise AssertionError(f"Document {document.id} is too large")


class _Body:
    """The body of an object, which is closed at its end."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if self._file.closed:
            return b""
        chunk = self._file.read(size)
        if size < 0 or not chunk:
            self._file.close()
        return chunk


class FolderS3:
    """What Trailsearch uses of boto3's client of S3; objects are files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803  # boto3's names
        return {"Body": _Body((self._folder / Bucket / Key).open("rb")), "LastModified": _DELIVERED}

    def put_object(self, Bucket: str, Key: str, Body: bytes | IO[bytes], **_: str) -> None:  # noqa: N803  # boto3's names
        file = io.BytesIO(Body) if isinstance(Body, bytes | bytearray) else Body
        path = self._folder / Bucket / Key
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as target:
            while chunk := file.read(_CHUNK_BYTES):
                target.write(chunk)


class Sink:
    """A search domain that takes everything and keeps nothing."""

    def __init__(self) -> None:
        self.bytes = 0

    def upload(self, batch: bytes) -> Sequence[Refused]:
        self.bytes += len(batch)
        return ()


class Steps:
    """The three steps of an execution, with buckets below a folder, and batches of a backend's form."""

    def __init__(self, folder: Path, batch_format: BatchFormat = CLOUDSEARCH) -> None:
        self._format = batch_format
        client: Any = FolderS3(folder)
        self._folder = folder
        self._log_bucket = LogBucket(client, {LOGS})
        self._stage = Staging(client, STAGING, put_at_once_bytes=sys.maxsize)
        self._ledger = Ledger(client, STAGING)

    def deliver(self, logs: Sequence[Log]) -> list[QueueMessage]:
        """Write logs into the log bucket, and give the messages that announce them."""
        for log in logs:
            path = self._folder / LOGS / log.key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(log.body)
        keys = [log.key for log in logs]
        each = -(-len(keys) // MESSAGES_OF_AN_EXECUTION)
        return [
            QueueMessage(f"m-{at}", json.dumps({"s3Bucket": LOGS, "s3ObjectKey": keys[at : at + each]}))
            for at in range(0, len(keys), each)
        ]

    def fetch(self, messages: Sequence[QueueMessage], *, keep_ledger: bool = False) -> Work:
        """Run Fetch Logs."""
        inputs = ExecutionInputs(clients.stepfunctions)
        ledger = self._ledger if keep_ledger else None
        return fetch_logs(messages, _execution("Fetch Logs"), inputs, self._log_bucket, self._stage, ledger)

    def split(self, work: Work) -> Work:
        """Run Split Records."""
        return split_records(work, _execution("Split Records"), self._stage, self._format)

    def index(self, work: Work) -> list[Indexed]:
        """Run Index Batch for each batch, one after the other."""
        execution = _execution("Index Batch")
        return [
            index_batch(batch, execution, self._stage, self._format, Sink(), lambda: _REMAINING_SECONDS)
            for batch in work.batches
        ]

    def run(self, messages: Sequence[QueueMessage]) -> list[Indexed]:
        """Run all three."""
        return self.index(self.split(self.fetch(messages)))


def _execution(state: str) -> Execution:
    return Execution(_ARN, state, "bench")

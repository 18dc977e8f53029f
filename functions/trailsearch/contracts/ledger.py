"""The ledger: which logs were fetched, what became of their records, and what of that is indexed.

One small object of JSON for each step that has something to say, below ``ledger/<hour in which it was written>/<execution>/``
of the staging bucket:

* ``fetched.json``, by Fetch Logs: each log, with the SHA-256 of its uncompressed content, by which CloudTrail's digests know
  it, and its records; and those that could not be read.
* ``split.json``, by Split Records: what the records of each log became, and which batches, in this order, these documents are in.
* ``indexed-<…>.json``, by Index Batch: how many documents of one batch are indexed, and which of its logs the others are from.
* ``announced-<…>.json``, by Audit Share: the logs that nobody had read, and that were sent to the ingest queue.

A step that is retried says the same again, perhaps below another hour. What is redriven is another execution, and says what it did
beside what was said before: nothing is overwritten, and a batch of an earlier execution is named by its key.
"""

import hashlib
from datetime import UTC, datetime

import msgspec

FOLDER = "ledger/"
_HOUR = f"{FOLDER}%Y/%m/%d/%H/"


class ReadLog(msgspec.Struct, frozen=True):
    """A log whose records are staged; ``sha256`` is that of its uncompressed content, in hexadecimal.

    By ``delivered_at`` and ``etag``, as S3 gave them, one knows whether its object was written again since.
    """

    bucket: str
    key: str
    sha256: str
    records: int
    delivered_at: str
    etag: str

    @property
    def uri(self) -> str:
        """The log as ``s3://bucket/key``."""
        return f"s3://{self.bucket}/{self.key}"


class UnreadLog(msgspec.Struct, frozen=True):
    """A log that is dead-lettered, and the name of the error."""

    bucket: str
    key: str
    error: str

    @property
    def uri(self) -> str:
        """The log as ``s3://bucket/key``."""
        return f"s3://{self.bucket}/{self.key}"


class SplitLog(msgspec.Struct, frozen=True):
    """What the records of a log (its ``s3://`` URI) became.

    ``documents`` are in the batches, ``duplicates`` are of events that the execution has from an earlier record.
    """

    log: str
    documents: int = 0
    duplicates: int = 0


class StagedBatch(msgspec.Struct, frozen=True):
    """A staged batch, by its key."""

    key: str
    documents: int


class Part(msgspec.Struct, frozen=True):
    """Documents that are not indexed but dead-lettered, as a batch of their own, counted by the log that they are from."""

    key: str
    logs: dict[str, int]


class Fetched(msgspec.Struct, frozen=True, tag="fetched", tag_field="step"):
    """What Fetch Logs did."""

    execution: str
    logs: tuple[ReadLog, ...]
    unread: tuple[UnreadLog, ...] = ()


class Split(msgspec.Struct, frozen=True, tag="split", tag_field="step"):
    """What Split Records did.

    The documents of ``logs``, one after the other, are those of ``batches``. Those in ``parts`` are too large, and in none of them.
    """

    execution: str
    logs: tuple[SplitLog, ...]
    batches: tuple[StagedBatch, ...]
    parts: tuple[Part, ...] = ()


class IndexedBatch(msgspec.Struct, frozen=True, tag="indexed", tag_field="step"):
    """What Index Batch did with one batch, by its key: ``documents`` are indexed, those in ``parts`` are not."""

    execution: str
    batch: str
    documents: int
    parts: tuple[Part, ...] = ()


class Announced(msgspec.Struct, frozen=True, tag="announced", tag_field="step"):
    """What Audit Share sent to the ingest queue: logs (their ``s3://`` URIs), and when that was (ISO 8601, UTC)."""

    execution: str
    logs: tuple[str, ...]
    announced_at: str


Entry = Fetched | Split | IndexedBatch | Announced
_decoder: msgspec.json.Decoder[Entry] = msgspec.json.Decoder(Entry)


def read_entry(text: bytes) -> Entry:
    """Read an object of the ledger.

    Raises:
        ValueError: it is none.
    """
    return _decoder.decode(text)


def name_of(entry: Entry) -> str:
    """Name what an execution has to say, so that what is said again has the same name."""
    match entry:
        case Fetched():
            return "fetched"
        case Split():
            return "split"
        case IndexedBatch(batch=batch):
            # A redriven batch is of another execution, and may have the same name as one of this.
            return f"indexed-{_digest(batch)}"
        case Announced(logs=logs):
            # An execution looks at several shares of what there is, each with logs of its own.
            return f"announced-{_digest(logs[0])}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def folder_of_hour(time: datetime) -> str:
    """Give what the keys begin with that were written in the hour (UTC) of a time."""
    return time.astimezone(UTC).strftime(_HOUR)

"""What one seed stands for: what is delivered, what goes wrong, and what people do, each with its time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from tests.simulation.faults import Fault
from trailsearch.search import Backend

DEADLY = frozenset({"Runtime.OutOfMemory", "Runtime.ExitError"})
"""What is said of a function that dies of a log, each time."""


class Fate(StrEnum):
    """What is to become of a record, or of a log, once nothing goes wrong any more."""

    FOUND = "found"
    REFUSED = "DocumentRefused"
    TOO_LARGE = "DocumentTooLarge"


@dataclass(frozen=True)
class Log:
    """One log object, and what is true of it.

    ``records`` are the ids of its documents, each with its fate. ``errors`` are the names of the errors of which one is to
    be in its dead letter, if it can never be read. ``refused`` is what S3 refuses it with, ``deadly`` that a function dies of
    it. It appears in its bucket ``late`` seconds after it is announced.

    What S3 refuses is handed out ``restored`` seconds after it is announced, if it ever is. One that is ``left_out`` lies in an
    archive, as a listing says. Somebody deletes, or alters, the object ``deleted`` or ``altered`` seconds after it is there: its
    records may be found then, or not.
    """

    bucket: str
    key: str
    body: bytes | None
    records: tuple[tuple[str, Fate], ...] = ()
    errors: frozenset[str] = frozenset()
    refused: str = ""
    deadly: bool = False
    late: float = 0.0
    restored: float | None = None
    left_out: bool = False
    deleted: float | None = None
    altered: float | None = None

    @property
    def tampered(self) -> float | None:
        """After how many seconds somebody lays hands on it, if anybody does."""
        return self.altered if self.deleted is None else self.deleted

    @property
    def uri(self) -> str:
        """The log as ``s3://bucket/key``."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def mark(self) -> str:
        """What its key has alone, however a message writes it."""
        return "T0000Z_" + self.key.rpartition("_")[2][:4]


@dataclass(frozen=True)
class Delivery:
    """A message that arrives in the ingest queue, ``copies`` times, and the logs that it announces.

    ``wrong`` are the names of the errors of which one is to be in the dead letter about it, if it, or a part of it, is not
    understood; ``mark`` is a text that the dead letter shows then.
    """

    at: float
    what: str
    body: str
    logs: tuple[Log, ...] = ()
    wrong: frozenset[str] = frozenset()
    mark: str = ""
    copies: int = 1
    attributes: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        times = f", {self.copies} times" if self.copies > 1 else ""
        return f"{self.what}{times}"


class Deed(StrEnum):
    """What people do."""

    REDRIVE = "redrive"
    ABORT = "abort an execution"
    DEPLOY = "deploy"
    STOP_PIPE = "stop the Pipe"
    START_PIPE = "start the Pipe"
    STOP_BACKFILL = "stop the backfill"
    RESUME_BACKFILL = "resume the backfill"
    RING = "the alarm about the lag rings"
    SILENCE = "the alarm about the lag is quiet"
    FILL_DOMAIN = "the domain is full"
    MEND_DOMAIN = "the domain has room again"


@dataclass(frozen=True)
class Act:
    """What somebody does: a redrive with ``options``, which is interrupted after some seconds if it is to be."""

    at: float
    deed: Deed
    options: tuple[str, ...] = ()
    interrupted: tuple[float, str] | None = None

    def __str__(self) -> str:
        interrupted = f", and ends it by {self.interrupted[1]}" if self.interrupted else ""
        return " ".join((self.deed.value, *self.options)) + interrupted


@dataclass(frozen=True)
class Backfill:
    """Logs of days gone by, which lie in the log bucket and nobody announces, and when somebody has them backfilled."""

    at: float
    first: str
    last: str
    logs: tuple[Log, ...]


@dataclass(frozen=True)
class Old:
    """Documents that the search domain has at first: the id and time of each."""

    documents: tuple[tuple[str, str], ...]


Part = Delivery | Fault | Act | Backfill | Old


@dataclass(frozen=True)
class Plan:
    """One run. ``seed`` also draws what services choose: delays, jitter, order.

    With ``is_audited``, the environment keeps a ledger, CloudTrail signs its logs, and an audit is started once an hour, first at
    ``audit_at``; a delivery with no copies is an announcement that was dropped. ``retention_at`` is when retention is started
    first; None if it is at the end alone.

    With ``small_batches``, an OpenSearch domain takes no more than some documents at once, in place of some thousands.
    """

    seed: int
    backend: Backend
    environment: str
    parts: tuple[Part, ...]
    skews: tuple[tuple[str, float], ...] = ()
    idle_days: int = 0
    ensure_ascii: bool = True
    small_batches: bool = False
    is_audited: bool = False
    audit_at: float = 0.0
    retention_at: float | None = None

    def of(self, kind: type[Any]) -> list[Any]:
        """Its parts of one kind."""
        return [part for part in self.parts if isinstance(part, kind)]

    def only(self, kept: Sequence[bool]) -> "Plan":
        """The same with some of its parts alone."""
        parts = tuple(part for part, keep in zip(self.parts, kept, strict=True) if keep)
        return replace(self, parts=parts)

    @property
    def calm(self) -> bool:
        """Whether nothing fails, and nobody does anything."""
        return not self.of(Fault) and not self.of(Act)

"""What the ledger says of each log: how many of its records are indexed, and where the others are.

An execution that read a log is one account of it. What was redriven adds to that: a batch that is indexed later, whichever
execution did so, is one of those that the first one made.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from trailsearch.contracts.ledger import Announced, Entry, Fetched, IndexedBatch, ReadLog, Split


class Reckoned(NamedTuple):
    """What became of the records of a log, by the execution that did most of it.

    ``records`` are ``indexed``, ``duplicates`` (of an event that another record of the same execution has brought in),
    ``dead_lettered`` or ``waiting``: not indexed yet, as far as the ledger knows. A duplicate is as far as the document that it
    is of. Which that is, the ledger does not know, but that it comes before: so as many duplicates as there are documents
    before them that wait, or are dead-lettered, count as these, and never is a log done whose events are not. ``sha256`` is that of the content that was
    read, ``delivered_at`` and ``etag`` are those of its object. Of a log that could not be read, nothing is known but the ``error``.
    """

    sha256: str = ""
    delivered_at: str = ""
    etag: str = ""
    records: int = 0
    indexed: int = 0
    duplicates: int = 0
    dead_lettered: int = 0
    waiting: int = 0
    error: str = ""


class KnownLog(msgspec.Struct, frozen=True):
    """What the ledger knows of a log: an account of it by each execution that has read it.

    ``error`` is that of the last that could not. ``announced_at`` (ISO 8601, UTC) is when an audit first announced it, because
    nobody had read it.
    """

    accounts: tuple[Reckoned, ...] = ()
    error: str = ""
    announced_at: str = ""

    def of(self, sha256: str) -> Reckoned | None:
        """Say what became of the log; None, if nobody has read it.

        Where several executions have, those count that have read this content, if any has.
        """
        if not self.accounts:
            return Reckoned(error=self.error) if self.error else None
        return max(
            self.accounts,
            key=lambda each: (each.sha256 == sha256, -each.waiting, each.indexed, each.duplicates),
        )


class _Records(NamedTuple):
    """How many records of a log are known to have become what; the others wait."""

    indexed: int = 0
    duplicates: int = 0
    dead_lettered: int = 0


class Reckoning:
    """The entries of a ledger, put together by their logs."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        """Take the entries, in the order in which they were written."""
        self._read: dict[str, dict[str, ReadLog]] = defaultdict(dict)
        self._errors: dict[str, str] = {}
        self._announced: dict[str, str] = {}
        self._splits: dict[str, Split] = {}
        self._indexed: dict[str, IndexedBatch] = {}
        for entry in entries:
            self._add(entry)
        self._became = {execution: self._records_of(split) for execution, split in self._splits.items()}

    def _add(self, entry: Entry) -> None:
        match entry:
            case Fetched(execution=execution):
                for log in entry.logs:
                    self._read[log.uri][execution] = log
                self._errors.update((log.uri, log.error) for log in entry.unread)
            case Split(execution=execution):
                self._splits[execution] = entry
            case Announced():
                for uri in entry.logs:
                    self._announced.setdefault(uri, entry.announced_at)
            case IndexedBatch(batch=batch):
                known = self._indexed.get(batch)
                if known is None or known.documents <= entry.documents:
                    self._indexed[batch] = entry

    def logs(self) -> Iterator[str]:
        """Give every log (its ``s3://`` URI) that the ledger knows something of."""
        yield from {**self._read, **self._errors, **self._announced}

    def known(self, log: str) -> KnownLog | None:
        """Say what the ledger knows of a log (its ``s3://`` URI); None, if that is nothing."""
        accounts = [self._account(execution, read) for execution, read in self._read.get(log, {}).items()]
        known = KnownLog(tuple(accounts), self._errors.get(log, ""), self._announced.get(log, ""))
        return None if known == KnownLog() else known

    def _account(self, execution: str, read: ReadLog) -> Reckoned:
        became = self._became.get(execution, {}).get(read.uri, _Records())
        return Reckoned(
            sha256=read.sha256,
            delivered_at=read.delivered_at,
            etag=read.etag,
            records=read.records,
            indexed=became.indexed,
            duplicates=became.duplicates,
            dead_lettered=became.dead_lettered,
            waiting=read.records - became.indexed - became.duplicates - became.dead_lettered,
        )

    def _records_of(self, split: Split) -> dict[str, _Records]:
        """Give what the records of each log became."""
        indexed: Counter[str] = Counter()
        dead_lettered: Counter[str] = Counter()
        waiting: Counter[str] = Counter()
        for batch, logs in _logs_of_batches(split):
            failed = self._failed(batch)
            if failed is None:
                waiting.update(logs)
                continue
            dead_lettered.update(failed)
            indexed.update(logs)
            indexed.subtract(failed)
        for part in split.parts:
            failed = self._failed(part.key)
            dead_lettered.update(part.logs if failed is None else failed)
            if failed is not None:
                indexed.update(part.logs)
                indexed.subtract(failed)
        duplicates: Counter[str] = Counter()
        of_dead_lettered: Counter[str] = Counter()
        waiting_before = dead_lettered_before = 0
        before: set[str] = set()
        for log in split.logs:
            if log.log not in before:
                before.add(log.log)
                waiting_before += waiting[log.log]
                dead_lettered_before += dead_lettered[log.log]
            brought_in = max(log.duplicates - waiting_before, 0)
            of_dead_lettered[log.log] += min(brought_in, dead_lettered_before)
            duplicates[log.log] += max(brought_in - dead_lettered_before, 0)
        return {
            log: _Records(indexed[log], duplicates[log], dead_lettered[log] + of_dead_lettered[log])
            for log in before
        }

    def _failed(self, batch: str) -> Counter[str] | None:
        """Give the documents of a batch that are dead-lettered, by their log; None, if nobody has indexed it."""
        if (entry := self._indexed.get(batch)) is None:
            return None
        failed: Counter[str] = Counter()
        for part in entry.parts:
            left = self._failed(part.key)
            failed.update(part.logs if left is None else left)
        return failed


def _logs_of_batches(split: Split) -> Iterator[tuple[str, Counter[str]]]:
    """Give the key of each batch, with the number of its documents by the log that they are from."""
    logs = iter(split.logs)
    log, left = "", 0
    for batch in split.batches:
        of_batch: Counter[str] = Counter()
        room = batch.documents
        while room:
            while not left:
                following = next(logs)
                log, left = following.log, following.documents
            taken = min(left, room)
            of_batch[log] += taken
            left, room = left - taken, room - taken
        yield batch.key, of_batch

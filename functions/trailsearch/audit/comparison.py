"""A signed log, as it lies in the bucket and as the ledger knows it: is it indexed, unaltered?"""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from trailsearch.audit.digests import SignedLog
from trailsearch.audit.findings import Finding, LogFinding
from trailsearch.audit.log_hashes import check_log
from trailsearch.audit.reckoning import KnownLog, Reckoned


class Outcome(StrEnum):
    """What became of a signed log."""

    INDEXED = "indexed"
    """Every record of it is indexed, as CloudTrail delivered it."""
    WAITING = "waiting"
    """It was read, and not all of it is indexed yet, or a batch of it waits in the dead-letter queue."""
    DEAD_LETTERED = "dead_lettered"
    """It could not be read, or the search domain does not take some of its documents: the dead-letter queue has the reason."""
    ALTERED = "altered"
    """What was read, and indexed, is not what CloudTrail delivered."""
    NEVER_READ = "never_read"
    """Nobody has read it: it was not announced, or that has not arrived."""
    LEDGER_EXPIRED = "ledger_expired"
    """It was delivered before the ledger begins: what became of it is not known."""


class Stamp(NamedTuple):
    """When an object was written (ISO 8601, UTC, in seconds), and its entity tag: what is written again has another one."""

    modified_at: str
    etag: str


class Compared(NamedTuple):
    """What is known of one signed log.

    ``in_bucket`` says whether its object is as it was delivered (``VALID``), ``why`` what else it is. ``announced_at`` is when
    an audit first announced it, because nobody had read it.
    """

    log: SignedLog
    outcome: Outcome
    in_bucket: Finding
    why: str = ""
    reckoned: Reckoned | None = None
    announced_at: str = ""

    @property
    def is_well(self) -> bool:
        """Whether it is indexed unaltered, and still what it was."""
        return self.outcome is Outcome.INDEXED and self.in_bucket is Finding.VALID


def compare(
    log: SignedLog,
    known: KnownLog | None,
    stamp: Stamp | None,
    get: Callable[[], bytes | LogFinding | None],
    *,
    in_ledger: bool = True,
) -> Compared:
    """Compare what CloudTrail signed with what lies in the bucket, and with what was indexed.

    Args:
        log: what a digest says.
        known: what the ledger says; None, if it does not know the log.
        stamp: that of its object; None, if there is none.
        get: fetches the object, or says why it cannot: only where it was not read before, or was written again since.
        in_ledger: whether the ledger goes back as far as the log.
    """
    reckoned = known.of(log.hash) if known else None
    unaltered = reckoned is not None and reckoned.sha256 == log.hash
    if stamp is None:
        in_bucket, why = Finding.MISSING, "it is no longer in its bucket"
    elif reckoned and unaltered and stamp == (reckoned.delivered_at, reckoned.etag):
        in_bucket, why = Finding.VALID, ""
    else:
        found = get()
        in_bucket, why = found if isinstance(found, LogFinding) else check_log(log, found)
    outcome = _outcome(reckoned, unaltered=unaltered, in_ledger=in_ledger)
    return Compared(log, outcome, in_bucket, why, reckoned, known.announced_at if known else "")


def _outcome(reckoned: Reckoned | None, *, unaltered: bool, in_ledger: bool) -> Outcome:
    if reckoned is None:
        return Outcome.NEVER_READ if in_ledger else Outcome.LEDGER_EXPIRED
    if reckoned.error:
        return Outcome.DEAD_LETTERED
    if not unaltered:
        return Outcome.ALTERED
    if reckoned.waiting:
        return Outcome.WAITING
    return Outcome.DEAD_LETTERED if reckoned.dead_lettered else Outcome.INDEXED

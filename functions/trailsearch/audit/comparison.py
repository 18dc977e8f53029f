"""A signed log, as it lies in the bucket and as the ledger knows it: is it indexed, unaltered?"""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from trailsearch.audit.digests import SignedLog
from trailsearch.audit.findings import Finding
from trailsearch.audit.log_hashes import check_log
from trailsearch.audit.reckoning import Reckoned


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


class Stamp(NamedTuple):
    """When an object was written (ISO 8601, UTC, in seconds), and its entity tag: what is written again has another one."""

    modified_at: str
    etag: str


class Compared(NamedTuple):
    """What is known of one signed log.

    ``in_bucket`` says whether its object is as it was delivered (``VALID``), ``why`` what else it is.
    """

    log: SignedLog
    outcome: Outcome
    in_bucket: Finding
    why: str = ""
    reckoned: Reckoned | None = None

    @property
    def is_well(self) -> bool:
        """Whether it is indexed unaltered, and still what it was."""
        return self.outcome is Outcome.INDEXED and self.in_bucket is Finding.VALID


def compare(
    log: SignedLog, reckoned: Reckoned | None, stamp: Stamp | None, get: Callable[[], bytes | None]
) -> Compared:
    """Compare what CloudTrail signed with what lies in the bucket, and with what was indexed.

    Args:
        log: what a digest says.
        reckoned: what the ledger says; None, if it does not know the log.
        stamp: that of its object; None, if there is none.
        get: fetches the object: only where it was not read before, or was written again since.
    """
    unaltered = reckoned is not None and reckoned.sha256 == log.hash
    if stamp is None:
        in_bucket, why = Finding.MISSING, "it is no longer in its bucket"
    elif reckoned and unaltered and stamp == (reckoned.delivered_at, reckoned.etag):
        in_bucket, why = Finding.VALID, ""
    else:
        in_bucket, why = check_log(log, get())
    return Compared(log, _outcome(reckoned, unaltered=unaltered), in_bucket, why, reckoned)


def _outcome(reckoned: Reckoned | None, *, unaltered: bool) -> Outcome:
    if reckoned is None:
        return Outcome.NEVER_READ
    if reckoned.error:
        return Outcome.DEAD_LETTERED
    if not unaltered:
        return Outcome.ALTERED
    if reckoned.waiting:
        return Outcome.WAITING
    return Outcome.DEAD_LETTERED if reckoned.dead_lettered else Outcome.INDEXED

"""What an audit has found, in figures."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Self

import msgspec

from trailsearch.audit.comparison import Compared, Outcome
from trailsearch.audit.findings import DigestFinding, Finding

# What an audit has announced has been indexed by then: that takes minutes, and audits are an hour apart.
HEALED_WITHIN = timedelta(minutes=45)


class Counted(msgspec.Struct, frozen=True):
    """How many digests and logs there are of each kind, and what became of the records.

    Of digests: ``digests_altered`` have another content, or signature, than CloudTrail gave them; ``gaps`` are times without
    digests, and digests that are missing; ``not_validated`` is what could not be looked at: keys that are not known, buckets
    that cannot be read, and accounts and Regions whose logs have no digests.

    Of signed logs: ``logs_missing`` nobody has read, ``logs_altered`` are not what CloudTrail delivered, as they were indexed or as
    they are now, ``logs_gone`` were indexed and are no longer in the bucket, ``logs_unknown`` are older than the ledger. Of
    those that were missing, ``logs_sent`` were announced now, ``logs_healed`` before, and are indexed; ``logs_not_healed`` were
    announced before, and nobody has read them all the same, or they cannot be announced.
    """

    digests_valid: int = 0
    digests_altered: int = 0
    gaps: int = 0
    not_validated: int = 0
    logs_signed: int = 0
    logs_indexed: int = 0
    logs_waiting: int = 0
    logs_dead_lettered: int = 0
    logs_altered: int = 0
    logs_missing: int = 0
    logs_unknown: int = 0
    logs_gone: int = 0
    logs_sent: int = 0
    logs_healed: int = 0
    logs_not_healed: int = 0
    records: int = 0
    records_indexed: int = 0
    records_duplicate: int = 0
    records_dead_lettered: int = 0
    records_waiting: int = 0

    def __add__(self, other: Self) -> Self:
        """Add two counts, field by field."""
        return type(self)(
            *map(sum, zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True))
        )


class Found(msgspec.Struct, frozen=True):
    """What was found of a share: in figures, what is not well in sentences, and the SHA-256 of the evidence."""

    counted: Counted
    problems: tuple[str, ...] = ()
    evidence_sha256: str = ""


def count(digests: Iterable[DigestFinding], logs: Sequence[Compared], now: datetime) -> Counted:
    """Count what was found, at a time."""
    of_digests = Counter(each.finding for each in digests)
    outcomes = Counter(each.outcome for each in logs)
    reckoned = [each.reckoned for each in logs if each.reckoned]
    return Counted(
        digests_valid=of_digests[Finding.VALID],
        digests_altered=of_digests[Finding.ALTERED] + of_digests[Finding.BAD_SIGNATURE],
        gaps=of_digests[Finding.GAP] + of_digests[Finding.MISSING],
        not_validated=of_digests[Finding.UNKNOWN_KEY]
        + of_digests[Finding.UNREADABLE]
        + of_digests[Finding.VALIDATION_OFF],
        logs_signed=len(logs),
        logs_indexed=outcomes[Outcome.INDEXED],
        logs_waiting=outcomes[Outcome.WAITING],
        logs_dead_lettered=outcomes[Outcome.DEAD_LETTERED],
        logs_altered=sum(
            Outcome.ALTERED is each.outcome or Finding.ALTERED is each.in_bucket for each in logs
        ),
        logs_missing=outcomes[Outcome.NEVER_READ],
        logs_unknown=outcomes[Outcome.LEDGER_EXPIRED],
        logs_gone=sum(
            each.in_bucket is Finding.MISSING and each.outcome is not Outcome.NEVER_READ for each in logs
        ),
        logs_healed=sum(each.outcome is Outcome.INDEXED and bool(each.announced_at) for each in logs),
        logs_not_healed=sum(_is_not_healed(each, now) for each in logs),
        records=sum(each.records for each in reckoned),
        records_indexed=sum(each.indexed for each in reckoned),
        records_duplicate=sum(each.duplicates for each in reckoned),
        records_dead_lettered=sum(each.dead_lettered for each in reckoned),
        records_waiting=sum(each.waiting for each in reckoned),
    )


def _is_not_healed(log: Compared, now: datetime) -> bool:
    if log.outcome is not Outcome.NEVER_READ:
        return False
    if log.in_bucket is not Finding.VALID:
        return True
    return bool(log.announced_at) and now - datetime.fromisoformat(log.announced_at) > HEALED_WITHIN

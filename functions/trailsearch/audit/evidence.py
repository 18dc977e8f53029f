"""What an audit has found, as evidence that can be kept, and in a sentence."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from trailsearch.audit.comparison import Compared, Outcome
from trailsearch.audit.counts import Counted
from trailsearch.audit.findings import DigestFinding, Finding
from trailsearch.contracts.times import to_seconds
from trailsearch.contracts.wording import counted

LIMIT = "It proves that every delivered log is indexed, not that CloudTrail recorded every call."
_SAID_OF_LOGS = {
    Outcome.WAITING: "read, and not all indexed yet",
    Outcome.DEAD_LETTERED: "dead-lettered: make dlq has the reasons",
    Outcome.ALTERED: "indexed with another content than CloudTrail signed",
    Outcome.NEVER_READ: "never read",
    Outcome.LEDGER_EXPIRED: "from before the ledger begins, which has expired (ledger_retention_days): not known to be indexed",
}
_SAID_OF_OBJECTS = {
    Finding.MISSING: "no longer in the bucket",
    Finding.ALTERED: "not in the bucket as CloudTrail signed them",
    Finding.UNREADABLE: "in the bucket, and cannot be read",
}
_SAID_OF_DIGESTS = {
    Finding.MISSING: "missing",
    Finding.ALTERED: "altered",
    Finding.BAD_SIGNATURE: "with a signature that is not theirs",
    Finding.UNKNOWN_KEY: "signed with a key that CloudTrail does not list",
}


def sentence(counts: Counted) -> str:
    """Say how many of the signed logs are indexed unaltered, and how their records add up."""
    parts = [
        (counts.records_indexed, "indexed"),
        (counts.records_duplicate, "duplicates"),
        (counts.records_dead_lettered, "dead-lettered"),
        (counts.records_waiting, "waiting"),
    ]
    added = " + ".join(f"{number:,} {name}" for number, name in parts if number or name != "waiting")
    return (
        f"{counts.logs_indexed:,} of {counted(counts.logs_signed, 'signed log')} indexed unaltered;"
        f" {counted(counts.records, 'record')} = {added}"
    )


def problems(digests: Sequence[DigestFinding], logs: Sequence[Compared]) -> list[str]:
    """Say what is not well, each in a sentence."""
    said = []
    for finding, what in _SAID_OF_DIGESTS.items():
        found = [each for each in digests if each.finding is finding]
        if found:
            said.append(
                f"{counted(len(found), 'digest')} {what}, such as s3://{found[0].bucket}/{found[0].key}"
            )
    for each in digests:
        if each.finding is Finding.GAP and each.begin and each.end:
            said.append(
                f"No digests from {to_seconds(each.begin)} to {to_seconds(each.end)}: {each.why} ({each.key})"
            )
        if each.finding is Finding.UNREADABLE:
            said.append(f"The bucket {each.bucket} cannot be looked into: {each.why}")
        if each.finding is Finding.VALIDATION_OFF:
            said.append(f"Validation is off: {each.why} (s3://{each.bucket}/{each.key})")
    for outcome, what in _SAID_OF_LOGS.items():
        said += _of_logs([each for each in logs if each.outcome is outcome], what)
    for finding, what in _SAID_OF_OBJECTS.items():
        said += _of_logs([each for each in logs if each.in_bucket is finding], what)
    return said


def without_proof(counted: Counted) -> list[str]:
    """Say so, if nothing of a time is proven."""
    return [] if counted.digests_valid else ["There is no valid digest of this time: nothing is proven"]


def as_builtins(
    begin: datetime, end: datetime, digests: Sequence[DigestFinding], logs: Sequence[Compared]
) -> dict[str, Any]:
    """Give all that was found as plain values, for an auditor to keep."""
    return {
        "from": to_seconds(begin),
        "to": to_seconds(end),
        "problems": problems(digests, logs),
        "digests": [
            {
                "digest": f"s3://{each.bucket}/{each.key}",
                "finding": each.finding.value,
                "from": each.begin and to_seconds(each.begin),
                "to": each.end and to_seconds(each.end),
                "why": each.why,
                "sha256": each.digest and each.digest.hash,
                "signature": each.digest and each.digest.signature,
                "public_key": each.digest and each.digest.fingerprint,
            }
            for each in digests
        ],
        "logs": [
            {
                "log": each.log.pointer.uri,
                "sha256": each.log.hash,
                "outcome": each.outcome.value,
                "in_bucket": each.in_bucket.value,
                "why": each.why,
                "ledger": each.reckoned and each.reckoned._asdict(),
                "announced_at": each.announced_at,
            }
            for each in logs
        ],
    }


def _of_logs(found: Sequence[Compared], what: str) -> list[str]:
    if not found:
        return []
    return [f"{counted(len(found), 'signed log')} {what}, such as {found[0].log.pointer.uri}"]

"""Compare CloudTrail's signed digests with the log buckets and the ledger, and have what is missing indexed. State: "Audit Share".

It looks at a share of the accounts and Regions, announces the logs that nobody has read, and keeps the evidence.
Event: ``{"share": {"number": n, "from": time, "to": time}, "execution": ARN}``. Answer: ``{}``.

It does the same for two more states, before and after:

* "Plan Audit" says which hours are looked at, finds the accounts and Regions that a log bucket has folders of, reads the ledger
  once for all, and shares it out.
  Event: ``{"plan": {"input": of the execution, "started": time}, "execution": ARN}``.
  Answer: ``{"from": time, "to": time, "shares": [number, …]}``.
* "Sum Up" adds up what all shares have found, keeps it beside the evidence, and measures it.
  Event: ``{"sum_up": {"from": time, "to": time, "shares": [number, …]}, "execution": ARN}``. Answer: the summary.

**How an execution knows of the digest before those that it looks at.** It does not have to. It looks at three hours, of which
the execution before it has looked at two already: so each digest is seen by three executions, each link from one digest to the
one before it by two at least, and nothing is remembered from one execution to the next. One that fails leaves nothing unseen,
and what one has announced the next ones look for.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from trailsearch.audit.cloud.audit_store import AuditStore
from trailsearch.audit.cloud.ingest_queue import healable, send
from trailsearch.audit.cloud.ledger_reader import kept_since, read_ledger
from trailsearch.audit.cloud.look import Look, find_places
from trailsearch.audit.counts import Counted, Found, count
from trailsearch.audit.evidence import LIMIT, as_builtins, problems, sentence, without_proof
from trailsearch.audit.shares import share_out
from trailsearch.aws import clients
from trailsearch.aws.telemetry import observed, report_audit, report_share
from trailsearch.contracts.ledger import Announced
from trailsearch.contracts.settings import Settings, required
from trailsearch.contracts.times import to_seconds
from trailsearch.workflow.ledger import Ledger

HOURS = timedelta(hours=3)
# A digest is there an hour after its logs, and CloudTrail and the pipeline take their time.
BEHIND = timedelta(hours=2)
# What an execution says has room for 262,144 characters; the evidence has all of it.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MOST_PROBLEMS = 50
_LONGEST_PROBLEM = 2_000
METRICS: Mapping[str, str] = {
    "DigestsValid": "digests_valid",
    "DigestsAltered": "digests_altered",
    "DigestGaps": "gaps",
    "NotValidated": "not_validated",
    "LogsSigned": "logs_signed",
    "LogsIndexedUnaltered": "logs_indexed",
    "LogsDeadLettered": "logs_dead_lettered",
    "LogsAltered": "logs_altered",
    "LogsMissing": "logs_missing",
    "LogsHealed": "logs_healed",
    "LogsNotHealed": "logs_not_healed",
}


@observed
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Do one step of an audit.

    Raises:
        StorageUnavailable, PublicKeysUnavailable, QueueUnavailable: try again.
        StorageAccessDenied, BatchNotFound: see ``AuditStore``.
        SettingMissing: the function lacks an environment variable.
    """
    settings = Settings.from_environment()
    bucket = required("STAGING_BUCKET", settings.staging_bucket)
    ((step, asked),) = ((each, event[each]) for each in ("plan", "share", "sum_up") if each in event)
    begin, end = window(asked["input"], asked["started"]) if step == "plan" else _times(asked)
    store = AuditStore(clients.s3(), bucket, event["execution"], begin)
    if step == "plan":
        return plan_audit(begin, end, settings, bucket, store)
    if step == "share":
        audit_share(asked["number"], begin, end, settings, event["execution"], store)
        return {}
    return sum_up(begin, end, asked["shares"], store)


def window(execution_input: Any, started: str) -> tuple[datetime, datetime]:
    """Say which time to look at: that which the input of an execution names, or the hours before it was started.

    Raises:
        ValueError: it names no times, or the end before the beginning.
    """
    if isinstance(execution_input, dict) and {"from", "to"} <= execution_input.keys():
        begin, end = _times(execution_input)
        if begin >= end:
            raise ValueError(f"an audit from {to_seconds(begin)} to {to_seconds(end)}, which is before")
        return begin, end
    hour = datetime.fromisoformat(started).astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return hour - BEHIND - HOURS, hour - BEHIND


def _times(asked: Mapping[str, str]) -> tuple[datetime, datetime]:
    begin, end = (datetime.fromisoformat(asked[name]) for name in ("from", "to"))
    return _in_utc(begin), _in_utc(end)


def _in_utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def plan_audit(
    begin: datetime, end: datetime, settings: Settings, bucket: str, store: AuditStore
) -> dict[str, Any]:
    """Find what there is to look at, and keep it in shares."""
    names = required("LOG_BUCKETS", settings.log_buckets)
    s3 = clients.s3()
    shares = list(share_out(find_places(s3, names, begin, end), read_ledger(s3, bucket, begin)))
    for number, share in enumerate(shares):
        store.put_share(number, share)
    return {"from": to_seconds(begin), "to": to_seconds(end), "shares": list(range(len(shares)))}


def audit_share(
    number: int, begin: datetime, end: datetime, settings: Settings, execution: str, store: AuditStore
) -> None:
    """Look at a share, announce what nobody has read, and keep what was found."""
    now = datetime.now(UTC)
    share = store.get_share(number)
    since = kept_since(settings.ledger_retention_days, now)
    found = Look(clients.s3(), begin, end, share.known.get, since).at(share.places)
    missing = healable(found.logs)
    if missing:
        # First sent, then written down: an execution that ends between the two sends them again, and none is forgotten.
        send(missing, clients.sqs(), required("INGEST_QUEUE_URL", settings.ingest_queue_url))
        announced = tuple(log.pointer.uri for log in missing)
        ledger = Ledger(clients.s3(), required("STAGING_BUCKET", settings.staging_bucket))
        ledger.write(Announced(execution, announced, to_seconds(now)))
    counted = msgspec.structs.replace(count(found.digests, found.logs, now), logs_sent=len(missing))
    said = tuple(problem[:_LONGEST_PROBLEM] for problem in problems(found.digests, found.logs))
    evidence = as_builtins(begin, end, found.digests, found.logs)
    store.put_found(number, Found(counted, said, store.put_evidence(number, evidence)))
    report_share(number, msgspec.to_builtins(counted), said)


def sum_up(begin: datetime, end: datetime, shares: list[int], store: AuditStore) -> dict[str, Any]:
    """Add up what was found of all shares, keep that, and measure it."""
    found = {number: store.get_found(number) for number in shares}
    counted = sum((each.counted for each in found.values()), Counted())
    said = [problem for each in found.values() for problem in each.problems] + without_proof(counted)
    more = len(said) - MOST_PROBLEMS
    summary = {
        "from": to_seconds(begin),
        "to": to_seconds(end),
        "well": not said,
        "says": sentence(counted),
        "limit": LIMIT,
        "problems": said[:MOST_PROBLEMS] + ([f"and {more} more"] if more > 0 else []),
        "counted": msgspec.to_builtins(counted),
    }
    parts = {f"{number:04}.json.gz": each.evidence_sha256 for number, each in found.items()}
    summary["evidence"] = store.put_summary(summary | {"problems": said, "parts": parts})
    report_audit(summary, {name: summary["counted"][field] for name, field in METRICS.items()})
    return summary

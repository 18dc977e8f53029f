"""One run of the audit: signed logs of which a part is never announced, a fault while they are indexed or audited, an account."""

import json
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from tests.chaos.delivery import Delivery
from tests.chaos.pipeline import Pipeline
from tests.chaos.run import ABORT_SECONDS, Outcome, note_unmet, settled_account
from tests.chaos.scenario import Scenario, rules_of
from tests.local_cloud.faults import RuleCount
from tests.local_cloud.pipeline.cloudtrail_delivery import Log
from tests.local_cloud.pipeline.cloudtrail_digests import DigestedTrail, SigningKey, trail_of

# What other runs deliver is not of the audited time, as S3 says when that was.
_HOURS, _AGO = timedelta(hours=3), timedelta(hours=2)
NEVER_ANNOUNCED = 2
_POLL_SECONDS = 0.1


def run_audit(scenario: Scenario, pipeline: Pipeline, seed: int) -> Outcome:
    """Deliver signed logs and announce but a part, and audit them under the fault.

    What was never announced must be found and indexed, and nothing else be called missing but what the fault keeps from being
    read. What the fault outlasts, the next execution must do. In the end all must be proven.

    Raises:
        NotIdle, TimeoutError: the pipeline, or the audit, did not come to rest.
    """
    began = time.monotonic()
    pipeline.empty_log_bucket()
    end = datetime.now(UTC).replace(microsecond=0) - _AGO
    begin = end - _HOURS
    delivery = Delivery(seed, begin, _HOURS)
    outcome = Outcome(len(delivery.events), injected=NEVER_ANNOUNCED)
    _put_signed(pipeline, delivery, begin, end)
    audited = {"from": begin.isoformat(), "to": end.isoformat()}

    status, said, unread = _under_fault(scenario, pipeline, delivery, audited, outcome, seed)
    if scenario.outlasts_retries:
        wanted = ("ABORTED", "Aborted") if scenario.aborted_in else ("FAILED", "LogsNotAudited")
        if (status, said) != wanted:
            outcome.problems.append(f"the fault outlasts all retries, but the audit ended: {status} {said}")
        pipeline.wait_until_idle()
        status, said = pipeline.end_of(pipeline.start_audit(audited))
    _judge(status, said, len(delivery.bodies), None if scenario.outlasts_retries else unread, outcome)
    pipeline.wait_until_idle()
    healed = settled_account(pipeline, delivery)
    outcome.lost = set(delivery.events - healed.found - healed.waiting)
    if healed.letters:
        outcome.redriven = pipeline.redrive()
        pipeline.wait_until_idle()
    after = settled_account(pipeline, delivery)
    outcome.problems += [*healed.problems, *after.problems]
    outcome.lost |= delivery.events - after.found
    if after.letters:
        outcome.problems.append(f"{after.letters} dead letters came back after the redrive")
    status, said = pipeline.end_of(pipeline.start_audit(audited))
    _judge(status, said, len(delivery.bodies), 0, outcome)
    outcome.seconds = time.monotonic() - began
    return outcome


def _put_signed(pipeline: Pipeline, delivery: Delivery, begin: datetime, end: datetime) -> None:
    """Put the logs into the bucket, and a digest of those of each account and Region, as CloudTrail does."""
    logs: dict[DigestedTrail, list[Log]] = defaultdict(list)
    for key, body in delivery.bodies.items():
        pipeline.s3.put_object(Bucket=pipeline.log_bucket, Key=key, Body=body)
        if trail := trail_of(pipeline.log_bucket, key):
            logs[trail].append(Log(key, body))
    for trail, signed in logs.items():
        signing_key = SigningKey.of_local_cloud(pipeline.endpoint_url, trail.region)
        trail.digest(signed, begin, end, signing_key).put(pipeline.s3, pipeline.log_bucket)


def _under_fault(
    scenario: Scenario,
    pipeline: Pipeline,
    delivery: Delivery,
    audited: dict[str, str],
    outcome: Outcome,
    seed: int,
) -> tuple[str, str, int]:
    """Index and audit while the fault is switched on; say how the audit ended, and how many logs nobody could read before it."""
    pipeline.faults.set(rules_of(scenario.rules, pipeline.outputs, seed))
    counts: Sequence[RuleCount] = ()
    try:
        for key in islice(delivery.bodies, NEVER_ANNOUNCED, None):
            pipeline.announce(json.dumps({"s3Bucket": pipeline.log_bucket, "s3ObjectKey": [key]}))
        pipeline.wait_until_idle()
        unread = NEVER_ANNOUNCED + _note_letters(scenario, pipeline, delivery, outcome)
        arn = pipeline.start_audit(audited)
        if scenario.aborted_in:
            _abort(pipeline, arn)
        status, said = pipeline.end_of(arn)
    finally:
        counts = pipeline.faults.clear()
    outcome.injected += sum(count.injected for count in counts)
    note_unmet(counts, outcome, drawn=False)
    return status, said, unread


def _note_letters(scenario: Scenario, pipeline: Pipeline, delivery: Delivery, outcome: Outcome) -> int:
    """Note what could not be indexed, and give how many logs that are."""
    announced = frozenset().union(*islice(delivery.events_of_log.values(), NEVER_ANNOUNCED, None))
    account = settled_account(pipeline, delivery, announced)
    outcome.dead_letters, outcome.dead_lettered = account.letters, len(account.waiting)
    outcome.problems += account.problems
    if gone := announced - account.found - account.waiting:
        outcome.problems.append(f"{len(gone)} events were announced, and are nowhere before the audit")
    if bool(account.letters) != bool(scenario.letters):
        outcome.problems.append(f"{account.letters} dead letters before the audit: {account.why}")
    if unexpected := {found for found in account.labels if not found.startswith(scenario.letters)}:
        outcome.problems.append(f"dead letters {sorted(unexpected)} instead of {scenario.letters!r}")
    return sum(events <= account.waiting for events in delivery.events_of_log.values())


def _abort(pipeline: Pipeline, execution_arn: str) -> None:
    """Stop an execution while the fault holds what it has sent."""
    deadline = time.monotonic() + ABORT_SECONDS
    while time.monotonic() < deadline:
        if any(count.injected for count in pipeline.faults.counts()):
            pipeline.stepfunctions.stop_execution(
                executionArn=execution_arn, error="Aborted", cause="by hand"
            )
            return
        time.sleep(_POLL_SECONDS)


def _judge(status: str, output: str, signed: int, missing: int | None, outcome: Outcome) -> None:
    """Note what an audit should have said of so many logs, of which so many nobody has read, if that is known."""
    if status != "SUCCEEDED":
        outcome.problems.append(f"the audit ended {status}: {output}")
        return
    summary: dict[str, Any] = json.loads(output)["summary"]
    counted = summary["counted"]
    if counted["logs_signed"] != signed or counted["logs_altered"] or counted["gaps"]:
        outcome.problems.append(f"{signed} logs are signed, and it says: {counted}")
    if missing is not None and counted["logs_missing"] != missing:
        outcome.problems.append(f"nobody has read {missing} logs, and it says: {counted}")
    if missing == 0 and not summary["well"]:
        outcome.problems.append(f"all should be well in the end, and it says: {summary['problems']}")

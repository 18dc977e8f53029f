"""What must hold of the state machines backfill, retention and audit. See ``invariants``."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from tests.simulation.code import moment
from tests.simulation.invariants import Truth
from tests.simulation.plan import Backfill, Fate, Old
from tests.simulation.services.executions import HANDED_ON, Execution
from tests.simulation.world import World
from trailsearch.contracts.times import to_seconds
from trailsearch.search import Backend
from trailsearch.search.backend import FIRST_YEAR

_PART = "-backfill/Parts:"
# Nobody lays hands on a digest here, and none is ever missing.
_NEVER = ("digests_altered", "gaps", "logs_unknown")


def marked_too_soon(world: World, truth: Truth, key: str, body: str) -> Iterator[str]:
    """Say which part of a backfill is marked as done before its logs are indexed, or dead-lettered."""
    folder, _, name = key.rpartition("/done/")
    part = world.buckets.find(
        world.deployed.staging_bucket, f"{folder}/parts/{name.removesuffix('.dead-lettered')}.json"
    )
    if part is None:
        yield f"untrue: {key} is marked, and there is no such part"
        return
    dead_lettered = name.endswith(".dead-lettered")
    indexed = world.executions.all.get(_execution_of(body) if dead_lettered else body)
    if indexed is None:
        yield f"untrue: {key} is marked, and there is no execution of it"
        return
    if dead_lettered or indexed.end is None:
        if indexed.end is None or indexed.status == "SUCCEEDED":
            yield f"untrue: {key} is marked, and {indexed.context.name} is {indexed.status}"
        return
    if indexed.end.visits[-1:] == [HANDED_ON]:
        return  # Executions of its messages have it in hand.
    for message in json.loads(part.body):
        announced = json.loads(message["body"])
        for each in announced["s3ObjectKey"]:
            log = truth.logs[f"s3://{announced['s3Bucket']}/{each}"]
            missing = {record for record, fate in log.records if fate is Fate.FOUND} - world.domain.ever
            if log.tampered is None and (log.errors or missing):
                yield f"untrue: {key} is marked as done, and {log.uri} is not indexed"


def _execution_of(cause: str) -> str:
    try:
        return str(json.loads(cause)["ExecutionArn"])
    except (ValueError, KeyError):
        return ""


def untrue_end(world: World, truth: Truth, execution: Execution) -> Iterator[str]:
    """Say what is not true of an execution of audit that has ended, or that one failed for no reason."""
    if execution.machine == "index-logs":
        return
    blamed = world.faults.met or world.domain.was_full or execution.status == "ABORTED"
    if execution.status != "SUCCEEDED" and not blamed:
        assert execution.end is not None
        yield f"untrue: {execution.context.name} has {execution.status}, though nothing failed: {execution.end.cause}"
    if execution.machine == "audit" and execution.status == "SUCCEEDED":
        yield from _untrue_audit(world, truth, execution)


def _untrue_audit(world: World, truth: Truth, execution: Execution) -> Iterator[str]:
    name = execution.context.name
    assert execution.end is not None
    counted = execution.end.output["summary"]["counted"]
    for what in _NEVER:
        if counted[what]:
            yield f"untrue: {name} has {counted[what]} {what}"
    if counted["not_validated"] and not any(map(world.faults.have_met, ("s3", "cloudtrail"))):
        yield f"untrue: {name} could not validate {counted['not_validated']}, though nothing failed"
    logs = list(_evidence(world, name))
    told = {
        "logs_altered": sum("altered" in {log["outcome"], log["in_bucket"]} for log in logs),
        "logs_gone": sum(log["in_bucket"] == "missing" and log["outcome"] != "never_read" for log in logs),
    }
    for what, times in told.items():
        if counted[what] != times:
            yield f"untrue: {name} has counted {counted[what]} {what}, and its evidence has {times}"
    for log in logs:
        yield from _untrue_of_object(world, truth, execution, log)
        known = truth.logs.get(log["log"])
        found = truth.of_one_log(known) if known else set()
        events = {record for record, fate in known.records if fate is Fate.FOUND} if known else set()
        if log["outcome"] == "indexed" and events - world.domain.ever:
            yield f"untrue: {name} says that {log['log']} is indexed"
        if log["outcome"] == "never_read" and found and found <= _indexed_before(world, execution.started):
            yield f"untrue: {name} says that nobody has read {log['log']}, which was indexed"


def _untrue_of_object(
    world: World, truth: Truth, execution: Execution, log: Mapping[str, Any]
) -> Iterator[str]:
    """What somebody has altered or deleted is told of, each of it as what it is, and nothing else."""
    known, at = truth.logs.get(log["log"]), world.tampered.get(log["log"])
    said = {log["outcome"], log["in_bucket"]} & {"altered", "missing"}
    expected = set() if known is None or at is None else {"altered" if known.deleted is None else "missing"}
    if not said <= expected:
        yield f"untrue: {execution.context.name} says that {log['log']} is {' and '.join(sorted(said))}"
    # What it cannot read just then, it says.
    if at is not None and at < execution.started and not said and log["in_bucket"] != "unreadable":
        yield f"untrue: {execution.context.name} says nothing of {log['log']}, which is {' '.join(expected)}"


def _indexed_before(world: World, at: float) -> set[str]:
    return {
        document
        for documents in world.domain.documents.values()
        for document, times in documents.items()
        if times[0] < at
    }


def _evidence(world: World, execution: str) -> Iterator[dict[str, Any]]:
    for key in world.buckets.below(world.deployed.staging_bucket, "evidence/"):
        if f"/{execution}/" in key and key.endswith(".gz"):
            found = world.buckets.objects[world.deployed.staging_bucket, key]
            yield from json.loads(gzip.decompress(found.body))["logs"]


def failures(world: World) -> Iterator[str]:
    """Say what does not hold at the end of a run."""
    yield from _indexed_twice(world)
    yield from _planned(world)
    for machine, last in (("audit", world.last_audit), ("retention", world.last_retention)):
        if last is not None and last.status != "SUCCEEDED":
            yield f"endless: the last execution of {machine} has {last.status}, though nothing fails any more"
    if world.last_audit is not None and world.last_audit.end and world.last_audit.status == "SUCCEEDED":
        missing = world.last_audit.end.output["summary"]["counted"]["logs_missing"]
        # Nobody can read any more what somebody else had his hands on before.
        unread = {
            log["log"]
            for log in _evidence(world, world.last_audit.context.name)
            if log["outcome"] == "never_read" and log["log"] in world.tampered
        }
        if missing - len(unread):
            yield f"lost: after an audit and all redrives, nobody has read {missing} signed log(s)"
    if world.last_retention is not None:
        yield from _of_retention(world, world.last_retention)


def _planned(world: World) -> Iterator[str]:
    """A plan says how many logs it leaves out, as those that S3 has archived."""
    archived = {log.uri for backfill in world.plan.of(Backfill) for log in backfill.logs if log.left_out}
    staging = world.deployed.staging_bucket
    for key in world.buckets.below(staging, "backfills/"):
        if key.endswith("/plan.json"):
            counted = json.loads(world.buckets.objects[staging, key].body)["counted"]
            if counted["archived_logs"] != len(archived):
                yield f"untrue: {key} leaves out {counted['archived_logs']} of {len(archived)} archived logs"


def _indexed_twice(world: World) -> Iterator[str]:
    """Each execution of a backfill indexes a part by one execution of the workflow, however often it is redriven."""
    parts = Counter(
        (each.parent.rpartition("-")[0], each.input)
        for each in world.executions.all.values()
        if _PART in each.parent
    )
    for (backfill, _), times in parts.items():
        if times > 1:
            yield f"doubled: {backfill} has started {times} executions for one part"


def _of_retention(world: World, last: Execution) -> Iterator[str]:
    kept_from = to_seconds(moment(last.started) - timedelta(days=world.deployed.search_retention_days))
    if world.deployed.backend is Backend.OPENSEARCH:
        kept_from = kept_from[: len("2026-01")]  # A month is kept until all of it has expired.
    there = world.domain.found()
    for old in world.plan.of(Old):
        for document, time in old.documents:
            expired = f"{FIRST_YEAR}" <= time < kept_from
            if expired and document in there:
                yield f"held up: {document} of {time} has expired, and is there after retention"
            if not expired and document not in there:
                yield f"lost: {document} of {time} has not expired, and is gone"

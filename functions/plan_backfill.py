"""Plan a backfill: which logs some days have, in parts that the workflow takes. State: "Plan Backfill".

It lists the days of one task for as long as there is time, and answers whether there are more.
Event: ``{"plan": {"backfill": name, "task": number, "round": Round}, "execution": ARN}``. Answer: ``Round``.

It does the same for three more states, which are of the plan, too:

* "Find Folders" finds the folder of each account × Region, and shares out their days to tasks.
  Event: ``{"find": {"backfill": name, "scope": Scope}, "execution": ARN}``. Answer: ``{"tasks": [number, …]}``.
* "Write Plan" sums up what all tasks have found.
  Event: ``{"write": {"backfill": name, "scope": Scope}, "execution": ARN}``. Answer: ``Plan``.
* "Find Parts Left" finds the parts that are not indexed yet, of a backfill that was planned before.
  Event: ``{"left": {"backfill": name}, "execution": ARN}``. Answer: ``{"manifest": key, "parts": how many}``.
"""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import msgspec

from trailsearch.aws import clients
from trailsearch.aws.telemetry import observed, report_planned
from trailsearch.contracts.backfill import Counted, Plan, Planned, Round, Scope
from trailsearch.contracts.errors import LogsNotListed
from trailsearch.contracts.settings import Settings, required
from trailsearch.contracts.times import to_seconds
from trailsearch.logs.log_folders import Folders, find_regions
from trailsearch.logs.log_listing import LogListing
from trailsearch.workflow.backfill_parts import Part
from trailsearch.workflow.backfill_plan import in_tasks, plan
from trailsearch.workflow.backfill_store import BackfillStore

# The days of one account × Region in a month are listed in one go: a million logs of them take two minutes.
RESERVED_SECONDS = 600
# The result of a Map Run is an array of an empty object for each item, and has room for 262,144 characters.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MAX_PARTS = 80_000


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Do one step of a plan.

    Raises:
        LogsNotListed: a log bucket cannot be listed.
        StorageUnavailable: S3 is throttling, failing or out of reach; try again.
        StorageAccessDenied, BackfillNotFound: see ``BackfillStore``.
    """
    ((step, asked),) = ((each, event[each]) for each in ("find", "plan", "write", "left") if each in event)
    found = _found(step, asked, event, context)
    if step != "plan":
        report_planned(step, found)
    return found


def _found(step: str, asked: dict[str, Any], event: dict[str, Any], context: Any) -> dict[str, Any]:
    settings = Settings.from_environment()
    bucket = required("STAGING_BUCKET", settings.staging_bucket)
    store = BackfillStore(clients.s3(), bucket, asked["backfill"])
    if step == "find":
        scope = msgspec.convert(asked["scope"], Scope)
        names = chosen(scope, required("LOG_BUCKETS", settings.log_buckets))
        buckets = {name: LogListing(clients.s3(), name) for name in names}
        return {"tasks": find_folders(scope, buckets, store)}
    if step == "plan":
        done = msgspec.convert(asked["round"], Round)
        later = plan_backfill(
            asked["task"],
            done,
            lambda name: LogListing(clients.s3(), name),
            store,
            lambda: context.get_remaining_time_in_millis() > RESERVED_SECONDS * 1000,
        )
        return _builtins(later)
    if step == "write":
        return _builtins(write_plan(asked["backfill"], msgspec.convert(asked["scope"], Scope), store))
    return find_parts_left(event["execution"].rpartition(":")[2], store)


def chosen(scope: Scope, names: AbstractSet[str]) -> list[str]:
    """Give the log buckets of a scope.

    Raises:
        LogsNotListed: one that it names is none that this environment reads logs from.
    """
    if unknown := sorted(set(scope.buckets) - names):
        raise LogsNotListed(f"{', '.join(unknown)}: no bucket that this environment reads logs from")
    return sorted(scope.buckets or names)


def find_folders(scope: Scope, buckets: Mapping[str, Folders], store: BackfillStore) -> list[int]:
    """Find the folder of each account × Region, keep the tasks that list their days, and give the numbers of these."""
    tasks = list(
        chain.from_iterable(
            in_tasks(name, find_regions(bucket, scope), scope) for name, bucket in buckets.items()
        )
    )
    for number, task in enumerate(tasks):
        store.put_task(number, task)
    return list(range(len(tasks)))


def plan_backfill(
    task: int,
    before: Round,
    listing: Callable[[str], Folders],
    store: BackfillStore,
    is_time_left: Callable[[], bool],
) -> Round:
    """List the days of a task, after those of earlier rounds, and keep the parts that their logs make."""
    days = store.get_task(task)
    left = days[before.days :]
    number = 0

    def keep(part: Part) -> str:
        nonlocal number
        number += 1
        name = f"{task:04}-{before.rounds:03}-{number:05}"
        store.put_part(name, part.encode(name))
        return name

    planned, begun = plan(listing(left[0].bucket), left, is_time_left, keep)
    store.put_planned(task, before.rounds, planned)
    found = counted([planned])
    report_planned("plan", msgspec.to_builtins(found), found.logs)
    listed = before.days + begun
    return Round(listed, before.rounds + 1, more=listed < len(days))


def write_plan(backfill: str, scope: Scope, store: BackfillStore) -> Plan:
    """Sum up what all tasks have found, and keep it."""
    planned = list(store.planned())
    written = Plan(backfill, scope, counted(planned), to_seconds(datetime.now(UTC)))
    store.put_plan(written, [part for each in planned for part in each.parts])
    return written


def find_parts_left(execution: str, store: BackfillStore) -> dict[str, Any]:
    """Find the parts that are not done yet, and keep them for one execution: ``MAX_PARTS`` of them at most."""
    done = store.done()
    left = [part for part in store.parts() if part.name not in done][:MAX_PARTS]
    return {"manifest": store.put_left(execution, left), "parts": len(left)}


def counted(planned: Iterable[Planned]) -> Counted:
    """Add up what rounds have found."""
    total = Counted()
    for each in planned:
        logs, size, events = (
            sum(getattr(p, name) for p in each.parts) for name in ("logs", "bytes", "events")
        )
        total += Counted(logs, size, each.archived_logs, each.archived_bytes, len(each.parts), events)
    return total


def _builtins(contract: Round | Plan) -> dict[str, Any]:
    builtins: dict[str, Any] = msgspec.to_builtins(contract)
    return builtins

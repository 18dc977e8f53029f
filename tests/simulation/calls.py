"""What executions call, held against the cost model: ``model.count`` says what one asks for in which nothing fails.

An end-to-end test holds the model against executions that run in the local cloud; here, no mixture of messages and logs
may make an execution dearer than it says.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache

import msgspec

from tests.simulation.plan import Delivery
from tests.simulation.services.executions import INDEX_LOGS, Execution
from tests.simulation.world import World
from trailsearch.cli.cost import model
from trailsearch.cli.cost.counts import Counts
from trailsearch.cli.cost.inputs import Model, Settings
from trailsearch.cli.cost.settings import (
    read_assumptions,
    read_measured,
    read_prices,
    read_settings,
    read_states,
)
from trailsearch.contracts.errors import MessageNotRecognized
from trailsearch.logs.notifications import read_notification

# What is counted, by the service and operation that are called.
_COUNTED: Mapping[tuple[str, str], str] = {
    ("lambda", "started"): "invocations",
    ("s3", "GetObject"): "s3_gets",
    ("s3", "HeadObject"): "s3_gets",
    ("s3", "PutObject"): "s3_puts",
    ("s3", "ListObjectsV2"): "s3_puts",  # Of the same price.
    ("search", "Bulk"): "search_batches",
    ("search", "UploadDocuments"): "search_batches",
}


def dearer(world: World, execution: Execution) -> Iterator[str]:
    """Say what an execution that has ended called more often than the cost model counts.

    Nothing is said of one that had to try again, or to take its messages apart: the model has no such.
    """
    if not world.plan.calm or execution.machine != INDEX_LOGS:
        return
    if execution.end is None or execution.end.visits[-1:] != ["Done"]:
        return
    # A log that comes after its announcement is asked for until it is there.
    late = {log.uri for each in world.plan.of(Delivery) for log in each.logs if log.late}
    messages = json.loads(execution.input)
    try:
        announced = [read_notification(message["body"]).logs for message in messages]
    except MessageNotRecognized:
        return  # It is set aside, or a dead letter: one request more for each.
    logs = {log for each in announced for log in each}
    if late & {f"s3://{log.bucket}/{log.key}" for log in logs}:
        return
    counted = called(world, execution)
    priced = _priced(world, execution, len(messages), len(logs))
    for what, times in counted.items():
        if times > getattr(priced, what):
            yield (
                f"unbounded: {execution.context.name} has {times} {what.replace('_', ' ')},"
                f" and the cost model has {getattr(priced, what):g}"
            )


def called(world: World, execution: Execution) -> dict[str, int]:
    """Count what an execution has called, by the names of ``Counts``."""
    found = dict.fromkeys(_COUNTED.values(), 0)
    for (service, operation), what in _COUNTED.items():
        found[what] += world.ground.calls[execution.context.id, service, operation]
    return found


def _priced(world: World, execution: Execution, messages: int, logs: int) -> Counts:
    assert execution.end is not None
    staged = world.buckets.find(world.buckets.staging, f"records/{execution.context.name}.ndjson")
    size = len(staged.body) if staged else 0
    batches = execution.end.visits.count("Index Batch")
    delivery = model.Delivery(messages, logs, batches, model.staging_puts(size), size, size)
    counts = model.count(delivery, _settings(world.deployed.environment, keeps_ledger(world)), _model())
    return msgspec.structs.replace(counts, invocations=counts.invocations - 1)  # The Pipe's is before it.


def keeps_ledger(world: World) -> bool:
    """Tell whether the deployment keeps a ledger."""
    return world.deployed.functions["fetch_logs"].environment.get("LEDGER") == "true"


@cache
def _settings(environment: str, keep_ledger: bool) -> Settings:
    return msgspec.structs.replace(read_settings(environment), keep_ledger=keep_ledger)


@cache
def _model() -> Model:
    return Model(read_states(), read_measured(), read_assumptions(), read_prices())

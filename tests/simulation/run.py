"""Runs plans, and says what became of each."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.simulation import other_machines
from tests.simulation.calls import dearer
from tests.simulation.deployed import Deployed, read
from tests.simulation.invariants import Truth, failures, read_letter, sent_back_twice, untrue
from tests.simulation.plan import Plan
from tests.simulation.world import Endless, Line, World

_LIMIT = "SEARCH_MAX_BATCH_BYTES"
_SMALL_BATCH_BYTES = 12_000


@dataclass(frozen=True)
class Outcome:
    """What became of a plan. ``seconds`` is how long it took on the virtual clock."""

    plan: Plan
    failures: tuple[str, ...]
    seconds: float
    executions: int
    events: int
    faults_met: int
    lines: tuple[Line, ...] = ()

    @property
    def kinds(self) -> frozenset[str]:
        """Which kinds of failures there are."""
        return frozenset(failure.partition(":")[0] for failure in self.failures)


def run(
    plan: Plan,
    *,
    trace: bool = False,
    definitions: Mapping[str, Mapping[str, Any]] | None = None,
    deployed: Deployed | None = None,
) -> Outcome:
    """Run a plan. To be called within ``simulated``.

    Args:
        plan: what happens.
        trace: whether to keep a timeline.
        definitions: state machines in place of the deployed ones, by their names.
        deployed: what is deployed in place of what Terraform deploys.
    """
    chosen = deployed or read(plan.environment, plan.backend, is_audited=plan.is_audited)
    if definitions:
        chosen = replace(chosen, definitions={**chosen.definitions, **definitions})
    if plan.small_batches:
        chosen = _with_small_batches(chosen)
    world = World(plan, chosen, trace)
    truth = Truth(world)
    world.dead_letters.came.append(lambda message: world.violations.extend(untrue(world, truth, message)))
    world.ingest.came.append(lambda message: world.violations.extend(sent_back_twice(world, message)))
    world.executions.marked.append(
        lambda key, body: world.violations.extend(other_machines.marked_too_soon(world, truth, key, body))
    )
    world.executions.ended.append(
        lambda execution: world.violations.extend(other_machines.untrue_end(world, truth, execution))
    )
    world.executions.ended.append(lambda execution: world.violations.extend(dearer(world, execution)))
    if trace:
        world.dead_letters.came.append(
            lambda message: world.say("dead letters", f"get {read_letter(message).text}")
        )
    try:
        world.run()
    except Endless as endless:
        found = [*world.violations, *world.executions.violations, f"endless: {endless}"]
    else:
        found = [*failures(world, truth), *other_machines.failures(world)]
    return Outcome(
        plan,
        tuple(found),
        world.env.now,
        len(world.executions.all),
        len(world.domain.found()),
        sum(world.faults.met.values()),
        tuple(world.lines),
    )


def _with_small_batches(deployed: Deployed) -> Deployed:
    split = deployed.functions["split_records"]
    if _LIMIT not in split.environment:
        return deployed
    smaller = replace(split, environment={**split.environment, _LIMIT: str(_SMALL_BATCH_BYTES)})
    return replace(deployed, functions={**deployed.functions, "split_records": smaller})

"""Runs plans with a bug planted, and looks for the first seed that finds it."""

import copy
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from tests.simulation.deployed import read
from tests.simulation.plan import Plan
from tests.simulation.planted.bugs import Bug
from tests.simulation.run import Outcome, run
from tests.simulation.seeds import draw


class Found(NamedTuple):
    """The first seed from 0 on that finds a bug, and the kind of the first failure that it says."""

    seed: int
    kind: str


def run_with(bug: Bug, plan: Plan, *, trace: bool = False) -> Outcome:
    """Run a plan with a bug. To be called within ``simulated``."""
    deployed = read(plan.environment, plan.backend, is_audited=plan.is_audited)
    definition = copy.deepcopy(dict(deployed.definitions[bug.machine]))
    bug.definition(definition)
    planted = replace(bug.deployed(deployed), definitions={**deployed.definitions, bug.machine: definition})
    with bug.code():
        return run(plan, trace=trace, deployed=planted)


def hunt(bug: Bug, seeds: Iterable[int]) -> Found | None:
    """Give the first of these seeds that finds a bug."""
    for seed in seeds:
        if failures := run_with(bug, draw(seed)).failures:
            return Found(seed, failures[0].partition(":")[0])
    return None

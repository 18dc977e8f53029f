"""Plays a portable plan in the simulated world."""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import simpy

import index_batch
from index_batch import MAX_REFUSALS
from tests.simulation.compared.outcome import Letter, Look, Outcome, Place, look
from tests.simulation.deployed import Deployed
from tests.simulation.invariants import read_letter
from tests.simulation.plan import Plan
from tests.simulation.world import World

_AT_REST = "after the faults"


def play(plan: Plan, deployed: Deployed) -> Outcome:
    """Play a plan against what is deployed, and tell what it came to. To be called within ``simulated``."""
    world = _Watched(plan, deployed)
    with patch.object(
        index_batch, "MAX_REFUSALS", MAX_REFUSALS
    ):  # As in the local cloud, and not as in the simulated world.
        world.run()
    *_, at_the_end = (seen for phase, seen in world.seen.items() if phase.startswith("redrive"))
    return Outcome(world.seen[_AT_REST], at_the_end)


@dataclass
class _Watched(World):
    """A world that is looked at whenever it has come to rest, by the phase that it is in."""

    seen: dict[str, Look] = field(default_factory=dict)

    def _settle(self) -> Generator[simpy.Event, Any, None]:
        yield from super()._settle()
        found = [each for documents in self.domain.documents.values() for each in documents]
        letters = [
            Letter(message.body, read_letter(message).letter)
            for message in self.dead_letters.messages.values()
        ]
        self.seen[self.phase] = look(self.plan, found, letters, Place(self._object, self._input_of))

    def _object(self, bucket: str, key: str) -> bytes | None:
        found = self.buckets.find(bucket, key)
        return None if found is None else found.body

    def _input_of(self, execution: str) -> str | None:
        found = self.executions.all.get(execution)
        return None if found is None else found.input

"""What all services of a run stand on."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import simpy

from tests.simulation.deployed import Deployed
from tests.simulation.faults import Faults, How


@dataclass
class Ground:
    """The clock, chance, what is deployed, what goes wrong, how often each operation was called for each execution, and who is told.

    ``traced`` says whether anybody listens to ``say`` (who, what).
    """

    env: simpy.Environment
    random: Random
    deployed: Deployed
    faults: Faults
    say: Callable[[str, str], None]
    traced: bool
    calls: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def strike(self, service: str, operation: str, caller: str, execution: str = "") -> How | None:
        """Count a call that is made now, perhaps for an execution, and tell what becomes of it."""
        self.calls[execution, service, operation] += 1
        return self.faults.strike(self.env.now, service, operation, caller)

    def soon(self, seconds: tuple[float, float]) -> simpy.Event:
        """Give an event that comes within some time, at the earliest after some."""
        return self.env.timeout(self.random.uniform(*seconds))

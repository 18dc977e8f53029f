"""EventBridge Scheduler: starts the state machines retention and audit, again and again.

What cannot be started is tried again, ten times at most (terraform/retention.tf, terraform/audit.tf), at least once each time:
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule.html.
"""

from collections.abc import Generator
from typing import Any

import simpy

from tests.simulation.faults import DONE
from tests.simulation.services.executions import Executions
from tests.simulation.services.ground import Ground

_ATTEMPTS = 10
_PAUSE_SECONDS = (30.0, 120.0)


class Schedule:
    """One schedule, from its first time on; ``over`` ends it."""

    def __init__(
        self, ground: Ground, executions: Executions, machine: str, first: float, every: float
    ) -> None:
        self._ground = ground
        self._executions = executions
        self._machine = machine
        self._first, self._every = first, every
        self.over = False

    def run(self) -> Generator[simpy.Event, Any, None]:
        """A process."""
        env = self._ground.env
        yield env.timeout(self._first)
        while not self.over:
            env.process(self._start())
            yield env.timeout(self._every)

    def _start(self) -> Generator[simpy.Event, Any, None]:
        for _ in range(1 + _ATTEMPTS):
            how = self._ground.strike("states", "StartExecution", "schedule")
            if how is None or how in DONE:
                self._executions.start("{}", machine=self._machine)
            if how is None or self.over:
                return
            yield self._ground.soon(_PAUSE_SECONDS)

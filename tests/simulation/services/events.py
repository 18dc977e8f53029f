"""EventBridge: the rule that dead-letters executions which end as the workflow does not mean them to (terraform/workflow.tf).

At least once, and by best effort; tried again for a day. Here an event may be late, or come twice, but is not lost: that the
alarm tells. https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html.
"""

from collections.abc import Generator
from typing import Any

import simpy

from tests.simulation.faults import How
from tests.simulation.services.executions import INDEX_LOGS, Execution
from tests.simulation.services.ground import Ground
from tests.simulation.services.sqs import Queue
from tests.simulation.states_language.clock import iso

_SECONDS = (0.2, 3.0)
_LATE_SECONDS = (60.0, 3600.0)


class FailedExecutions:
    """The rule. ``pending`` is how many events are on their way."""

    def __init__(self, ground: Ground, queue: Queue) -> None:
        self._ground = ground
        self._env = ground.env
        self._deployed = ground.deployed
        self._queue = queue
        self.pending = 0

    def hear(self, execution: Execution) -> None:
        """Take the event of an execution that has ended."""
        end = execution.end
        assert end is not None
        if execution.machine != INDEX_LOGS:
            return
        if end.status in self._deployed.event_statuses or (
            end.status == "FAILED" and end.error not in self._deployed.handled_errors
        ):
            self.pending += 1
            self._env.process(self._deliver(execution, end.status))

    def _deliver(self, execution: Execution, status: str) -> Generator[simpy.Event, Any, None]:
        at = iso(self._env.now)
        how = self._ground.strike("events", "PutEvents", "rule")
        yield self._ground.soon(_LATE_SECONDS if how else _SECONDS)
        body = (
            self._deployed.event_template.replace("<execution>", execution.context.id)
            .replace("<status>", status)
            .replace("<time>", at)
        )
        for _ in range(2 if how is How.ANSWER_LOST else 1):
            self._ground.say("rule", f"dead-letters {execution.context.name}: {status}")
            self._queue.send(body)
        self.pending -= 1

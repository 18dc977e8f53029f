"""CloudWatch: the two alarms that a backfill looks at.

That of the oldest message is reckoned from the ingest queue, in periods of five minutes of which two have to be above; that of the
lag rings when the plan says so. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

from collections.abc import Generator
from typing import Any

import simpy

from tests.simulation.services.sqs import Queue

_PERIOD_SECONDS = 300.0
_PERIODS = 2


class Alarms:
    """The alarms of a deployment; ``since`` has when those began that ring, by the end of their names."""

    def __init__(self, env: simpy.Environment, queue: Queue, oldest_message_seconds: float) -> None:
        self._env = env
        self._queue = queue
        self._above = oldest_message_seconds
        self.since: dict[str, float] = {}

    def run(self) -> Generator[simpy.Event, Any, None]:
        """Evaluate for ever: a process."""
        above = 0
        while True:
            yield self._env.timeout(_PERIOD_SECONDS)
            sent = [message.sent for message in self._queue.messages.values()]
            above = above + 1 if sent and self._env.now - min(sent) > self._above else 0
            self.ring("oldest-message", ringing=above >= _PERIODS)

    def ring(self, name: str, *, ringing: bool) -> None:
        """Let an alarm ring, or be quiet."""
        if ringing:
            self.since.setdefault(name, self._env.now)
        else:
            self.since.pop(name, None)

    def describe(self, names: list[str]) -> dict[str, Any]:
        """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html."""
        return {
            "MetricAlarms": [
                {
                    "AlarmName": name,
                    "StateValue": "ALARM" if any(name.endswith(f"-{each}") for each in self.since) else "OK",
                }
                for name in sorted(names)
            ]
        }

    def rang_before(self, at: float) -> bool:
        """Tell whether one rings that had begun by then."""
        return any(since < at for since in self.since.values())

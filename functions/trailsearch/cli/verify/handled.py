"""Which executions have handled messages about some logs, in an environment where others start all the time."""

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from trailsearch.contracts.messages import QueueMessage

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

# The most that ListExecutions answers at once.
_PAGE = 1_000


class Handled:
    """The executions of a state machine that have started since a time, and the messages in their inputs."""

    def __init__(self, stepfunctions: "SFNClient", state_machine_arn: str, since: datetime) -> None:
        self._client = stepfunctions
        self._state_machine_arn = state_machine_arn
        self._since = since
        self._bodies: dict[str, list[str]] = {}
        self._statuses: dict[str, str] = {}

    def look(self) -> None:
        """Look once more."""
        pages = self._client.get_paginator("list_executions").paginate(
            stateMachineArn=self._state_machine_arn, PaginationConfig={"PageSize": _PAGE}
        )
        for page in pages:
            since = [each for each in page["executions"] if each["startDate"] >= self._since]
            for each in since:
                arn = each["executionArn"]
                self._statuses[arn] = each["status"]
                if arn not in self._bodies:
                    self._bodies[arn] = self._bodies_of(arn)
            if len(since) < len(page["executions"]):  # The newest come first.
                break

    def executions(self, text: str) -> list[str]:
        """Give the ARNs of those with a message that has a text in it."""
        return [arn for arn, bodies in self._bodies.items() if any(text in body for body in bodies)]

    def ended(self, text: str) -> int:
        """Count the messages with a text in them whose executions have ended; 0 while one of these runs."""
        arns = self.executions(text)
        if any(self._statuses[arn] == "RUNNING" for arn in arns):
            return 0
        return sum(text in body for arn in arns for body in self._bodies[arn])

    def _bodies_of(self, arn: str) -> list[str]:
        given = self._client.describe_execution(executionArn=arn).get("input", "[]")
        try:
            return [message.body for message in msgspec.json.decode(given, type=list[QueueMessage])]
        except msgspec.DecodeError:  # Somebody started it by hand, with something else.
            return []

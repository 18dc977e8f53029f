"""Tell which executions the messages of a redrive caused, in an environment where others start all the time."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from trailsearch.contracts.messages import LargeMessage, QueueMessage

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

# The most that ListExecutions answers at once.
_PAGE = 1_000


class CausedExecutions:
    """The executions of a state machine, started since a time, that have one of these messages in their input.

    Messages are known by their bodies: SQS gives what a message move task moves new ids. For a large one, another body
    stands in the input.
    """

    def __init__(
        self, stepfunctions: "SFNClient", state_machine_arn: str, since: datetime, bodies: Iterable[str]
    ) -> None:
        self._client = stepfunctions
        self._state_machine_arn = state_machine_arn
        self._since = since
        self._sent = Counter(map(LargeMessage.key_of, bodies))
        self._read: dict[str, Counter[str]] = {}
        self._statuses: dict[str, str] = {}

    @property
    def statuses(self) -> Mapping[str, str]:
        """Their statuses by their ARNs, as they were at the last look."""
        return self._statuses

    def have_ended(self) -> bool:
        """Look once more. Returns whether every message has got its execution, and all of these have ended."""
        statuses = self._started()
        for arn in statuses.keys() - self._read.keys():
            self._read[arn] = self._sent & self._taken_by(arn)
        self._statuses = {arn: status for arn, status in statuses.items() if self._read[arn]}
        taken = sum((self._read[arn] for arn in self._statuses), Counter[str]())
        return self._sent <= taken and "RUNNING" not in self._statuses.values()

    def _started(self) -> dict[str, str]:
        statuses: dict[str, str] = {}
        pages = self._client.get_paginator("list_executions").paginate(
            stateMachineArn=self._state_machine_arn, PaginationConfig={"PageSize": _PAGE}
        )
        for page in pages:
            since = [each for each in page["executions"] if each["startDate"] >= self._since]
            statuses.update({each["executionArn"]: each["status"] for each in since})
            if len(since) < len(page["executions"]):  # The newest come first.
                break
        return statuses

    def _taken_by(self, arn: str) -> Counter[str]:
        given = self._client.describe_execution(executionArn=arn).get("input", "[]")
        try:
            messages = msgspec.json.decode(given, type=list[QueueMessage])
        except msgspec.DecodeError:  # Somebody started it by hand, with something else.
            return Counter()
        return Counter(LargeMessage.key_of(message.body) for message in messages)

"""Tell when a pipeline has nothing left to do."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

POLL_SECONDS = 0.5
QUIET_POLLS = 4


class NotIdle(TimeoutError):
    """There was work left when the time was over; says what."""


def wait_until_idle(
    sqs: "SQSClient",
    stepfunctions: "SFNClient",
    ingest_queue_url: str,
    state_machine_arn: str,
    timeout_seconds: float,
    quiet_polls: int = QUIET_POLLS,
    enough: Callable[[], bool] = lambda: False,
) -> None:
    """Wait until the ingest queue is empty, nothing of it is in flight, and no execution is running.

    A message may be between the queue and its execution for a moment; hence several quiet looks in a row.
    ``enough`` ends the wait before, where new messages come all the time.

    Raises:
        NotIdle: neither was so within the time.
    """
    deadline = time.monotonic() + timeout_seconds
    quiet = 0
    while quiet < quiet_polls:
        if enough():
            return
        waiting = messages_in(sqs, ingest_queue_url)
        running = stepfunctions.list_executions(stateMachineArn=state_machine_arn, statusFilter="RUNNING")
        quiet = 0 if waiting or running["executions"] else quiet + 1
        if time.monotonic() > deadline:
            raise NotIdle(
                f"{waiting} messages in the ingest queue and {len(running['executions'])} executions running"
                f" after {timeout_seconds:.0f} s"
            )
        time.sleep(POLL_SECONDS)


def messages_in(sqs: "SQSClient", queue_url: str) -> int:
    """Count the messages of a queue: visible, in flight and delayed."""
    attributes = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]
    return (
        int(attributes["ApproximateNumberOfMessages"])
        + int(attributes["ApproximateNumberOfMessagesNotVisible"])
        + int(attributes["ApproximateNumberOfMessagesDelayed"])
    )

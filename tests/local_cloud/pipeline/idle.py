"""Wait for a deployment, by Terraform's outputs of it, until it has nothing left to do."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from trailsearch.cli.dead_letters import idle
from trailsearch.cli.dead_letters.idle import NotIdle, messages_in

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

__all__ = ["NotIdle", "messages_in", "wait_until_idle"]


def wait_until_idle(
    sqs: "SQSClient",
    stepfunctions: "SFNClient",
    outputs: Mapping[str, Any],
    timeout_seconds: float = 300,
    quiet_polls: int = idle.QUIET_POLLS,
) -> None:
    """Wait as ``trailsearch.cli.dead_letters.idle.wait_until_idle`` does."""
    idle.wait_until_idle(
        sqs,
        stepfunctions,
        outputs["ingest_queue_url"],
        outputs["state_machine_arn"],
        timeout_seconds,
        quiet_polls,
    )

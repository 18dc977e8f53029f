"""Sends what nobody has read to the ingest queue, where it is taken for what CloudTrail announces."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from trailsearch.audit.comparison import Compared, Outcome
from trailsearch.audit.digests import SignedLog
from trailsearch.audit.findings import Finding
from trailsearch.aws.clients import NO_ANSWER
from trailsearch.contracts.errors import QueueUnavailable
from trailsearch.logs.notifications import announce

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
_MESSAGES_AT_ONCE = 10


def healable(logs: Iterable[Compared]) -> list[SignedLog]:
    """Give the logs that nobody has read and that are as they were delivered: to read them is all that they lack."""
    return [
        each.log for each in logs if each.outcome is Outcome.NEVER_READ and each.in_bucket is Finding.VALID
    ]


def send(logs: list[SignedLog], sqs: "SQSClient", queue_url: str) -> None:
    """Announce logs, each in a message of its own, as a backfill does: their lag says nothing of the pipeline.

    Raises:
        QueueUnavailable: SQS does not take all of them.
    """
    for at in range(0, len(logs), _MESSAGES_AT_ONCE):
        entries = [
            (str(number), announce(log.bucket, [log.key], backfill=True))
            for number, log in enumerate(logs[at : at + _MESSAGES_AT_ONCE])
        ]
        try:
            answer = sqs.send_message_batch(
                QueueUrl=queue_url,
                Entries=[{"Id": number, "MessageBody": body} for number, body in entries],
            )
        except (ClientError, *NO_ANSWER) as error:
            raise QueueUnavailable(str(error)) from error
        if failed := answer.get("Failed"):
            raise QueueUnavailable(f"{len(failed)} of {len(entries)} messages are not taken: {failed[0]}")

import itertools
import json
from typing import Any

import pytest

from tests.unit.local_cloud.conftest import Client

names = (f"queue-{number}" for number in itertools.count())


class Queues:
    """A queue and the dead-letter queue behind it, where a message goes after one receive."""

    def __init__(self, sqs: Any) -> None:
        self.sqs = sqs
        self.dead_letter_url = sqs.create_queue(QueueName=next(names))["QueueUrl"]
        self.dead_letter_arn = self.attributes(self.dead_letter_url)["QueueArn"]
        policy = {"deadLetterTargetArn": self.dead_letter_arn, "maxReceiveCount": 1}
        self.url = sqs.create_queue(
            QueueName=next(names), Attributes={"RedrivePolicy": json.dumps(policy), "VisibilityTimeout": "0"}
        )["QueueUrl"]
        self.arn = self.attributes(self.url)["QueueArn"]

    def attributes(self, url: str) -> dict[str, str]:
        attributes: dict[str, str] = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])[
            "Attributes"
        ]
        return attributes

    def count(self, url: str) -> int:
        return int(self.attributes(url)["ApproximateNumberOfMessages"])

    def dead_letter(self, body: str) -> None:
        """Send a message that the redrive policy moves to the dead-letter queue."""
        self.sqs.send_message(QueueUrl=self.url, MessageBody=body)
        self.sqs.receive_message(QueueUrl=self.url)
        assert "Messages" not in self.sqs.receive_message(QueueUrl=self.url)

    def task(self) -> dict[str, Any]:
        results = self.sqs.list_message_move_tasks(SourceArn=self.dead_letter_arn)["Results"]
        task: dict[str, Any] = results[0]
        return task

    def ended(self) -> bool:
        return self.task()["Status"] not in {"RUNNING", "CANCELLING"}


@pytest.fixture
def queues(client: Client) -> Queues:
    return Queues(client("sqs"))

import itertools
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from moto.sqs.models import Message, Queue

from tests.local_cloud.gaps.sqs import locked

from .conftest import Client
from .test_process import becomes_true

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


def test_redrive_allow_policy_is_kept_until_it_is_removed(queues: Queues) -> None:
    policy = '{"redrivePermission": "denyAll"}'
    queues.sqs.set_queue_attributes(
        QueueUrl=queues.dead_letter_url, Attributes={"RedriveAllowPolicy": policy}
    )
    assert queues.attributes(queues.dead_letter_url)["RedriveAllowPolicy"] == policy

    queues.sqs.set_queue_attributes(QueueUrl=queues.dead_letter_url, Attributes={"RedriveAllowPolicy": ""})
    assert "RedriveAllowPolicy" not in queues.attributes(queues.dead_letter_url)


def test_redrive_policy_is_answered_without_white_space(queues: Queues) -> None:
    expected = f'{{"deadLetterTargetArn":"{queues.dead_letter_arn}","maxReceiveCount":1}}'
    assert queues.attributes(queues.url)["RedrivePolicy"] == expected


def test_a_move_task_returns_messages_to_their_source_as_new_ones(queues: Queues) -> None:
    attributes = {"why": {"DataType": "String", "StringValue": "test"}}
    first_id = queues.sqs.send_message(QueueUrl=queues.url, MessageBody="a", MessageAttributes=attributes)[
        "MessageId"
    ]
    queues.sqs.receive_message(QueueUrl=queues.url)
    queues.sqs.receive_message(QueueUrl=queues.url)
    assert queues.count(queues.dead_letter_url) == 1

    queues.sqs.start_message_move_task(SourceArn=queues.dead_letter_arn)

    assert becomes_true(queues.ended)
    task = queues.task()
    assert (
        task["Status"],
        task["ApproximateNumberOfMessagesMoved"],
        task["ApproximateNumberOfMessagesToMove"],
    ) == (
        "COMPLETED",
        1,
        1,
    )
    assert "TaskHandle" not in task
    (message,) = queues.sqs.receive_message(
        QueueUrl=queues.url, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"]
    )["Messages"]
    assert (message["Body"], message["MessageAttributes"]) == ("a", attributes)
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert message["MessageId"] != first_id


def test_messages_sent_to_the_dead_letter_queue_itself_need_a_destination(queues: Queues) -> None:
    queues.sqs.send_message(QueueUrl=queues.dead_letter_url, MessageBody="a")
    queues.sqs.start_message_move_task(SourceArn=queues.dead_letter_arn)
    assert becomes_true(queues.ended)
    assert queues.task()["FailureReason"] == "CouldNotDetermineMessageSource"
    assert queues.count(queues.dead_letter_url) == 1

    queues.sqs.start_message_move_task(SourceArn=queues.dead_letter_arn, DestinationArn=queues.arn)
    assert becomes_true(queues.ended)
    assert queues.task()["Status"] == "COMPLETED"
    assert queues.count(queues.url) == 1


def test_a_queue_that_is_no_dead_letter_queue_is_refused(queues: Queues) -> None:
    with pytest.raises(queues.sqs.exceptions.ClientError, match="must be configured as a Dead Letter Queue"):
        queues.sqs.start_message_move_task(SourceArn=queues.arn)


def test_a_queue_that_does_not_exist_is_refused(queues: Queues) -> None:
    with pytest.raises(
        queues.sqs.exceptions.ResourceNotFoundException, match="DestinationArn parameter doesn't exist"
    ):
        queues.sqs.start_message_move_task(
            SourceArn=queues.dead_letter_arn, DestinationArn=f"{queues.arn}-no"
        )


def test_one_task_at_a_time_which_can_be_cancelled(queues: Queues) -> None:
    for body in "abc":
        queues.dead_letter(body)
    handle = queues.sqs.start_message_move_task(
        SourceArn=queues.dead_letter_arn, MaxNumberOfMessagesPerSecond=1
    )["TaskHandle"]
    assert queues.task()["TaskHandle"] == handle
    with pytest.raises(queues.sqs.exceptions.ClientError, match="Only one active task is allowed"):
        queues.sqs.start_message_move_task(SourceArn=queues.dead_letter_arn)

    queues.sqs.cancel_message_move_task(TaskHandle=handle)

    assert becomes_true(queues.ended)
    assert queues.task()["Status"] == "CANCELLED"
    assert queues.count(queues.dead_letter_url) == 3


@pytest.mark.parametrize("handle", ["!", "e30="])
def test_a_handle_that_is_none_is_refused(queues: Queues, handle: str) -> None:
    with pytest.raises(queues.sqs.exceptions.ClientError, match="TaskHandle is invalid"):
        queues.sqs.cancel_message_move_task(TaskHandle=handle)


class InterruptedList(list[Message]):
    """Another thread sends a message when the list has been gone through."""

    def __init__(self, queue: Queue) -> None:
        super().__init__([message("first")])
        self.sender = threading.Thread(target=queue.add_message, args=[message("meanwhile")])

    def __iter__(self) -> Iterator[Message]:
        yield from super().__iter__()
        self.sender.start()
        self.sender.join(0.2)


def message(body: str) -> Message:
    message = Message(body, body)
    message.receipt_handle = body
    return message


def test_a_message_sent_while_another_is_deleted_is_not_lost() -> None:
    queue = Queue("queue", "us-east-1", "123456789012")  # type: ignore[abstract]
    queue._messages = messages = InterruptedList(queue)

    locked(Queue.delete_message)(queue, "first")
    messages.sender.join()

    assert [message.body for message in queue._messages] == ["meanwhile"]

import threading
from collections.abc import Iterator

import pytest
from moto.sqs.models import Message, Queue

from tests.local_cloud.gaps.sqs.queues import locked

from .conftest import Queues


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


@pytest.mark.parametrize(("body", "attribute"), [("x" * 1024, ""), ("é" * 512, ""), ("x" * 1000, "y" * 14)])
def test_a_message_has_as_many_bytes_as_its_body_and_its_attributes(
    queues: Queues, body: str, attribute: str
) -> None:
    queues.sqs.set_queue_attributes(QueueUrl=queues.url, Attributes={"MaximumMessageSize": "1024"})

    def send(body: str) -> None:
        attributes = {"name": {"DataType": "String", "StringValue": attribute}} if attribute else {}
        queues.sqs.send_message(QueueUrl=queues.url, MessageBody=body, MessageAttributes=attributes)

    send(body)
    with pytest.raises(queues.sqs.exceptions.ClientError, match="must be shorter than 1024 bytes"):
        send(body + "x")


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


def test_a_message_that_sqs_moved_says_where_from_and_one_that_was_sent_does_not(queues: Queues) -> None:
    queues.dead_letter("moved")
    queues.sqs.send_message(QueueUrl=queues.dead_letter_url, MessageBody="sent")
    sources = {}
    for names in (["All"], ["DeadLetterQueueSourceArn"], ["SenderId"], []):
        messages = queues.sqs.receive_message(
            QueueUrl=queues.dead_letter_url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=0,
            MessageSystemAttributeNames=names,
        )["Messages"]
        sources[tuple(names)] = {
            message["Body"]: message.get("Attributes", {}).get("DeadLetterQueueSourceArn")
            for message in messages
        }
    told, untold = {"moved": queues.arn, "sent": None}, {"moved": None, "sent": None}
    assert list(sources.values()) == [told, told, untold, untold]

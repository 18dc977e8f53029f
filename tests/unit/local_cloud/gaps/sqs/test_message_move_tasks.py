import pytest

from tests.unit.local_cloud.waiting import becomes_true

from .conftest import Queues


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

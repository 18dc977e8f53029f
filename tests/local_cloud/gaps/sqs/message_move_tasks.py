"""Message move tasks, which redrive a dead-letter queue.

Behaviour: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html. A moved
message is a new message: it has a new id, a new time and no receives, and keeps body and attributes.
"""

import base64
import json
import threading
import uuid
from dataclasses import dataclass, field
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import unix_time_millis
from moto.sqs.exceptions import InvalidParameterValue, QueueDoesNotExist, SQSException
from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends
from moto.sqs.responses import SQSResponse

from ...patching import add

MAX_LISTED = 10


def close_gaps() -> None:
    """Add StartMessageMoveTask, ListMessageMoveTasks and CancelMessageMoveTask."""
    add(SQSResponse, "start_message_move_task", _start_message_move_task)
    add(SQSResponse, "list_message_move_tasks", _list_message_move_tasks)
    add(SQSResponse, "cancel_message_move_task", _cancel_message_move_task)


class _CouldNotDetermineMessageSourceError(Exception):
    """A message was sent to the dead-letter queue directly, and the task has no destination."""


@dataclass
class MessageMoveTask:
    """One message move task; `run` moves the messages that were visible in `source` when it started."""

    source: Queue
    destination: Queue | None
    max_messages_per_second: int | None
    task_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: int = field(default_factory=lambda: int(unix_time_millis()))
    status: str = "RUNNING"
    moved: int = 0
    failure_reason: str | None = None

    def __post_init__(self) -> None:
        self.to_move = self.source.approximate_number_of_messages
        self._cancelled = threading.Event()

    @property
    def handle(self) -> str:
        """The TaskHandle: opaque to callers, and names the source as AWS's does."""
        return base64.b64encode(
            json.dumps({"taskId": self.task_id, "sourceArn": self.source.queue_arn}).encode()
        ).decode()

    @property
    def active(self) -> bool:
        return self.status in {"RUNNING", "CANCELLING"}

    def cancel(self) -> None:
        self.status = "CANCELLING"
        self._cancelled.set()

    def run(self) -> None:
        """Move the messages one by one, sending each before it is removed, so that none can be lost."""
        pause = 1 / self.max_messages_per_second if self.max_messages_per_second else 0
        try:
            while self.moved < self.to_move and not self._cancelled.wait(pause):
                if not self._move_one():
                    break
                self.moved += 1
            self.status = "CANCELLED" if self._cancelled.is_set() else "COMPLETED"
        except QueueDoesNotExist:
            self._fail("AWS.SimpleQueueService.NonExistentQueue")
        except _CouldNotDetermineMessageSourceError:
            self._fail("CouldNotDetermineMessageSource")

    def _fail(self, reason: str) -> None:
        self.failure_reason = reason
        self.status = "FAILED"

    def _move_one(self) -> bool:
        with self.source._messages_lock:
            message = next(iter(self.source.messages), None)
            if message is None:
                return False
            destination = self._destination_of(message)
            sqs_backends[destination.account_id][destination.region].send_message(
                destination.name,
                message.body,
                message_attributes=message.message_attributes,
                system_attributes=message.system_attributes,
                group_id=message.group_id,
                deduplication_id=message.deduplication_id,
            )
            self.source._messages.remove(message)
            self.source.pending_messages.discard(message)
        return True

    def _destination_of(self, message: Message) -> Queue:
        if self.destination is not None:
            return _queue_of(self.destination.queue_arn)
        source_arn: str | None = getattr(message, "dead_letter_queue_source_arn", None)
        if source_arn is None:
            raise _CouldNotDetermineMessageSourceError
        return _queue_of(source_arn)

    def to_result(self) -> dict[str, Any]:
        """Return the task as an entry of ListMessageMoveTasks; None stands for what the answer leaves out."""
        return {
            "TaskHandle": self.handle if self.status == "RUNNING" else None,
            "Status": self.status,
            "SourceArn": self.source.queue_arn,
            "DestinationArn": self.destination.queue_arn if self.destination is not None else None,
            "MaxNumberOfMessagesPerSecond": self.max_messages_per_second,
            "ApproximateNumberOfMessagesMoved": self.moved,
            "ApproximateNumberOfMessagesToMove": self.to_move,
            "FailureReason": self.failure_reason,
            "StartedTimestamp": self.started,
        }


def _start_message_move_task(self: SQSResponse) -> ActionResult:
    source = _queue_of_parameter(self, "SourceArn")
    destination = _queue_of_parameter(self, "DestinationArn") if self._get_param("DestinationArn") else None
    if not _is_dead_letter_queue(source):
        raise InvalidParameterValue("Source queue must be configured as a Dead Letter Queue.")
    tasks = _tasks(self.sqs_backend)
    if any(task.active and task.source is source for task in tasks):
        raise InvalidParameterValue(
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time."
        )
    task = MessageMoveTask(source, destination, self._get_param("MaxNumberOfMessagesPerSecond"))
    tasks.append(task)
    threading.Thread(target=task.run, name=f"message-move-task-{source.name}", daemon=True).start()
    return ActionResult({"TaskHandle": task.handle})


def _list_message_move_tasks(self: SQSResponse) -> ActionResult:
    source = _queue_of_parameter(self, "SourceArn")
    limit = min(self._get_param("MaxResults") or 1, MAX_LISTED)
    newest_first = [task for task in reversed(_tasks(self.sqs_backend)) if task.source is source]
    return ActionResult({"Results": [task.to_result() for task in newest_first[:limit]]})


def _cancel_message_move_task(self: SQSResponse) -> ActionResult:
    try:
        handle = json.loads(base64.b64decode(self._get_param("TaskHandle"), validate=True))
        task_id, source_arn = handle["taskId"], handle["sourceArn"]
    except (ValueError, KeyError, TypeError):
        raise InvalidParameterValue("Value for parameter TaskHandle is invalid.") from None
    try:
        _queue_of(source_arn)
    except QueueDoesNotExist:
        raise _resource_not_found("SourceArn") from None
    task = next((task for task in _tasks(self.sqs_backend) if task.task_id == task_id and task.active), None)
    if task is None:
        raise SQSException("ResourceNotFoundException", "Task does not exist.")
    task.cancel()
    return ActionResult({"ApproximateNumberOfMessagesMoved": task.moved})


def _tasks(backend: SQSBackend) -> list[MessageMoveTask]:
    tasks: list[MessageMoveTask] = vars(backend).setdefault("message_move_tasks", [])
    return tasks


def _is_dead_letter_queue(queue: Queue) -> bool:
    return any(
        source.dead_letter_queue is queue
        for source in sqs_backends[queue.account_id][queue.region].queues.values()
    )


def _queue_of_parameter(response: SQSResponse, parameter: str) -> Queue:
    try:
        return _queue_of(response._get_param(parameter))
    except QueueDoesNotExist:
        raise _resource_not_found(parameter) from None


def _queue_of(arn: str) -> Queue:
    _, _, _, region, account_id, name = arn.split(":")
    return sqs_backends[account_id][region].get_queue(name)


def _resource_not_found(parameter: str) -> SQSException:
    return SQSException(
        "ResourceNotFoundException",
        f"The resource that you specified for the {parameter} parameter doesn't exist.",
    )

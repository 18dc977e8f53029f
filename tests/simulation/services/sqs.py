"""SQS: standard queues, which deliver at least once and in no order.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues.html,
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html.
"""

import hashlib
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from random import Random
from types import SimpleNamespace
from typing import Any

import simpy

from tests.simulation.code import EPOCH, moment, wait_for
from tests.simulation.deployed import REGION
from tests.simulation.faults import How, client_error
from tests.simulation.services.client import Client, Refused
from tests.simulation.services.ground import Ground

MAX_ENTRIES = 10
# Of all messages of a batch together; the product keeps to the quarter of it that it was before.
MAX_REQUEST_BYTES = 1_048_576
_MOVED_A_SECOND = 50.0
_EPOCH_SECONDS = EPOCH.timestamp()


class TooLarge(Exception):
    """A message is larger than the queue takes."""


@dataclass
class Message:
    """A message of a queue; ``attributes`` are its message attributes."""

    id: str
    body: str
    attributes: Mapping[str, Any]
    sent: float
    system: dict[str, str] = field(default_factory=dict)
    visible: float = 0.0
    receives: int = 0
    receipt: str = ""
    first_received: float | None = None

    @property
    def size(self) -> int:
        """Bytes, attributes included."""
        return len(self.body.encode()) + sum(
            len(name) + len(str(value.get("StringValue", ""))) + len(value["DataType"])
            for name, value in self.attributes.items()
        )


class Queue:
    """A queue."""

    def __init__(
        self,
        env: simpy.Environment,
        random: Random,
        name: str,
        arn: str,
        *,
        visibility_seconds: float,
        retention_seconds: float,
        max_bytes: int,
    ) -> None:
        self._env = env
        self._random = random
        self.name = name
        self.arn = arn
        self.visibility_seconds = visibility_seconds
        self._retention_seconds = retention_seconds
        self._max_bytes = max_bytes
        self._dead_letters: tuple[Queue, int] | None = None
        self.messages: dict[str, Message] = {}
        self.came: list[Callable[[Message], None]] = []
        self.received: list[Callable[[Message], None]] = []
        self._arrival = env.event()
        self._number = 0
        self.largest = 0
        self.tried_seconds: list[float] = []

    def redrive_to(self, queue: "Queue", max_receive_count: int) -> None:
        """Set the redrive policy."""
        self._dead_letters = (queue, max_receive_count)

    def send(
        self,
        body: str,
        attributes: Mapping[str, Any] | None = None,
        *,
        delay: float = 0.0,
        system: Mapping[str, str] | None = None,
        sent: float | None = None,
        message_id: str | None = None,
    ) -> Message:
        """Take a message.

        Raises:
            TooLarge: it is larger than the queue takes.
        """
        self._number += 1
        sent = self._env.now if sent is None else sent
        message = Message(
            message_id or f"{self.name}-{self._number}", body, attributes or {}, sent, dict(system or {})
        )
        message.visible = self._env.now + delay
        self.largest = max(self.largest, message.size)
        if message.size > self._max_bytes:
            raise TooLarge(f"a message of {message.size:,} bytes, and {self.name} takes {self._max_bytes:,}")
        self.messages[message.id] = message
        for hear in self.came:
            hear(message)
        self._wake()
        return message

    def _wake(self) -> None:
        if not self._arrival.triggered:
            self._arrival.succeed()

    def receive(self, most: int, visibility: float | None = None) -> list[Message]:
        """Give some of the messages that are visible, in no order; move those that were received too often."""
        now = self._env.now
        for message in [
            each for each in self.messages.values() if each.sent + self._retention_seconds <= now
        ]:
            del self.messages[message.id]
        visible = [message for message in self.messages.values() if message.visible <= now]
        # Mostly in order, as a queue with few messages is.
        if len(visible) > 1 and self._random.random() < 0.3:
            self._random.shuffle(visible)
        given: list[Message] = []
        for message in visible:
            if len(given) == most:
                break
            if self._dead_letters and message.receives >= self._dead_letters[1]:
                self._move_away(message)
                continue
            message.receives += 1
            message.visible = now + (self.visibility_seconds if visibility is None else visibility)
            message.receipt = f"{message.id}#{message.receives}"
            if message.first_received is None:
                message.first_received = now
            for hear in self.received:
                hear(message)
            given.append(replace(message))
        return given

    def _move_away(self, message: Message) -> None:
        """By the redrive policy: id and time of sending stay.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
        """
        assert self._dead_letters is not None
        del self.messages[message.id]
        self.tried_seconds.append(self._env.now - (message.first_received or 0.0))
        self._dead_letters[0].send(
            message.body,
            message.attributes,
            system={**message.system, "DeadLetterQueueSourceArn": self.arn},
            sent=message.sent,
            message_id=message.id,
        )

    def delete(self, receipt: str) -> None:
        """Delete a message, by the receipt of its last delivery or an earlier one."""
        self.messages.pop(receipt.rpartition("#")[0], None)

    def hide(self, receipt: str, seconds: float) -> bool:
        """Change the visibility of a message; gives whether it is there."""
        message = self.messages.get(receipt.rpartition("#")[0])
        if message is None or message.receipt != receipt:
            return False
        message.visible = self._env.now + seconds
        if not seconds:
            self._wake()
        return True

    def counts(self) -> tuple[int, int]:
        """How many messages are visible, and how many hidden."""
        visible = sum(message.visible <= self._env.now for message in self.messages.values())
        return visible, len(self.messages) - visible

    def wait(self, seconds: float | None = None) -> simpy.Event:
        """Give an event that comes when there may be something to receive, at the latest after so long, if that is said."""
        now = self._env.now
        upcoming = [message.visible - now for message in self.messages.values()]
        if any(left <= 0 for left in upcoming):
            return self._env.timeout(0)
        if self._arrival.triggered:
            self._arrival = self._env.event()
        if seconds is not None:
            upcoming.append(seconds)
        return self._arrival | self._env.timeout(min(upcoming)) if upcoming else self._arrival


def record_of(message: Message) -> dict[str, Any]:
    """Give a message as ReceiveMessage answers it."""
    received = message.first_received or message.sent
    return {
        "MessageId": message.id,
        "ReceiptHandle": message.receipt,
        "Body": message.body,
        "MD5OfBody": hashlib.md5(message.body.encode(), usedforsecurity=False).hexdigest(),
        "Attributes": {
            "SenderId": "AIDAIT2UOQQY3AUEKVGXU",
            "SentTimestamp": str(int((_EPOCH_SECONDS + message.sent) * 1000)),
            "ApproximateReceiveCount": str(message.receives),
            "ApproximateFirstReceiveTimestamp": str(int((_EPOCH_SECONDS + received) * 1000)),
            **message.system,
        },
        **({"MessageAttributes": dict(message.attributes)} if message.attributes else {}),
    }


@dataclass
class _MoveTask:
    handle: str
    started: float
    to_move: int
    status: str = "RUNNING"
    moved: int = 0


class Sqs(Client):
    """The client of SQS. ``region`` is what its meta says."""

    service = "sqs"

    def __init__(self, ground: Ground, queues: Mapping[str, Queue]) -> None:
        super().__init__(ground)
        self._queues = queues
        self._env = ground.env
        self._tasks: list[_MoveTask] = []
        self.meta = SimpleNamespace(region_name=REGION)

    def get_queue_url(self, *, QueueName: str) -> dict[str, Any]:  # noqa: N803
        url = next((url for url in self._queues if url.endswith(f"/{QueueName}")), None)

        def effect(_how: How | None) -> dict[str, Any]:
            if url is None:
                raise Refused(client_error("QueueDoesNotExist", 400, "GetQueueUrl"))
            return {"QueueUrl": url}

        return self._call("GetQueueUrl", effect)

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: Sequence[str]) -> dict[str, Any]:  # noqa: N803
        queue = self._queues[QueueUrl]

        def effect(_how: How | None) -> dict[str, Any]:
            visible, hidden = queue.counts()
            return {
                "Attributes": {
                    "QueueArn": queue.arn,
                    "ApproximateNumberOfMessages": str(visible),
                    "ApproximateNumberOfMessagesNotVisible": str(hidden),
                    "ApproximateNumberOfMessagesDelayed": "0",
                },
                "ResponseMetadata": {
                    "HTTPHeaders": {"date": format_datetime(moment(self._env.now // 1), usegmt=True)}
                },
            }

        return self._call("GetQueueAttributes", effect)

    def receive_message(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        MaxNumberOfMessages: int = 1,  # noqa: N803
        VisibilityTimeout: int | None = None,  # noqa: N803
        WaitTimeSeconds: int = 0,  # noqa: N803
        MessageAttributeNames: Sequence[str] = (),  # noqa: N803
        MessageSystemAttributeNames: Sequence[str] = (),  # noqa: N803
    ) -> dict[str, Any]:
        queue = self._queues[QueueUrl]
        if WaitTimeSeconds:
            wait_for(queue.wait(WaitTimeSeconds))

        def effect(_how: How | None) -> dict[str, Any]:
            messages = queue.receive(min(MaxNumberOfMessages, MAX_ENTRIES), VisibilityTimeout)
            return {"Messages": list(map(record_of, messages))} if messages else {}

        return self._call("ReceiveMessage", effect)

    def change_message_visibility_batch(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        Entries: Sequence[Mapping[str, Any]],  # noqa: N803
    ) -> dict[str, Any]:
        queue = self._queues[QueueUrl]

        def one(entry: Mapping[str, Any]) -> bool:
            return queue.hide(entry["ReceiptHandle"], entry["VisibilityTimeout"])

        return self._batch("ChangeMessageVisibilityBatch", Entries, one)

    def delete_message_batch(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        Entries: Sequence[Mapping[str, Any]],  # noqa: N803
    ) -> dict[str, Any]:
        queue = self._queues[QueueUrl]

        def one(entry: Mapping[str, Any]) -> bool:
            queue.delete(entry["ReceiptHandle"])
            return True

        return self._batch("DeleteMessageBatch", Entries, one)

    def send_message_batch(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        Entries: Sequence[Mapping[str, Any]],  # noqa: N803
    ) -> dict[str, Any]:
        queue = self._queues[QueueUrl]
        size = sum(
            len(entry["MessageBody"].encode()) + len(str(entry.get("MessageAttributes", "")))
            for entry in Entries
        )
        assert size <= MAX_REQUEST_BYTES, f"a request of {size:,} bytes to SQS"

        def one(entry: Mapping[str, Any]) -> bool:
            try:
                queue.send(entry["MessageBody"], entry.get("MessageAttributes"))
            except TooLarge:
                return False
            return True

        return self._batch("SendMessageBatch", Entries, one)

    def _batch(
        self, operation: str, entries: Sequence[Mapping[str, Any]], one: Callable[[Mapping[str, Any]], bool]
    ) -> dict[str, Any]:
        assert 0 < len(entries) <= MAX_ENTRIES, f"{operation} with {len(entries)} entries"

        def effect(how: How | None) -> dict[str, Any]:
            done, failed = [], []
            for at, entry in enumerate(entries):
                if how is How.HALF and at % 2 == 0:
                    failed.append({"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"})
                elif one(entry):
                    done.append({"Id": entry["Id"]})
                else:
                    failed.append({"Id": entry["Id"], "SenderFault": True, "Code": "InvalidParameterValue"})
            return {"Successful": done, **({"Failed": failed} if failed else {})}

        return self._call(operation, effect)

    def start_message_move_task(self, *, SourceArn: str, DestinationArn: str) -> dict[str, Any]:  # noqa: N803
        """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html."""
        source, target = self._by_arn(SourceArn), self._by_arn(DestinationArn)

        def effect(_how: How | None) -> dict[str, Any]:
            if any(task.status == "RUNNING" for task in self._tasks):
                raise Refused(client_error("InvalidParameterValue", 400, "StartMessageMoveTask"))
            handle = f"task-{len(self._tasks)}"
            task = _MoveTask(handle, self._env.now, source.counts()[0])
            self._tasks.append(task)
            self._env.process(self._move(task, source, target))
            return {"TaskHandle": handle}

        return self._call("StartMessageMoveTask", effect)

    def _move(self, task: _MoveTask, source: Queue, target: Queue) -> Generator[simpy.Event, Any, None]:
        """Messages get new ids and times, and count their receives anew."""
        visible = [message for message in source.messages.values() if message.visible <= self._env.now]
        for message in visible:
            yield self._env.timeout(1 / _MOVED_A_SECOND)
            if message.id not in source.messages or message.visible > self._env.now:
                continue
            system = {
                name: value for name, value in message.system.items() if name != "DeadLetterQueueSourceArn"
            }
            target.send(message.body, message.attributes, system=system)
            del source.messages[message.id]
            task.moved += 1
        task.status = "COMPLETED"

    def list_message_move_tasks(self, *, SourceArn: str, MaxResults: int = 1) -> dict[str, Any]:  # noqa: N803
        def effect(_how: How | None) -> dict[str, Any]:
            return {
                "Results": [
                    {
                        **({"TaskHandle": task.handle} if task.status == "RUNNING" else {}),
                        "Status": task.status,
                        "SourceArn": SourceArn,
                        "StartedTimestamp": int((_EPOCH_SECONDS + task.started) * 1000),
                        "ApproximateNumberOfMessagesMoved": task.moved,
                        "ApproximateNumberOfMessagesToMove": task.to_move,
                    }
                    for task in sorted(self._tasks, key=lambda each: -each.started)[:MaxResults]
                ]
            }

        return self._call("ListMessageMoveTasks", effect)

    def _by_arn(self, arn: str) -> Queue:
        return next(queue for queue in self._queues.values() if queue.arn == arn)

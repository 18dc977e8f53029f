"""Queues: RedriveAllowPolicy, how large a message may be, where a dead letter came from, and queues used by several threads.

Messages that SQS has moved itself say so where they are received, DeadLetterQueueSourceArn:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html. One that was sent to a
dead-letter queue has no such attribute.
"""

import functools
import json
import time
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.sqs.exceptions import InvalidParameterValue
from moto.sqs.models import Message, Queue, SQSBackend
from moto.sqs.responses import SQSResponse

from ...patching import add, replace

# How often a waiting receiver looks for messages whose visibility timeout or delay has ended, in seconds.
VISIBILITY_POLL_SECONDS = 0.5
_SOURCE_ATTRIBUTE = "DeadLetterQueueSourceArn"


def close_gaps() -> None:
    """Keep RedriveAllowPolicy, measure messages, remember the source of dead letters, and lock queues."""
    add(Queue, "redrive_allow_policy", None)
    Queue.BASE_ATTRIBUTES.append("RedriveAllowPolicy")
    replace(Queue, "_set_attributes", _without_empty_redrive_allow_policy(Queue._set_attributes))
    replace(Queue, "attributes", _with_compact_redrive_policy(Queue.attributes))
    replace(Queue, "add_message", _remembering_source(Queue.add_message))
    replace(Queue, "delete_message", locked(Queue.delete_message))
    replace(SQSBackend, "send_message", _measuring(SQSBackend.send_message))
    replace(SQSBackend, "receive_message", _locked_while_receiving(SQSBackend.receive_message))
    replace(SQSResponse, "receive_message", _telling_source(SQSResponse.receive_message))


def _without_empty_redrive_allow_policy(set_attributes: Callable[..., None]) -> Callable[..., None]:
    """An empty string removes the attribute; GetQueueAttributes leaves it out then."""

    @functools.wraps(set_attributes)
    def set_all_attributes(self: Queue, attributes: dict[str, Any], now: float | None = None) -> None:
        set_attributes(self, attributes, now)
        if not self.redrive_allow_policy:  # type: ignore[attr-defined]
            self.redrive_allow_policy = None  # type: ignore[attr-defined]

    return set_all_attributes


def _with_compact_redrive_policy(attributes: Any) -> property:
    """AWS answers without white space; Terraform's provider compares the text."""

    def all_attributes(self: Queue) -> dict[str, Any]:
        result: dict[str, Any] = attributes.fget(self)
        if self.redrive_policy:
            result["RedrivePolicy"] = json.dumps(self.redrive_policy, separators=(",", ":"))
        return result

    return property(all_attributes)


def _remembering_source(add_message: Callable[..., None]) -> Callable[..., None]:
    """Messages know the queue they are in, and the queue whose redrive policy moved them there.

    moto moves the message itself to the dead-letter queue; a message sent to a queue is a new one.
    """

    @functools.wraps(add_message)
    def add_message_to(self: Queue, message: Message) -> None:
        message.dead_letter_queue_source_arn = getattr(message, "queue_arn", None)  # type: ignore[attr-defined]
        message.queue_arn = self.queue_arn  # type: ignore[attr-defined]
        add_message(self, message)

    return add_message_to


def _measuring(send_message: Callable[..., Message]) -> Callable[..., Message]:
    """A message's size is that of its body in UTF-8, and of the names, types and values of its attributes.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html (MaximumMessageSize) and
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html. moto counts the
    characters of the body.
    """

    @functools.wraps(send_message)
    def send_measured_message(
        self: SQSBackend, queue_name: str, message_body: str, *args: Any, **kwargs: Any
    ) -> Message:
        limit = self.get_queue(queue_name).maximum_message_size  # type: ignore[attr-defined]
        attributes: dict[str, dict[str, Any]] = (args[0] if args else kwargs.get("message_attributes")) or {}
        size = len(message_body.encode(errors="surrogatepass"))
        for name, attribute in attributes.items():
            values = (attribute.get(part) for part in ("DataType", "StringValue", "BinaryValue"))
            size += len(name.encode()) + sum(len(_bytes(value)) for value in values if value is not None)
        if size > limit:
            raise InvalidParameterValue(
                f"One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes."
            )
        return send_message(self, queue_name, message_body, *args, **kwargs)

    return send_measured_message


def _bytes(value: str | bytes) -> bytes:
    return value.encode(errors="surrogatepass") if isinstance(value, str) else value


def _telling_source(receive_message: Callable[..., ActionResult]) -> Callable[..., ActionResult]:
    """Add DeadLetterQueueSourceArn to the system attributes that are answered, where it or "All" is asked for."""

    @functools.wraps(receive_message)
    def receive_message_with_source(self: SQSResponse) -> Any:
        answer: Any = receive_message(self)
        asked = {
            name
            for parameter in ("AttributeNames", "MessageSystemAttributeNames")
            for name in self._get_param(parameter, [])
        }
        queue = self.sqs_backend.get_queue(self._get_queue_name())
        if asked & {"All", _SOURCE_ATTRIBUTE}:
            sources = {
                message.id: message.dead_letter_queue_source_arn  # type: ignore[attr-defined]
                for message in list(queue._messages)
            }
            for message in answer.result.get("Messages", []):
                if source := sources.get(message["MessageId"]):
                    message["Attributes"] = {**(message.get("Attributes") or {}), _SOURCE_ATTRIBUTE: source}
        return answer

    return receive_message_with_source


def locked(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method of Queue that holds the queue's lock, which sending holds too.

    moto rebuilds the list of messages to delete one: a message sent meanwhile would be lost.
    """

    @functools.wraps(method)
    def locked_method(self: Queue, *args: Any, **kwargs: Any) -> Any:
        with self._messages_lock:
            return method(self, *args, **kwargs)

    return locked_method


def _locked_while_receiving(receive_message: Callable[..., list[Message]]) -> Callable[..., list[Message]]:
    """Hold the queue's lock while messages are looked for, and not while none is there to be received."""

    @functools.wraps(receive_message)
    def receive_message_locked(
        self: SQSBackend, queue_name: str, count: int, wait_seconds_timeout: int, *args: Any, **kwargs: Any
    ) -> list[Message]:
        queue = self.get_queue(queue_name)
        deadline = time.monotonic() + wait_seconds_timeout
        with queue._messages_lock:
            while True:
                messages = receive_message(self, queue_name, count, 0, *args, **kwargs)
                remaining = deadline - time.monotonic()
                if messages or remaining <= 0:
                    return messages
                queue._messages_lock.wait(min(remaining, VISIBILITY_POLL_SECONDS))

    return receive_message_locked

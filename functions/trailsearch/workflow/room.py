"""The room that a message has in the input of an execution, and what becomes of one that is larger.

StartExecution takes 262,144 characters, and the Pipe hands over a batch as a whole or not at all: what does not fit would be
refused with all that is beside it, time and again. So each message has its share, whatever is beside it. One that is
larger keeps only what is read of it; if that is still too much, its body is set aside (``staging``) and a pointer to it
takes its place (``LargeMessage``).

* https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
* https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
"""

import json
from collections.abc import Callable
from typing import Any

import msgspec

from trailsearch.contracts.messages import MAX_PAYLOAD_CHARACTERS, QueueMessage
from trailsearch.workflow.staging import Staging

MAX_MESSAGES = 40
"""The largest ``pipe_batch_size`` (``terraform/variables.tf``)."""
# Beside a message there are a bracket or a comma, and white space.
MAX_MESSAGE_CHARACTERS = MAX_PAYLOAD_CHARACTERS // MAX_MESSAGES - 3
# A message is a part of a dead letter, which says where and why, before it is one of the messages of an execution.
_MAX_BODY_CHARACTERS = MAX_MESSAGE_CHARACTERS // 2
# Some encoders of JSON escape them, as \\u003c.
_ESCAPED_BY_SOME = "<>&='/\x7f"
_ESCAPE_ADDS = 5


def with_room(record: dict[str, Any], stage: Callable[[], Staging]) -> dict[str, Any]:
    """Give a message as the Pipe delivers it, or, if it has more than its share, one that stands for it.

    Args:
        record: the message.
        stage: gives the staging bucket: few messages need it.

    Raises:
        StorageUnavailable, StorageAccessDenied: the body cannot be set aside; try again.
    """
    if encoded_characters(record) <= MAX_MESSAGE_CHARACTERS:
        return record
    read = msgspec.convert(record, QueueMessage).without_other_attributes()
    message: dict[str, Any] = msgspec.to_builtins(read)
    if encoded_characters(message) > MAX_MESSAGE_CHARACTERS:
        message["body"] = stage().put_message(read.body).to_body()
    return message


def body_with_room(body: str, stage: Staging) -> str:
    """Give the body of a message to write, or, if it is large, one that stands for it.

    Raises:
        StorageUnavailable, StorageAccessDenied: the body cannot be set aside; try again.
    """
    return body if encoded_characters(body) <= _MAX_BODY_CHARACTERS else stage.put_message(body).to_body()


def encoded_characters(value: dict[str, Any] | str) -> int:
    """Count the characters of a value as JSON, at most: that is also how many bytes it has.

    Nothing says how the Pipe writes JSON. What is not ASCII counts as escaped, which is longer than in UTF-8.
    """
    text = json.dumps(value)
    return len(text) + _ESCAPE_ADDS * sum(map(text.count, _ESCAPED_BY_SOME))

"""The parts of a backfill: each is what one execution of the workflow is given, an array of messages as the Pipe hands over.

A part has at most 500 logs, or 32 MB of them as they lie in the bucket (a single log may be larger), and fits into the
input of an execution. It has several messages, each of few logs: where a step fails as a whole, the workflow gives each
message an execution of its own, and what comes to the dead-letter queue is small enough to be redriven together with others.
"""

from collections.abc import Iterable, Iterator

import msgspec

from trailsearch.contracts.messages import MAX_PAYLOAD_CHARACTERS, LogRef, QueueMessage
from trailsearch.logs.notifications import announce

MAX_LOGS = 500
MAX_BYTES = 32_000_000
# The state that starts the execution has its input and its output in its own result, which may have no more than any other.
MAX_CHARACTERS = MAX_PAYLOAD_CHARACTERS // 2
# Forty messages that were redriven have to fit into an execution's input, with why they failed
# (tests/workflow/test_redriven_size.py).
LOGS_PER_MESSAGE = 10
_CHARACTERS_PER_MESSAGE = 2_000
# The names of its fields, and its id.
_CHARACTERS_OF_A_MESSAGE = 250
# About what a log of one event takes (gzip), how much better more of them are packed, and what one takes where there are
# hundreds. Of 106 real logs with 4,897 events, 1 to 500 in each, these reckon 4,919.
_LOG_OF_ONE_EVENT_BYTES, _PACKING, _EVENT_OF_HUNDREDS_BYTES = 650, 1.5, 114


def events_in(log_bytes: int) -> float:
    """Reckon how many events a log has by the bytes that it has in its bucket: one at the least."""
    few: float = (log_bytes / _LOG_OF_ONE_EVENT_BYTES) ** _PACKING
    return max(1.0, min(few, log_bytes / _EVENT_OF_HUNDREDS_BYTES))


class Part:
    """Logs that one execution is to index: how many, how many bytes they have in their bucket, and by these, events."""

    def __init__(self) -> None:
        self.logs = 0
        self.bytes = 0
        self.events = 0.0
        self._messages: list[list[LogRef]] = []
        self._characters = self._characters_of_message = 0

    def take(self, log: LogRef, log_bytes: int) -> bool:
        """Take one log more, or say that there is no room for it. An empty part takes any."""
        characters = _encoded(log.key) + 1
        new = self._needs_message(log, characters)
        more = characters + (_CHARACTERS_OF_A_MESSAGE + _encoded(log.bucket) if new else 0)
        full = self.logs == MAX_LOGS or self.bytes + log_bytes > MAX_BYTES
        if self.logs and (full or self._characters + more > MAX_CHARACTERS):
            return False
        if new:
            self._messages.append([])
            self._characters_of_message = 0
        self._messages[-1].append(log)
        self.logs, self.bytes = self.logs + 1, self.bytes + log_bytes
        self.events += events_in(log_bytes)
        self._characters += more
        self._characters_of_message += characters
        return True

    def _needs_message(self, log: LogRef, characters: int) -> bool:
        if not self._messages:
            return True
        message = self._messages[-1]
        return (
            len(message) == LOGS_PER_MESSAGE
            or message[-1].bucket != log.bucket
            or self._characters_of_message + characters > _CHARACTERS_PER_MESSAGE
        )

    def encode(self, name: str) -> bytes:
        """Write the part as the input of an execution; ``name`` is what its messages are named by."""
        messages = [
            QueueMessage(
                f"{name}-{number}", announce(logs[0].bucket, [log.key for log in logs], backfill=True)
            )
            for number, logs in enumerate(self._messages, start=1)
        ]
        return msgspec.json.encode(messages)


def in_parts(logs: Iterable[tuple[LogRef, int]]) -> Iterator[Part]:
    """Cut logs, each with its bytes, into parts, in their order. Memory is bounded by one part."""
    part = Part()
    for log, log_bytes in logs:
        if not part.take(log, log_bytes):
            yield part
            part = Part()
            part.take(log, log_bytes)
    if part.logs:
        yield part


def _encoded(text: str) -> int:
    """Count the characters of a text in JSON that is in JSON, which counts bytes where they are not ASCII."""
    return len(msgspec.json.encode(msgspec.json.encode(text).decode()))

"""The EventBridge Pipe: from the ingest queue, through admit_messages, to executions.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-sqs.html,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html,
https://docs.aws.amazon.com/eventbridge/latest/userguide/pipes-enrichment.html. A batch fails as a whole: what is in it becomes
visible again by itself. Nothing says how JSON is written, nor how many batches there are at a time.
"""

import json
from collections.abc import Generator
from typing import Any

import simpy

from tests.local_cloud.services.pipes.records import to_record
from tests.simulation.faults import DONE
from tests.simulation.services.executions import Executions, InputTooLarge
from tests.simulation.services.functions import MAX_PAYLOAD_BYTES, Functions, InvocationFailed
from tests.simulation.services.ground import Ground
from tests.simulation.services.sqs import MAX_ENTRIES, Message, Queue, record_of

_RECEIVE_SECONDS = (0.01, 0.1)
_STOPPED_SECONDS = 20.0
# After SQS has failed. Nothing says how long that is.
_PAUSE_SECONDS = 10.0
# So many times as large may a message be in JSON, which has six characters for one that it escapes, and what is beside it.
_WRITTEN_AT_MOST = 10
_NOT_FOR_THE_TARGET: tuple[Any, ...] = ([], {}, "", None)


class Pipe:
    """The pipe of a deployment. ``running`` is its desired state."""

    def __init__(
        self,
        ground: Ground,
        queue: Queue,
        functions: Functions,
        executions: Executions,
        *,
        ensure_ascii: bool,
    ) -> None:
        self._ground = ground
        self._env = ground.env
        self._queue = queue
        self._functions = functions
        self._executions = executions
        self._ensure_ascii = ensure_ascii
        self.running = True
        self._left: list[Message] = []
        self.violations: list[str] = []

    def run(self) -> Generator[simpy.Event, Any, None]:
        """Poll for ever: a process."""
        while True:
            if not self.running:
                yield self._env.timeout(_STOPPED_SECONDS)
                continue
            batch = yield from self._collect()
            if batch:
                self._env.process(self._deliver(batch))

    def _collect(self) -> Generator[simpy.Event, Any, list[Message]]:
        batch, self._left = self._left, []
        while not batch:
            yield self._queue.wait()
            yield self._ground.soon(_RECEIVE_SECONDS)
            if not self.running:
                return []
            batch = yield from self._receive(self._ground.deployed.pipe_batch_size)
        end = self._env.now + self._ground.deployed.pipe_window_seconds
        while len(batch) < self._ground.deployed.pipe_batch_size and self._env.now < end:
            yield self._queue.wait(end - self._env.now)
            yield self._ground.soon(_RECEIVE_SECONDS)
            batch += yield from self._receive(self._ground.deployed.pipe_batch_size - len(batch))
        fitting = self._fitting(batch)
        self._left = batch[fitting:]
        return batch[:fitting]

    def _receive(self, most: int) -> Generator[simpy.Event, Any, list[Message]]:
        how = self._ground.strike("sqs", "ReceiveMessage", "pipe")
        messages = [] if how and how not in DONE else self._queue.receive(min(most, MAX_ENTRIES))
        if how:
            yield self._env.timeout(_PAUSE_SECONDS)
            return []
        return messages

    def _fitting(self, batch: list[Message]) -> int:
        if sum(message.size for message in batch) < MAX_PAYLOAD_BYTES // _WRITTEN_AT_MOST:
            return len(batch)
        size = 0
        for number, message in enumerate(batch):
            size += len(self._written([self._record(message)]))
            if number and size > MAX_PAYLOAD_BYTES:
                return number
        return len(batch)

    def _record(self, message: Message) -> dict[str, Any]:
        return to_record(record_of(message), self._queue.arn)

    def _written(self, batch: Any) -> str:
        return json.dumps(batch, ensure_ascii=self._ensure_ascii)

    def _deliver(self, batch: list[Message]) -> Generator[simpy.Event, Any, None]:
        self._ground.say("pipe", f"hands over {', '.join(message.id for message in batch)}")
        try:
            admitted = yield from self._functions.invoke("admit_messages", list(map(self._record, batch)))
        except InvocationFailed as failed:
            self._ground.say("pipe", f"gives the batch up: {failed.error}")
            return
        if admitted not in _NOT_FOR_THE_TARGET:
            yield self._ground.soon(_RECEIVE_SECONDS)
            how = self._ground.strike("states", "StartExecution", "pipe")
            if how is None or how in DONE:
                try:
                    self._executions.start(self._written(admitted))
                except InputTooLarge as error:
                    self.violations.append(f"limit: the Pipe starts an execution with {error}")
                    return
            if how is not None:
                self._ground.say("pipe", f"StartExecution {how}")
                return
        for message in batch:
            how = self._ground.strike("sqs", "DeleteMessage", "pipe")
            if how is None or how in DONE:
                self._queue.delete(message.receipt)

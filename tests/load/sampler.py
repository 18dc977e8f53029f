"""Look at a running pipeline once a second."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tests.chaos.pipeline import Pipeline
from tests.local_cloud.pipeline.search_domain import document_count

INTERVAL_SECONDS = 1.0


@dataclass(frozen=True)
class Sample:
    """What was where at one moment.

    Attributes:
        seconds: since the first sample.
        waiting: messages in the ingest queue that nobody has received.
        in_flight: messages that the Pipe has received, and not deleted.
        executions: those that are running.
        delivered: distinct events in the logs that were delivered.
        indexed: documents in the search domain, beside those that the run found there.
        dead_letters: messages in the dead-letter queue, beside those that the run found there.
    """

    seconds: float
    waiting: int
    in_flight: int
    executions: int
    delivered: int
    indexed: int
    dead_letters: int


class Sampler:
    """Takes samples in a thread of its own for the `with` block, one at its begin and one at its end.

    An error while it looks is raised at the end of the block.
    """

    def __init__(self, pipeline: Pipeline, interval_seconds: float = INTERVAL_SECONDS) -> None:
        """Take the pipeline and how often to look."""
        self.samples: list[Sample] = []
        self.delivered = 0
        self._pipeline = pipeline
        self._interval_seconds = interval_seconds
        self._indexed_before = document_count(pipeline.domain)
        self._dead_letters_before = sum(self._messages(pipeline.dead_letter_queue))
        self._began = 0.0
        self._stopped = threading.Event()
        self._pool = ThreadPoolExecutor(1, "sampler")

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._running = self._pool.submit(self._run)
        return self

    def __exit__(
        self,
        _exception_type: type[BaseException] | None,
        _exception: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._pool.shutdown()
        self._running.result()
        self.samples.append(self._sample())

    def _run(self) -> None:
        while True:
            self.samples.append(self._sample())
            # One sample each second, however long it takes to take one.
            elapsed = time.monotonic() - self._began
            if self._stopped.wait(self._interval_seconds - elapsed % self._interval_seconds):
                break

    def _sample(self) -> Sample:
        seconds = time.monotonic() - self._began
        waiting, in_flight = self._messages(self._pipeline.outputs["ingest_queue_url"])
        return Sample(
            seconds=seconds,
            waiting=waiting,
            in_flight=in_flight,
            executions=len(self._pipeline.running_executions()),
            delivered=self.delivered,
            indexed=document_count(self._pipeline.domain) - self._indexed_before,
            dead_letters=sum(self._messages(self._pipeline.dead_letter_queue)) - self._dead_letters_before,
        )

    def _messages(self, queue_url: str) -> tuple[int, int]:
        """Count the messages of a queue that are visible, and those in flight."""
        attributes = self._pipeline.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])[
            "Attributes"
        ]
        visible = int(attributes["ApproximateNumberOfMessages"])
        return visible, int(attributes["ApproximateNumberOfMessagesNotVisible"])

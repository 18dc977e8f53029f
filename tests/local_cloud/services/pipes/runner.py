"""Runs the pipes that moto keeps.

Behaviour: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-sqs.html,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html and
https://docs.aws.amazon.com/eventbridge/latest/userguide/pipes-enrichment.html. A batch is handed over as a whole, first to the
enrichment, then to the target; where either refuses it, all its messages are received again after the visibility timeout.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from moto.pipes.models import EventBridgePipesBackend, Pipe, pipes_backends
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from ...gaps.cloudwatch.service_metrics import count
from .configuration import PipeConfiguration, UnsupportedPipeError
from .records import to_record

# How often to look for pipes that were created, stopped or deleted.
WATCH_SECONDS = 0.5
# One long poll; a pipe that is stopped ends after it.
RECEIVE_WAIT_SECONDS = 1
RECEIVE_LIMIT = 10
# A batch ends when the "invocation payload size quota is reached", which is that of Lambda; so is the enrichment's answer.
MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
# After a failure that is not the messages' own.
RETRY_SECONDS = 1.0
# AWS runs every execution at once. Here they would only take each other's time, up to the timeouts of their tasks.
MAX_RUNNING_EXECUTIONS = 8 * (os.cpu_count() or 1)

# What a pipe measures as 0 where it does not happen.
_NEVER_HERE = ("ExecutionTimeout", "ExecutionThrottled")

# Nor does an enrichment that answers with nothing have the target invoked.
_NOT_FOR_THE_TARGET: tuple[Any, ...] = ("", {}, [])

Record = dict[str, Any]

logger = logging.getLogger(__name__)


class EnrichmentFailedError(Exception):
    """The enrichment failed on a batch, or answered with what no target gets; the message has its answer."""


class PipeRunner:
    """Keeps a thread for every pipe that is to run."""

    def __init__(self, endpoint_url: str) -> None:
        """Take the URL where the queues and state machines are reached."""
        self._endpoint_url = endpoint_url
        self._stopped = threading.Event()
        self._pollers: dict[str, _Poller] = {}
        self._thread = threading.Thread(target=self._watch, name="pipe-runner", daemon=True)

    def start(self) -> None:
        """Start to run pipes, those that will be created too."""
        self._thread.start()

    def stop(self) -> None:
        """Stop every pipe; messages in a batch that is not started yet become visible again."""
        self._stopped.set()
        self._thread.join()
        for poller in self._pollers.values():
            poller.stop()

    def _watch(self) -> None:
        while not self._stopped.wait(WATCH_SECONDS):
            wanted = {pipe.arn: pipe for pipe in _running_pipes()}
            for arn in self._pollers.keys() - wanted.keys():
                self._pollers.pop(arn).stop()
            for arn, pipe in wanted.items():
                try:
                    configuration = PipeConfiguration.of(pipe)
                except UnsupportedPipeError as error:
                    logger.error("%s", error)  # noqa: TRY400 - the message says all
                    pipe.status, pipe.state_reason = "START_FAILED", str(error)  # type: ignore[assignment]
                    continue
                poller = self._pollers.get(arn)
                if poller is None or poller.configuration != configuration:
                    if poller is not None:
                        poller.stop()
                    self._pollers[arn] = _Poller(configuration, self._endpoint_url)


def _running_pipes() -> Iterator[Pipe]:
    for regions in list(pipes_backends.values()):
        for backend in list(regions.values()):
            yield from _running_pipes_of(backend)


def _running_pipes_of(backend: EventBridgePipesBackend) -> Iterator[Pipe]:
    for pipe in list(backend.pipes.values()):
        pipe.advance()
        if pipe.desired_state == "RUNNING" and pipe.current_state == "RUNNING":
            yield pipe


class _Poller:
    """Runs one pipe until it is stopped."""

    def __init__(self, configuration: PipeConfiguration, endpoint_url: str) -> None:
        self.configuration = configuration
        session = boto3.Session("local", "local", region_name=configuration.region)
        self._sqs = session.client("sqs", endpoint_url=endpoint_url)
        self._stepfunctions = session.client("stepfunctions", endpoint_url=endpoint_url)
        # As long as the longest function runs; what a failed attempt comes to is for the pipe, which receives again.
        patient = Config(read_timeout=900, retries={"total_max_attempts": 1})
        self._lambda = session.client("lambda", endpoint_url=endpoint_url, config=patient)
        *_, account_id, name = configuration.queue_arn.split(":")
        self._queue_url = f"{endpoint_url}/{account_id}/{name}"
        self._executions: list[Any] = []
        # Received, but more than the batch before had room for.
        self._left: list[Record] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"pipe-{configuration.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._wait_for_executions()
            try:
                records = self._receive_batch()
                if records and not self._stopped.is_set():
                    self._deliver(records)
            except (BotoCoreError, ClientError, EnrichmentFailedError):
                # What was received stays in flight until its visibility timeout, as after a failure on AWS.
                logger.exception("Pipe %s", self.configuration.name)
                self._stopped.wait(RETRY_SECONDS)

    def _receive_batch(self) -> list[Record]:
        """Receive until the batch is full, in messages or bytes, or its window has passed since its first message."""
        records, self._left = self._left, []
        deadline: float | None = None
        while not self._stopped.is_set():
            if records and deadline is None:
                deadline = time.monotonic() + self.configuration.window_seconds
            fitting = _fitting(records)
            full = fitting < len(records) or len(records) >= self.configuration.batch_size
            if full or (deadline is not None and time.monotonic() >= deadline):
                self._left = records[fitting:]
                return records[:fitting]
            records += self._receive(self.configuration.batch_size - len(records))
        return records

    def _receive(self, limit: int) -> list[Record]:
        answer = self._sqs.receive_message(
            QueueUrl=self._queue_url,
            MaxNumberOfMessages=min(limit, RECEIVE_LIMIT),
            WaitTimeSeconds=RECEIVE_WAIT_SECONDS,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return [to_record(dict(each), self.configuration.queue_arn) for each in answer.get("Messages", [])]

    def _deliver(self, records: list[Record]) -> None:
        try:
            enriched = self._enrich(records)
            # https://docs.aws.amazon.com/eventbridge/latest/userguide/pipes-enrichment.html#pipes-enrichment-filtering
            if enriched not in _NOT_FOR_THE_TARGET:
                self._start_execution(enriched)
        except (BotoCoreError, ClientError, EnrichmentFailedError):
            self._measure(failed=True)
            raise
        self._measure(failed=False)
        for start in range(0, len(records), RECEIVE_LIMIT):
            self._sqs.delete_message_batch(
                QueueUrl=self._queue_url,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": record["receiptHandle"]}
                    for index, record in enumerate(records[start : start + RECEIVE_LIMIT])
                ],
            )

    def _enrich(self, records: list[Record]) -> Any:
        if self.configuration.enrichment_arn is None:
            return records
        answer = self._lambda.invoke(
            FunctionName=self.configuration.enrichment_arn, Payload=_encoded(records).encode()
        )
        payload = answer["Payload"].read()
        if "FunctionError" in answer or len(payload) > MAX_PAYLOAD_BYTES:
            raise EnrichmentFailedError(payload[:1000].decode(errors="replace"))
        return json.loads(payload)

    def _start_execution(self, batch: Any) -> None:
        execution = self._stepfunctions.start_execution(
            stateMachineArn=self.configuration.state_machine_arn, input=_encoded(batch)
        )
        self._remember(execution["executionArn"])

    def _measure(self, *, failed: bool) -> None:
        numbers = {"Invocations": 1, "ExecutionFailed": int(failed)} | dict.fromkeys(_NEVER_HERE, 0)
        arn = self.configuration.queue_arn
        for name, number in numbers.items():
            count(arn, "AWS/EventBridge/Pipes", name, "PipeName", self.configuration.name, number)

    def _remember(self, execution_arn: str) -> None:
        account_id = execution_arn.split(":")[4]
        backend = stepfunctions_parser_backends[account_id][self.configuration.region]
        self._executions.append(backend.describe_execution(execution_arn))

    def _wait_for_executions(self) -> None:
        while not self._stopped.is_set():
            self._executions = [execution for execution in self._executions if execution.status == "RUNNING"]
            if len(self._executions) < MAX_RUNNING_EXECUTIONS:
                break
            self._stopped.wait(0.02)


def _encoded(batch: Any) -> str:
    return json.dumps(batch, ensure_ascii=False)


def _fitting(records: list[Record]) -> int:
    """Give how many of the records, from the first on, are no more than the payload of one invocation; at least one."""
    size = 0
    for number, record in enumerate(records):
        size += len(_encoded(record).encode()) + len(", ")
        if number and size > MAX_PAYLOAD_BYTES:
            return number
    return len(records)

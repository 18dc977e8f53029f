"""Runs the pipes that moto keeps.

Behaviour: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-sqs.html and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import boto3
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
# After a failure that is not the messages' own.
RETRY_SECONDS = 1.0
# AWS runs every execution at once. Here they would only take each other's time, up to the timeouts of their tasks.
MAX_RUNNING_EXECUTIONS = 8 * (os.cpu_count() or 1)

# What a pipe measures as 0 where it does not happen.
_NEVER_HERE = ("ExecutionFailed", "ExecutionTimeout", "ExecutionThrottled")

logger = logging.getLogger(__name__)


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
        *_, account_id, name = configuration.queue_arn.split(":")
        self._queue_url = f"{endpoint_url}/{account_id}/{name}"
        self._executions: list[Any] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"pipe-{configuration.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._wait_for_executions()
            try:
                messages = self._receive_batch()
                if messages and not self._stopped.is_set():
                    self._deliver(messages)
            except (BotoCoreError, ClientError):
                # What was received stays in flight until its visibility timeout, as after a failure on AWS.
                logger.exception("Pipe %s", self.configuration.name)
                self._stopped.wait(RETRY_SECONDS)

    def _receive_batch(self) -> list[dict[str, Any]]:
        """Receive until the batch is full or its window has passed since its first message."""
        messages: list[dict[str, Any]] = []
        deadline: float | None = None
        while not self._stopped.is_set():
            messages += self._receive(self.configuration.batch_size - len(messages))
            if messages and deadline is None:
                deadline = time.monotonic() + self.configuration.window_seconds
            full = len(messages) >= self.configuration.batch_size
            if full or (deadline is not None and time.monotonic() >= deadline):
                break
        return messages

    def _receive(self, limit: int) -> list[dict[str, Any]]:
        answer = self._sqs.receive_message(
            QueueUrl=self._queue_url,
            MaxNumberOfMessages=min(limit, RECEIVE_LIMIT),
            WaitTimeSeconds=RECEIVE_WAIT_SECONDS,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return [dict(message) for message in answer.get("Messages", [])]

    def _deliver(self, messages: list[dict[str, Any]]) -> None:
        records = [to_record(message, self.configuration.queue_arn) for message in messages]
        execution = self._stepfunctions.start_execution(
            stateMachineArn=self.configuration.state_machine_arn,
            input=json.dumps(records, ensure_ascii=False),
        )
        self._remember(execution["executionArn"])
        for name in ("Invocations", *_NEVER_HERE):
            number = 0 if name in _NEVER_HERE else 1
            arn = self.configuration.queue_arn
            count(arn, "AWS/EventBridge/Pipes", name, "PipeName", self.configuration.name, number)
        for start in range(0, len(messages), RECEIVE_LIMIT):
            self._sqs.delete_message_batch(
                QueueUrl=self._queue_url,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]}
                    for index, message in enumerate(messages[start : start + RECEIVE_LIMIT])
                ],
            )

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

"""Step Functions: starts executions of the deployed definition, keeps them, and calls what their states call.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html,
https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html.
"""

import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any

import simpy

from tests.simulation.code import moment
from tests.simulation.faults import DONE, How, client_error
from tests.simulation.services.client import Client, Refused
from tests.simulation.services.functions import Functions, InvocationFailed
from tests.simulation.services.ground import Ground
from tests.simulation.services.s3 import Buckets
from tests.simulation.services.sqs import Queue, TooLarge
from tests.simulation.states_language import Ended, ExecutionContext, Machine, StateEvent, TaskFailed
from tests.simulation.states_language.clock import iso

MAX_INPUT_CHARACTERS = 262_144
_SECONDS = (0.01, 0.2)
_SLOW_SECONDS = 75.0
INDEX_LOGS = "index-logs"


class InputTooLarge(Exception):
    """The input of an execution has more characters than StartExecution takes."""


@dataclass
class Execution:
    """One execution. ``ended`` is when, and how; None while it runs."""

    context: ExecutionContext
    input: str
    started: float
    process: simpy.Process | None = None
    end: Ended | None = None
    ended: float | None = None
    last_state: str = ""
    depth: int = 0

    @property
    def status(self) -> str:
        """RUNNING, or how it ended."""
        return self.end.status if self.end else "RUNNING"


class Executions:
    """The state machine and its executions."""

    def __init__(
        self, ground: Ground, functions: Functions, queues: Mapping[str, Queue], buckets: Buckets
    ) -> None:
        self._ground = ground
        self._env = ground.env
        self._deployed = ground.deployed
        self._functions = functions
        self._queues = queues
        self._buckets = buckets
        self.machine: Machine | None = None
        self.all: dict[str, Execution] = {}
        self.running: set[str] = set()
        self.ended: list[Callable[[Execution], None]] = []
        self.violations: list[str] = []

    def start(self, text: str, parent: str = "") -> Execution:
        """Start an execution with an input, JSON; ``parent`` is the ARN of the one that does, if it is one.

        Raises:
            InputTooLarge: it has more characters than there may be.
        """
        assert self.machine is not None
        if len(text) > MAX_INPUT_CHARACTERS:
            raise InputTooLarge(f"an input of {len(text):,} characters")
        name = f"execution-{len(self.all) + 1:04}"
        arn = self._deployed.arn("states", f"execution:{self._deployed.prefix}-{INDEX_LOGS}:{name}")
        machine = self._deployed.arn("states", f"stateMachine:{self._deployed.prefix}-{INDEX_LOGS}")
        context = ExecutionContext(arn, name, machine, iso(self._env.now))
        depth = self.all[parent].depth + 1 if parent else 0
        execution = Execution(context, text, self._env.now, depth=depth)
        self.all[arn] = execution
        self.running.add(arn)
        if self._ground.traced:
            self._ground.say(name, f"starts with {len(json.loads(text))} message(s)")
        execution.process = self._env.process(self._run(execution, self.machine))
        return execution

    def _run(self, execution: Execution, machine: Machine) -> Generator[simpy.Event, Any, None]:
        def watch(event: StateEvent) -> None:
            if event.what == "entered":
                execution.last_state = event.state
            self._ground.say(event.execution, f"{event.state}: {event.what} {event.detail}".rstrip())

        execution.end = yield from machine.run(
            self._env,
            execution.context,
            json.loads(execution.input),
            self,
            self._ground.random,
            watch if self._ground.traced else None,
        )
        execution.ended = self._env.now
        self.running.discard(execution.context.id)
        if self._ground.traced:
            detail = f": {execution.end.error}" if execution.end.error else ""
            self._ground.say(execution.context.name, f"has {execution.end.status}{detail}")
        for hear in self.ended:
            hear(execution)

    def call(
        self, resource: str, parameters: Any, execution: ExecutionContext, state: str
    ) -> Generator[simpy.Event, Any, Any]:
        """Do what a Task asks for. See ``states_language``."""
        integration = resource.partition(":states:::")[2]
        match integration:
            case "lambda:invoke":
                name = parameters["FunctionName"].rpartition(":")[2]
                module = name.removeprefix(f"{self._deployed.prefix}-").replace("-", "_")
                try:
                    answer = yield from self._functions.invoke(module, parameters["Payload"])
                except InvocationFailed as failed:
                    raise TaskFailed(failed.error, failed.cause) from None
                return {"Payload": answer, "StatusCode": 200, "ExecutedVersion": "$LATEST"}
            case "sqs:sendMessage":
                return (
                    yield from self._simple(
                        "sqs", "SendMessage", "SQS.AmazonSQSException", lambda: self._send(parameters)
                    )
                )
            case "states:startExecution":
                return (
                    yield from self._simple(
                        "states",
                        "StartExecution",
                        "StepFunctions.SfnException",
                        lambda: self._start(parameters, execution.id),
                    )
                )
            case "aws-sdk:s3:deleteObjectTagging":
                return (
                    yield from self._simple(
                        "s3", "DeleteObjectTagging", "S3.S3Exception", lambda: self._untag(parameters)
                    )
                )
        raise NotImplementedError(f"{resource} is not simulated")

    def _simple(
        self, service: str, operation: str, error: str, effect: Callable[[], Any]
    ) -> Generator[simpy.Event, Any, Any]:
        """Make one call of an SDK of Step Functions' own."""
        yield self._ground.soon(_SECONDS)
        how = self._ground.strike(service, operation, "workflow")
        if how is None or how is How.HALF:
            return effect()
        if how in DONE:
            effect()
        if how is How.SLOW:
            yield self._env.timeout(_SLOW_SECONDS)
        raise TaskFailed(error, f"{operation} {how} (simulated)")

    def _send(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        body = parameters["MessageBody"]
        text = body if isinstance(body, str) else json.dumps(body)
        attributes = parameters.get("MessageAttributes")
        if attributes and any(not each.get("StringValue") for each in attributes.values()):
            raise TaskFailed("SQS.AmazonSQSException", "an attribute is empty")
        try:
            message = self._queues[parameters["QueueUrl"]].send(text, attributes)
        except TooLarge as error:
            self.violations.append(f"limit: the workflow sends {error}")
            raise TaskFailed("SQS.AmazonSQSException", str(error)) from None
        return {"MessageId": message.id, "MD5OfMessageBody": "simulated"}

    def _start(self, parameters: Mapping[str, Any], parent: str) -> dict[str, Any]:
        try:
            started = self.start(json.dumps(parameters["Input"]), parent)
        except InputTooLarge as error:
            self.violations.append(f"limit: the workflow starts an execution with {error}")
            raise TaskFailed("StepFunctions.InvalidExecutionInputException", str(error)) from None
        return {"ExecutionArn": started.context.id, "StartDate": 0}

    def _untag(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        found = self._buckets.find(parameters["Bucket"], parameters["Key"])
        if found is None:
            raise TaskFailed("S3.NoSuchKeyException", "The specified key does not exist.")
        found.tags = ""
        return {}

    def abort(self, execution: Execution) -> None:
        """Stop an execution, as a person does in the console."""
        if execution.end is None and execution.process is not None and execution.process.is_alive:
            execution.process.interrupt("ABORTED")


class StepFunctions(Client):
    """The client of Step Functions."""

    service = "states"

    def __init__(self, ground: Ground, executions: Executions) -> None:
        super().__init__(ground)
        self._executions = executions

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803
        def effect(_how: How | None) -> dict[str, Any]:
            found = self._executions.all.get(executionArn)
            if found is None:
                raise Refused(client_error("ExecutionDoesNotExist", 400, "DescribeExecution"))
            answer = {"executionArn": executionArn, "status": found.status, "input": found.input}
            if found.end and found.end.error:
                answer |= {"error": found.end.error, "cause": found.end.cause}
            return answer

        return self._call("DescribeExecution", effect)

    def list_executions(
        self,
        *,
        stateMachineArn: str,  # noqa: N803
        statusFilter: str | None = None,  # noqa: N803
        maxResults: int = 1000,  # noqa: N803
    ) -> dict[str, Any]:
        def effect(_how: How | None) -> dict[str, Any]:
            newest = reversed(self._executions.all.values())
            return {
                "executions": [
                    {
                        "executionArn": each.context.id,
                        "status": each.status,
                        "startDate": moment(each.started),
                    }
                    for each in newest
                    if statusFilter in {None, each.status}
                ][:maxResults]
            }

        return self._call("ListExecutions", effect)

    def get_execution_history(
        self,
        *,
        executionArn: str,  # noqa: N803
        reverseOrder: bool,  # noqa: N803
        includeExecutionData: bool,  # noqa: N803
    ) -> dict[str, Any]:
        def effect(_how: How | None) -> dict[str, Any]:
            found = self._executions.all.get(executionArn)
            if found is None:
                raise Refused(client_error("ExecutionDoesNotExist", 400, "GetExecutionHistory"))
            return {"events": [{"stateEnteredEventDetails": {"name": found.last_state}}]}

        return self._call("GetExecutionHistory", effect)

    def get_paginator(self, operation: str) -> "_Pages":
        if operation != "list_executions":
            raise NotImplementedError(operation)
        return _Pages(self)


class _Pages:
    def __init__(self, client: StepFunctions) -> None:
        self._client = client

    def paginate(self, *, stateMachineArn: str, PaginationConfig: Mapping[str, int]) -> list[dict[str, Any]]:  # noqa: N803
        return [self._client.list_executions(stateMachineArn=stateMachineArn)]

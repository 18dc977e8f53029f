"""Step Functions: starts executions of the deployed definitions, keeps them, and calls what their states call.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html,
https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

import simpy

from tests.simulation.code import moment
from tests.simulation.faults import DONE, How, client_error
from tests.simulation.services.alarms import Alarms
from tests.simulation.services.client import Client, Refused
from tests.simulation.services.functions import Functions, InvocationFailed
from tests.simulation.services.ground import Ground
from tests.simulation.services.s3 import Buckets
from tests.simulation.services.sqs import Queue, TooLarge
from tests.simulation.states_language import Ended, ExecutionContext, Machine, StateEvent, TaskFailed
from tests.simulation.states_language.clock import iso
from tests.simulation.states_language.limits import MAX_HISTORY_EVENTS, MAX_NAME_CHARACTERS

MAX_INPUT_CHARACTERS = 262_144
_SECONDS = (0.01, 0.2)
_SLOW_SECONDS = 75.0
INDEX_LOGS = "index-logs"
HANDED_ON = "Messages Handed On"
"""The state in which an execution has ended whose messages others have in hand, whatever it has dead-lettered before."""
_PASSING = frozenset({"SearchThrottled", "SearchUnavailable"})


class InputTooLarge(Exception):
    """The input of an execution has more characters than StartExecution takes."""


class AlreadyExists(Exception):
    """There is an execution of this name, which has ended or has another input."""


@dataclass
class Execution:
    """One execution. ``ended`` is when, and how; None while it runs."""

    context: ExecutionContext
    machine: str
    input: str
    started: float
    process: simpy.Process | None = None
    end: Ended | None = None
    ended: float | None = None
    last_state: str = ""
    parent: str = ""
    depth: int = 0
    letters: Counter[str] = field(default_factory=Counter)
    invoked: Counter[str] = field(default_factory=Counter)
    redriven: float | None = None
    redrives: int = 0

    @property
    def began(self) -> float:
        """When it was started, or redriven last."""
        return self.started if self.redriven is None else self.redriven

    @property
    def status(self) -> str:
        """RUNNING, or how it ended."""
        return self.end.status if self.end else "RUNNING"


class Executions:
    """The state machines and their executions. ``marked`` is told of each part of a backfill that is done: its key, and the body."""

    def __init__(
        self,
        ground: Ground,
        functions: Functions,
        queues: Mapping[str, Queue],
        buckets: Buckets,
        alarms: Alarms,
    ) -> None:
        self._ground = ground
        self._env = ground.env
        self._deployed = ground.deployed
        self._functions = functions
        self._queues = queues
        self._buckets = buckets
        self._alarms = alarms
        self._looked: dict[str, float] = {}
        self._machines: dict[str, Machine] = {}
        self.marked: list[Callable[[str, str], None]] = []
        self.all: dict[str, Execution] = {}
        self.running: set[str] = set()
        self.ended: list[Callable[[Execution], None]] = []
        self.violations: list[str] = []

    def deploy(self) -> None:
        """Deploy the definitions anew. Executions that run keep theirs."""
        self._machines.clear()

    def _machine(self, name: str) -> Machine:
        if name not in self._machines:
            self._machines[name] = Machine(self._deployed.definitions[name.replace("-", "_")])
        return self._machines[name]

    def arn(self, machine: str, name: str) -> str:
        """The ARN of an execution of a state machine."""
        return self._deployed.arn("states", f"execution:{self._deployed.prefix}-{machine}:{name}")

    def start(self, text: str, parent: str = "", machine: str = INDEX_LOGS, name: str = "") -> Execution:
        """Start an execution with an input, JSON, or give the one of this name that runs with it.

        Args:
            text: the input.
            parent: the ARN of the execution that does, if it is one.
            machine: the state machine.
            name: the execution's; if it has none, it is given one that no other has.

        Raises:
            InputTooLarge: it has more characters than there may be.
            AlreadyExists: one of this name has ended, or has another input.
        """
        if len(text) > MAX_INPUT_CHARACTERS:
            raise InputTooLarge(f"an input of {len(text):,} characters")
        if len(name) > MAX_NAME_CHARACTERS:
            raise ValueError(f"{name} has more than {MAX_NAME_CHARACTERS} characters")
        if name and (same := self.all.get(self.arn(machine, name))):
            if same.end is not None or same.input != text:
                raise AlreadyExists(f"Execution Already Exists: '{same.context.id}'")
            return same
        kind = "execution" if machine == INDEX_LOGS else machine
        name = name or f"{kind}-{len(self.all) + 1:04}"
        arn = self.arn(machine, name)
        context = ExecutionContext(
            arn,
            name,
            self._deployed.arn("states", f"stateMachine:{self._deployed.prefix}-{machine}"),
            iso(self._env.now),
        )
        depth = self.all[parent].depth + 1 if parent in self.all else 0
        execution = Execution(context, machine, text, self._env.now, parent=parent, depth=depth)
        self.all[arn] = execution
        if self._ground.traced:
            what = f"{len(json.loads(text))} message(s)" if machine == INDEX_LOGS else text
            self._ground.say(name, f"starts with {what}")
        self._begin(execution, None)
        return execution

    def redrive(self, execution: Execution) -> None:
        """Go on with an execution that has ended.

        Raises:
            ValueError: it may not be redriven.
        """
        ended = execution.end
        if ended is None or ended.position is None or ended.history_events >= MAX_HISTORY_EVENTS - 1:
            raise ValueError(f"{execution.context.name} cannot be redriven")
        execution.redriven, execution.end, execution.ended = self._env.now, None, None
        execution.redrives += 1
        self._ground.say(execution.context.name, "is redriven")
        self._begin(execution, ended)

    def _begin(self, execution: Execution, ended: Ended | None) -> None:
        self.running.add(execution.context.id)
        machine = self._machine(execution.machine)
        execution.process = self._env.process(self._run(execution, machine, ended))

    def _run(
        self, execution: Execution, machine: Machine, ended: Ended | None
    ) -> Generator[simpy.Event, Any, None]:
        def watch(event: StateEvent) -> None:
            if event.what == "entered":
                execution.last_state = event.state
                if event.state == "Look At Live Traffic":
                    self._looked[event.execution] = self._env.now
            self._ground.say(event.execution, f"{event.state}: {event.what} {event.detail}".rstrip())

        watching = watch if self._ground.traced or execution.machine == "backfill" else None
        data, random = json.loads(execution.input), self._ground.random
        if ended is None:
            execution.end = yield from machine.run(self._env, execution.context, data, self, random, watching)
        else:
            execution.end = yield from machine.redrive(
                self._env, execution.context, data, ended, self, random, watching
            )
        execution.ended = self._env.now
        self._untrue(execution)
        self.running.discard(execution.context.id)
        if self._ground.traced:
            detail = f": {execution.end.error}" if execution.end.error else ""
            self._ground.say(execution.context.name, f"has {execution.end.status}{detail}")
        for hear in self.ended:
            hear(execution)

    def _untrue(self, execution: Execution) -> None:
        """Its status says whether something of it is dead-lettered; and it had the time that Terraform gives it."""
        name, ran = execution.context.name, self._env.now - execution.began
        handed_on = execution.end is not None and execution.end.visits[-1:] == [HANDED_ON]
        if execution.status == "SUCCEEDED" and execution.letters and not handed_on:
            self.violations.append(
                f"untrue: {name} has succeeded, and wrote {execution.letters.total()} dead letter(s)"
            )
        limit = self._deployed.execution_timeout_seconds
        if execution.machine == INDEX_LOGS and execution.status == "TIMED_OUT" and ran < limit - 1:
            self.violations.append(f"held up: {name} was ended after {ran:,.0f} of {limit:,} seconds")

    def call(
        self, resource: str, parameters: Any, execution: ExecutionContext, state: str
    ) -> Generator[simpy.Event, Any, Any]:
        """Do what a Task asks for. See ``states_language``."""
        integration = resource.partition(":states:::")[2]
        match integration:
            case "lambda:invoke":
                name = parameters["FunctionName"].rpartition(":")[2]
                module = name.removeprefix(f"{self._deployed.prefix}-").replace("-", "_")
                if module == "index_batch":
                    self.all[execution.id].invoked[parameters["Payload"]["batch"]["key"]] += 1
                try:
                    answer = yield from self._functions.invoke(module, parameters["Payload"], execution.id)
                except InvocationFailed as failed:
                    raise TaskFailed(failed.error, failed.cause) from None
                return {"Payload": answer, "StatusCode": 200, "ExecutedVersion": "$LATEST"}
            case "states:startExecution.sync:2":
                started = yield from self._integrate("states:startExecution", parameters, execution, state)
                return (yield from self._wait_for(started["ExecutionArn"], execution))
        return (yield from self._integrate(integration, parameters, execution, state))

    def _integrate(
        self, integration: str, parameters: Any, execution: ExecutionContext, state: str
    ) -> Generator[simpy.Event, Any, Any]:
        effects: Mapping[str, tuple[str, str, str, Callable[[], Any]]] = {
            "sqs:sendMessage": (
                "sqs",
                "SendMessage",
                "SQS.AmazonSQSException",
                lambda: self._send(parameters, execution.id, state),
            ),
            "states:startExecution": (
                "states",
                "StartExecution",
                "StepFunctions.SfnException",
                lambda: self._start(parameters, execution.id),
            ),
            "aws-sdk:s3:deleteObjectTagging": (
                "s3",
                "DeleteObjectTagging",
                "S3.S3Exception",
                lambda: self._untag(parameters),
            ),
            "aws-sdk:cloudwatch:describeAlarms": (
                "cloudwatch",
                "DescribeAlarms",
                "CloudWatch.CloudWatchException",
                lambda: self._alarms.describe(parameters["AlarmNames"]),
            ),
            "aws-sdk:sfn:describeExecution": (
                "states",
                "DescribeExecution",
                "Sfn.SfnException",
                lambda: self._describe(parameters["ExecutionArn"]),
            ),
            "aws-sdk:s3:getObject": ("s3", "GetObject", "S3.S3Exception", lambda: self._get(parameters)),
            "s3:getObject": ("s3", "GetObject", "S3.S3Exception", lambda: self._get(parameters)),
            "aws-sdk:s3:putObject": ("s3", "PutObject", "S3.S3Exception", lambda: self._put(parameters)),
        }
        if integration not in effects:
            raise NotImplementedError(f"{integration} is not simulated")
        return (yield from self._simple(*effects[integration], execution.id))

    def _wait_for(self, arn: str, asking: ExecutionContext) -> Generator[simpy.Event, Any, Any]:
        """https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html."""
        if self._alarms.rang_before(self._looked.get(asking.name, math.inf)):
            self.violations.append(f"unbounded: {asking.name} begins a part while an alarm rings")
        waited = self.all[arn]
        assert waited.process is not None
        yield waited.process
        assert waited.end is not None
        if self._ground.strike("states", "DescribeExecution", "workflow"):
            # By events and by polling, it says; not, what it does where it cannot poll.
            raise TaskFailed(
                "StepFunctions.SfnException", "it cannot be told how the execution has ended (simulated)"
            )
        answer = {"ExecutionArn": arn, "Status": waited.status, "Input": waited.input}
        if waited.status != "SUCCEEDED":
            answer |= {"Error": waited.end.error, "Cause": waited.end.cause}
            raise TaskFailed("States.TaskFailed", json.dumps(answer))
        return answer | {"Output": waited.end.output}

    def _describe(self, arn: str) -> dict[str, Any]:
        found = self.all.get(arn)
        if found is None:
            raise TaskFailed("Sfn.ExecutionDoesNotExistException", f"Execution Does Not Exist: '{arn}'")
        return {"ExecutionArn": arn, "Status": found.status, "Input": found.input}

    def _get(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        found = self._buckets.find(parameters["Bucket"], parameters["Key"])
        if found is None:
            raise TaskFailed("S3.NoSuchKeyException", "The specified key does not exist.")
        return {"Body": found.body.decode()}

    def _put(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        body = parameters["Body"]
        text = body if isinstance(body, str) else json.dumps(body)
        self._buckets.put(parameters["Bucket"], parameters["Key"], text.encode())
        for hear in self.marked:
            hear(parameters["Key"], text)
        return {"ETag": '"simulated"'}

    def _simple(
        self, service: str, operation: str, error: str, effect: Callable[[], Any], execution: str
    ) -> Generator[simpy.Event, Any, Any]:
        """Make one call of an SDK of Step Functions' own, for an execution."""
        yield self._ground.soon(_SECONDS)
        how = self._ground.strike(service, operation, "workflow", execution)
        if how is None or how is How.HALF:
            return effect()
        if how in DONE:
            effect()
        if how is How.SLOW:
            yield self._env.timeout(_SLOW_SECONDS)
        raise TaskFailed(error, f"{operation} {how} (simulated)")

    def _send(self, parameters: Mapping[str, Any], sender: str, state: str) -> dict[str, Any]:
        body = parameters["MessageBody"]
        self._given_up_too_soon(self.all[sender], body, state)
        text = body if isinstance(body, str) else json.dumps(body)
        self._written_twice(self.all[sender], text)
        attributes = parameters.get("MessageAttributes")
        if attributes and any(not each.get("StringValue") for each in attributes.values()):
            raise TaskFailed("SQS.AmazonSQSException", "an attribute is empty")
        try:
            message = self._queues[parameters["QueueUrl"]].send(text, attributes)
        except TooLarge as error:
            self.violations.append(f"limit: the workflow sends {error}")
            raise TaskFailed("SQS.AmazonSQSException", str(error)) from None
        return {"MessageId": message.id, "MD5OfMessageBody": "simulated"}

    def _written_twice(self, execution: Execution, letter: str) -> None:
        """What SQS has taken is not sent again, unless its answer was lost. Of several messages, each may say the same."""
        execution.letters[letter] += 1
        if execution.letters[letter] == 1 or self._ground.faults.have_met("sqs"):
            return
        if execution.letters[letter] > len(json.loads(execution.input)):
            self.violations.append(
                f"doubled: {execution.context.name} writes a dead letter twice: {letter[:200]}"
            )

    def _given_up_too_soon(self, execution: Execution, body: Any, state: str) -> None:
        """What passes by itself has as many attempts as Terraform's variable says, before it is dead-lettered."""
        if state != "Send Batch To Dead Letter Queue" or not isinstance(body, dict):
            return
        invoked = execution.invoked[body["batch"]["key"]]
        promised = 1 + self._deployed.index_batch_attempts
        if body["error"]["Error"] in _PASSING and invoked < promised:
            self.violations.append(
                f"held up: {execution.context.name} gives up a batch after {invoked} of {promised} attempts,"
                f" for {body['error']['Error']}"
            )

    def _start(self, parameters: Mapping[str, Any], parent: str) -> dict[str, Any]:
        try:
            started = self.start(json.dumps(parameters["Input"]), parent, name=parameters.get("Name", ""))
        except AlreadyExists as error:
            # Both are read out of AWS's documents.
            ending = self._ground.random.choice(("", "Exception"))
            raise TaskFailed(f"StepFunctions.ExecutionAlreadyExists{ending}", str(error)) from None
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
            answer = _listed(found) | {"input": found.input}
            if found.end and found.end.status == "SUCCEEDED":
                answer |= {"output": json.dumps(found.end.output), "redriveStatus": "NOT_REDRIVABLE"}
            elif found.end:
                answer["redriveStatus"] = "REDRIVABLE"
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
                    _listed(each)
                    for each in newest
                    if statusFilter in {None, each.status} and each.context.state_machine == stateMachineArn
                ][:maxResults]
            }

        return self._call("ListExecutions", effect)

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> dict[str, Any]:  # noqa: A002, N803
        """https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html."""
        machine = stateMachineArn.partition(f":stateMachine:{self._ground.deployed.prefix}-")[2]

        def effect(_how: How | None) -> dict[str, Any]:
            try:
                started = self._executions.start(input, machine=machine, name=name)
            except AlreadyExists as error:
                refused = client_error("ExecutionAlreadyExists", 400, "StartExecution", str(error))
                raise Refused(refused) from None
            return {"executionArn": started.context.id, "startDate": moment(started.started)}

        return self._call("StartExecution", effect)

    def stop_execution(self, *, executionArn: str, error: str = "", cause: str = "") -> dict[str, Any]:  # noqa: N803
        def effect(_how: How | None) -> dict[str, Any]:
            self._executions.abort(self._executions.all[executionArn])
            return {"stopDate": moment(self._ground.env.now)}

        return self._call("StopExecution", effect)

    def redrive_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803
        """https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html."""

        def effect(_how: How | None) -> dict[str, Any]:
            try:
                self._executions.redrive(self._executions.all[executionArn])
            except ValueError as error:
                raise Refused(
                    client_error("ExecutionNotRedrivable", 400, "RedriveExecution", str(error))
                ) from None
            return {"redriveDate": moment(self._ground.env.now)}

        return self._call("RedriveExecution", effect)

    def describe_state_machine(self, *, stateMachineArn: str) -> dict[str, Any]:  # noqa: N803
        return self._call("DescribeStateMachine", lambda _how: {"definition": stateMachineArn})

    def describe_state_machine_for_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803
        """No deployment changes a definition here."""
        machine = self._executions.all[executionArn].context.state_machine
        return self._call("DescribeStateMachineForExecution", lambda _how: {"definition": machine})

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

    def paginate(
        self,
        *,
        stateMachineArn: str,  # noqa: N803
        statusFilter: str | None = None,  # noqa: N803
        PaginationConfig: Mapping[str, int] | None = None,  # noqa: N803
    ) -> list[dict[str, Any]]:
        return [self._client.list_executions(stateMachineArn=stateMachineArn, statusFilter=statusFilter)]


def _listed(execution: Execution) -> dict[str, Any]:
    listed = {
        "executionArn": execution.context.id,
        "name": execution.context.name,
        "status": execution.status,
        "startDate": moment(execution.started),
    }
    if execution.redriven is not None:
        listed |= {"redriveDate": moment(execution.redriven), "redriveCount": execution.redrives}
    return listed

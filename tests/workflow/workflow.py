"""Runs the real state machines in moto's Step Functions, with functions that a test scripts.

A step stands for what a Task calls: a function, SQS, Step Functions, S3 or CloudWatch. It takes the event (or the arguments of
SendMessage, StartExecution, DeleteObjectTagging, …) and answers, or raises ``StepFailed``. Waits of retries and of Wait
states take no time and are recorded.
"""

import functools
import io
import json
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.asl.component.common.retry import jitter_strategy_decl, retrier_decl
from moto.stepfunctions.parser.asl.component.common.string import string_expression
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.eval import resource_eval_s3
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor.distributed_item_processor_worker import (
    DistributedItemProcessorWorker,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk,
    state_task_service_sfn,
    state_task_service_sqs,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (
    StateTaskServiceAwsSdk,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (
    StateTaskServiceSfn,
)
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from index_batch import to_answer
from tests.local_cloud.gaps.stepfunctions import map_runs, paths, redrive, tasks
from tests.workflow.definition import (
    ACCOUNT_ID,
    AUDIT,
    BACKFILL,
    DEAD_LETTER_QUEUE,
    INDEX_LOGS,
    REGION,
    RETENTION,
    SAMPLE_VALUES,
    read_template,
    render,
)
from trailsearch.contracts.messages import Deletion, Indexed, Parts, Work, to_payload

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef

Step = Callable[[dict[str, Any]], Any]

_TAKE_MESSAGE_APART = "take_message_apart"
_SEND_MESSAGE = "send_message"
_START_EXECUTION = "start_execution"
_DELETE_OBJECT_TAGGING = "delete_object_tagging"
_READ_ITEMS = "read_items"
_DESCRIBE_EXECUTION = "describe_execution"
_LOOK_AT_EXECUTION = "look_at_execution"
_OF_SDKS = (_DELETE_OBJECT_TAGGING, "get_object", "put_object", "describe_alarms")
_MAX_RUN_SECONDS = 30
# Clients take longer to make than an execution to run, and so does parsing the definition: once is enough.
_parse = functools.cache(AmazonStateLanguageParser.parse)


class StepFailed(Exception):
    """What a Task fails with: the name of its error, as ``ErrorEquals`` has it, and why."""

    def __init__(self, error: str, why: str = "") -> None:
        super().__init__(why or f"why {error}")
        self.error = error


class DeadLetterMessage(NamedTuple):
    """A message in the dead-letter queue, with the values of its attributes."""

    body: str
    attributes: dict[str, str]


class Run(NamedTuple):
    """One execution that has ended. ``error`` and ``cause`` are empty if it succeeded."""

    arn: str
    status: str
    error: str
    cause: str
    history: "Sequence[HistoryEventTypeDef]"

    @property
    def input(self) -> Any:
        """The input of the execution: its messages."""
        return json.loads(self.history[0]["executionStartedEventDetails"]["input"])

    @property
    def visits(self) -> list[str]:
        """The names of the states, in the order they were entered."""
        return [event["stateEnteredEventDetails"]["name"] for event in self._entered()]

    def input_of(self, state: str) -> Any:
        """The input of a state, as it was entered first."""
        entered = (event["stateEnteredEventDetails"] for event in self._entered())
        return json.loads(next(details["input"] for details in entered if details["name"] == state))

    def output_of(self, state: str) -> Any:
        """The output of a state, as it was left first."""
        left = (
            event["stateExitedEventDetails"] for event in self.history if "stateExitedEventDetails" in event
        )
        return json.loads(next(details["output"] for details in left if details["name"] == state))

    def _entered(self) -> "list[HistoryEventTypeDef]":
        return [event for event in self.history if "stateEnteredEventDetails" in event]


class Workflow:
    """The state machines and their dead-letter queue in moto. To be used inside ``mock_aws``.

    Attributes:
        steps: what each function does, by the name of its module; what Fetch Logs does to take a message apart, by
            ``take_message_apart``: it is one already, unless a test says so; SQS by ``send_message``, and Step
            Functions by ``start_execution``: it starts none, unless a test says so, by ``describe_execution``, by which a Task
            waits for one, and ``look_at_execution``: each has succeeded, unless a test says so; S3 by ``delete_object_tagging``,
            ``get_object`` and ``put_object``, and what a Map reads its items by, ``read_items``; CloudWatch by ``describe_alarms``: none rings, unless a test says so.
        calls: the events that each step was called with.
        waits: seconds, for every retry.
        pauses: seconds, for every Wait state.
        jittered: the bounds that moto drew each wait from; the upper one was taken.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps: dict[str, Step] = {}
        self.calls: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self.waits: list[float] = []
        self.pauses: list[float] = []
        self.jittered: list[tuple[float, float]] = []
        self._sqs = _client_of_sqs()
        self._queue_url = self._sqs.create_queue(QueueName=DEAD_LETTER_QUEUE)["QueueUrl"]
        self.steps[_SEND_MESSAGE] = lambda arguments: self._sqs.send_message(**arguments)
        self.steps[_TAKE_MESSAGE_APART] = answers(Parts(announced=("s3://logs/key",)))
        self.steps[_START_EXECUTION] = lambda _arguments: {"ExecutionArn": "arn:started", "StartDate": 0}
        self.steps[_DELETE_OBJECT_TAGGING] = lambda _arguments: {}
        self.steps[_DESCRIBE_EXECUTION] = lambda arguments: {
            **arguments,
            "status": "SUCCEEDED",
            "output": "{}",
        }
        self.steps[_LOOK_AT_EXECUTION] = lambda arguments: {**arguments, "status": "SUCCEEDED"}
        self.steps["describe_alarms"] = lambda _arguments: {"MetricAlarms": []}
        self._step_functions = _client_of_step_functions()
        monkeypatch.setattr(AmazonStateLanguageParser, "parse", staticmethod(_parse))
        # As on AWS, where a path with one index finds a value, and no list of it.
        monkeypatch.setattr(string_expression, "extract_json", paths.extract_json)
        self._arns: dict[str, str] = {}
        functions = SimpleNamespace(invoke=self._invoke)
        monkeypatch.setattr(lambda_eval_utils, "boto_client_for", lambda **_: functions)
        sqs = SimpleNamespace(send_message=lambda **arguments: self._call(_SEND_MESSAGE, arguments))
        monkeypatch.setattr(state_task_service_sqs, "boto_client_for", lambda **_: sqs)
        sfn = SimpleNamespace(
            start_execution=lambda **arguments: self._call(_START_EXECUTION, arguments),
            describe_execution=lambda **arguments: self._call(_DESCRIBE_EXECUTION, arguments),
        )
        monkeypatch.setattr(state_task_service_sfn, "boto_client_for", lambda **_: sfn)
        sdk = SimpleNamespace(
            **{step: functools.partial(self._call_with, step) for step in _OF_SDKS},
            describe_execution=functools.partial(self._call_with, _LOOK_AT_EXECUTION),
        )
        monkeypatch.setattr(state_task_service_aws_sdk, "boto_client_for", lambda **_: sdk)
        reader = SimpleNamespace(get_object=functools.partial(self._call_with, _READ_ITEMS))
        monkeypatch.setattr(resource_eval_s3, "boto_client_for", lambda **_: reader)
        build = tasks.describing_as_on_aws(StateTaskServiceSfn._build_sync2_resolver)
        monkeypatch.setattr(StateTaskServiceSfn, "_build_sync2_resolver", build)
        call = tasks.naming_as_on_aws(StateTaskServiceAwsSdk._eval_service_task)
        monkeypatch.setattr(StateTaskServiceAwsSdk, "_eval_service_task", call)
        evaluate = map_runs.failing_as_on_aws(DistributedItemProcessorWorker._eval_job)
        monkeypatch.setattr(DistributedItemProcessorWorker, "_eval_job", evaluate)
        for owner, name, wrap in redrive.wrapped():
            monkeypatch.setattr(owner, name, wrap(getattr(owner, name)))
        # As on AWS: S3.NoSuchKeyException.
        monkeypatch.setitem(state_task_service_aws_sdk._SERVICE_ERROR_NAMES, "s3", "S3")
        monkeypatch.setattr(retrier_decl, "time", SimpleNamespace(sleep=self.waits.append))
        monkeypatch.setattr(jitter_strategy_decl, "random", SimpleNamespace(uniform=self._draw))
        monkeypatch.setattr(
            WaitFunction, "_wait_interval", lambda _wait, env, wait_seconds: self.pauses.append(wait_seconds)
        )

    def run(self, *bodies: str, attributes: Mapping[str, str] | None = None) -> Run:
        """Run one execution, with messages of these bodies (at least one of any body) as the Pipe hands them over.

        All of them have the same message attributes.
        """
        messages = [
            _delivered(number, body, attributes or {})
            for number, body in enumerate(bodies or ("a message",), start=1)
        ]
        return self._run(INDEX_LOGS, messages)

    def run_retention(self, execution_input: Any = None) -> Run:
        """Run one execution of the state machine retention, as somebody may start it: with any input."""
        return self._run(RETENTION, execution_input)

    def run_backfill(self, execution_input: Any) -> Run:
        """Run one execution of the state machine backfill."""
        return self._run(BACKFILL, execution_input)

    def run_audit(self, execution_input: Any = None) -> Run:
        """Run one execution of the audit, by default with what the schedule gives it."""
        return self._run(AUDIT, {} if execution_input is None else execution_input)

    def _run(self, machine: str, execution_input: Any) -> Run:
        arn = self._step_functions.start_execution(
            stateMachineArn=self._arn_of(machine), name=str(uuid.uuid4()), input=json.dumps(execution_input)
        )["executionArn"]
        return self._ended(arn)

    def redrive(self, run: Run) -> Run:
        """Redrive an execution that has failed."""
        redrive.redrive(stepfunctions_parser_backends[ACCOUNT_ID][REGION].describe_execution(run.arn))
        return self._ended(run.arn)

    def _ended(self, arn: str) -> Run:
        give_up = time.monotonic() + _MAX_RUN_SECONDS
        while (execution := self._step_functions.describe_execution(executionArn=arn))["status"] == "RUNNING":
            assert time.monotonic() < give_up, f"{arn} is running still"
            time.sleep(0.005)
        # Of moto itself: to make an answer of it and to read that takes longer than the execution.
        history = stepfunctions_parser_backends[ACCOUNT_ID][REGION].get_execution_history(arn)
        return Run(
            arn,
            execution["status"],
            execution.get("error", ""),
            execution.get("cause", ""),
            cast("Sequence[HistoryEventTypeDef]", history["events"]),
        )

    def take_dead_letters(self) -> list[DeadLetterMessage]:
        """Receive and delete all messages in the dead-letter queue."""
        taken = []
        while received := self._sqs.receive_message(
            QueueUrl=self._queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            for message in received:
                self._sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])
                attributes = message.get("MessageAttributes", {})
                values = {name: attribute["StringValue"] for name, attribute in attributes.items()}
                taken.append(DeadLetterMessage(message["Body"], values))
        return taken

    def _arn_of(self, machine: str) -> str:
        if machine not in self._arns:
            self._arns[machine] = self._step_functions.create_state_machine(
                name=machine.replace("_", "-"),
                definition=render(read_template(machine)),
                roleArn=f"arn:aws:iam::{ACCOUNT_ID}:role/workflow",
            )["stateMachineArn"]
        return self._arns[machine]

    def _call_with(self, step: str, **arguments: Any) -> Any:
        return self._call(step, arguments)

    def _call(self, step: str, event: dict[str, Any]) -> Any:
        self.calls[step].append(event)
        try:
            return self.steps[step](event)
        except StepFailed as failure:
            if failure.error == "States.Timeout":
                raise TimeoutError from failure  # which moto takes for its own: an error without a cause
            if failure.error.startswith(("Lambda.", "SQS.", "SFN.", "S3.", "StepFunctions.")):
                service, _, code = failure.error.partition(".")
                if service == "StepFunctions":
                    code = code.removesuffix("Exception")  # which moto adds to every code
                answer: Any = {
                    "Error": {"Code": code, "Message": str(failure)},
                    "ResponseMetadata": {"HTTPStatusCode": 500, "RequestId": "id"},
                }
                # An exception of its own name, as a client has for an error that is in its model.
                raise type(code, (ClientError,), {})(answer, step) from failure
            raise

    def _invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 (boto3's own names)
        function = next(key for key, value in SAMPLE_VALUES.items() if value == FunctionName)
        event = json.loads(Payload)
        step = _TAKE_MESSAGE_APART if "take_apart" in event else function.removesuffix("_function_arn")
        try:
            answer = self._call(step, event)
        except (ClientError, TimeoutError):
            raise
        except Exception as error:  # noqa: BLE001 (as Lambda's runtime does)
            name = error.error if isinstance(error, StepFailed) else type(error).__name__
            failed = {"errorMessage": str(error), "errorType": name, "requestId": "id", "stackTrace": []}
            return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": _body(failed)}
        return {"StatusCode": 200, "Payload": _body(answer)}

    def _draw(self, low: float, high: float) -> float:
        self.jittered.append((low, high))
        return high


def answers(contract: Work | Indexed | Parts | Deletion) -> Step:
    """Make a step that always gives this answer."""
    return lambda _event: to_answer(contract) if isinstance(contract, Indexed) else to_payload(contract)


def fails(step: Step, *errors: str) -> Step:
    """Make a step that fails with one error a call, and then does what ``step`` does."""
    left = list(errors)
    lock = threading.Lock()

    def failing(event: dict[str, Any]) -> Any:
        with lock:
            error = left.pop(0) if left else None
        if error:
            raise StepFailed(error)
        return step(event)

    return failing


def always_fails(error: str) -> Step:
    """Make a step that fails with this error whenever it is called."""

    def failing(_event: dict[str, Any]) -> Any:
        raise StepFailed(error)

    return failing


@functools.cache
def _client_of_sqs() -> "SQSClient":
    return boto3.client("sqs")


@functools.cache
def _client_of_step_functions() -> "SFNClient":
    return boto3.client("stepfunctions")


def _body(answer: Any) -> io.BytesIO:
    return io.BytesIO(json.dumps(answer).encode())


def _delivered(number: int, body: str, attributes: Mapping[str, str]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-sqs.html."""
    return {
        "messageId": f"message-{number}",
        "receiptHandle": "AQEB",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1688990000000"},
        "messageAttributes": {
            name: {"stringValue": value, "dataType": "String"} for name, value in attributes.items()
        },
        "md5OfBody": "d41d8cd98f00b204e9800998ecf8427e",
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:trailsearch-test-ingest",
        "awsRegion": REGION,
    }

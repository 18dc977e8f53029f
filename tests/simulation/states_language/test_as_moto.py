"""The same executions, in moto's interpreter and in this one: the same history, event by event, and the same calls of services."""

import io
import itertools
import json
import re
from collections import defaultdict
from collections.abc import Callable, Generator, Mapping
from random import Random
from typing import Any, NamedTuple

import simpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulation.states_language import Ended, ExecutionContext, Machine, TaskFailed
from tests.simulation.states_language.definition import short_resource
from tests.workflow import definition
from tests.workflow.samples import (
    BATCH,
    FETCHED,
    INDEXED,
    LARGE_DOCUMENT,
    OTHER_BATCH,
    REFUSED_DOCUMENTS,
    SPLIT,
    UNREADABLE_LOG,
)
from tests.workflow.workflow import Run, Step, StepFailed, Workflow, answers
from trailsearch.contracts.errors import TrailsearchError
from trailsearch.contracts.messages import Deletion, Indexed, Parts, QueueMessage, Work

MACHINES = {machine: Machine(definition.load(machine)) for machine in definition.MACHINES}
PLANNED = {
    "find": {"tasks": [{"number": 1}]},  # As many at a time, in no order of moto's.
    "plan": {"days": 1, "rounds": 1, "more": False},
    "write": {"parts": 2},
    "left": {"manifest": "manifest.json", "parts": 2},
}
AUDITED = {
    "plan": {"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T03:00:00Z", "shares": [0, 1]},
    "share": {},
    "sum_up": {"well": True, "problems": []},
}
NOT_WELL = {"sum_up": {"well": False, "problems": ["1 log never read"]}}
NONE_LEFT = {"manifest": "manifest.json", "parts": 0}
CATALOGUE: Mapping[str, tuple[Step, ...]] = {
    "fetch_logs": (
        answers(FETCHED),
        answers(Work()),
        answers(SPLIT),
        answers(Work(records=FETCHED.records, dead_letters=(UNREADABLE_LOG,))),
    ),
    "split_records": (
        answers(SPLIT),
        answers(Work(batches=(BATCH, OTHER_BATCH), dead_letters=(LARGE_DOCUMENT,))),
    ),
    "index_batch": (
        answers(INDEXED),
        # One alone: all letters of a batch are sent at the same time, in no order of moto's.
        answers(Indexed(documents=2, dead_letters=(REFUSED_DOCUMENTS,))),
    ),
    "take_message_apart": (
        answers(Parts(announced=("s3://logs/key",))),
        answers(Parts(messages=(QueueMessage("message-1", "a"), QueueMessage("message-1", "b")))),
    ),
    "delete_expired": (
        answers(Deletion(more=False)),
        answers(Deletion(more=True, rounds=1200)),
        # The function says that there is less and less.
        lambda event: {**(event["deletion"] or {"left": 3, "wait_seconds": 10}), "more": False},
    ),
    "plan_backfill": (lambda event: next(PLANNED[asked] for asked in PLANNED if asked in event),),
    "audit_logs": (
        lambda event: next(AUDITED[asked] for asked in AUDITED if asked in event),
        lambda event: next((AUDITED | NOT_WELL)[asked] for asked in AUDITED if asked in event),
    ),
    "send_message": (lambda _arguments: {"MessageId": "id", "MD5OfMessageBody": "md5"},),
    "start_execution": (lambda _arguments: {"ExecutionArn": "arn:started", "StartDate": 0},),
    "describe_execution": (
        lambda arguments: {**arguments, "status": "SUCCEEDED", "output": "{}"},
        lambda arguments: {**arguments, "status": "FAILED", "error": "SomeWorkDeadLettered"},
    ),
    "delete_object_tagging": (lambda _arguments: {},),
    "describe_alarms": (
        lambda _arguments: {"MetricAlarms": []},
        lambda _arguments: {"MetricAlarms": [{"StateValue": "OK"}, {"StateValue": "INSUFFICIENT_DATA"}]},
    ),
    "get_object": (lambda _arguments: {"Body": '[{"messageId": "a"}]'},),
    "put_object": (lambda _arguments: {},),
    "read_items": (lambda _arguments: {"Body": io.BytesIO(b'[{"name": "0000"}, {"name": "0001"}]')},),
}
OF_FUNCTIONS = (
    "StorageUnavailable",
    "ExecutionsUnavailable",
    "Lambda.TooManyRequestsException",
    "Lambda.ServiceException",
    "States.Timeout",
    "SearchThrottled",
    "SearchAccessDenied",
    "BatchNotFound",
    "KeyError",
)
_BUT_TIMEOUT = tuple(error for error in OF_FUNCTIONS if error != "States.Timeout")
FAULTS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            "fetch_logs",
            "split_records",
            "index_batch",
            "take_message_apart",
            "delete_expired",
            "plan_backfill",
        ),
        OF_FUNCTIONS,
    ),
    # Of a Map that a timeout ends, moto says States.Runtime, for it takes States.Timeout for a name that nobody may use.
    **dict.fromkeys(("plan_backfill", "audit_logs"), _BUT_TIMEOUT),
    "send_message": ("SQS.SdkClientException",),
    "start_execution": (
        "StepFunctions.ExecutionLimitExceededException",
        "StepFunctions.AccessDeniedException",
        "StepFunctions.ExecutionAlreadyExistsException",
    ),
    "delete_object_tagging": ("S3.NoSuchKeyException", "S3.SlowDownException", "States.Timeout"),
    "get_object": ("S3.SlowDownException",),
    "put_object": ("S3.SlowDownException",),
}
# How often, one after the other: less than, as often as, and more often than it is tried again.
TIMES = (0, 1, 2, 3, 8, 20)


class Script(NamedTuple):
    """What each step answers, an index into the catalogue, and with which errors its first calls fail."""

    answers: Mapping[str, int]
    faults: Mapping[str, list[tuple[str, int]]]
    messages: int = 1
    attempts: bool = False

    def steps(self) -> dict[str, Step]:
        steps = {name: known[self.answers.get(name, 0) % len(known)] for name, known in CATALOGUE.items()}
        steps["plan_backfill"] = none_left_after_the_first(steps["plan_backfill"])
        return {name: failing_first(step, self.faults.get(name, [])) for name, step in steps.items()}


def none_left_after_the_first(plan: Step) -> Step:
    """Whoever has indexed the parts that are left asks for more, until there are none."""
    asked = itertools.count()
    return lambda event: NONE_LEFT if "left" in event and next(asked) else plan(event)


def failing_first(step: Step, faults: list[tuple[str, int]]) -> Step:
    errors = iter([error for error, times in faults for _ in range(times)])

    def call(event: dict[str, Any]) -> Any:
        if error := next(errors, None):
            raise StepFailed(error)
        return step(event)

    return call


SCRIPTS = st.builds(
    Script,
    st.fixed_dictionaries(
        {name: st.integers(0, len(known) - 1) for name, known in CATALOGUE.items() if len(known) > 1}
    ),
    st.dictionaries(st.sampled_from(sorted(FAULTS)), st.just(0), max_size=4).flatmap(
        lambda names: st.fixed_dictionaries(
            {
                name: st.lists(
                    st.tuples(st.sampled_from(FAULTS[name]), st.sampled_from(TIMES)), min_size=1, max_size=2
                )
                for name in names
            }
        )
    ),
    st.integers(1, 3),
    st.booleans(),
)


class Longest(Random):
    """Jitter that is as long as it can be, as in tests/workflow."""

    def __init__(self) -> None:
        super().__init__(0)
        self.waits: list[float] = []

    def uniform(self, a: float, b: float) -> float:
        self.waits.append(b)
        return b


class Services:
    """The steps of tests/workflow for Tasks of a simulation; a timeout is one."""

    def __init__(self, env: simpy.Environment, steps: Mapping[str, Step]) -> None:
        self.env = env
        self.steps = steps
        self.calls: defaultdict[str, list[Any]] = defaultdict(list)

    def call(
        self, resource: str, parameters: Any, execution: ExecutionContext, state: str
    ) -> Generator[simpy.Event, Any, Any]:
        service = short_resource(resource)
        try:
            return INTEGRATIONS[service](self, parameters)
        except StepFailed as failure:
            if failure.error == "States.Timeout":
                yield self.env.timeout(10**9)
            raise self.failed(service, failure.error, str(failure)) from None
        except TrailsearchError as error:
            raise self.failed(service, type(error).__name__, str(error)) from None

    def ask(self, step: str, event: Any) -> Any:
        self.calls[step].append(event)
        answer = self.steps[step](event)
        return answer if step == "read_items" else json.loads(json.dumps(answer))

    def invoke(self, parameters: Mapping[str, Any]) -> Any:
        function = next(
            key for key, value in definition.SAMPLE_VALUES.items() if value == parameters["FunctionName"]
        )
        event = parameters["Payload"]
        step = "take_message_apart" if "take_apart" in event else function.removesuffix("_function_arn")
        return {"StatusCode": 200, "Payload": self.ask(step, event)}

    def wait_for_execution(self, parameters: Mapping[str, Any]) -> Any:
        self.ask("start_execution", parameters)
        described = self.ask("describe_execution", {"executionArn": "arn:started"})
        answer = {name[0].upper() + name[1:]: value for name, value in described.items()}
        if answer["Status"] == "SUCCEEDED":
            return {**answer, "Output": json.loads(answer["Output"])}
        # AWS has its own names there too, moto has boto3's.
        raise TaskFailed("States.TaskFailed", json.dumps(described, separators=(",", ":")))

    def look_at_execution(self, parameters: Mapping[str, Any]) -> Any:
        described = self.ask("look_at_execution", {"executionArn": parameters["ExecutionArn"]})
        return {name[0].upper() + name[1:]: value for name, value in described.items()}

    def read(self, parameters: Mapping[str, Any]) -> Any:
        return {"Body": self.ask("read_items", parameters)["Body"].read().decode()}

    @staticmethod
    def failed(service: str, error: str, why: str) -> TaskFailed:
        """As moto, and AWS, tell the errors of functions and of services apart."""
        if service != "lambda:invoke" or error.startswith("Lambda."):
            return TaskFailed(error, why)
        answer = {"errorMessage": why, "errorType": error, "requestId": "id", "stackTrace": []}
        return TaskFailed(error, json.dumps(answer, separators=(",", ":")))


def asking(step: str) -> Callable[[Services, Any], Any]:
    return lambda services, parameters: services.ask(step, parameters)


INTEGRATIONS: Mapping[str, Callable[[Services, Any], Any]] = {
    "lambda:invoke": Services.invoke,
    "sqs:sendMessage": asking("send_message"),
    "states:startExecution": asking("start_execution"),
    "states:startExecution.sync:2": Services.wait_for_execution,
    "aws-sdk:s3:deleteObjectTagging": asking("delete_object_tagging"),
    "aws-sdk:s3:getObject": asking("get_object"),
    "aws-sdk:s3:putObject": asking("put_object"),
    "aws-sdk:cloudwatch:describeAlarms": asking("describe_alarms"),
    "aws-sdk:sfn:describeExecution": Services.look_at_execution,
    "s3:getObject": Services.read,
}


class Both(NamedTuple):
    """An execution that has ended, in moto and here."""

    moto: Run
    ours: Ended
    moto_waits: list[float]
    our_waits: list[float]
    moto_calls: Mapping[str, list[Any]]
    our_calls: Mapping[str, list[Any]]


def run_both(workflow: Workflow, machine: str, script: Script, data: Any = None) -> Both:
    for recorded in (workflow.calls, workflow.waits, workflow.pauses, workflow.jittered):
        recorded.clear()
    workflow.steps |= script.steps()
    if machine == definition.INDEX_LOGS:
        attributes = {"attempts": "2", "first_failed_at": "2023-07-10T12:12:05Z"} if script.attempts else {}
        moto = workflow.run(*["a message"] * script.messages, attributes=attributes)
    else:
        run = {
            definition.RETENTION: workflow.run_retention,
            definition.BACKFILL: workflow.run_backfill,
            definition.AUDIT: workflow.run_audit,
        }[machine]
        moto = run(data)
    env, random = simpy.Environment(), Longest()
    services = Services(env, script.steps())
    context = ExecutionContext(moto.arn, moto.arn.rpartition(":")[2], workflow._arn_of(machine), "started")
    process = env.process(MACHINES[machine].run(env, context, moto.input, services, random))
    ours = env.run(until=process)
    assert isinstance(ours, Ended)
    return Both(moto, ours, list(workflow.waits), random.waits, dict(workflow.calls), services.calls)


def comparable(value: Any) -> Any:
    """What of a value does not depend on who made it: without times, and without what moto adds to the causes of services."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[0-9.]*(?:Z|\+00:00)?|started", "<time>", text)
    text = re.sub(r" \(Service: [^)]*\)", "", text)
    return json.loads(text)


def comparable_calls(calls: Mapping[str, list[Any]]) -> Any:
    """What an integration makes text of, as a message's body, is not done by the interpreter here."""
    return comparable(
        {
            step: [{name: _parsed(value) for name, value in event.items()} for event in events]
            for step, events in calls.items()
        }
    )


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def events_of_moto(run: Run) -> list[tuple[str, str, Any]]:
    """The kind, the state and the data of each event."""
    events: list[tuple[str, str, Any]] = []
    for event in run.history:
        details: Any = next((value for name, value in event.items() if name.endswith("EventDetails")), {})
        data = details.get("output", details.get("input", details.get("parameters")))
        failed = (
            {"error": details["error"], "cause": details.get("cause", "")} if "error" in details else None
        )
        events.append(
            (
                event["type"],
                details.get("name", ""),
                comparable(json.loads(data) if data is not None else failed),
            )
        )
    return events


def events_of_ours(ended: Ended) -> list[tuple[str, str, Any]]:
    of_states = re.compile(r"State(Entered|Exited)|MapIteration")
    return [
        (
            event.kind,
            event.state if of_states.search(event.kind) else "",
            None if event.kind.startswith(("MapIteration", "MapStateStarted")) else comparable(event.data),
        )
        for event in ended.history
    ]


def assert_same(both: Both) -> None:
    assert [event[:2] for event in events_of_ours(both.ours)] == [
        event[:2] for event in events_of_moto(both.moto)
    ]
    assert events_of_ours(both.ours) == events_of_moto(both.moto)
    assert (both.ours.status, both.ours.error) == (both.moto.status, both.moto.error)
    assert comparable(both.ours.cause) == comparable(both.moto.cause)
    assert both.our_waits == both.moto_waits
    assert comparable_calls(both.our_calls) == comparable_calls(both.moto_calls)


BACKFILLS = (
    {"backfill": "20261126T221500Z", "scope": {"first": "2026-01-01", "last": "2026-01-31"}},
    {"backfill": "20261126T221500Z"},
)

few = settings(
    max_examples=20,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@few
@given(SCRIPTS)
def test_an_execution_of_index_logs_goes_as_in_moto(workflow: Workflow, script: Script) -> None:
    assert_same(run_both(workflow, definition.INDEX_LOGS, script))


@few
@given(SCRIPTS)
def test_an_execution_of_retention_goes_as_in_moto(workflow: Workflow, script: Script) -> None:
    assert_same(run_both(workflow, definition.RETENTION, script))


@few
@given(SCRIPTS, st.sampled_from(BACKFILLS))
def test_an_execution_of_backfill_goes_as_in_moto(workflow: Workflow, script: Script, data: Any) -> None:
    assert_same(run_both(workflow, definition.BACKFILL, script, data))


@few
@given(SCRIPTS)
def test_an_execution_of_audit_goes_as_in_moto(workflow: Workflow, script: Script) -> None:
    assert_same(run_both(workflow, definition.AUDIT, script))

"""Executions that end as their workflow does not mean them to, by a rule as Trailsearch's, to a queue."""

import itertools
import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from moto.events.models import EventPattern

from tests.local_cloud.gaps.stepfunctions_events import MAX_DATA_BYTES, status_change

from .conftest import Client
from .test_process import becomes_true

ROLE = "arn:aws:iam::123456789012:role/workflow"
INPUT = json.dumps([{"body": "<time> <id> \N{SNOWMAN}"}], ensure_ascii=False)
FAILED = {"status": ["FAILED"], "error": [{"exists": False}, None, {"anything-but": ["DeadLettered"]}]}
ENDS = {"$or": [{"status": ["TIMED_OUT", "ABORTED"]}, FAILED]}

names = (f"fails-{number}" for number in itertools.count())


class Machine:
    """A state machine of one state, and a queue that a rule sends its failed executions to."""

    def __init__(
        self,
        client: Client,
        state: dict[str, Any],
        transformer: dict[str, Any] | None = None,
        **fields: Any,
    ) -> None:
        self.stepfunctions, self.sqs = client("stepfunctions"), client("sqs")
        events, name = client("events"), next(names)
        definition = json.dumps({"StartAt": "Only", "States": {"Only": state}, **fields})
        machine = self.stepfunctions.create_state_machine(name=name, definition=definition, roleArn=ROLE)
        self.arn = machine["stateMachineArn"]
        self.queue = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])
        detail = {"stateMachineArn": [self.arn], **ENDS}
        events.put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.states"], "detail": detail}))
        target: dict[str, Any] = {"Id": "queue", "Arn": attributes["Attributes"]["QueueArn"]}
        if transformer:
            target["InputTransformer"] = transformer
        events.put_targets(Rule=name, Targets=[target])

    def start(self) -> str:
        arn: str = self.stepfunctions.start_execution(stateMachineArn=self.arn, input=INPUT)["executionArn"]
        return arn

    def describe(self, execution: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.stepfunctions.describe_execution(executionArn=execution)
        return answer

    def ends(self, execution: str) -> bool:
        return becomes_true(lambda: self.describe(execution)["status"] != "RUNNING")

    def events(self) -> list[dict[str, Any]]:
        messages = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        return [json.loads(message["Body"]) for message in messages.get("Messages", [])]


def test_the_event_of_a_stopped_execution_is_whole_and_says_why(client: Client) -> None:
    machine = Machine(client, {"Type": "Wait", "Seconds": 30, "End": True})
    execution = machine.start()
    machine.stepfunctions.stop_execution(executionArn=execution, error="DeadLettered", cause="by hand")

    (event,) = machine.events()
    detail = event.pop("detail")
    assert event.pop("id")
    assert datetime.strptime(event.pop("time"), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert event == {
        "version": "0",
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "account": execution.split(":")[4],
        "region": execution.split(":")[3],
        "resources": [execution],
    }
    assert detail.pop("startDate") <= detail.pop("stopDate")
    assert detail == {
        "executionArn": execution,
        "stateMachineArn": machine.arn,
        "name": execution.rpartition(":")[2],
        "status": "ABORTED",
        "input": INPUT,
        "inputDetails": {"included": True},
        "output": None,
        "outputDetails": None,
        "error": "DeadLettered",
        "cause": "by hand",
    }


def test_a_transformed_event_has_its_time_as_aws_writes_it(client: Client) -> None:
    paths = {"execution": "$.detail.executionArn", "status": "$.detail.status", "time": "$.time"}
    template = '{"execution": "<execution>", "status": "<status>", "at": "<time>"}'
    transformer = {"InputPathsMap": paths, "InputTemplate": template}
    machine = Machine(client, {"Type": "Wait", "Seconds": 30, "End": True}, transformer)
    execution = machine.start()
    machine.stepfunctions.stop_execution(executionArn=execution)

    (event,) = machine.events()
    assert datetime.strptime(event.pop("at"), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert event == {"execution": execution, "status": "ABORTED"}


def test_a_timed_out_execution_is_sent(client: Client) -> None:
    machine = Machine(client, {"Type": "Wait", "Seconds": 30, "End": True}, TimeoutSeconds=1)
    assert machine.ends(machine.start())
    (event,) = machine.events()
    assert (event["detail"]["status"], event["detail"]["error"]) == ("TIMED_OUT", None)


@pytest.mark.parametrize(("error", "count"), [("States.Runtime", 1), ("DeadLettered", 0)])
def test_a_failed_execution_is_sent_but_for_the_error_left_out(
    client: Client, error: str, count: int
) -> None:
    machine = Machine(client, {"Type": "Fail", "Error": error, "Cause": "Because"})
    assert machine.ends(machine.start())
    assert len(machine.events()) == count


@pytest.mark.parametrize(
    ("detail", "matches"),
    [
        ({"status": "FAILED", "error": "States.Runtime"}, True),
        ({"status": "FAILED", "error": None}, True),
        ({"status": "FAILED"}, True),
        ({"status": "FAILED", "error": "DeadLettered"}, False),
        ({"status": "ABORTED", "error": "DeadLettered"}, True),
        ({"status": "ABORTED", "error": None}, True),
        ({"status": "TIMED_OUT"}, True),
        ({"status": "SUCCEEDED", "error": None}, False),
        ({"status": "RUNNING"}, False),
    ],
)
def test_the_pattern_matches_what_aws_says_it_does(detail: dict[str, Any], matches: bool) -> None:
    pattern = EventPattern.load(json.dumps({"detail": ENDS}))
    assert pattern.matches_event({"source": "aws.states", "detail-type": "", "detail": detail}) == matches


def test_a_stopped_execution_ends_at_once_and_stays_aborted_when_its_state_fails(client: Client) -> None:
    fails_after_a_while = {
        "Type": "Parallel",
        "Branches": [
            {
                "StartAt": "Wait",
                "States": {
                    "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Fail"},
                    "Fail": {"Type": "Fail", "Error": "TooLate"},
                },
            }
        ],
        "End": True,
    }
    machine = Machine(client, fails_after_a_while)
    execution = machine.start()
    stopped = machine.stepfunctions.stop_execution(executionArn=execution)["stopDate"]
    assert machine.describe(execution)["status"] == "ABORTED"

    assert not becomes_true(lambda: machine.describe(execution)["status"] != "ABORTED", seconds=2)
    assert machine.describe(execution)["stopDate"] == stopped
    assert len(machine.events()) == 1


def test_an_execution_that_is_just_starting_is_stopped(client: Client) -> None:
    machine = Machine(client, {"Type": "Wait", "Seconds": 30, "End": True})
    executions = [machine.start() for _ in range(5)]
    for execution in executions:
        machine.stepfunctions.stop_execution(executionArn=execution)
    assert [machine.describe(execution)["status"] for execution in executions] == ["ABORTED"] * 5


def test_an_execution_that_has_ended_is_not_stopped(client: Client) -> None:
    machine = Machine(client, {"Type": "Succeed"})
    execution = machine.start()
    assert machine.ends(execution)
    machine.stepfunctions.stop_execution(executionArn=execution)
    assert machine.describe(execution)["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("input_bytes", "output_bytes", "included"),
    [
        (MAX_DATA_BYTES, None, (True, None)),
        (MAX_DATA_BYTES + 1, None, (False, None)),
        (MAX_DATA_BYTES - 9, 9, (True, True)),
        (MAX_DATA_BYTES - 8, 9, (False, True)),
        (9, MAX_DATA_BYTES + 1, (False, False)),
    ],
)
def test_input_and_output_that_are_too_long_are_left_out(
    input_bytes: int, output_bytes: int | None, included: tuple[bool, bool | None]
) -> None:
    # A JSON string in which each quotation mark is escaped: "…" becomes \"…\".
    now = datetime.now(UTC)
    detail = status_change(
        SimpleNamespace(
            exec_arn="arn",
            state_machine_arn="arn",
            name="name",
            exec_status=SimpleNamespace(value="SUCCEEDED"),
            start_date=now,
            stop_date=now,
            execution_input='"' + "x" * (input_bytes - 4) + '"',
            output=None if output_bytes is None else "x" * (output_bytes - 4),
            error=None,
            cause=None,
        )
    )
    output_details = detail["outputDetails"]
    assert (detail["inputDetails"]["included"], output_details and output_details["included"]) == included
    assert (detail["input"] is not None) == included[0]
    assert (detail["output"] is not None) == bool(included[1])

"""Executions that are redriven: what was done is not done again, and what had failed or was stopped is."""

import json
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_cloud.gaps.stepfunctions import redrive
from tests.unit.local_cloud.conftest import Client
from tests.unit.local_cloud.gaps.stepfunctions.conftest import ROLE
from tests.unit.local_cloud.waiting import becomes_true

BUCKET = "of-redriven-executions"


def reads(key: str, **fields: Any) -> dict[str, Any]:
    """A state that fails for as long as an object is not there."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
        "Parameters": {"Bucket": BUCKET, "Key.$" if key.startswith("$") else "Key": key},
        "ResultPath": None,
        **fields,
    }


class Executions:
    """State machines of a test, and what their states did: they send a message each time."""

    def __init__(self, client: Client) -> None:
        self.stepfunctions, self.s3, self.sqs = client("stepfunctions"), client("s3"), client("sqs")
        self.s3.create_bucket(Bucket=BUCKET)
        self.folder = str(uuid.uuid4())
        self.queue = self.sqs.create_queue(QueueName=self.folder)["QueueUrl"]

    def says(self, text: str, **fields: Any) -> dict[str, Any]:
        """A state that sends a message."""
        return {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage",
            "Parameters": {
                "QueueUrl": self.queue,
                "MessageBody.$" if text.startswith("$") else "MessageBody": text,
            },
            "ResultPath": None,
            **fields,
        }

    def key(self, name: str) -> str:
        return f"{self.folder}/{name}"

    def put(self, name: str, body: Any = "") -> str:
        key = self.key(name)
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(body).encode())
        return key

    def start(self, **states: Any) -> str:
        machine = self.stepfunctions.create_state_machine(
            name=str(uuid.uuid4()),
            definition=json.dumps({"StartAt": next(iter(states)), "States": states}),
            roleArn=ROLE,
        )["stateMachineArn"]
        arn: str = self.stepfunctions.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
        return arn

    def ends(self, execution: str) -> str:
        assert becomes_true(lambda: self.described(execution)["status"] != "RUNNING", seconds=30)
        status: str = self.described(execution)["status"]
        return status

    def described(self, execution: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.stepfunctions.describe_execution(executionArn=execution)
        return answer

    def redriven(self, execution: str) -> str:
        self.stepfunctions.redrive_execution(executionArn=execution)
        return self.ends(execution)

    def said(self) -> Counter[str]:
        said: Counter[str] = Counter()
        while got := self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            said.update(message["Body"] for message in got)
            for message in got:
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return said


@pytest.fixture
def executions(client: Client) -> Executions:
    return Executions(client)


def map_of(executions: Executions, **children: Any) -> dict[str, Any]:
    """A Distributed Map over the object "items"."""
    return {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {"Bucket": BUCKET, "Key": executions.key("items")},
        },
        "Label": "Items",
        "MaxConcurrency": 1,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": next(iter(children)),
            "States": children,
        },
        "ResultPath": None,
        "Next": "After",
    }


def test_it_goes_on_from_the_state_that_failed_with_the_same_input_and_arn(executions: Executions) -> None:
    execution = executions.start(
        First=executions.says("first", Next="Input"),
        Input={"Type": "Pass", "Result": "kept", "ResultPath": "$.input", "Next": "Read"},
        Read=reads(executions.key("later"), Next="Last"),
        Last=executions.says("$.input", End=True),
    )
    assert executions.ends(execution) == "FAILED"
    failed = executions.described(execution)
    assert (failed["redriveStatus"], failed["redriveCount"]) == ("REDRIVABLE", 0)
    assert executions.redriven(execution) == "FAILED"
    executions.put("later")
    assert executions.redriven(execution) == "SUCCEEDED"
    assert executions.said() == {"first": 1, "kept": 1}
    described = executions.described(execution)
    assert (described["redriveStatus"], described["redriveCount"]) == ("NOT_REDRIVABLE", 2)
    (listed,) = executions.stepfunctions.list_executions(stateMachineArn=described["stateMachineArn"])[
        "executions"
    ]
    assert (listed["redriveCount"], listed["redriveDate"]) == (2, described["redriveDate"])
    assert described["startDate"] == failed["startDate"] < described["redriveDate"] < described["stopDate"]
    history = executions.stepfunctions.get_execution_history(executionArn=execution)["events"]
    assert [each["type"] for each in history].count("ExecutionRedriven") == 2
    assert [each["id"] for each in history] == list(range(1, len(history) + 1))


def test_a_fail_state_only_fails_again(executions: Executions) -> None:
    """As after an error that was caught: https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html."""
    execution = executions.start(
        Read=reads(
            executions.key("later"), Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Fail"}], End=True
        ),
        Fail={"Type": "Fail", "Error": "Caught"},
    )
    assert executions.ends(execution) == "FAILED"
    executions.put("later")
    assert executions.redriven(execution) == "FAILED"
    assert executions.described(execution)["error"] == "Caught"


def test_a_choice_is_looked_at_again_and_knows_that_it_is_redriven(executions: Executions) -> None:
    execution = executions.start(
        Count={"Type": "Pass", "Parameters": {"before.$": "$$.Execution.RedriveCount"}, "Next": "Redriven?"},
        **{
            "Redriven?": {
                "Type": "Choice",
                "Choices": [
                    {
                        "Variable": "$$.Execution.RedriveCount",
                        "NumericGreaterThanPath": "$.before",
                        "Next": "Good",
                    }
                ],
            }
        },
        Good={"Type": "Succeed"},
    )
    assert executions.ends(execution) == "FAILED"
    assert executions.redriven(execution) == "SUCCEEDED"


def test_of_a_distributed_map_only_children_that_are_not_done_go_on(executions: Executions) -> None:
    items = [executions.key(f"item-{number}") for number in range(4)]
    executions.put("items", items)
    for number in (0, 1):
        executions.put(f"item-{number}")
    execution = executions.start(
        Before=executions.says("before", Next="Map"),
        Map=map_of(
            executions, Begin=executions.says("$", Next="Read"), Read=reads("$", Next="End"),
            End=executions.says("done", End=True),
        ),
        After=executions.says("after", End=True),
    )  # fmt: skip
    assert executions.ends(execution) == "FAILED"
    assert executions.said() == {"before": 1, items[0]: 1, items[1]: 1, items[2]: 1, "done": 2}
    (failed,) = executions.stepfunctions.list_map_runs(executionArn=execution)["mapRuns"]
    # The same items, whatever the object has now.
    executions.put("items", [])
    for number in (2, 3):
        executions.put(f"item-{number}")
    assert executions.redriven(execution) == "SUCCEEDED"
    assert executions.said() == {items[3]: 1, "done": 2, "after": 1}
    (run,) = executions.stepfunctions.list_map_runs(executionArn=execution)["mapRuns"]
    assert run["mapRunArn"] == failed["mapRunArn"]
    described = executions.stepfunctions.describe_map_run(mapRunArn=run["mapRunArn"])
    assert (described["status"], described["redriveCount"]) == ("SUCCEEDED", 1)
    counts = described["executionCounts"]
    assert (counts["total"], counts["succeeded"], counts["failed"]) == (4, 4, 0)


def test_what_was_stopped_goes_on_where_it_was(executions: Executions) -> None:
    executions.put("items", ["a", "b", "c"])
    begin = executions.says("$", Next="Wait")
    execution = executions.start(
        Map=map_of(executions, Begin=begin, Wait={"Type": "Wait", "Seconds": 2, "End": True}),
        After=executions.says("after", End=True),
    )
    assert becomes_true(lambda: bool(executions.said()), seconds=30)
    executions.stepfunctions.stop_execution(executionArn=execution, error="Stopped")
    (run,) = executions.stepfunctions.list_map_runs(executionArn=execution)["mapRuns"]
    executions.stepfunctions.redrive_execution(executionArn=execution)
    assert executions.described(execution)["status"] == "RUNNING"
    assert executions.ends(execution) == "SUCCEEDED"
    assert executions.said() == {"b": 1, "c": 1, "after": 1}
    described = executions.described(execution)
    assert "error" not in described
    (again,) = executions.stepfunctions.list_map_runs(executionArn=execution)["mapRuns"]
    assert again["mapRunArn"] == run["mapRunArn"]


def test_a_map_run_that_could_not_read_its_items_begins_when_it_can(executions: Executions) -> None:
    execution = executions.start(
        Map=map_of(executions, Begin=executions.says("$", End=True)), After={"Type": "Succeed"}
    )
    assert executions.ends(execution) == "FAILED"
    executions.put("items", ["a"])
    assert executions.redriven(execution) == "SUCCEEDED"
    assert executions.said() == {"a": 1}


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({"Type": "Succeed"}, "Execution is SUCCEEDED and cannot be redriven."),
        ({"Type": "Wait", "Seconds": 30, "End": True}, "Execution is RUNNING and cannot be redriven."),
    ],
)
def test_what_aws_refuses_is_refused(executions: Executions, state: dict[str, Any], reason: str) -> None:
    execution = executions.start(Only=state)
    status = reason.split(" ")[2]
    assert becomes_true(lambda: executions.described(execution)["status"] == status)
    described = executions.described(execution)
    assert (described["redriveStatus"], described["redriveStatusReason"]) == ("NOT_REDRIVABLE", reason)
    with pytest.raises(ClientError) as refused:
        executions.stepfunctions.redrive_execution(executionArn=execution)
    assert refused.value.response["Error"]["Code"] == "ExecutionNotRedrivable"
    if status == "RUNNING":
        executions.stepfunctions.stop_execution(executionArn=execution)


def test_an_execution_is_redrivable_for_two_weeks_and_while_its_history_has_room() -> None:
    def reason(days: int, events: int) -> str:
        history = SimpleNamespace(get_event_history=lambda: [{}] * events)
        worker = SimpleNamespace(env=SimpleNamespace(event_manager=history))
        ended = datetime.now(UTC) - timedelta(days=days)
        return redrive.not_redrivable(SimpleNamespace(status="FAILED", stop_date=ended, exec_worker=worker))

    assert reason(13, 24_998) == ""
    assert reason(14, 3) == "Execution redrivable period exceeded."
    assert reason(1, 24_999) == "Execution history event limit exceeded."

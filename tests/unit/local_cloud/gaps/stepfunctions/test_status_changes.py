"""The events about executions that have ended, as rules hand them to a queue."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from tests.local_cloud.gaps.stepfunctions.status_changes import MAX_DATA_BYTES, status_change
from tests.unit.local_cloud.conftest import Client
from tests.unit.local_cloud.gaps.machine import INPUT, Machine
from tests.unit.local_cloud.waiting import becomes_true

from .conftest import ROLE


@pytest.mark.parametrize(
    ("state", "stop", "status", "error"),
    [
        ({"Type": "Succeed"}, False, "SUCCEEDED", None),
        ({"Type": "Fail", "Error": "Why", "Cause": "Because"}, False, "FAILED", "Why"),
        ({"Type": "Wait", "Seconds": 2, "End": True}, True, "ABORTED", None),
    ],
)
def test_the_end_of_an_execution_is_announced(
    client: Client, state: dict[str, Any], stop: bool, status: str, error: str | None
) -> None:
    """As EventBridge hands it to a queue, by a rule with a pattern as Trailsearch's."""
    stepfunctions, sqs, events = client("stepfunctions"), client("sqs"), client("events")
    definition = json.dumps({"StartAt": "Only", "States": {"Only": state}})
    machine = stepfunctions.create_state_machine(name=f"ends-{status}", definition=definition, roleArn=ROLE)
    queue = sqs.create_queue(QueueName=f"ends-{status}")["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    detail = {
        "stateMachineArn": [machine["stateMachineArn"]],
        "$or": [
            {"status": ["SUCCEEDED", "ABORTED"]},
            {"status": ["FAILED"], "error": [{"exists": False}, {"anything-but": ["Other"]}]},
        ],
    }
    pattern = {"source": ["aws.states"], "detail": detail}
    events.put_rule(Name=f"ends-{status}", EventPattern=json.dumps(pattern))
    events.put_targets(Rule=f"ends-{status}", Targets=[{"Id": "queue", "Arn": queue_arn}])
    execution = stepfunctions.start_execution(stateMachineArn=machine["stateMachineArn"], input='[{"a": 1}]')[
        "executionArn"
    ]
    if stop:
        stepfunctions.stop_execution(executionArn=execution)
    received: list[dict[str, Any]] = []

    def announced() -> bool:
        received.extend(sqs.receive_message(QueueUrl=queue).get("Messages", []))
        return bool(received)

    assert becomes_true(announced)
    event = json.loads(received[0]["Body"])
    assert event["detail-type"] == "Step Functions Execution Status Change"
    assert event["source"] == "aws.states"
    found = {name: event["detail"][name] for name in ("executionArn", "status", "error", "input")}
    assert found == {"executionArn": execution, "status": status, "error": error, "input": '[{"a": 1}]'}
    assert event["detail"]["startDate"] <= event["detail"]["stopDate"]


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

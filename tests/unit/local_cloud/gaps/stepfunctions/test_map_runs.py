"""Distributed Maps: items from an object in S3, each a part of a Map Run that fails if one of them does."""

import json
from typing import Any

import pytest

from tests.unit.local_cloud.conftest import Client
from tests.unit.local_cloud.waiting import becomes_true

ROLE = "arn:aws:iam::123456789012:role/workflow"
BUCKET = "items-of-map-runs"
# An item that is true fails; of each other one, an object says that it was there.
ITEM = {
    "StartAt": "Bad?",
    "States": {
        "Bad?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.item.bad", "BooleanEquals": True, "Next": "Bad"}],
            "Default": "Put",
        },
        "Bad": {"Type": "Fail", "Error": "BadItem", "Cause": "It is bad"},
        "Put": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:putObject",
            "Parameters": {
                "Bucket": BUCKET,
                "Key.$": "States.Format('{}/{}', $.run, $.item.name)",
                "Body": "done",
            },
            "ResultSelector": {},
            "End": True,
        },
    },
}


class MapRun:
    """A state machine with a Distributed Map, whose items are in an object, one at a time."""

    def __init__(self, client: Client, name: str, **fields: Any) -> None:
        self.stepfunctions, self.s3, self.name = client("stepfunctions"), client("s3"), name
        self.s3.create_bucket(Bucket=BUCKET)
        state = {
            "Type": "Map",
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {"InputType": "JSON"},
                "Parameters": {"Bucket": BUCKET, "Key.$": "$.items"},
            },
            "Label": "Items",
            "MaxConcurrency": 1,
            "ItemSelector": {"run": name, "item.$": "$$.Map.Item.Value"},
            "ItemProcessor": {
                **ITEM,
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            },
            "ResultPath": None,
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Caught"}],
            "End": True,
            **fields,
        }
        definition = {
            "StartAt": "Map",
            "States": {"Map": state, "Caught": {"Type": "Pass", "End": True}},
        }
        self.arn = self.stepfunctions.create_state_machine(
            name=name, definition=json.dumps(definition), roleArn=ROLE
        )["stateMachineArn"]

    def run(self, *bad: bool) -> dict[str, Any]:
        """Run it with items of which some are bad, and give its output."""
        items = [{"name": f"{number:03}", "bad": each} for number, each in enumerate(bad)]
        key = f"{self.name}.json"
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(items).encode())
        arn = self.stepfunctions.start_execution(stateMachineArn=self.arn, input=json.dumps({"items": key}))[
            "executionArn"
        ]
        assert becomes_true(
            lambda: self.stepfunctions.describe_execution(executionArn=arn)["status"] != "RUNNING", seconds=30
        )
        output: dict[str, Any] = json.loads(self.stepfunctions.describe_execution(executionArn=arn)["output"])
        return output

    def done(self) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{self.name}/")
        return [each["Key"].partition("/")[2] for each in listed.get("Contents", [])]


def test_every_item_of_the_object_is_run(client: Client) -> None:
    run = MapRun(client, "good-items")
    assert "error" not in run.run(*[False] * 25)
    assert run.done() == [f"{number:03}" for number in range(25)]


def test_an_item_that_fails_fails_the_map_run_and_no_other_begins(client: Client) -> None:
    run = MapRun(client, "bad-items")
    error = run.run(False, False, True, False)["error"]
    assert error["Error"] == "States.ExceedToleratedFailureThreshold"
    assert run.done() == ["000", "001"]


def test_failures_that_are_tolerated_fail_nothing(client: Client) -> None:
    run = MapRun(client, "tolerated-items", ToleratedFailureCount=5)
    assert "error" not in run.run(False, True, False)
    assert run.done() == ["000", "002"]


@pytest.mark.parametrize(
    ("state", "answer"),
    [
        ({"Type": "Succeed"}, "SUCCEEDED"),
        ({"Type": "Fail", "Error": "E", "Cause": "C"}, "FAILED"),
    ],
)
def test_an_execution_that_is_waited_for_is_described_by_the_names_of_aws(
    client: Client, state: dict[str, Any], answer: str
) -> None:
    stepfunctions = client("stepfunctions")
    inner = stepfunctions.create_state_machine(
        name=f"inner-{answer}",
        definition=json.dumps({"StartAt": "Only", "States": {"Only": state}}),
        roleArn=ROLE,
    )["stateMachineArn"]
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": inner, "Input": [1, 2]},
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
        "End": True,
    }
    machine = {"StartAt": "Wait", "States": {"Wait": task, "Caught": {"Type": "Pass", "End": True}}}
    outer = stepfunctions.create_state_machine(
        name=f"outer-{answer}", definition=json.dumps(machine), roleArn=ROLE
    )["stateMachineArn"]
    arn = stepfunctions.start_execution(stateMachineArn=outer, input="{}")["executionArn"]
    assert becomes_true(
        lambda: stepfunctions.describe_execution(executionArn=arn)["status"] != "RUNNING", seconds=30
    )
    output = json.loads(stepfunctions.describe_execution(executionArn=arn)["output"])
    if answer == "SUCCEEDED":
        assert (output["Status"], output["Input"]) == (answer, [1, 2])
        assert output["ExecutionArn"].startswith("arn:aws:states:")
    else:
        assert output["Error"] == "States.TaskFailed"


def test_an_object_that_a_state_reads_is_text_and_alarms_are_json(client: Client) -> None:
    s3, cloudwatch, stepfunctions = client("s3"), client("cloudwatch"), client("stepfunctions")
    s3.create_bucket(Bucket="read-by-a-state")
    s3.put_object(Bucket="read-by-a-state", Key="part.json", Body=b'[{"messageId":"a","body":"{}"}]')
    cloudwatch.put_metric_alarm(
        AlarmName="rings",
        MetricName="m",
        Namespace="n",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        Statistic="Sum",
    )
    cloudwatch.set_alarm_state(AlarmName="rings", StateValue="ALARM", StateReason="here")
    states = {
        "Read": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
            "Parameters": {"Bucket": "read-by-a-state", "Key": "part.json"},
            "ResultSelector": {"messages.$": "States.StringToJson($.Body)"},
            "ResultPath": "$.read",
            "Next": "Look",
        },
        "Look": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:cloudwatch:describeAlarms",
            "Parameters": {"AlarmNames": ["rings", "is-not-there"]},
            "ResultSelector": {"ringing.$": "$.MetricAlarms"},
            "ResultPath": "$.live",
            "End": True,
        },
    }
    machine = stepfunctions.create_state_machine(
        name="reads", definition=json.dumps({"StartAt": "Read", "States": states}), roleArn=ROLE
    )["stateMachineArn"]
    arn = stepfunctions.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    assert becomes_true(
        lambda: stepfunctions.describe_execution(executionArn=arn)["status"] != "RUNNING", seconds=30
    )
    described = stepfunctions.describe_execution(executionArn=arn)
    output = json.loads(described["output"])
    assert output["read"]["messages"] == [{"messageId": "a", "body": "{}"}]
    assert [alarm["StateValue"] for alarm in output["live"]["ringing"]] == ["ALARM"]

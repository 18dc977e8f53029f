import hashlib
import json
from typing import Any

from tests.unit.local_cloud.conftest import Client
from tests.unit.local_cloud.waiting import becomes_true

from .conftest import ROLE


def test_a_task_starts_an_execution(stepfunctions: Any, state_machine_arn: str) -> None:
    start = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution",
        "Parameters": {
            "StateMachineArn": state_machine_arn,
            "Name.$": "States.Format('part-{}', States.Hash('a part', 'SHA-256'))",
            "Input.$": "States.Array($.message)",
        },
        "ResultSelector": {"execution.$": "$.ExecutionArn"},
        "End": True,
    }
    definition = json.dumps({"StartAt": "Start", "States": {"Start": start}})
    starter = stepfunctions.create_state_machine(name="starter", definition=definition, roleArn=ROLE)
    execution = stepfunctions.start_execution(
        stateMachineArn=starter["stateMachineArn"], input='{"message": 1}'
    )["executionArn"]

    def succeeded() -> bool:
        status: str = stepfunctions.describe_execution(executionArn=execution)["status"]
        return status == "SUCCEEDED"

    assert becomes_true(succeeded)
    started = json.loads(stepfunctions.describe_execution(executionArn=execution)["output"])["execution"]
    assert stepfunctions.describe_execution(executionArn=started)["input"] == "[1]"
    assert started.endswith(f":part-{hashlib.sha256(b'a part').hexdigest()}")


def test_a_task_calls_s3(client: Client, stepfunctions: Any) -> None:
    """As every AWS SDK integration does; S3's client has to reach a bucket without a name of its own."""
    s3 = client("s3")
    s3.create_bucket(Bucket="task-s3")
    s3.put_object(Bucket="task-s3", Key="key", Body=b"", Tagging="expires=soon")
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:deleteObjectTagging",
        "Parameters": {"Bucket": "task-s3", "Key.$": "$.key"},
        "End": True,
    }
    definition = json.dumps({"StartAt": "Task", "States": {"Task": task}})
    machine = stepfunctions.create_state_machine(name="task-s3", definition=definition, roleArn=ROLE)

    def ended(key: str) -> Any:
        execution = stepfunctions.start_execution(
            stateMachineArn=machine["stateMachineArn"], input=json.dumps({"key": key})
        )["executionArn"]
        assert becomes_true(
            lambda: stepfunctions.describe_execution(executionArn=execution)["status"] != "RUNNING"
        )
        return stepfunctions.describe_execution(executionArn=execution)

    assert ended("key")["status"] == "SUCCEEDED"
    assert s3.get_object_tagging(Bucket="task-s3", Key="key")["TagSet"] == []
    gone = ended("gone")
    assert (gone["status"], gone["error"]) == ("FAILED", "S3.NoSuchKeyException")
    assert "key does not exist" in gone["cause"]

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError

from tests.local_cloud.gaps.stepfunctions import extract_json

from .conftest import Client
from .test_process import becomes_true

PASS = json.dumps({"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}})
ROLE = "arn:aws:iam::123456789012:role/workflow"


@pytest.fixture
def stepfunctions(client: Client) -> Any:
    return client("stepfunctions")


@pytest.fixture
def state_machine_arn(stepfunctions: Any) -> str:
    # Creating it again with the same definition changes nothing.
    arn: str = stepfunctions.create_state_machine(name="pass", definition=PASS, roleArn=ROLE)[
        "stateMachineArn"
    ]
    return arn


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.a", 1),
        ("$.list[0].x", [1, 2]),
        ("$.list[*].x[*]", [1, 2, 3]),
        ("$.list[1:].x", [[3]]),
        ("$.none[*]", []),
        ("$.none[*].x[*]", []),
        ("$.list[*].no", []),
        ("$..no", []),
        ("$.one[*].x", [7]),
        ("$.list[?(@.x[0]==3)].x", [[3]]),
        ("$['*']", "star"),
    ],
)
def test_an_indefinite_path_finds_a_list_and_a_definite_one_a_value(path: str, found: object) -> None:
    data = {"a": 1, "list": [{"x": [1, 2]}, {"x": [3]}], "none": [], "one": [{"x": 7}], "*": "star"}
    assert extract_json(path, data) == found


def test_a_definite_path_must_find_something() -> None:
    with pytest.raises(NoSuchJsonPathError):
        extract_json("$.a.b", {"a": {}})


@pytest.mark.parametrize(("definition", "result"), [(PASS, "OK"), ('{"StartAt": "Pass"', "FAIL")])
def test_a_definition_is_validated(stepfunctions: Any, definition: str, result: str) -> None:
    answer = stepfunctions.validate_state_machine_definition(definition=definition)
    assert answer["result"] == result
    assert bool(answer["diagnostics"]) == (result == "FAIL")


def test_versions_are_listed(stepfunctions: Any) -> None:
    arn = stepfunctions.create_state_machine(name="versions", definition=PASS, roleArn=ROLE)[
        "stateMachineArn"
    ]
    assert stepfunctions.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"] == []

    stepfunctions.update_state_machine(stateMachineArn=arn, definition=PASS, publish=True)
    (version,) = stepfunctions.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"]
    assert version["stateMachineVersionArn"] == f"{arn}:1"


def test_executions_without_a_name_run_beside_each_other(stepfunctions: Any, state_machine_arn: str) -> None:
    def start(number: int) -> str:
        execution = stepfunctions.start_execution(stateMachineArn=state_machine_arn, input=json.dumps(number))
        arn: str = execution["executionArn"]
        return arn

    with ThreadPoolExecutor(20) as pool:
        arns = list(pool.map(start, range(20)))

    def outputs() -> list[int]:
        answers = [stepfunctions.describe_execution(executionArn=arn) for arn in arns]
        return [json.loads(answer.get("output", "-1")) for answer in answers]

    assert becomes_true(lambda: outputs() == list(range(20)))


def test_an_input_that_is_too_long_is_refused(stepfunctions: Any, state_machine_arn: str) -> None:
    with pytest.raises(stepfunctions.exceptions.ClientError, match="less than or equal to 262144"):
        stepfunctions.start_execution(stateMachineArn=state_machine_arn, input=json.dumps("x" * 262_144))


def test_an_execution_that_timed_out_has_an_end(client: Client) -> None:
    stepfunctions = client("stepfunctions")
    wait = {"Type": "Wait", "Seconds": 30, "End": True}
    definition = json.dumps({"StartAt": "Wait", "TimeoutSeconds": 1, "States": {"Wait": wait}})
    arn = stepfunctions.create_state_machine(name="timeout", definition=definition, roleArn=ROLE)[
        "stateMachineArn"
    ]
    execution_arn = stepfunctions.start_execution(stateMachineArn=arn)["executionArn"]

    def ended() -> bool:
        return bool(stepfunctions.describe_execution(executionArn=execution_arn)["status"] == "TIMED_OUT")

    assert becomes_true(ended)
    assert "stopDate" in stepfunctions.describe_execution(executionArn=execution_arn)


def test_a_task_starts_an_execution(stepfunctions: Any, state_machine_arn: str) -> None:
    start = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution",
        "Parameters": {"StateMachineArn": state_machine_arn, "Input.$": "States.Array($.message)"},
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
    assert gone["status"] == "FAILED"
    assert "key does not exist" in gone["cause"]


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

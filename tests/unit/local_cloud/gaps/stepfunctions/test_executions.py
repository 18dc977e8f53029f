import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.unit.local_cloud.conftest import Client
from tests.unit.local_cloud.waiting import becomes_true

from .conftest import ROLE


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


def test_an_execution_is_started_once_by_its_name(client: Client) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html."""
    stepfunctions = client("stepfunctions")
    wait = {"Type": "Wait", "Seconds": 30, "End": True}
    definition = json.dumps({"StartAt": "Wait", "States": {"Wait": wait}})
    machine = stepfunctions.create_state_machine(name="named", definition=definition, roleArn=ROLE)[
        "stateMachineArn"
    ]

    def start(given: str) -> str:
        arn: str = stepfunctions.start_execution(stateMachineArn=machine, name="a-name", input=given)[
            "executionArn"
        ]
        return arn

    arn = start("[1]")
    assert start("[1]") == arn
    with pytest.raises(stepfunctions.exceptions.ExecutionAlreadyExists):
        start("[2]")
    stepfunctions.stop_execution(executionArn=arn)
    with pytest.raises(stepfunctions.exceptions.ExecutionAlreadyExists):
        start("[1]")


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

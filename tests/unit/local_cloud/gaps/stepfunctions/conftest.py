import json
from typing import Any

import pytest

from tests.unit.local_cloud.conftest import Client

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

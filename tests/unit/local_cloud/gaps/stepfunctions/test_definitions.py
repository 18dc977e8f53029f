from typing import Any

import pytest

from .conftest import PASS, ROLE


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

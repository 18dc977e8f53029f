"""Executions that are stopped."""

from tests.unit.local_cloud.conftest import Client
from tests.unit.local_cloud.gaps.machine import Machine
from tests.unit.local_cloud.waiting import becomes_true


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

"""A pipe that is stopped stays so."""

import time

from tests.unit.local_cloud.conftest import Client
from tests.unit.local_cloud.waiting import becomes_true


def test_a_pipe_that_is_stopped_starts_only_when_it_is_told_to(client: Client) -> None:
    pipes, name = client("pipes"), "stopped-pipe"
    pipes.create_pipe(
        Name=name,
        RoleArn="arn:aws:iam::123456789012:role/pipe",
        Source="arn:aws:sqs:us-east-1:123456789012:source",
        Target="arn:aws:states:us-east-1:123456789012:stateMachine:target",
        TargetParameters={"StepFunctionStateMachineParameters": {"InvocationType": "FIRE_AND_FORGET"}},
    )

    def state() -> str:
        return str(pipes.describe_pipe(Name=name)["CurrentState"])

    assert becomes_true(lambda: state() == "RUNNING")
    pipes.stop_pipe(Name=name)
    assert becomes_true(lambda: state() == "STOPPED")
    for _ in range(3):
        time.sleep(0.6)
        assert state() == "STOPPED"
    pipes.start_pipe(Name=name)
    assert becomes_true(lambda: state() == "RUNNING")
    pipes.delete_pipe(Name=name)

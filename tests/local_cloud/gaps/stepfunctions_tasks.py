"""Step Functions: Tasks that start executions.

moto hands the arguments to boto3 under the names that the state machine has (StateMachineArn), and the answer back
under boto3's (executionArn). AWS has them the other way round.
https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
"""

from datetime import datetime
from typing import Any

from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (
    StateTaskServiceSfn,
)
from moto.stepfunctions.parser.asl.utils.boto_client import boto_client_for

from .patching import replace


def close_gaps() -> None:
    """Let Tasks start executions."""
    replace(StateTaskServiceSfn, "_eval_service_task", _eval_service_task)


def _eval_service_task(
    self: Any,
    env: Any,
    resource_runtime_part: Any,
    normalised_parameters: dict[str, Any],
    state_credentials: Any,
) -> None:
    client = boto_client_for(
        region=resource_runtime_part.region,
        service=self._get_boto_service_name(),
        state_credentials=state_credentials,
    )
    operation = getattr(client, self._get_boto_service_action())
    answer = operation(**{name[0].lower() + name[1:]: value for name, value in normalised_parameters.items()})
    env.stack.append(
        {
            name[0].upper() + name[1:]: value.timestamp() if isinstance(value, datetime) else value
            for name, value in answer.items()
            if name != "ResponseMetadata"
        }
    )

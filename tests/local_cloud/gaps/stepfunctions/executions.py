"""Executions: what they may be started with, by which definition they run, and the end of those that have timed out."""

import functools
import uuid
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.stepfunctions.exceptions import ValidationException
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from ...patching import replace

MAX_INPUT_BYTES = 262_144


def close_gaps() -> None:
    """Let executions start as on AWS, and say when they have ended."""
    replace(
        StepFunctionsParserBackend,
        "start_execution",
        _as_aws_starts(StepFunctionsParserBackend.start_execution),
    )
    replace(
        StepFunctionResponse, "describe_execution", _with_stop_date(StepFunctionResponse.describe_execution)
    )
    replace(
        StepFunctionResponse,
        "describe_state_machine_for_execution",
        _as_it_was_started(StepFunctionResponse.describe_state_machine_for_execution),
    )


def _as_aws_starts(start_execution: Callable[..., Any]) -> Callable[..., Any]:
    """An execution that is given no name gets a random UUID, and an input may have 262,144 bytes.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
    """

    @functools.wraps(start_execution)
    def start_named_execution(
        self: StepFunctionsParserBackend,
        state_machine_arn: str,
        name: str | None = None,
        execution_input: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        if execution_input is not None and len(execution_input.encode()) > MAX_INPUT_BYTES:
            raise ValidationException(
                "1 validation error detected: Value at 'input' failed to satisfy constraint: "
                f"Member must have length less than or equal to {MAX_INPUT_BYTES}"
            )
        return start_execution(
            self, state_machine_arn, name or str(uuid.uuid4()), execution_input, *args, **kwargs
        )

    return start_named_execution


def _with_stop_date(describe_execution: Callable[..., ActionResult]) -> Callable[..., ActionResult]:
    """An execution that has timed out has an end too."""

    @functools.wraps(describe_execution)
    def describe_ended_execution(self: StepFunctionResponse) -> ActionResult:
        answer = describe_execution(self)
        execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        if execution.stop_date is not None:
            answer.result["stopDate"] = execution.stop_date  # type: ignore[index]
        return answer

    return describe_ended_execution


def _as_it_was_started(describe: Callable[..., ActionResult]) -> Callable[..., ActionResult]:
    """An execution runs by the definition that it was started with, whatever the state machine has now.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachineForExecution.html
    """

    @functools.wraps(describe)
    def describe_as_it_was_started(self: StepFunctionResponse) -> ActionResult:
        answer = describe(self)
        execution: Any = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        answer.result["definition"] = execution.state_machine.definition  # type: ignore[index]
        return answer

    return describe_as_it_was_started

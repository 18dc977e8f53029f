"""StopExecution ends an execution at once, and for good, with the error and cause that it is given.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html. moto lets the running state
finish first, forgets error and cause, overlooks an execution that is only just starting, and calls an execution failed
whose running state fails after it was stopped.
"""

import functools
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.program_state import ProgramStopped
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication
from moto.stepfunctions.responses import StepFunctionResponse

from ...patching import replace

# Within that time a started execution has come to its first state.
START_SECONDS = 10

_ending = threading.Lock()


def close_gaps() -> None:
    """End stopped executions at once; call it after whatever else is done when an execution ends."""
    replace(StepFunctionResponse, "stop_execution", _stop_execution)
    replace(Environment, "set_error", _unless_stopped(Environment.set_error))
    replace(
        BaseExecutionWorkerCommunication,
        "_reflect_execution_status",
        _with_error_and_cause(BaseExecutionWorkerCommunication._reflect_execution_status),
    )
    replace(
        BaseExecutionWorkerCommunication, "terminated", _once(BaseExecutionWorkerCommunication.terminated)
    )


def _stop_execution(self: StepFunctionResponse) -> ActionResult:
    execution: Any = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    _wait_for_first_state(execution)
    if execution.status == "RUNNING":
        execution.stop(
            stop_date=datetime.now(UTC), error=self._get_param("error"), cause=self._get_param("cause")
        )
        if isinstance(execution.exec_worker.env.program_state(), ProgramStopped):
            execution.exec_worker._execution_communication.terminated()
    return ActionResult({"stopDate": execution.stop_date})


def _wait_for_first_state(execution: Any) -> None:
    deadline = time.monotonic() + START_SECONDS
    while execution.exec_worker.env is None or execution.exec_worker.env.program_state() is None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{execution.exec_arn} has not come to its first state in {START_SECONDS} s.")
        time.sleep(0.005)


def _unless_stopped(set_error: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(set_error)
    def set_error_unless_stopped(self: Environment, *args: Any, **kwargs: Any) -> None:
        if not isinstance(self.program_state(), ProgramStopped):
            set_error(self, *args, **kwargs)

    return set_error_unless_stopped


def _with_error_and_cause(reflect: Callable[[Any], None]) -> Callable[[Any], None]:
    @functools.wraps(reflect)
    def reflect_status_and_error(self: Any) -> None:
        state = self.execution.exec_worker.env.program_state()
        if isinstance(state, ProgramStopped):
            self.execution.error, self.execution.cause = state.error, state.cause
        reflect(self)

    return reflect_status_and_error


def _once(terminated: Callable[[Any], None]) -> Callable[[Any], None]:
    """The execution's own thread comes to its end later than StopExecution, and finds that it has ended."""

    @functools.wraps(terminated)
    def terminated_once(self: Any) -> None:
        with _ending:
            if self.execution.stop_date is None:
                terminated(self)

    return terminated_once

"""Status changes: the event that AWS sends to EventBridge when an execution ends.

https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
"""

import functools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.events.models import events_backends
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication

from ...patching import replace

# Escaped input and output are left out above that: first the input, and the output if it is too long by itself.
MAX_DATA_BYTES = 248 * 1024


def close_gaps() -> None:
    """Send an event when an execution succeeds, fails, times out or is aborted."""
    replace(
        BaseExecutionWorkerCommunication,
        "terminated",
        _announcing(BaseExecutionWorkerCommunication.terminated),
    )


def status_change(execution: Any) -> dict[str, Any]:
    """Give the detail of the event about an execution of moto's that has ended."""
    output = None if execution.output is None else json.dumps(execution.output, separators=(",", ":"))
    output_bytes = 0 if output is None else _escaped_bytes(output)
    input_included = _escaped_bytes(execution.execution_input) + output_bytes <= MAX_DATA_BYTES
    output_included = output_bytes <= MAX_DATA_BYTES
    return {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": execution.exec_status.value,
        "startDate": _milliseconds(execution.start_date),
        "stopDate": _milliseconds(execution.stop_date),
        "input": execution.execution_input if input_included else None,
        "inputDetails": {"included": input_included},
        "output": output if output_included else None,
        "outputDetails": None if output is None else {"included": output_included},
        "error": execution.error,
        "cause": execution.cause,
    }


def _announcing(terminated: Callable[[Any], None]) -> Callable[[Any], None]:
    @functools.wraps(terminated)
    def terminated_and_announced(self: Any) -> None:
        terminated(self)
        execution = self.execution
        event = {
            "Source": "aws.states",
            "DetailType": "Step Functions Execution Status Change",
            "Detail": json.dumps(status_change(execution)),
            "Resources": [execution.exec_arn],
        }
        events_backends[execution.account_id][execution.region_name].put_events([event])

    return terminated_and_announced


def _escaped_bytes(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode()) - len('""')


def _milliseconds(time: datetime | str) -> int:
    moment = datetime.fromisoformat(time) if isinstance(time, str) else time
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)

"""Map Runs of Distributed Maps: an item that fails, fails the Map Run, unless failures are tolerated.

moto takes a failed item for one that has succeeded without an output. On AWS no failure is tolerated unless the state says so,
and the error of the Map Run is States.ExceedToleratedFailureThreshold.
https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html#maprun-fail-threshold
"""

import functools
from collections.abc import Callable
from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType, MapRunFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor.distributed_item_processor_worker import (
    DistributedItemProcessorWorker,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramStopped

from ...patching import replace

Evaluate = Callable[[Any, Any, Any], None]


def close_gaps() -> None:
    """Let failed items fail their Map Run."""
    replace(
        DistributedItemProcessorWorker,
        "_eval_job",
        failing_as_on_aws(DistributedItemProcessorWorker._eval_job),
    )


def failing_as_on_aws(evaluate: Evaluate) -> Evaluate:
    """Make of moto's way to run an item one after which no further item begins if it has failed."""

    @functools.wraps(evaluate)
    def evaluate_item(self: Any, env: Any, job: Any) -> None:
        evaluate(self, env, job)
        tolerated = (
            self._map_run_record.tolerated_failure_count or self._map_run_record.tolerated_failure_percentage
        )
        if not tolerated and not isinstance(env.program_state(), ProgramEnded | ProgramStopped):
            job.job_output = FailureEventException(_exceeded(env))

    return evaluate_item


def _exceeded(env: Any) -> FailureEvent:
    name = StatesErrorName(typ=StatesErrorNameType.StatesExceedToleratedFailureThreshold)
    details = MapRunFailedEventDetails(
        error=name.error_name, cause="The specified tolerated failure threshold was exceeded"
    )
    event: Any = EventDetails(mapRunFailedEventDetails=details)  # type: ignore[typeddict-item]  # one of many
    return FailureEvent(
        env=env, error_name=name, event_type=HistoryEventType.MapRunFailed, event_details=event
    )

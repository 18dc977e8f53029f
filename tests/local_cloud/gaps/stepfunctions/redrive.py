"""RedriveExecution: an execution goes on from the state that ended it, under its ARN, and what is done is not done again.

https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html,
https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html. moto has nothing of it. Of a Distributed Map, children
that succeeded are left as they are, those that failed or were aborted go on from the state that ended them, and those that
never began begin. Of an Inline Map or a Parallel state, of which some iterations only would have to run again, it is not there.
"""

import functools
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult
from moto.stepfunctions.parser.api import ExecutionStatus, HistoryEventType, MapRunStatus
from moto.stepfunctions.parser.asl.component.common.flow.start_at import StartAt
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.distributed_iteration_component import (
    DistributedIterationComponent,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor.distributed_item_processor_worker import (
    DistributedItemProcessorWorker,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor.map_run_record import (
    MapRunRecord,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel.state_parallel import StateParallel
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramStopped
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.responses import StepFunctionResponse

from ...patching import add, replace

REDRIVABLE_PERIOD = timedelta(days=14)
MAX_HISTORY_EVENTS = 24_999
MAX_MAP_RUN_REDRIVES = 1_000

Method = Callable[..., Any]


class ExecutionNotRedrivable(AWSError):
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html."""

    TYPE = "ExecutionNotRedrivable"
    STATUS = 400


class Entered(NamedTuple):
    """A state, and the input that it was entered with."""

    state: Any
    input: Any


class Children:
    """The items of a Map Run: outputs of those that are done, the states that ended others, and how often these were redriven."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items
        self.done: dict[int, Any] = {}
        self.ended_in: dict[int, Entered] = {}
        self.redrives: defaultdict[int, int] = defaultdict(int)
        # One that is ending still has ended before it is begun again.
        self.running: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)


def close_gaps() -> None:
    """Let executions be redriven, and say whether they may be."""
    add(StepFunctionResponse, "redrive_execution", _redrive_execution)
    replace(
        StepFunctionResponse,
        "describe_execution",
        _telling_of_redrives(StepFunctionResponse.describe_execution),
    )
    replace(StepFunctionResponse, "list_executions", _listing_redrives(StepFunctionResponse.list_executions))
    for owner, name, wrap in wrapped():
        replace(owner, name, wrap(getattr(owner, name)))


def wrapped() -> Sequence[tuple[Any, str, Callable[[Method], Method]]]:
    """Give what of moto's interpreter is run by a method of ours: its class, its name, and how ours is made of it."""
    return (
        (ExecutionWorker, "_execution_logic", _from_where_it_ended),
        (ExecutionWorker, "_get_evaluation_environment", _counting_redrives),
        (CommonStateField, "_eval_body", _remembering_states),
        (DistributedIterationComponent, "_eval_body", _with_the_same_map_run),
        (DistributedIterationComponent, "_map_run", _with_the_same_items),
        (DistributedItemProcessorWorker, "_eval_job", _unless_done),
        (MapRunRecord, "describe", _described_with_redrives),
    )


def redrive(execution: Any) -> datetime:
    """Let an execution of moto's go on, and give the time.

    Raises:
        ExecutionNotRedrivable: AWS would not redrive it.
        NotImplementedError: it ended in a state of which some iterations only would have to run again.
    """
    if reason := not_redrivable(execution):
        raise ExecutionNotRedrivable(reason)
    ended = execution.exec_worker
    state = ended.env.entered.state
    if isinstance(state, StateParallel) or (isinstance(state, StateMap) and not _is_distributed(state)):
        raise NotImplementedError(f"{state.name} is an Inline Map or a Parallel state")
    worker: Any = execution._get_start_execution_worker()
    worker.ended, worker.redrives, worker.redriven = ended, _redrives(ended) + 1, datetime.now(UTC)
    execution.exec_status = ExecutionStatus.RUNNING
    execution.stop_date = execution.error = execution.cause = None
    execution.exec_worker = worker
    worker.start()
    redriven: datetime = worker.redriven
    return redriven


def not_redrivable(execution: Any) -> str:
    """Say why AWS would not redrive an execution; nothing, if it would.

    The reasons are those of redriveStatusReason.
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
    """
    if execution.status in {"RUNNING", "SUCCEEDED"}:
        return f"Execution is {execution.status} and cannot be redriven."
    if datetime.now(UTC) - execution.stop_date > REDRIVABLE_PERIOD:
        return "Execution redrivable period exceeded."
    if len(execution.exec_worker.env.event_manager.get_event_history()) >= MAX_HISTORY_EVENTS:
        return "Execution history event limit exceeded."
    return ""


def _redrive_execution(self: StepFunctionResponse) -> ActionResult:
    execution: Any = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    return ActionResult({"redriveDate": redrive(execution)})


def _telling_of_redrives(describe: Callable[..., ActionResult]) -> Callable[..., ActionResult]:
    @functools.wraps(describe)
    def describe_with_redrives(self: StepFunctionResponse) -> ActionResult:
        answer = describe(self)
        execution: Any = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        told = _told(execution)
        if reason := not_redrivable(execution):
            told |= {"redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": reason}
        else:
            told |= {"redriveStatus": "REDRIVABLE"}
        answer.result.update(told)  # type: ignore[attr-defined]
        return answer

    return describe_with_redrives


def _listing_redrives(list_executions: Callable[..., ActionResult]) -> Callable[..., ActionResult]:
    @functools.wraps(list_executions)
    def list_with_redrives(self: StepFunctionResponse) -> ActionResult:
        answer = list_executions(self)
        for each in answer.result["executions"]:  # type: ignore[index]
            each.update(_told(self.stepfunction_backend.describe_execution(each["executionArn"])))
        return answer

    return list_with_redrives


def _told(redriven: Any) -> dict[str, Any]:
    """Give what is told of the redrives of an execution or a Map Run."""
    worker = getattr(redriven, "exec_worker", redriven)
    told = {"redriveCount": _redrives(worker)}
    return told | {"redriveDate": worker.redriven} if _redrives(worker) else told


def _redrives(redriven: Any) -> int:
    """Say how often an execution, by its worker, or a Map Run was redriven."""
    redrives: int = getattr(redriven, "redrives", 0)
    return redrives


def _is_distributed(state: StateMap) -> bool:
    return isinstance(state.iteration_component, DistributedIterationComponent)


def _from_where_it_ended(logic: Method) -> Method:
    @functools.wraps(logic)
    def run(self: Any) -> None:
        self.came_to_its_end = threading.Event()
        try:
            if _redrives(self):
                # As on AWS, what was stopped comes to its end first.
                self.ended.came_to_its_end.wait()
                _go_on(self, self.ended.env)
            else:
                logic(self)
        finally:
            self.came_to_its_end.set()

    return run


def _go_on(worker: Any, ended: Any) -> None:
    entered: Entered = ended.entered
    env = worker._get_evaluation_environment()
    env.event_manager, env.variable_store = ended.event_manager, ended.variable_store
    env.map_run_record_pool_manager = map_runs = ended.map_run_record_pool_manager
    env.states.reset(input_value=entered.input)
    records = map_runs.get_all()
    if isinstance(entered.state, StateMap) and records and records[-1].status != MapRunStatus.SUCCEEDED:
        map_runs.redriven = records[-1]
    env.event_manager.add_event(
        context=env.event_history_context,
        event_type=HistoryEventType.ExecutionRedriven,
        event_details={"executionRedrivenEventDetails": {"redriveCount": worker.redrives}},
        update_source_event_id=False,
    )
    worker.env = env
    _started_at(entered.state.name, worker._get_evaluation_entrypoint()).eval(env)
    worker._execution_communication.terminated()


def _started_at(state: str, program: Program) -> Program:
    return Program(
        query_language=program.query_language,
        start_at=StartAt(state),
        states=program.states,
        timeout_seconds=program.timeout_seconds,
    )


class _FromWhereItEnded:
    """The program of a child that goes on from the state that ended it."""

    def __init__(self, program: Program, entered: Entered) -> None:
        self._program, self._entered = program, entered

    def eval(self, env: Any) -> None:
        env.stack.clear()
        env.states.reset(input_value=self._entered.input)
        _started_at(self._entered.state.name, self._program).eval(env)


def _counting_redrives(make: Method) -> Method:
    """Tell of redrives in the context object.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
    """

    @functools.wraps(make)
    def make_environment(self: Any) -> Any:
        env = make(self)
        execution = env.states.context_object.context_object_data["Execution"]
        execution["RedriveCount"] = _redrives(self)
        if _redrives(self):
            execution["RedriveTime"] = self.redriven.isoformat()
        return env

    return make_environment


def _remembering_states(evaluate: Method) -> Method:
    @functools.wraps(evaluate)
    def evaluate_state(self: Any, env: Any) -> None:
        env.entered = Entered(self, env.states.get_input())
        evaluate(self, env)

    return evaluate_state


def _with_the_same_map_run(evaluate: Method) -> Method:
    @functools.wraps(evaluate)
    def evaluate_map_run(self: Any, env: Any) -> None:
        eval_input, map_runs = env.stack[-1], env.map_run_record_pool_manager
        redriven, map_runs.redriven = getattr(map_runs, "redriven", None), None
        # One of which no child had begun is a new one.
        if hasattr(redriven, "children"):
            del map_runs._pool[eval_input.map_run_record.map_run_arn]
            eval_input.map_run_record = _opened_again(redriven)
        evaluate(self, env)
        if isinstance(env.program_state(), ProgramStopped):
            eval_input.map_run_record.set_stop(status=MapRunStatus.ABORTED)

    return evaluate_map_run


def _opened_again(record: Any) -> Any:
    record.redrives = _redrives(record) + 1
    if record.redrives > MAX_MAP_RUN_REDRIVES:
        raise RuntimeError(f"A Map Run is redriven {MAX_MAP_RUN_REDRIVES} times at the most")
    record.status, record.stop_date, record.redriven = MapRunStatus.RUNNING, None, datetime.now(UTC)
    record.execution_counter = type(record.execution_counter)()
    record.item_counter = type(record.item_counter)()
    for counter in (record.execution_counter, record.item_counter):
        for counted in (counter.total, counter.succeeded, counter.results_written):
            counted.count(len(record.children.done))
    return record


def _with_the_same_items(run: Method) -> Method:
    @functools.wraps(run)
    def run_items(self: Any, env: Any, eval_input: Any) -> None:
        items, record = env.stack.pop(), eval_input.map_run_record
        if not hasattr(record, "children"):
            record.children = Children(items)
        env.stack.append(record.children.items)
        run(self, env, eval_input)

    return run_items


def _unless_done(evaluate: Method) -> Method:
    @functools.wraps(evaluate)
    def evaluate_item(self: Any, env: Any, job: Any) -> None:
        children: Children = self._map_run_record.children
        with children.running[job.job_index]:
            if job.job_index in children.done or isinstance(env.program_state(), ProgramStopped):
                job.job_output = children.done.get(job.job_index)
                return
            if entered := children.ended_in.get(job.job_index):
                children.redrives[job.job_index] += 1
                job.job_program = _FromWhereItEnded(job.job_program, entered)
            context = env.states.context_object.context_object_data
            context["Execution"] = {
                **context["Execution"],
                "RedriveCount": children.redrives[job.job_index],
            }
            evaluate(self, env, job)
            if isinstance(env.program_state(), ProgramEnded):
                children.done[job.job_index] = job.job_output
            elif hasattr(env, "entered"):
                children.ended_in[job.job_index] = env.entered

    return evaluate_item


def _described_with_redrives(describe: Method) -> Method:
    @functools.wraps(describe)
    def describe_map_run(self: Any) -> Any:
        return {**describe(self), **_told(self)}

    return describe_map_run

"""One execution: its states in their order, on the clock of a ``simpy.Environment``.

States take no time themselves; what a Task asks for takes as long as whoever does it says, and a Wait or a retry what it says.
"""

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal, NamedTuple, Protocol

import simpy

from . import program
from .clock import iso
from .errors import (
    DATA_LIMIT_EXCEEDED,
    EXCEED_TOLERATED_FAILURE_THRESHOLD,
    ITEM_READER_FAILED,
    RUNTIME,
    TIMEOUT,
    StateFailed,
    TaskFailed,
)
from .history import History, HistoryEvent, StateEvent, Watch
from .limits import MAX_PAYLOAD_BYTES, payload_bytes
from .retries import Retries

Status = Literal["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]
Process = Generator[simpy.Event, Any, Any]


class ExecutionContext(NamedTuple):
    """Which execution it is. ``id`` and ``state_machine`` are ARNs, ``started`` is a time as ``clock.iso`` writes it."""

    id: str
    name: str
    state_machine: str
    started: str
    role: str = ""
    redrive_count: int = 0


class Tasks(Protocol):
    """Whoever does the work of Tasks."""

    def call(self, resource: str, parameters: Any, execution: ExecutionContext, state: str) -> Process:
        """Do what a Task asks for.

        It runs as a process of its own: when the Task gives up waiting, or the execution ends, it goes on all the same.

        Args:
            resource: the Task's, as the definition has it.
            parameters: its Parameters, evaluated. They are not to be changed.
            execution: which execution asks.
            state: the name of its state.

        Returns:
            What the service answers, with the names of the definition (``Payload``, ``MetricAlarms``): JSON. Of
            ``s3:getObject`` as an ItemReader, ``Body`` is the text of the object.

        Raises:
            TaskFailed: what the Task fails with. Whatever else it raises ends the simulation.
        """
        ...


@dataclass
class Position:
    """Where an execution, or an item of a Map, is: its state, that one's input, and how far a Map has come with its items.

    ``outcomes`` has, for each item, None before it begins, its own position, or what it has ended with.
    """

    state: str
    data: Any
    items: list[Any] | None = None
    outcomes: "list[Position | _Output | Ended | None]" = field(default_factory=list)

    def go_to(self, state: str, data: Any) -> None:
        """Enter the next state."""
        self.state, self.data = state, data
        self.items, self.outcomes = None, []


class _Output(NamedTuple):
    value: Any


class Ended(NamedTuple):
    """How an execution has ended.

    ``error`` and ``cause`` are empty if it has succeeded. ``position`` is where it was, from which it can be redriven.
    """

    status: Status
    output: Any
    error: str
    cause: str
    history: tuple[HistoryEvent, ...]
    position: Position | None
    redrive_count: int = 0

    @property
    def history_events(self) -> int:
        """How many events its history has."""
        return len(self.history)

    @property
    def states_entered(self) -> int:
        """How many states it has entered, those of Maps' items too, except of a Distributed Map's."""
        return len(self.visits)

    @property
    def visits(self) -> list[str]:
        """The names of these states, in the order they were entered."""
        return [event.state for event in self.history if event.kind.endswith("StateEntered")]


class Execution:
    """Runs one execution."""

    def __init__(
        self,
        env: simpy.Environment,
        level: program.Level,
        context: ExecutionContext,
        tasks: Tasks,
        random: Random,
        watch: Watch | None = None,
    ) -> None:
        self._env = env
        self._level = level
        self._context = context
        self._tasks = tasks
        self._random = random
        self._watch = watch
        self._input: Any = None
        self._history = History()
        self._execution_object: Mapping[str, Any] = {}

    def run(self, data: Any, timeout_seconds: int | None) -> Process:
        """Run from the first state on, with an input. To be driven by a process; returns ``Ended``."""
        self._input = data
        self._history.add(self._env.now, "ExecutionStarted", data=data)
        return (yield from self._run(Position(self._level.start_at, data), timeout_seconds))

    def redrive(self, ended: Ended, data: Any, timeout_seconds: int | None) -> Process:
        """Go on where an execution has ended unsuccessfully.

        What has succeeded is not done again, items of Maps included; the state that has failed is entered anew, with all of its
        attempts, and the time of the execution begins anew.
        https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html,
        https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html
        """
        assert ended.position is not None
        self._input = data
        self._context = self._context._replace(redrive_count=ended.redrive_count + 1)
        self._history = History(ended.history)
        self._history.add(self._env.now, "ExecutionRedriven")
        return (yield from self._run(ended.position, timeout_seconds))

    def _run(self, position: Position, timeout_seconds: int | None) -> Process:
        self._execution_object = {
            "Id": self._context.id,
            "Input": self._input,
            "Name": self._context.name,
            "RedriveCount": self._context.redrive_count,
            "RoleArn": self._context.role,
            "StartTime": self._context.started,
        }
        body = self._env.process(self._body(position))
        try:
            if timeout_seconds is None:
                yield body
            else:
                yield body | self._env.timeout(timeout_seconds)
        except simpy.Interrupt:
            return self._end("ABORTED", position, body)
        if not body.triggered:
            return self._end("TIMED_OUT", position, body, TIMEOUT)
        outcome: Any = body.value
        if isinstance(outcome, StateFailed):
            return self._end("FAILED", position, body, outcome.error, outcome.cause)
        return self._end("SUCCEEDED", None, body, output=outcome.value)

    def _end(
        self,
        status: Status,
        position: Position | None,
        body: simpy.Process,
        error: str = "",
        cause: str = "",
        *,
        output: Any = None,
    ) -> Ended:
        _stop([body])
        kind = {"SUCCEEDED": "Succeeded", "FAILED": "Failed", "TIMED_OUT": "TimedOut", "ABORTED": "Aborted"}
        data = {"error": error, "cause": cause} if error else output
        self._history.end(self._env.now, f"Execution{kind[status]}", data)
        return Ended(
            status,
            output,
            error,
            cause,
            tuple(self._history.events),
            position,
            self._context.redrive_count,
        )

    def _body(self, position: Position) -> Process:
        try:
            return _Output((yield from self._states(self._level, position, {})))
        except StateFailed as failure:
            return failure
        except simpy.Interrupt:
            return None

    def _states(self, level: program.Level, position: Position, item: Mapping[str, Any]) -> Process:
        """Run states until one ends its level; returns the output."""
        while True:
            state = level.states[position.state]
            context = {
                "Execution": self._execution_object,
                "State": {"EnteredTime": iso(self._env.now), "Name": state.name},
                "StateMachine": {"Id": self._context.state_machine},
                **item,
            }
            kind = type(state).__name__
            self._happens(state, f"{kind}StateEntered", "entered", position.data)
            try:
                target, output = yield from self._state(state, position, context)
                self._check_size(output, f"The output of {state.name}")
            except StateFailed as failure:
                self._say(state, "failed", f"with {failure.error}: {failure.cause}")
                raise
            self._happens(state, f"{kind}StateExited", "left", output)
            if target is None:
                return output
            position.go_to(target, output)

    def _state(self, state: program.State, position: Position, context: program.Context) -> Process:
        """Run a state; returns the name of the next one, or None, and the output."""
        data = position.data
        match state:
            case program.Choice():
                return state.choose(data, context), data
            case program.Pass():
                result = data if state.parameters is None else state.parameters(data, context)
                self._check_size(result, f"What {state.name} makes of its input")
                return state.next, state.results.output(data, result, context)
            case program.Wait():
                yield self._env.timeout(state.seconds(data, context))
                return state.next, data
            case program.Succeed():
                return None, data
            case program.Fail():
                raise StateFailed(state.error, state.cause(data, context))
            case program.Task():
                return (yield from self._task(state, data, context))
            case program.Map():
                return (yield from self._map(state, position, context))
        raise AssertionError(state)

    def _task(self, state: program.Task, data: Any, context: program.Context) -> Process:
        retries = Retries(state.retriers, self._random)
        while True:
            try:
                result = yield from self._attempt(state, data, context)
                return state.next, state.results.output(data, result, context)
            except StateFailed as failure:
                seconds = retries.wait_after(failure.error)
                if seconds is None:
                    return self._catch(state, state.catchers, failure, data)
                self._say(state, "retry", f"in {seconds:.1f} s, after {failure.error}")
            yield self._env.timeout(seconds)

    def _attempt(self, state: program.Task, data: Any, context: program.Context) -> Process:
        parameters = state.parameters(data, context)
        self._check_size(parameters, f"What {state.name} is asked with")
        add, now = self._history.add, self._env.now
        add(now, "TaskScheduled", state.name, parameters)
        add(now, "TaskStarted", state.name)
        if state.resource.endswith(".sync:2"):
            add(now, "TaskSubmitted", state.name)
        call = self._call(state.resource, parameters, state.name)
        # The count begins when the Task has started.
        # https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html#task-state-fields
        yield call | self._env.timeout(state.timeout_seconds)
        if not call.triggered:
            add(self._env.now, "TaskTimedOut", state.name, {"error": TIMEOUT, "cause": ""})
            raise StateFailed(TIMEOUT)
        if isinstance(call.value, TaskFailed):
            failure = {"error": call.value.error, "cause": call.value.cause}
            add(self._env.now, "TaskFailed", state.name, failure)
            raise call.value
        self._check_size(call.value, f"What {state.name} is answered")
        add(self._env.now, "TaskSucceeded", state.name, call.value)
        return call.value

    def _call(self, resource: str, parameters: Any, state: str) -> simpy.Process:
        def answer() -> Process:
            try:
                return (yield from self._tasks.call(resource, parameters, self._context, state))
            except TaskFailed as failure:
                return failure  # A process that fails when nobody waits for it any more would end the simulation.

        return self._env.process(answer())

    def _map(self, state: program.Map, position: Position, context: program.Context) -> Process:
        data = position.data
        try:
            if position.items is None:
                items = yield from self._items(state, data, context)
                position.items, position.outcomes = items, [None] * len(items)
            else:
                items = position.items
            self._history.add(self._env.now, "MapStateStarted", state.name, {"length": len(items)})
            if state.label is not None:
                self._history.add(self._env.now, "MapRunStarted", state.name)
            results = yield from _Items(self, state, position, context).run()
            if state.label is not None:
                self._check_size(results, f"What the items of {state.name} give")
                self._history.add(self._env.now, "MapRunSucceeded", state.name)
            self._history.add(self._env.now, "MapStateSucceeded", state.name)
            return state.next, state.results.output(data, results, context)
        except StateFailed as failure:
            if failure.error != RUNTIME:  # The history may be full.
                if state.label is not None:
                    ended = {"error": failure.error, "cause": failure.cause}
                    self._history.add(self._env.now, "MapRunFailed", state.name, ended)
                self._history.add(self._env.now, "MapStateFailed", state.name)
            return self._catch(state, state.catchers, failure, data)

    def _items(self, state: program.Map, data: Any, context: program.Context) -> Process:
        if isinstance(state.items, program.Reader):
            return (yield from self._read(state, state.items, data, context))
        items = state.items.find(data, context)
        if not isinstance(items, list):
            raise StateFailed(RUNTIME, f"{state.items.text} is no array.")
        return items

    def _read(
        self, state: program.Map, reader: program.Reader, data: Any, context: program.Context
    ) -> Process:
        """https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html."""
        call = self._call(reader.resource, reader.parameters(data, context), state.name)
        answer = yield call
        if isinstance(answer, TaskFailed):
            raise StateFailed(ITEM_READER_FAILED, f"{answer.error}: {answer.cause}")
        try:
            items = json.loads(answer["Body"])
        except ValueError as error:
            raise StateFailed(ITEM_READER_FAILED, str(error)) from error
        if not isinstance(items, list):
            raise StateFailed(ITEM_READER_FAILED, "The object is no array.")
        return items

    def _catch(
        self, state: program.State, catchers: tuple[program.Catcher, ...], failure: StateFailed, data: Any
    ) -> tuple[str, Any]:
        catcher = program.catcher_of(catchers, failure.error)
        if catcher is None:
            raise failure
        self._say(state, "caught", f"{failure.error}: {failure.cause}")
        return catcher.next, catcher.path.put(data, {"Error": failure.error, "Cause": failure.cause})

    def _check_size(self, value: Any, what: str) -> None:
        if (size := payload_bytes(value)) > MAX_PAYLOAD_BYTES:
            raise StateFailed(DATA_LIMIT_EXCEEDED, f"{what} has {size:,} bytes, over {MAX_PAYLOAD_BYTES:,}.")

    def _happens(self, state: program.State, kind: str, what: str, data: Any) -> None:
        self._history.add(self._env.now, kind, state.name, data)
        self._say(state, what)

    def _say(self, state: program.State, what: str, detail: str = "") -> None:
        if self._watch is not None:
            self._watch(StateEvent(self._env.now, self._context.name, state.name, what, detail))


class _Items:
    """The items of one Map: as many at a time as it says, begun in their order. The first that fails ends the others."""

    def __init__(
        self, execution: Execution, state: program.Map, position: Position, context: program.Context
    ) -> None:
        self._execution = execution
        self._env = execution._env
        self._state = state
        self._position = position
        self._context = context
        self._workers: list[simpy.Process] = []
        self._left = iter(
            [at for at, outcome in enumerate(position.outcomes) if not isinstance(outcome, _Output)]
        )
        self._failure: StateFailed | None = None

    def run(self) -> Process:
        """Run all that have not succeeded yet; returns the outputs of all, in their order."""
        most = min(self._state.concurrency, len(self._position.outcomes))
        self._workers = [self._env.process(self._work()) for _ in range(most)]
        try:
            yield from self._workers
        except simpy.Interrupt:
            _stop(self._workers)
            raise
        if self._failure is not None:
            raise self._failure
        return [outcome.value for outcome in self._position.outcomes if isinstance(outcome, _Output)]

    def _work(self) -> Process:
        try:
            for at in self._left:
                yield from self._one(at)
        except StateFailed as failure:
            if self._failure is None:
                self._failure = failure
                _stop(self._workers)
        except simpy.Interrupt:
            pass

    def _one(self, at: int) -> Process:
        outcomes, state = self._position.outcomes, self._state
        if state.label is not None:
            ended = yield from self._execute(at)
            outcomes[at] = ended if ended.position else _Output(ended.output)
            if ended.position:
                cause = "The specified tolerated failure threshold was exceeded"
                raise StateFailed(EXCEED_TOLERATED_FAILURE_THRESHOLD, cause)
            return
        history = self._execution._history
        item = self._item(at)
        history.add(self._env.now, "MapIterationStarted", state.name, at)
        position = outcomes[at]
        if not isinstance(position, Position):
            position = outcomes[at] = Position(state.processor.start_at, self._input(item))
        try:
            output = yield from self._execution._states(state.processor, position, item)
        except StateFailed as failure:
            if failure.error != RUNTIME:  # The history may be full.
                history.add(self._env.now, "MapIterationFailed", state.name, at)
            raise
        except simpy.Interrupt:
            history.add(self._env.now, "MapIterationAborted", state.name, at)
            raise
        history.add(self._env.now, "MapIterationSucceeded", state.name, at)
        outcomes[at] = _Output(output)

    def _execute(self, at: int) -> Process:
        """Run the execution of one item. The definition's TimeoutSeconds is that of the execution with the Map."""
        parent = self._execution._context
        machine = f"{parent.state_machine}/{self._state.label}"
        name = f"{parent.name}-{at}"
        # https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html#dist-map-child-executions
        arn = f"{parent.id.rpartition(':')[0]}/{self._state.label}:{name}"
        context = ExecutionContext(arn, name, machine, iso(self._env.now), parent.role)
        child = Execution(
            self._env,
            self._state.processor,
            context,
            self._execution._tasks,
            self._execution._random,
            self._execution._watch,
        )
        data = self._input(self._item(at))
        before = self._position.outcomes[at]
        if isinstance(before, Ended):
            return (yield from child.redrive(before, data, None))
        return (yield from child.run(data, None))

    def _item(self, at: int) -> Mapping[str, Any]:
        assert self._position.items is not None
        return {"Map": {"Item": {"Index": at, "Value": self._position.items[at]}}}

    def _input(self, item: Mapping[str, Any]) -> Any:
        if self._state.selector is None:
            return item["Map"]["Item"]["Value"]
        return self._state.selector(self._position.data, {**self._context, **item})


def _stop(processes: list[simpy.Process]) -> None:
    for process in processes:
        if process.is_alive and process is not process.env.active_process:
            process.interrupt()

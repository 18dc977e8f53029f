"""A definition, compiled: every path, template and rule is read once, and each state says what it makes of its input.

Inputs and outputs are JSON as Python values. They share parts with each other, and none is ever changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET, UnsetType

from . import definition as asl
from .choices import Test, compile_rule
from .errors import NO_CHOICE_MATCHED, RUNTIME, NotSupported, StateFailed, matches
from .intrinsics import Evaluate
from .limits import MAX_DISTRIBUTED_CONCURRENCY, MAX_INLINE_CONCURRENCY, MAX_SECONDS
from .paths import Path, ResultPath, compile_path, compile_result_path
from .templates import compile_expression, compile_template

Context = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Results:
    """What a state makes of its result: ResultSelector, ResultPath, OutputPath, in this order.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-input-output-filtering.html
    """

    selector: Evaluate | None
    path: ResultPath
    output_path: Path | None

    def output(self, data: Any, result: Any, context: Context) -> Any:
        """Give the output of a state with this input and result."""
        if self.selector is not None:
            result = self.selector(result, context)
        output = self.path.put(data, result)
        return output if self.output_path is None else self.output_path.find(output, context)


@dataclass(frozen=True, slots=True)
class Catcher:
    """Where to go on after an error, and where in the input the error is put."""

    errors: tuple[str, ...]
    path: ResultPath
    next: str


@dataclass(frozen=True, slots=True)
class State:
    """``next`` is None for a state that ends its level."""

    name: str
    next: str | None


@dataclass(frozen=True, slots=True)
class Pass(State):
    parameters: Evaluate | None
    results: Results


@dataclass(frozen=True, slots=True)
class Task(State):
    resource: str
    parameters: Evaluate
    results: Results
    timeout_seconds: int
    retriers: tuple[asl.Retrier, ...]
    catchers: tuple[Catcher, ...]


@dataclass(frozen=True, slots=True)
class Choice(State):
    rules: tuple[tuple[Test, str], ...]

    def choose(self, data: Any, context: Context) -> str:
        """Give the name of the next state.

        Raises:
            StateFailed: no rule matches, and there is no Default.
        """
        for test, target in self.rules:
            if test(data, context):
                return target
        if self.next is None:
            raise StateFailed(NO_CHOICE_MATCHED, f"No rule of {self.name} matches, and it has no Default.")
        return self.next


@dataclass(frozen=True, slots=True)
class Wait(State):
    fixed_seconds: int
    path: Path | None

    def seconds(self, data: Any, context: Context) -> int:
        """Give how long to wait.

        Raises:
            StateFailed: what the path finds is no number of seconds.
        """
        if self.path is None:
            return self.fixed_seconds
        found = self.path.find(data, context)
        if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= MAX_SECONDS:
            raise StateFailed(RUNTIME, f"{self.path.text} is no number of seconds.")
        return found


@dataclass(frozen=True, slots=True)
class Succeed(State):
    pass


@dataclass(frozen=True, slots=True)
class Fail(State):
    error: str
    cause: Evaluate


@dataclass(frozen=True, slots=True)
class Level:
    """States beside each other, of a state machine or of a Map's items."""

    start_at: str
    states: Mapping[str, State]


@dataclass(frozen=True, slots=True)
class Reader:
    """What a Distributed Map reads its items with."""

    resource: str
    parameters: Evaluate


@dataclass(frozen=True, slots=True)
class Map(State):
    """``label`` is None for a Map whose items have no executions of their own."""

    items: Path | Reader
    selector: Evaluate | None
    processor: Level
    label: str | None
    concurrency: int
    results: Results
    catchers: tuple[Catcher, ...]


def compile_machine(machine: asl.StateMachine) -> Level:
    """Compile the states of a definition.

    Raises:
        NotSupported: a path, a template or a rule is none that is known.
    """
    return _level(machine)


def _level(level: asl.StateMachine | asl.ItemProcessor) -> Level:
    states = {}
    for name, state in level.states.items():
        try:
            states[name] = _state(name, state)
        except NotSupported as error:
            raise NotSupported(f"{name}: {error}") from error
    return Level(level.start_at, states)


def _state(name: str, state: asl.State) -> State:
    compiled: State
    match state:
        case asl.Pass():
            compiled = Pass(name, _next(state.next), _template(state.parameters), _results(state.result_path))
        case asl.Task():
            compiled = Task(
                name,
                _next(state.next),
                state.resource,
                compile_template(state.parameters),
                _results(state.result_path, state.result_selector, state.output_path),
                MAX_SECONDS if state.timeout_seconds is UNSET else state.timeout_seconds,
                state.retry,
                _catchers(state.catch),
            )
        case asl.Choice():
            rules = tuple((compile_rule(rule), rule.next) for rule in state.choices if rule.next is not UNSET)
            compiled = Choice(name, _next(state.default), rules)
        case asl.Wait():
            path = None if state.seconds_path is UNSET else compile_path(state.seconds_path)
            compiled = Wait(name, _next(state.next), 0 if state.seconds is UNSET else state.seconds, path)
        case asl.Succeed():
            compiled = Succeed(name, None)
        case asl.Fail():
            compiled = Fail(name, None, state.error, compile_expression(state.cause_path))
        case asl.Map():
            compiled = _map(name, state)
    return compiled


def _map(name: str, state: asl.Map) -> Map:
    if state.item_reader is not UNSET:
        items: Path | Reader = Reader(
            state.item_reader.resource, compile_template(state.item_reader.parameters)
        )
    else:
        assert state.items_path is not UNSET
        items = compile_path(state.items_path)
        if items.indefinite:
            raise NotSupported(f"{state.items_path} as an ItemsPath")
    most = MAX_DISTRIBUTED_CONCURRENCY if state.distributed else MAX_INLINE_CONCURRENCY
    return Map(
        name,
        _next(state.next),
        items,
        _template(state.item_selector),
        _level(state.item_processor),
        None if state.label is UNSET else state.label,
        min(state.max_concurrency or most, most),
        _results(state.result_path, state.result_selector),
        _catchers(state.catch),
    )


def _next(name: str | UnsetType) -> str | None:
    return None if name is UNSET else name


def _template(template: Any) -> Evaluate | None:
    return None if template is UNSET else compile_template(template)


def _results(path: str | None, selector: Any = UNSET, output_path: str = "$") -> Results:
    return Results(
        _template(selector),
        compile_result_path(path),
        None if output_path == "$" else compile_path(output_path),
    )


def _catchers(catchers: tuple[asl.Catcher, ...]) -> tuple[Catcher, ...]:
    return tuple(
        Catcher(catcher.error_equals, compile_result_path(catcher.result_path), catcher.next)
        for catcher in catchers
    )


def catcher_of(catchers: tuple[Catcher, ...], error: str) -> Catcher | None:
    """Give the first catcher that takes an error."""
    return next((catcher for catcher in catchers if matches(error, catcher.errors)), None)

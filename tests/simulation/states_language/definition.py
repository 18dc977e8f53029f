"""The part of the Amazon States Language that the state machines are written in; anything else is refused.

A field, a kind of state or a value that is not declared here, is an error: whoever writes one into a definition has to say here
first what it means.

https://states-language.net, https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from .errors import ALL, TIMEOUT, NotSupported
from .limits import (
    MAX_ATTEMPTS,
    MAX_DELAY_SECONDS,
    MAX_INTERVAL_SECONDS,
    MAX_NAME_CHARACTERS,
    MAX_SECONDS,
)

Name = Annotated[str, Meta(min_length=1, max_length=MAX_NAME_CHARACTERS)]
Seconds = Annotated[int, Meta(ge=1, le=MAX_SECONDS)]

# What a Task may ask for, by the part of its Resource after "arn:<partition>:states:::", and with which parameters.
# https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
RESOURCES: Mapping[str, frozenset[str]] = {
    "aws-sdk:cloudwatch:describeAlarms": frozenset({"AlarmNames"}),
    "aws-sdk:s3:deleteObjectTagging": frozenset({"Bucket", "Key"}),
    "aws-sdk:s3:getObject": frozenset({"Bucket", "Key"}),
    "aws-sdk:s3:putObject": frozenset({"Body", "Bucket", "Key"}),
    "aws-sdk:sfn:describeExecution": frozenset({"ExecutionArn"}),
    "lambda:invoke": frozenset({"FunctionName", "Payload"}),
    "sqs:sendMessage": frozenset({"MessageAttributes", "MessageBody", "QueueUrl"}),
    "states:startExecution": frozenset({"Input", "Name", "StateMachineArn"}),
    "states:startExecution.sync:2": frozenset({"Input", "Name", "StateMachineArn"}),
}
# What a Map may read its items with.
# https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
READERS: Mapping[str, frozenset[str]] = {"s3:getObject": frozenset({"Bucket", "Key"})}
# Errors of the language that a retrier or a catcher may name; how the others match is not written here.
_NAMED = frozenset({ALL, TIMEOUT})


class _Part(msgspec.Struct, forbid_unknown_fields=True, rename="pascal", frozen=True, kw_only=True):
    comment: str = ""


class Retrier(_Part, frozen=True, kw_only=True):
    """https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error."""

    error_equals: Annotated[tuple[str, ...], Meta(min_length=1)]
    interval_seconds: Annotated[int, Meta(ge=1, le=MAX_INTERVAL_SECONDS)] = 1
    backoff_rate: Annotated[float, Meta(ge=1)] = 2.0
    max_delay_seconds: Annotated[int, Meta(ge=1, le=MAX_DELAY_SECONDS)] | UnsetType = UNSET
    max_attempts: Annotated[int, Meta(ge=0, le=MAX_ATTEMPTS)] = 3
    jitter_strategy: Literal["FULL", "NONE"] = "NONE"


class Catcher(_Part, frozen=True, kw_only=True):
    """https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-fallback-states."""

    error_equals: Annotated[tuple[str, ...], Meta(min_length=1)]
    next: Name
    result_path: str | None = "$"


class ChoiceRule(_Part, frozen=True, kw_only=True):
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html; one without ``next`` is within another."""

    next: Name | UnsetType = UNSET
    variable: str | UnsetType = UNSET
    is_present: Literal[True] | UnsetType = UNSET
    boolean_equals: bool | UnsetType = UNSET
    numeric_greater_than: int | UnsetType = UNSET
    numeric_greater_than_equals: int | UnsetType = UNSET
    numeric_greater_than_path: str | UnsetType = UNSET
    string_equals: str | UnsetType = UNSET
    all_of: Annotated[tuple["ChoiceRule", ...], Meta(min_length=1)] | UnsetType = msgspec.field(
        default=UNSET, name="And"
    )
    any_of: Annotated[tuple["ChoiceRule", ...], Meta(min_length=1)] | UnsetType = msgspec.field(
        default=UNSET, name="Or"
    )


class _State(_Part, tag_field="Type", frozen=True, kw_only=True):
    pass


class _Going(_State, frozen=True, kw_only=True):
    next: Name | UnsetType = UNSET
    end: Literal[True] | UnsetType = UNSET


class Pass(_Going, tag="Pass", frozen=True, kw_only=True):
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-pass.html."""

    parameters: dict[str, Any] | UnsetType = UNSET
    result_path: str | None = "$"


class Task(_Going, tag="Task", frozen=True, kw_only=True):
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html."""

    resource: str
    parameters: dict[str, Any]
    result_selector: dict[str, Any] | UnsetType = UNSET
    result_path: str | None = "$"
    output_path: str = "$"
    timeout_seconds: Seconds | UnsetType = UNSET
    retry: tuple[Retrier, ...] = ()
    catch: tuple[Catcher, ...] = ()


class Choice(_State, tag="Choice", frozen=True, kw_only=True):
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html."""

    choices: Annotated[tuple[ChoiceRule, ...], Meta(min_length=1)]
    default: Name | UnsetType = UNSET


class Wait(_Going, tag="Wait", frozen=True, kw_only=True):
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html."""

    seconds: Annotated[int, Meta(ge=0, le=MAX_SECONDS)] | UnsetType = UNSET
    seconds_path: str | UnsetType = UNSET


class Succeed(_State, tag="Succeed", frozen=True, kw_only=True):
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-succeed.html."""


class Fail(_State, tag="Fail", frozen=True, kw_only=True):
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-fail.html."""

    error: str
    cause_path: str


class ReaderConfig(_Part, frozen=True, kw_only=True):
    """The object is an array of items."""

    input_type: Literal["JSON"]


class ItemReader(_Part, frozen=True, kw_only=True):
    """https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html."""

    resource: str
    reader_config: ReaderConfig
    parameters: dict[str, Any]


class ProcessorConfig(_Part, frozen=True, kw_only=True):
    """Executions of their own (only of Standard workflows), or iterations of the one that the Map is in."""

    mode: Literal["INLINE", "DISTRIBUTED"]
    execution_type: Literal["STANDARD"] | UnsetType = UNSET


class ItemProcessor(_Part, frozen=True, kw_only=True):
    """The states that each item goes through."""

    processor_config: ProcessorConfig
    start_at: Name
    states: "dict[Name, State]"


class Map(_Going, tag="Map", frozen=True, kw_only=True):
    """Its items are in its input, or, if it is distributed, in an object that it reads.

    https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html,
    https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
    """

    item_processor: ItemProcessor
    items_path: str | UnsetType = UNSET
    item_reader: ItemReader | UnsetType = UNSET
    label: Annotated[str, Meta(min_length=1, max_length=40)] | UnsetType = UNSET
    max_concurrency: Annotated[int, Meta(ge=0)] = 0
    item_selector: dict[str, Any] | UnsetType = UNSET
    result_selector: dict[str, Any] | UnsetType = UNSET
    result_path: str | None = "$"
    catch: tuple[Catcher, ...] = ()

    @property
    def distributed(self) -> bool:
        """Has each item an execution of its own?"""
        return self.item_processor.processor_config.mode == "DISTRIBUTED"


State = Pass | Task | Choice | Wait | Succeed | Fail | Map


class StateMachine(_Part, frozen=True, kw_only=True):
    """https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html."""

    start_at: Name
    states: dict[Name, State]
    timeout_seconds: Seconds | UnsetType = UNSET


def read(definition: Mapping[str, Any]) -> StateMachine:
    """Read a definition whose placeholders are filled in.

    Raises:
        NotSupported: it has something that is not written here, or that leads nowhere.
    """
    try:
        machine = msgspec.convert(definition, StateMachine)
    except msgspec.ValidationError as error:
        raise NotSupported(str(error)) from error
    names = [name for name, _ in _all_states(machine)]
    if twice := {name for name in names if names.count(name) > 1}:
        raise NotSupported(f"two states are named {min(twice)}")
    _check_level(machine)
    return machine


def _all_states(level: StateMachine | ItemProcessor) -> Iterator[tuple[str, State]]:
    for name, state in level.states.items():
        yield name, state
        if isinstance(state, Map):
            yield from _all_states(state.item_processor)


def _check_level(level: StateMachine | ItemProcessor) -> None:
    targets = {level.start_at: "StartAt"}
    for name, state in level.states.items():
        targets |= dict.fromkeys(_targets(state), name)
        try:
            _check(state)
        except NotSupported as error:
            raise NotSupported(f"{name}: {error}") from error
        if isinstance(state, Map):
            _check_level(state.item_processor)
    if missing := targets.keys() - level.states.keys():
        raise NotSupported(f"{targets[min(missing)]}: there is no state {min(missing)} beside it")


def _targets(state: State) -> Iterator[str]:
    if isinstance(state, _Going) and state.next is not UNSET:
        yield state.next
    if isinstance(state, Task | Map):
        yield from (catcher.next for catcher in state.catch)
    if isinstance(state, Choice):
        yield from (rule.next for rule in state.choices if rule.next is not UNSET)
        if state.default is not UNSET:
            yield state.default


def _check(state: State) -> None:
    if isinstance(state, _Going):
        _exactly_one({"Next": state.next, "End": state.end})
    match state:
        case Task():
            _check_resource(state.resource, state.parameters, RESOURCES)
            _check_errors(state.retry)
            _check_errors(state.catch)
        case Map():
            _check_errors(state.catch)
            _check_map(state)
        case Wait():
            _exactly_one({"Seconds": state.seconds, "SecondsPath": state.seconds_path})
        case Choice():
            for rule in state.choices:
                if rule.next is UNSET:
                    raise NotSupported("a rule without Next")


def _check_map(state: Map) -> None:
    _exactly_one({"ItemsPath": state.items_path, "ItemReader": state.item_reader})
    of_distributed = (
        state.item_reader,
        state.label,
        state.item_processor.processor_config.execution_type,
    )
    if any((field is not UNSET) != state.distributed for field in of_distributed):
        raise NotSupported(
            "ItemReader, Label and ExecutionType are those of a Distributed Map, which needs them"
        )
    if state.item_reader is not UNSET:
        _check_resource(state.item_reader.resource, state.item_reader.parameters, READERS)


def _check_resource(
    resource: str, parameters: Mapping[str, Any], known: Mapping[str, frozenset[str]]
) -> None:
    service = short_resource(resource)
    if service not in known:
        raise NotSupported(f"the resource {resource}")
    given = {name.removesuffix(".$") for name in parameters}
    if unknown := given - known[service]:
        raise NotSupported(f"the parameter {min(unknown)} of {service}")


def short_resource(resource: str) -> str:
    """Give what of a Resource's ARN says which service is asked, and for what; the whole, if it is no such ARN."""
    prefix, colons, service = resource.partition(":states:::")
    return service if colons and prefix.startswith("arn:") else resource


def _check_errors(rules: tuple[Retrier, ...] | tuple[Catcher, ...]) -> None:
    """States.ALL is alone, and in the last one.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error
    """
    for rule in rules:
        if unknown := {name for name in rule.error_equals if name.startswith("States.")} - _NAMED:
            raise NotSupported(f"{min(unknown)} in ErrorEquals")
        if ALL in rule.error_equals and (len(rule.error_equals) > 1 or rule is not rules[-1]):
            raise NotSupported(f"{ALL} beside or before others")


def _exactly_one(fields: Mapping[str, Any]) -> None:
    if sum(value is not UNSET for value in fields.values()) != 1:
        raise NotSupported(f"not exactly one of {', '.join(fields)}")

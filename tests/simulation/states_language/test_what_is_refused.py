"""Whatever the state machines do not use of the language is refused when a definition is read."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulation.states_language import Machine, NotSupported
from tests.workflow import definition

# Fields of the language, or of AWS, that no definition has, and misspelt ones.
# https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html and the pages of each state
FOREIGN = (
    "Arguments",
    "Assign",
    "Branches",
    "Condition",
    "Credentials",
    "HeartbeatSeconds",
    "InputPath",
    "IsNull",
    "IsTimestamp",
    "ItemBatcher",
    "Iterator",
    "MaxConcurrencyPath",
    "MaxItems",
    "NumericLessThan",
    "Output",
    "QueryLanguage",
    "Result",
    "ResultWriter",
    "StringMatches",
    "TimeoutSecondsPath",
    "Timestamp",
    "ToleratedFailureCount",
    "ToleratedFailurePercentage",
    "Version",
    "catch",
    "Nxt",
)
# What is no part of a structure, but data.
TEMPLATES = frozenset({"Parameters", "ResultSelector", "ItemSelector"})


def structures(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where in a definition fields stand: the machine, its states, their retriers, catchers and rules, …"""
    if isinstance(value, dict):
        if not path or path[-1] != "States":
            yield path
        for name, each in value.items():
            if name not in TEMPLATES:
                yield from structures(each, (*path, name))
    elif isinstance(value, list):
        for at, each in enumerate(value):
            yield from structures(each, (*path, at))


def at(value: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


@pytest.mark.parametrize("machine", definition.MACHINES)
def test_every_definition_is_read(machine: str) -> None:
    Machine(definition.load(machine))


@pytest.mark.parametrize("machine", definition.MACHINES)
def test_a_field_that_no_definition_has_is_refused_wherever_it_stands(machine: str) -> None:
    whole = definition.load(machine)
    for path in structures(whole):
        structure = at(whole, path)
        for field in FOREIGN:
            structure[field] = 1
            with pytest.raises(NotSupported, match=field):
                Machine(whole)
            del structure[field]
    Machine(whole)


WELL: dict[str, Any] = {
    "StartAt": "A",
    "States": {
        "A": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "f", "Payload.$": "$"},
            "ResultSelector": {"a.$": "$.Payload.a"},
            "Retry": [{"ErrorEquals": ["KeyError"]}, {"ErrorEquals": ["States.ALL"]}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}],
            "Next": "B",
        },
        "B": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsPresent": True, "Next": "C"}]},
        "C": {"Type": "Wait", "Seconds": 1, "Next": "D"},
        "D": {
            "Type": "Map",
            "ItemsPath": "$.a",
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": "E",
                "States": {"E": {"Type": "Pass", "Parameters": {"a.$": "States.Array($, 1)"}, "End": True}},
            },
            "Next": "F",
        },
        "F": {"Type": "Fail", "Error": "a", "CausePath": "States.Format('{} and {}', $.a, 'b')"},
    },
}
CHANGES: dict[str, tuple[str, Any]] = {
    "another kind of state": ("States.C.Type", "Parallel"),
    "JSONata": ("States.A.Parameters.FunctionName.$", "{% $states.input %}"),
    "a service that none asks": ("States.A.Resource", "arn:aws:states:::dynamodb:putItem"),
    "a function by its ARN": ("States.A.Resource", "arn:aws:lambda:us-east-1:123456789012:function:f"),
    "a callback": ("States.A.Resource", "arn:aws:states:::lambda:invoke.waitForTaskToken"),
    "another parameter": ("States.A.Parameters.InvocationType", "Event"),
    "a descending path": ("States.A.ResultSelector.a.$", "$..a"),
    "a filter": ("States.A.ResultSelector.a.$", "$.a[?(@.b > 1)]"),
    "several indices": ("States.A.ResultSelector.a.$", "$.a[0,1]"),
    "an index from the end": ("States.A.ResultSelector.a.$", "$.a[-1]"),
    "steps in a slice": ("States.A.ResultSelector.a.$", "$.a[0:4:2]"),
    "no path": ("States.A.ResultSelector.a.$", "a"),
    "a number for a path": ("States.A.ResultSelector.a.$", 1),
    "the context object as a whole": ("States.A.ResultSelector.a.$", "$$"),
    "another part of the context object": ("States.A.ResultSelector.a.$", "$$.Task.Token"),
    "a name twice": ("States.A.ResultSelector.a", 1),
    "an indefinite variable": ("States.B.Choices.0.Variable", "$.a[*]"),
    "a variable that is to be absent": ("States.B.Choices.0.IsPresent", False),
    "two comparisons": ("States.B.Choices.0.StringEquals", "a"),
    "a rule without Next": ("States.B.Choices.0", {"Variable": "$.a", "IsPresent": True}),
    "And beside a variable": ("States.B.Choices.0.And", [{"Variable": "$.a", "IsPresent": True}]),
    "a Next within a rule": (
        "States.B.Choices.0",
        {"Or": [{"Variable": "$.a", "IsPresent": True, "Next": "C"}], "Next": "C"},
    ),
    "no rules": ("States.B.Choices", []),
    "both kinds of Seconds": ("States.C.SecondsPath", "$.a"),
    "seconds below 0": ("States.C.Seconds", -1),
    "both ends": ("States.C.End", True),
    "an end that is none": ("States.E.End", False),
    "a ResultPath into an array": ("States.A.ResultPath", "$.a[0]"),
    "an ItemsPath of several": ("States.D.ItemsPath", "$.a[*]"),
    "a Map without items": ("States.D.ItemsPath", None),
    "a label of a Map in the execution": ("States.D.Label", "Parts"),
    "a Distributed Map of its input": (
        "States.D.ItemProcessor.ProcessorConfig",
        {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
    ),
    "another function": ("States.F.CausePath", "States.UUID()"),
    "too few arguments": ("States.F.CausePath", "States.MathAdd(1)"),
    "too many arguments": ("States.F.CausePath", "States.JsonToString($.a, $.b)"),
    "a template with too few places": ("States.F.CausePath", "States.Format('{}', $.a, $.b)"),
    "a template with escapes": ("States.F.CausePath", r"States.Format('\{{}\}', $.a)"),
    "a template from a path": ("States.F.CausePath", "States.Format($.a, $.b)"),
    "a call that is not closed": ("States.F.CausePath", "States.JsonToString($.a"),
    "a reserved error": ("States.A.Retry.0.ErrorEquals", ["States.TaskFailed"]),
    "States.ALL beside others": ("States.A.Retry.1.ErrorEquals", ["States.ALL", "a"]),
    "States.ALL before others": ("States.A.Retry.0.ErrorEquals", ["States.ALL"]),
    "no errors": ("States.A.Catch.0.ErrorEquals", []),
    "a rate below 1": ("States.A.Retry.0.BackoffRate", 0.5),
    "an interval of 0": ("States.A.Retry.0.IntervalSeconds", 0),
    "another strategy": ("States.A.Retry.0.JitterStrategy", "HALF"),
    "a state that is not there": ("States.A.Next", "G"),
    "a state of an item": ("States.A.Next", "E"),
    "a state outside of the Map": ("States.D.ItemProcessor.States.E", {"Type": "Pass", "Next": "F"}),
    "a Catch into nowhere": ("States.A.Catch.0.Next", "G"),
    "a Default that is not there": ("States.B.Default", "G"),
    "a start that is not there": ("StartAt", "G"),
    "a name that two states have": (
        "States.D.ItemProcessor",
        {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "A",
            "States": {"A": {"Type": "Pass", "End": True}},
        },
    ),
    "a name of 81 characters": ("States." + 81 * "a", {"Type": "Succeed"}),
    "a timeout of 0": ("TimeoutSeconds", 0),
}


def changed(path: str, value: Any) -> dict[str, Any]:
    whole = copy.deepcopy(WELL)
    *way, last = path.removesuffix(".$").split(".")
    if way[-1:] == ["E"]:
        way = ["States", "D", "ItemProcessor", "States", "E"]
    there: Any = whole
    for step in way:
        there = there[int(step) if isinstance(there, list) else step]
    if path.endswith(".$"):
        there.pop(last, None)
        last += ".$"
    if value is None:
        del there[last]
    elif isinstance(there, list):
        there[int(last)] = value
    else:
        there[last] = value
    return whole


def test_what_is_changed_is_read_without_the_change() -> None:
    Machine(WELL)


@pytest.mark.parametrize("change", CHANGES)
def test_something_that_no_definition_has_is_refused(change: str) -> None:
    with pytest.raises(NotSupported):
        Machine(changed(*CHANGES[change]))


def test_a_refusal_says_where() -> None:
    with pytest.raises(NotSupported, match=r"^F: .*States\.UUID"):
        Machine(changed(*CHANGES["another function"]))
    with pytest.raises(NotSupported, match=r"Wait.*|\$\.States\[\.\.\.\]"):
        Machine(json.loads(json.dumps(WELL).replace('"Seconds"', '"Secs"')))

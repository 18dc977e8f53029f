"""Rules that hold for every state, and names that stand in more than one place."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from tests.conftest import REPOSITORY
from tests.workflow import definition
from trailsearch.contracts import errors

MACHINES = {machine: definition.load(machine) for machine in definition.MACHINES}
STATES_OF = {name: list(definition.states(machine)) for name, machine in MACHINES.items()}
STATES = {state.name: state for states in STATES_OF.values() for state in states}
TASKS = {name: state for name, state in STATES.items() if state.fields["Type"] == "Task"}
RETRIERS = [retrier for task in TASKS.values() for retrier in task.fields["Retry"]]
# What a function does beside the step that it is called after.
BESIDE = {
    "Take Message Apart": "fetch_logs",
    "Find Folders": "plan_backfill",
    "Write Plan": "plan_backfill",
    "Find Parts Left": "plan_backfill",
    "Plan Audit": "audit_logs",
    "Audit Share": "audit_logs",
    "Sum Up": "audit_logs",
}
FUNCTIONS = {
    name: BESIDE.get(name, name.lower().replace(" ", "_"))
    for name, task in TASKS.items()
    if task.fields["Resource"].endswith(":lambda:invoke")
}
# Errors that a function can fail with and that no class of ours stands for.
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
# https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
AWS_ERRORS = re.compile(
    r"States\.(ALL|Timeout)|StepFunctions\.\w+|S3\.NoSuch(Key|Bucket)Exception|Lambda\.\w+|Sandbox\.Timedout|Runtime\.(ExitError|OutOfMemory)"
)
RETRIED = "Retried by the workflow."


def following(machine: str, first: str) -> set[str]:
    """The states that can follow one, itself included."""
    transitions = list(definition.transitions(MACHINES[machine]))
    found, left = set(), {first}
    while left:
        found |= left
        left = {each.target for each in transitions if each.source in found} - found
    return found


# What indexes the parts of a backfill, an execution that is redriven when it fails.
REDRIVEN = following(definition.BACKFILL, "Find Parts Left")


WORKFLOW_TF = (REPOSITORY / "terraform" / "workflow.tf").read_text()


def leaves(value: Any) -> Iterator[Any]:
    match value:
        case dict():
            for each in value.values():
                yield from leaves(each)
        case list():
            for each in value:
                yield from leaves(each)
        case _:
            yield value


def every(named: Iterable[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", sorted(named))


def test_every_machine_is_one_of_these() -> None:
    assert {f"{name}.asl.json" for name in MACHINES} == {
        path.name for path in definition.FOLDER.glob("*.json")
    }


def test_no_two_states_have_the_same_name() -> None:
    """Not of two machines either: pages and functions name a state alone."""
    assert len(STATES) == sum(map(len, STATES_OF.values()))


@every(STATES)
def test_every_state_says_what_it_does(name: str) -> None:
    assert STATES[name].fields["Comment"].strip()


# What is an error elsewhere says here that there is nothing left to do; all other errors are for the Catch around it.
CAUGHT_BY_THEIR_MAP = {"Start Execution For Message", "Start Execution For Part"}


def catches_all(state: definition.State) -> bool:
    """Does its own Catch, in the end, catch whatever there is?"""
    catchers = state.fields.get("Catch", [])
    return bool(catchers) and catchers[-1]["ErrorEquals"] == ["States.ALL"]


@every(name for name, state in STATES.items() if "Catch" in state.fields)
def test_every_catch_catches_all_in_the_end_and_keeps_the_error(name: str) -> None:
    catchers = STATES[name].fields["Catch"]
    assert catches_all(STATES[name]) == (name not in CAUGHT_BY_THEIR_MAP)
    for catcher in catchers:
        assert catcher["ResultPath"] in {"$", "$.error", "$.not_isolated", "$.not_kept", "$.unreachable"}
        assert catcher["Comment"]


@every(
    name for name, state in STATES.items() if state.fields["Type"] in {"Task", "Map"} and name not in REDRIVEN
)
def test_every_failure_is_caught(name: str) -> None:
    state: definition.State | None = STATES[name]
    while state and not catches_all(state):
        state = STATES[state.map_state] if state.map_state else None
    assert state, "neither here nor around it"


@every(REDRIVEN)
def test_what_is_redriven_ends_in_the_state_that_failed(name: str) -> None:
    """A redrive goes on from the state that ended it: a Fail state fails again, and what is caught has ended nothing.

    https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html#redrive-behavior-states
    """
    fields = STATES[name].fields
    assert fields["Type"] != "Fail"
    caught = {catcher["Next"] for catcher in fields.get("Catch", [])}
    assert caught == ({"Look At Execution", "Part Dead-Lettered?"} if name == "Index Part" else set())


@every(TASKS)
def test_every_task_ends_in_time(name: str) -> None:
    assert TASKS[name].fields["TimeoutSeconds"] > 0


@every(TASKS)
def test_every_task_is_retried_with_backoff_and_jitter(name: str) -> None:
    retriers = [each for each in TASKS[name].fields["Retry"] if each["MaxAttempts"]]
    assert retriers
    assert all(retrier["Comment"] for retrier in TASKS[name].fields["Retry"])
    for retrier in retriers:
        assert retrier["JitterStrategy"] == "FULL"
        assert retrier["BackoffRate"] > 1
        assert retrier["IntervalSeconds"] >= 1
        assert retrier["MaxDelaySeconds"] > retrier["IntervalSeconds"]


@every(TASKS)
def test_no_error_is_in_two_retriers(name: str) -> None:
    named = [error for retrier in TASKS[name].fields["Retry"] for error in retrier["ErrorEquals"]]
    assert len(named) == len(set(named))
    retried = [
        error
        for retrier in TASKS[name].fields["Retry"]
        if retrier["MaxAttempts"]
        for error in retrier["ErrorEquals"]
    ]
    assert "States.ALL" not in named or (named[-1:] == retried == ["States.ALL"])


@every({error for retrier in RETRIERS for error in retrier["ErrorEquals"]})
def test_every_error_name_is_known(name: str) -> None:
    ours = getattr(errors, name, None)
    assert AWS_ERRORS.fullmatch(name) or (ours and issubclass(ours, errors.TrailsearchError))


def test_errors_say_whether_they_are_retried() -> None:
    retried = {error for retrier in RETRIERS for error in retrier["ErrorEquals"]}
    say_so = {
        name for name, error in vars(errors).items() if RETRIED in (getattr(error, "__doc__", "") or "")
    }
    assert {name for name in retried if hasattr(errors, name)} == say_so


def test_every_function_has_its_state() -> None:
    modules = {path.stem: path.read_text() for path in (REPOSITORY / "functions").glob("*.py")}
    # The Pipe's enrichment comes before an execution (terraform/pipe.tf).
    assert {*FUNCTIONS.values(), "admit_messages"} == modules.keys()
    for state, module in FUNCTIONS.items():
        if state in BESIDE:
            assert f'"{state}"' in modules[module]
            continue
        assert f'State: "{state}".' in modules[module]
        if STATES[state] in STATES_OF[definition.INDEX_LOGS]:
            assert f'"{state}"' in modules[module].partition("def handler")[2], (
                "the name that its dead letters carry"
            )


@every(FUNCTIONS)
def test_every_state_runs_its_function(name: str) -> None:
    keys = {key: key for key in definition.SAMPLE_VALUES}
    placeholders = [definition.load(machine, keys) for machine in MACHINES]
    (fields,) = (
        state.fields for machine in placeholders for state in definition.states(machine) if state.name == name
    )
    assert fields["Parameters"]["FunctionName"] == f"{FUNCTIONS[name]}_function_arn"
    assert fields["TimeoutSeconds"] == f"number:{FUNCTIONS[name]}_timeout_seconds"


@every(name for name in STATES if name.endswith(" Failed"))
def test_dead_letters_of_messages_name_the_state_that_failed(name: str) -> None:
    caught = {
        state.name
        for state in STATES.values()
        for each in state.fields.get("Catch", [])
        if each["Next"] == name
    }
    assert caught == {STATES[name].fields["Parameters"]["state"]}


@every(name for name in STATES if name.endswith(" Failed"))
def test_whatever_fails_for_several_messages_is_tried_for_each_alone(name: str) -> None:
    """No name of an error says that no message is to blame."""
    assert STATES[name].fields["Next"] == "Several Messages?"
    looked_at = set(definition.variables(STATES["Several Messages?"].fields["Choices"]))
    assert looked_at == {"$$.Execution.Input[1]"}


def test_dead_letters_of_batches_name_their_state() -> None:
    keep, send = STATES["Keep Batch"], STATES["Send Batch To Dead Letter Queue"]
    body = send.fields["Parameters"]["MessageBody"]
    assert keep.name in [catcher["Next"] for catcher in STATES[body["state"]].fields["Catch"]]
    assert keep.fields["Next"] == send.name


@every(MACHINES)
def test_terraform_fills_in_every_placeholder(name: str) -> None:
    terraform = (REPOSITORY / "terraform" / definition.MACHINES[name]).read_text()
    arguments = re.search(r"templatefile\([^{]*\{[^}]*\}[^{]*\{(.*?)\n    \}\),", terraform, re.DOTALL)
    assert arguments
    filled_in = set(re.findall(r"^ +(\w+) += ", arguments[1], re.MULTILINE))
    assert filled_in == definition.placeholders(definition.read_template(name))
    for module in {FUNCTIONS[state.name] for state in STATES_OF[name] if state.name in FUNCTIONS}:
        assert re.search(
            rf'{module}_function_arn += aws_lambda_function\.step\["{module}"\]\.arn', arguments[1]
        )
        assert re.search(rf"{module}_timeout_seconds += local\.state_timeout_seconds\.{module}", arguments[1])


@every(MACHINES)
def test_only_a_marked_placeholder_becomes_a_number(name: str) -> None:
    """An environment of digits alone would be a number in dead letters, and those could not be read again."""
    values = {key: 7 if isinstance(value, int) else "2024" for key, value in definition.SAMPLE_VALUES.items()}
    numbers = {type(value) for value in leaves(definition.load(name, values)) if value in (2024, "2024")}
    assert numbers == {str}
    filled_in = set(leaves(json.loads(definition.read_template(name))))
    marked = {value for value in filled_in if isinstance(value, str) and value.startswith("number:")}
    named = definition.placeholders(definition.read_template(name))
    of_numbers = {key for key in named if isinstance(definition.SAMPLE_VALUES[key], int)}
    assert marked == {f"number:${{{key}}}" for key in of_numbers}


def test_terraform_takes_the_quotes_off_the_same_numbers() -> None:
    expression = re.search(r'^  definition_number += "/(.+)/"$', WORKFLOW_TF, re.MULTILINE)
    assert expression
    assert expression[1].replace('\\"', '"') == definition.NUMBER


def test_every_placeholder_has_a_sample_value() -> None:
    named = set().union(*(definition.placeholders(definition.read_template(name)) for name in MACHINES))
    assert named == definition.SAMPLE_VALUES.keys()

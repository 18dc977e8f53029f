"""Every way through the state machine: which states an execution visits, and how it ends."""

from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError, extract_json

from tests.workflow import definition
from tests.workflow.samples import (
    BATCH,
    FETCHED,
    INDEXED,
    LARGE_DOCUMENT,
    REFUSED_DOCUMENTS,
    SPLIT,
    UNREADABLE_LOG,
)
from tests.workflow.workflow import Run, Step, Workflow, always_fails, answers, fails
from trailsearch.contracts.messages import Indexed, Parts, QueueMessage, Work

MACHINE = definition.load()
STATES = {state.name: state for state in definition.states(MACHINE)}
# How often SQS must fail for a state to give up. tests/workflow/test_retries.py proves the number.
SENDS = 1 + STATES["Send Message To Dead Letter Queue"].fields["Retry"][0]["MaxAttempts"]


def answers_nothing(_arguments: dict[str, Any]) -> dict[str, Any]:
    """As DeleteObjectTagging does."""
    return {}


class Path(NamedTuple):
    """One way through the state machine.

    ``visits`` are its states in the order they are entered first; ``present`` are the variables of Choice states that are present on it;
    ``attributes`` are those of its messages.
    """

    visits: str
    ends: str
    present: set[str]
    fetch_logs: Step = answers(FETCHED)
    split_records: Step = answers(SPLIT)
    index_batch: Step = answers(INDEXED)
    take_message_apart: Step = answers(Parts())
    delete_object_tagging: Step = answers_nothing
    sends_fail: int = 0
    starts_fail: int = 0
    starts_fail_with: str = "SFN.ServiceUnavailable"
    messages: int = 1
    attributes: Mapping[str, str] = MappingProxyType({})


SPLITTING = "Fetch Logs > Records To Split? > Split Records"
INDEXED_ALL = f"{SPLITTING} > Index Batches > Index Batch > Anything Dead-Lettered?"
REFUSED = (
    f"{SPLITTING} > Index Batches > Index Batch > Documents Not Indexed > Read Dead Letters > Dead-Letter Documents"
    " > Send Documents To Dead Letter Queue"
)
BATCH_FAILED = f"{SPLITTING} > Index Batches > Index Batch > Keep Batch"
FAILURES = "Dead-Letter Failures > Send Failure To Dead Letter Queue"
MESSAGES = "Dead-Letter Messages > Redriven Message? > First Attempt > Send Message To Dead Letter Queue"
REDRIVEN = "Dead-Letter Messages > Redriven Message? > Count Attempt > Send Message To Dead Letter Queue"
FETCH_FAILED = "Fetch Logs > Fetch Logs Failed > Several Messages?"
SPLIT_FAILED = f"{SPLITTING} > Split Records Failed > Several Messages?"
ALONE = "Take Message Apart > Several Parts?"
START = "Start Executions For Messages > Start Execution For Message"
START_PARTS = "Start Executions For Parts > Start Execution For Part"
ATTEMPTS = "$.message.messageAttributes.attempts.stringValue"
SEVERAL = "$$.Execution.Input[1]"
SEVERAL_PARTS = "$.parts.messages[1]"
BATCHES = "$.batches.dead_lettered[0]"
PARTS = answers(Parts(messages=(QueueMessage("message-1", "a"), QueueMessage("message-1", "b"))))

PATHS = {
    "records": Path(f"{INDEXED_ALL} > Done", "SUCCEEDED", {"$.records.key"}),
    "a redriven batch": Path(
        "Fetch Logs > Records To Split? > Index Batches > Index Batch > Anything Dead-Lettered? > Done",
        "SUCCEEDED",
        set(),
        fetch_logs=answers(SPLIT),
    ),
    "nothing announced": Path(
        "Fetch Logs > Records To Split? > Index Batches > Anything Dead-Lettered? > Done",
        "SUCCEEDED",
        set(),
        fetch_logs=answers(Work()),
    ),
    "an unreadable log": Path(
        f"Fetch Logs > Records To Split? > Index Batches > Anything Dead-Lettered? > {FAILURES}"
        " > Some Work Dead-Lettered",
        "SomeWorkDeadLettered",
        {"$.dead_letters[0]"},
        fetch_logs=answers(Work(dead_letters=(UNREADABLE_LOG,))),
    ),
    "a document that is too large": Path(
        f"{INDEXED_ALL} > {FAILURES} > Some Work Dead-Lettered",
        "SomeWorkDeadLettered",
        {"$.records.key", "$.dead_letters[0]"},
        split_records=answers(Work(batches=(BATCH,), dead_letters=(LARGE_DOCUMENT,))),
    ),
    "refused documents": Path(
        f"{REFUSED} > Documents Dead-Lettered > Anything Dead-Lettered? > Dead-Letter Failures"
        " > Some Work Dead-Lettered",
        "SomeWorkDeadLettered",
        {"$.records.key", BATCHES},
        index_batch=answers(Indexed(documents=2, dead_letters=(REFUSED_DOCUMENTS,))),
    ),
    "a batch that fails": Path(
        f"{BATCH_FAILED} > Send Batch To Dead Letter Queue > Batch Dead-Lettered"
        " > Anything Dead-Lettered? > Dead-Letter Failures > Some Work Dead-Lettered",
        "SomeWorkDeadLettered",
        {"$.records.key", BATCHES},
        index_batch=always_fails("StorageAccessDenied"),
    ),
    "a batch that fails and cannot be kept": Path(
        f"{BATCH_FAILED} > Batch Not Kept > Send Batch To Dead Letter Queue > Batch Dead-Lettered"
        " > Anything Dead-Lettered? > Dead-Letter Failures > Some Work Dead-Lettered",
        "SomeWorkDeadLettered",
        {"$.records.key", BATCHES},
        index_batch=always_fails("StorageAccessDenied"),
        delete_object_tagging=always_fails("S3.NoSuchKeyException"),
    ),
    "a batch that is gone": Path(
        f"{SPLITTING} > Index Batches > Index Batch > Send Batch To Dead Letter Queue > Batch Dead-Lettered"
        " > Anything Dead-Lettered? > Dead-Letter Failures > Some Work Dead-Lettered",
        "SomeWorkDeadLettered",
        {"$.records.key", BATCHES},
        index_batch=always_fails("BatchNotFound"),
    ),
    "Fetch Logs fails": Path(
        f"{FETCH_FAILED} > {ALONE} > {MESSAGES} > Messages Dead-Lettered",
        "MessagesDeadLettered",
        set(),
        fetch_logs=always_fails("StorageAccessDenied"),
    ),
    "Fetch Logs fails again": Path(
        f"{FETCH_FAILED} > {ALONE} > {REDRIVEN} > Messages Dead-Lettered",
        "MessagesDeadLettered",
        {ATTEMPTS},
        fetch_logs=always_fails("StorageAccessDenied"),
        attributes={"attempts": "2", "first_failed_at": "2023-07-10T12:12:05Z"},
    ),
    "Fetch Logs crashes on a message about several logs": Path(
        f"{FETCH_FAILED} > {ALONE} > {START_PARTS} > Messages Handed On",
        "SUCCEEDED",
        {SEVERAL_PARTS},
        fetch_logs=always_fails("Runtime.ExitError"),
        take_message_apart=PARTS,
    ),
    "an execution cannot be started for a part": Path(
        f"{FETCH_FAILED} > {ALONE} > {START_PARTS} > {MESSAGES} > Messages Dead-Lettered",
        "MessagesDeadLettered",
        {SEVERAL_PARTS},
        fetch_logs=always_fails("Runtime.ExitError"),
        take_message_apart=PARTS,
        starts_fail=1_000,
    ),
    "the executions for the parts are started already": Path(
        f"{FETCH_FAILED} > {ALONE} > {START_PARTS} > Part Started Already > Messages Handed On",
        "SUCCEEDED",
        {SEVERAL_PARTS},
        fetch_logs=always_fails("Runtime.ExitError"),
        take_message_apart=PARTS,
        starts_fail=2,
        starts_fail_with="StepFunctions.ExecutionAlreadyExistsException",
    ),
    "the executions for the messages are started already": Path(
        f"{FETCH_FAILED} > {START} > Message Started Already > Messages Handed On",
        "SUCCEEDED",
        {SEVERAL},
        fetch_logs=always_fails("Runtime.ExitError"),
        messages=2,
        starts_fail=2,
        starts_fail_with="StepFunctions.ExecutionAlreadyExistsException",
    ),
    "Fetch Logs crashes on several messages": Path(
        f"{FETCH_FAILED} > {START} > Messages Handed On",
        "SUCCEEDED",
        {SEVERAL},
        fetch_logs=always_fails("Runtime.ExitError"),
        messages=2,
    ),
    "a message cannot be taken apart": Path(
        f"{FETCH_FAILED} > Take Message Apart > {MESSAGES} > Messages Dead-Lettered",
        "MessagesDeadLettered",
        set(),
        fetch_logs=always_fails("Runtime.ExitError"),
        take_message_apart=always_fails("Runtime.ExitError"),
    ),
    "an execution cannot be started": Path(
        f"{FETCH_FAILED} > {START} > {MESSAGES} > Messages Dead-Lettered",
        "MessagesDeadLettered",
        {SEVERAL},
        fetch_logs=always_fails("Runtime.ExitError"),
        messages=2,
        starts_fail=1_000,
    ),
    "Split Records fails": Path(
        f"{SPLIT_FAILED} > {ALONE} > {MESSAGES} > Messages Dead-Lettered",
        "MessagesDeadLettered",
        {"$.records.key"},
        split_records=always_fails("Runtime.ExitError"),
    ),
    "a batch fails and cannot be sent": Path(
        f"{BATCH_FAILED} > Send Batch To Dead Letter Queue > Index Batches Failed > Several Messages?"
        f" > {ALONE} > {MESSAGES} > Messages Dead-Lettered",
        "MessagesDeadLettered",
        {"$.records.key"},
        index_batch=always_fails("StorageAccessDenied"),
        sends_fail=SENDS,
    ),
    "refused documents cannot be sent": Path(
        f"{REFUSED} > Index Batches Failed > Several Messages? > {ALONE} > {MESSAGES} > Messages Dead-Lettered",
        "MessagesDeadLettered",
        {"$.records.key"},
        index_batch=answers(Indexed(documents=2, dead_letters=(REFUSED_DOCUMENTS,))),
        sends_fail=SENDS,
    ),
    "a dead letter cannot be sent": Path(
        f"{INDEXED_ALL} > {FAILURES} > Dead-Letter Failures Failed > Several Messages? > {ALONE} > {MESSAGES}"
        " > Messages Dead-Lettered",
        "MessagesDeadLettered",
        {"$.records.key", "$.dead_letters[0]"},
        split_records=answers(Work(batches=(BATCH,), dead_letters=(LARGE_DOCUMENT,))),
        sends_fail=SENDS,
    ),
    "nothing can be sent": Path(
        f"{FETCH_FAILED} > {ALONE} > {MESSAGES} > Dead Letter Queue Unreachable",
        "DeadLetterQueueUnreachable",
        set(),
        fetch_logs=always_fails("StorageAccessDenied"),
        sends_fail=SENDS,
    ),
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
def test_visits(workflow: Workflow, path: Path) -> None:
    run = follow(path, workflow)
    assert " > ".join(dict.fromkeys(run.visits)) == path.visits
    assert (run.error or run.status) == path.ends
    assert present_variables(run) == path.present
    assert bool(run.cause) == (run.status == "FAILED")


def test_every_state_is_visited() -> None:
    visited = {name for path in PATHS.values() for name in path.visits.split(" > ")}
    assert visited == STATES.keys()


def test_every_transition_is_taken() -> None:
    possible = [(transition.source, transition.target) for transition in definition.transitions(MACHINE)]
    assert len(possible) == len(set(possible)), "two transitions between the same states cannot be told apart"
    assert set(possible) - {pair for path in PATHS.values() for pair in steps_taken(path)} == set()


CHOICES = {
    name: set(definition.variables(state.fields["Choices"]))
    for name, state in STATES.items()
    if state.fields["Type"] == "Choice"
}


@pytest.mark.parametrize(
    ("choice", "variable"), [(name, each) for name in CHOICES for each in sorted(CHOICES[name])]
)
def test_every_variable_decides_alone(choice: str, variable: str) -> None:
    """On some path it is the only variable of its Choice that is present."""
    assert {variable} in [path.present & CHOICES[choice] for path in PATHS.values()]


@pytest.mark.parametrize("choice", CHOICES)
def test_every_choice_has_its_default(choice: str) -> None:
    """On some path it is entered, and none of its variables is present."""
    assert any(choice in path.visits and not path.present & CHOICES[choice] for path in PATHS.values())


def follow(path: Path, workflow: Workflow) -> Run:
    workflow.steps |= {
        "fetch_logs": path.fetch_logs,
        "split_records": path.split_records,
        "index_batch": path.index_batch,
        "take_message_apart": path.take_message_apart,
        "delete_object_tagging": path.delete_object_tagging,
        "send_message": fails(workflow.steps["send_message"], *["SQS.ServiceUnavailable"] * path.sends_fail),
        "start_execution": fails(
            workflow.steps["start_execution"], *[path.starts_fail_with] * path.starts_fail
        ),
    }
    return workflow.run(*["a message"] * path.messages, attributes=path.attributes)


def present_variables(run: Run) -> set[str]:
    return {
        variable
        for choice, variables in CHOICES.items()
        if choice in run.visits
        for variable in variables
        if is_present(variable, run.input_of(choice), run.input)
    }


def is_present(variable: str, state_input: Any, execution_input: Any) -> bool:
    context = {"Execution": {"Input": execution_input}}
    try:
        if variable.startswith("$$"):
            extract_json(variable.removeprefix("$"), context)
        else:
            extract_json(variable, state_input)
    except NoSuchJsonPathError:
        return False
    return True


def steps_taken(path: Path) -> set[tuple[str, str]]:
    """The pairs of states that follow each other: with those inside Map states, and without what is further inside."""
    visits = path.visits.split(" > ")
    map_states = {STATES[name].map_state for name in visits}
    beside = [[name for name in visits if STATES[name].map_state == map_state] for map_state in map_states]
    return {pair for names in (visits, *beside) for pair in pairwise(names)}

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
from trailsearch.messages import Indexed, Work

MACHINE = definition.load()
STATES = {state.name: state for state in definition.states(MACHINE)}
# How often SQS must fail for a state to give up. tests/workflow/test_retries.py proves the number.
SENDS = 1 + STATES["Send Message To Dead Letter Queue"].fields["Retry"][0]["MaxAttempts"]


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
    sends_fail: int = 0
    starts_fail: int = 0
    messages: int = 1
    attributes: Mapping[str, str] = MappingProxyType({})


HAPPY = (
    "Fetch Logs > Records To Split? > Split Records > Index Batches > Index Batch > Anything Dead-Lettered?"
)
FAILURES = "Collect Dead Letters > Dead-Letter Failures > Send Failure To Dead Letter Queue"
MESSAGES = "Dead-Letter Messages > Redriven Message? > First Attempt > Send Message To Dead Letter Queue"
REDRIVEN = "Dead-Letter Messages > Redriven Message? > Count Attempt > Send Message To Dead Letter Queue"
START = "Several Messages? > Start Executions For Messages > Start Execution For Message"
ATTEMPTS = "$.message.messageAttributes.attempts.stringValue"
SEVERAL = "$$.Execution.Input[1]"

PATHS = {
    "records": Path(f"{HAPPY} > Done", "SUCCEEDED", {"$.records.key"}),
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
        f"{HAPPY} > {FAILURES} > Some Work Dead-Lettered",
        "SomeWorkDeadLettered",
        {"$.records.key", "$.dead_letters[0]"},
        split_records=answers(Work(batches=(BATCH,), dead_letters=(LARGE_DOCUMENT,))),
    ),
    "refused documents": Path(
        f"{HAPPY} > {FAILURES} > Some Work Dead-Lettered",
        "SomeWorkDeadLettered",
        {"$.records.key", "$.index_batches.dead_letters[0]"},
        index_batch=answers(Indexed(documents=2, dead_letters=(REFUSED_DOCUMENTS,))),
    ),
    "a batch that fails": Path(
        "Fetch Logs > Records To Split? > Split Records > Index Batches > Index Batch"
        " > Send Batch To Dead Letter Queue > Anything Dead-Lettered? > Collect Dead Letters"
        " > Dead-Letter Failures > Some Work Dead-Lettered",
        "SomeWorkDeadLettered",
        {"$.records.key", "$.index_batches.dead_lettered_batches[0]"},
        index_batch=always_fails("BatchNotFound"),
    ),
    "Fetch Logs fails": Path(
        f"Fetch Logs > {MESSAGES} > Messages Dead-Lettered",
        "MessagesDeadLettered",
        set(),
        fetch_logs=always_fails("StorageAccessDenied"),
    ),
    "Fetch Logs fails again": Path(
        f"Fetch Logs > {REDRIVEN} > Messages Dead-Lettered",
        "MessagesDeadLettered",
        {ATTEMPTS},
        fetch_logs=always_fails("StorageAccessDenied"),
        attributes={"attempts": "2", "first_failed_at": "2023-07-10T12:12:05Z"},
    ),
    "Fetch Logs crashes": Path(
        f"Fetch Logs > Several Messages? > {MESSAGES} > Messages Dead-Lettered",
        "MessagesDeadLettered",
        set(),
        fetch_logs=always_fails("Runtime.ExitError"),
    ),
    "Fetch Logs crashes on several messages": Path(
        f"Fetch Logs > {START} > Messages Handed On",
        "SUCCEEDED",
        {SEVERAL},
        fetch_logs=always_fails("Runtime.ExitError"),
        messages=2,
    ),
    "an execution cannot be started": Path(
        f"Fetch Logs > {START} > {MESSAGES} > Messages Dead-Lettered",
        "MessagesDeadLettered",
        {SEVERAL},
        fetch_logs=always_fails("Runtime.ExitError"),
        messages=2,
        starts_fail=1_000,
    ),
    "Split Records fails": Path(
        f"Fetch Logs > Records To Split? > Split Records > {MESSAGES} > Messages Dead-Lettered",
        "MessagesDeadLettered",
        {"$.records.key"},
        split_records=always_fails("StorageAccessDenied"),
    ),
    "Split Records crashes": Path(
        f"Fetch Logs > Records To Split? > Split Records > Several Messages? > {MESSAGES} > Messages Dead-Lettered",
        "MessagesDeadLettered",
        {"$.records.key"},
        split_records=always_fails("Runtime.ExitError"),
    ),
    "a batch fails and cannot be sent": Path(
        "Fetch Logs > Records To Split? > Split Records > Index Batches > Index Batch"
        f" > Send Batch To Dead Letter Queue > {MESSAGES} > Messages Dead-Lettered",
        "MessagesDeadLettered",
        {"$.records.key"},
        index_batch=always_fails("BatchNotFound"),
        sends_fail=SENDS,
    ),
    "a dead letter cannot be sent": Path(
        f"{HAPPY} > {FAILURES} > {MESSAGES} > Messages Dead-Lettered",
        "MessagesDeadLettered",
        {"$.records.key", "$.index_batches.dead_letters[0]"},
        index_batch=answers(Indexed(documents=2, dead_letters=(REFUSED_DOCUMENTS,))),
        sends_fail=SENDS,
    ),
    "nothing can be sent": Path(
        f"Fetch Logs > {MESSAGES} > Dead Letter Queue Unreachable",
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
        "send_message": fails(workflow.steps["send_message"], *["SQS.ServiceUnavailable"] * path.sends_fail),
        "start_execution": fails(
            workflow.steps["start_execution"], *["SFN.ServiceUnavailable"] * path.starts_fail
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
    """The pairs of states that follow each other: with the states inside Map states, and without them."""
    visits = path.visits.split(" > ")
    outside = [name for name in visits if STATES[name].map_state is None]
    return set(pairwise(visits)) | set(pairwise(outside))

"""What the README shows is what is tested."""

import re
from pathlib import Path

import pytest

from tests.workflow import definition
from trailsearch.contracts import errors
from trailsearch.contracts.messages import DeadLetter, Kind
from trailsearch.workflow.dead_letters import NOTIFICATION_UNDELIVERED, RECEIVED_TOO_OFTEN

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text()
TERRAFORM = REPOSITORY / "terraform"
ADOPTION = (TERRAFORM / "tests" / "adoption.tftest.hcl").read_text()
MONITORING = (TERRAFORM / "tests" / "monitoring.tftest.hcl").read_text()


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_examples_of_adoption_are_the_tested_ones(number: int) -> None:
    shown = re.search(rf"```hcl\n# \S+, example {number}\n(.+?)```", README, re.DOTALL)
    tested = re.search(rf'run "example_{number}" {{\n  variables {{\n(.+?)\n  }}\n', ADOPTION, re.DOTALL)
    assert shown
    assert tested
    assert shown[1].split() == tested[1].split()


def test_no_example_is_left_to_be_filled_in() -> None:
    blocks = re.findall(r"^ *```[a-z]*\n(.*?)^ *```$", README, re.DOTALL | re.MULTILINE)
    assert len(blocks) > 10
    assert [block for block in blocks if re.fullmatch(r"\s*[A-Z][A-Z_]*\s*", block)] == []


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_examples_of_adoption_set_nothing_twice(number: int) -> None:
    shown = re.search(rf"```hcl\n# terraform/(\S+), example {number}\n(.+?)```", README, re.DOTALL)
    assert shown
    settings = (TERRAFORM / shown[1]).read_text() + shown[2]
    names = re.findall(r"^(\w+) +=", settings, re.MULTILINE)
    assert sorted(names) == sorted(set(names))


def test_the_alarms_in_the_readme_are_the_tested_ones() -> None:
    """Those of single topics (``-on-<topic>``, ``-elsewhere``) only exist beside existing topics."""
    _, _, table = README.partition("| alarm `<prefix>-…` | rings when |\n|---|---|\n")
    rows = re.match(r"(\|.*\n)+", table)
    assert rows
    named = {name for row in rows[0].splitlines() for name in re.findall(r"`([^`]+)`", row.split("|")[1])}
    # What each watches, as {name} = toset([…]).
    tested = set(re.findall(r"^ +([a-z-]+) += toset\(\[", MONITORING, re.MULTILINE))
    assert {name for name in named if not name.endswith(("-on-<topic>", "-elsewhere"))} == tested


def test_every_make_target_that_the_readme_names_is_there() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)|^\s*make ([a-z-]+)", README, re.MULTILINE))
    assert {one or other for one, other in named} <= targets


def test_every_reason_that_a_dead_letter_can_have_is_explained() -> None:
    machine = definition.load()
    states = list(definition.states(machine))
    retried = {
        error
        for state in states
        for retrier in state.fields.get("Retry", [])
        for error in retrier["ErrorEquals"]
        if error != "States.ALL"
    }
    # The workflow has dead-lettered the work of executions with these errors itself.
    ended = {state.fields["Error"] for state in states if state.fields["Type"] == "Fail"} - {
        "SomeWorkDeadLettered",
        "MessagesDeadLettered",
    }
    ours = {name for name, error in vars(errors).items() if isinstance(error, type)}
    never_alone = {"TrailsearchError", "LogError", "BatchRefused", "DocumentsNotIndexed"}
    uncaught = {"TIMED_OUT", "ABORTED", "FAILED", "States.Runtime", "States.DataLimitExceeded"}
    reasons = (
        retried | ended | ours | uncaught | {RECEIVED_TOO_OFTEN, NOTIFICATION_UNDELIVERED}
    ) - never_alone

    table = README.partition("| reason | what it means")[2].partition("\n\n")[0]
    explained = {name for row in table.splitlines() for name in re.findall(r"`([^`]+)`", row.split("|")[1])}
    of_a_service = {name.removesuffix("…") for name in explained if name.endswith("…")}
    assert {name for name in reasons - explained if not name.startswith(tuple(of_a_service))} == set()
    assert "Lambda.Unknown" in explained, "it is no error of the service"


def test_one_can_write_the_dead_letter_of_an_execution_by_hand() -> None:
    shown = re.search(r"--message-body \\\n +'(\{\"dead_letter\".+?\})'\n", README, re.DOTALL)
    assert shown
    letter = DeadLetter.from_body(shown[1])
    assert letter
    assert letter.kind is Kind.EXECUTION

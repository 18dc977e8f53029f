"""What the pages say of alarms, reasons and dead letters is what there is."""

import re

from tests.conftest import REPOSITORY
from tests.documentation import pages
from tests.workflow import definition
from trailsearch.contracts import errors
from trailsearch.contracts.messages import DeadLetter, Kind
from trailsearch.workflow.dead_letters import NOTIFICATION_UNDELIVERED, RECEIVED_TOO_OFTEN

WATCHING = pages.read(pages.TERRAFORM)
FAILURES = pages.read(pages.STATEMACHINE)
MONITORING = (REPOSITORY / "terraform" / "tests" / "monitoring.tftest.hcl").read_text(encoding="utf-8")


def test_the_alarms_in_the_table_are_the_tested_ones() -> None:
    """Those of single topics (``-on-<topic>``, ``-elsewhere``) only exist beside existing topics."""
    _, _, table = WATCHING.partition("| alarm `<prefix>-…` | rings when |\n|---|---|\n")
    rows = re.match(r"(\|.*\n)+", table)
    assert rows
    named = {name for row in rows[0].splitlines() for name in re.findall(r"`([^`]+)`", row.split("|")[1])}
    # What each watches, as {name} = toset([…]).
    tested = set(re.findall(r"^ +([a-z-]+) += toset\(\[", MONITORING, re.MULTILINE))
    assert {name for name in named if not name.endswith(("-on-<topic>", "-elsewhere"))} == tested


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
    of_retention = {"DeletionWithoutEffect"}
    uncaught = {"TIMED_OUT", "ABORTED", "FAILED", "States.Runtime", "States.DataLimitExceeded"}
    reasons = (retried | ended | ours | uncaught | {RECEIVED_TOO_OFTEN, NOTIFICATION_UNDELIVERED}) - (
        never_alone | of_retention
    )

    table = FAILURES.partition("| reason | what it means")[2].partition("\n\n")[0]
    explained = {name for row in table.splitlines() for name in re.findall(r"`([^`]+)`", row.split("|")[1])}
    of_a_service = {name.removesuffix("…") for name in explained if name.endswith("…")}
    assert {name for name in reasons - explained if not name.startswith(tuple(of_a_service))} == set()
    assert "Lambda.Unknown" in explained, "it is no error of the service"


def test_every_end_of_the_retention_is_explained() -> None:
    section = FAILURES.partition("<!-- end: retention-states -->")[2]
    states = list(definition.states(definition.load(definition.RETENTION)))
    failures = {state.fields["Error"] for state in states if state.fields["Type"] == "Fail"}
    good = {state.name for state in states if state.fields["Type"] == "Succeed"}
    assert failures | {"DeletionWithoutEffect"} <= set(re.findall(r"`([^`]+)`", section))
    assert good <= set(re.findall(r"(?<=\*)[A-Z][^*]+(?=\*)", section))


def test_one_can_write_the_dead_letter_of_an_execution_by_hand() -> None:
    shown = re.search(r"--message-body \\\n +'(\{\"dead_letter\".+?\})'\n", FAILURES, re.DOTALL)
    assert shown
    letter = DeadLetter.from_body(shown[1])
    assert letter
    assert letter.kind is Kind.EXECUTION

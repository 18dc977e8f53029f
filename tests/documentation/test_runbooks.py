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


def watched(file: str) -> set[str]:
    """The alarms that a test of Terraform lists with what each watches, as ``name = toset([…])``."""
    text = (REPOSITORY / "terraform" / "tests" / file).read_text(encoding="utf-8")
    return set(re.findall(r"^ +([a-z-]+) += toset\(\[", text, re.MULTILINE))


def test_the_alarms_in_the_table_are_the_tested_ones() -> None:
    """Those of single topics and buckets (``-on-<topic>``, ``-in-<bucket>``) only exist beside existing ones."""
    rows = alarm_rows()
    named = {name for name in rows if not name.endswith(("-on-<topic>", "-in-<bucket>"))}
    files = ("monitoring.tftest.hcl", "opensearch.tftest.hcl", "audit.tftest.hcl")
    assert named == set().union(*map(watched, files))


def test_the_table_says_which_alarms_only_one_backend_has() -> None:
    cloudsearch, opensearch = watched("monitoring.tftest.hcl"), watched("opensearch.tftest.hcl")
    assert {name for name in cloudsearch if name.startswith("domain-")} < opensearch
    only = {name for name, when in alarm_rows().items() if when.startswith("OpenSearch")}
    assert only == opensearch - cloudsearch


def alarm_rows() -> dict[str, str]:
    """When each alarm rings, as the table says."""
    table = re.search(
        r"^\| alarm `<prefix>-…` \| rings when \|\n\|---\|---\|\n((\|.*\n)+)", WATCHING, re.MULTILINE
    )
    assert table
    cells = (row.split("|") for row in table[1].splitlines())
    return {name: when.strip() for _, names, when, _ in cells for name in re.findall(r"`([^`]+)`", names)}


def test_every_reason_that_a_dead_letter_can_have_is_explained() -> None:
    machine = definition.load()
    states = list(definition.states(machine))
    retried = {
        error
        for state in states
        for retrier in state.fields.get("Retry", [])
        if retrier["MaxAttempts"]
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
    of_others = {
        "DeletionWithoutEffect",
        "LogsNotListed",
        "BackfillNotFound",
        "PublicKeysUnavailable",
        "QueueUnavailable",
    }
    uncaught = {"TIMED_OUT", "ABORTED", "FAILED", "States.Runtime", "States.DataLimitExceeded"}
    reasons = (retried | ended | ours | uncaught | {RECEIVED_TOO_OFTEN, NOTIFICATION_UNDELIVERED}) - (
        never_alone | of_others
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


def test_every_end_of_an_audit_is_explained() -> None:
    section = FAILURES.partition("<!-- end: audit-states -->")[2].partition("\n## ")[0]
    states = list(definition.states(definition.load(definition.AUDIT)))
    failures = {state.fields["Error"] for state in states if state.fields["Type"] == "Fail"}
    good = {state.name for state in states if state.fields["Type"] == "Succeed"}
    assert failures | {"PublicKeysUnavailable", "QueueUnavailable"} <= set(re.findall(r"`([^`]+)`", section))
    assert good <= set(re.findall(r"(?<=\*)[A-Z][^*]+(?=\*)", section))


def test_every_end_of_a_backfill_is_explained() -> None:
    section = FAILURES.partition("<!-- end: backfill-states -->")[2].partition("\n## ")[0]
    states = list(definition.states(definition.load(definition.BACKFILL)))
    failures = {state.fields["Error"] for state in states if state.fields["Type"] == "Fail"}
    assert failures | {"LogsNotListed"} <= set(re.findall(r"`([^`]+)`", section))
    ends = {"Planned", "Backfilled"}
    assert {state.name for state in states if state.fields["Type"] == "Succeed"} - ends == {"Folders Planned"}
    assert ends <= set(re.findall(r"(?<=\*)[A-Z][^*]+(?=\*)", section))


def test_one_can_write_the_dead_letter_of_an_execution_by_hand() -> None:
    shown = re.search(r"--message-body \\\n +'(\{\"dead_letter\".+?\})'\n", FAILURES, re.DOTALL)
    assert shown
    letter = DeadLetter.from_body(shown[1])
    assert letter
    assert letter.kind is Kind.EXECUTION

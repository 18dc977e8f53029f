"""In a terminal of 40 to 60 columns no command breaks a word that the terminal has room for."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from rich.cells import cell_len

from tests.unit.cli.search.test_search import FIELDS
from tests.unit.cli.status.test_status import WELL
from tests.unit.cli.test_console import ASKING, Domain, letter_about, run
from trailsearch.audit import findings as audited
from trailsearch.audit.cloud.look import Audited
from trailsearch.audit.findings import DigestFinding
from trailsearch.cli import console
from trailsearch.cli.audit import audit as auditing
from trailsearch.cli.backfill.backfills import Backfills, Indexing
from trailsearch.cli.dead_letters import dlq as listing
from trailsearch.cli.dead_letters import redrive as redriving
from trailsearch.cli.dead_letters.dead_letter_queue import QueueState, Received, Waiting
from trailsearch.cli.environment import Environment, FoundDomain
from trailsearch.cli.preflight import preflight as looking_first
from trailsearch.cli.preflight.findings import Finding, failure, unknown, warning, well
from trailsearch.cli.status import status as showing
from trailsearch.cli.status.pipeline_status import Alarms, Execution, Executions, Unreadable
from trailsearch.cli.verify import verify as verifying
from trailsearch.cli.verify.checks import Checks, State
from trailsearch.contracts.backfill import Counted, PartRef, Plan, Scope
from trailsearch.search import Backend, SearchSettings, search_backend
from trailsearch.search.highlights import Piece
from trailsearch.search.queries import Answer
from trailsearch.workflow.backfill_store import Done

SENTENCE = "The search domain refused whatever was asked of it, unfortunately: AccessDeniedException"
NAME = "0123abcd-0123-4567-89ab-0123456789ab"
NARROW = (40, 50, 60)


def some_events(monkeypatch: pytest.MonkeyPatch) -> None:
    event = {**FIELDS, "id": "a", "actor": "user/services/deployment", "error_code": "UnauthorizedOperation"}
    facets = {"event_source": {"organizations.amazonaws.com": 3}, "actor": {"user/a": 2, "user/b": 1}}
    answer = Answer(2, [event, event], facets)
    monkeypatch.setattr(Environment, "search_domain", lambda _environment: Domain(answer))


def a_failed_execution(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = Execution(
        name=NAME,
        status="TIMED_OUT",
        started_at="2026-01-02T03:04:05.678Z",
        seconds=3.4,
        error="States.Timeout",
        cause=SENTENCE,
    )
    observed = msgspec.structs.replace(
        WELL,
        executions=Executions({"TIMED_OUT": 1}, (failed,)),
        alarms=Alarms(2, ()),
        metrics=Unreadable(SENTENCE),
    )
    monkeypatch.setattr(showing, "make_clients", lambda: None)
    monkeypatch.setattr(showing, "observe", lambda *_arguments: observed)


def some_dead_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    message: Any = {"Body": SENTENCE, "MessageId": "m-1", "ReceiptHandle": "r"}
    letter = msgspec.structs.replace(letter_about(SENTENCE), first_failed_at="2026-01-02T03:04:05.678+00:00")
    waiting = Waiting([Received(message, letter)])

    @contextmanager
    def peek(_queue: object) -> Iterator[Waiting]:
        yield waiting

    for queue in ("dead_letter_queue", "ingest_queue"):
        monkeypatch.setattr(Environment, queue, lambda _environment: None)
    for module in (listing, redriving):
        monkeypatch.setattr(module, "peek", peek)
        monkeypatch.setattr(module, "queue_state", lambda _queue: QueueState(0, None))  # type: ignore[arg-type]
        monkeypatch.setattr(module, "looked_up_and_selected", lambda _selection, received: list(received))


def some_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    findings: list[Finding] = [
        well("State bucket", SENTENCE),
        unknown("Alarm topic on-call", SENTENCE, SENTENCE),
        warning("Concurrency of functions", SENTENCE, SENTENCE),
        failure("Organizations", SENTENCE, SENTENCE),
    ]
    monkeypatch.setattr(looking_first, "observe", lambda *_arguments: findings)


def an_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = datetime(2026, 1, 2, tzinfo=UTC)
    digests = [
        DigestFinding(audited.Finding.GAP, "logs", "digest.json.gz", begin, begin, SENTENCE),
        DigestFinding(audited.Finding.UNREADABLE, "logs", "", begin, begin, SENTENCE),
    ]
    monkeypatch.setattr(auditing, "settings_of", lambda _environment: None)
    monkeypatch.setattr(auditing, "look", lambda *_arguments: Audited(digests, []))


def some_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(_deployment: object, checks: Checks, *_arguments: object, **_options: object) -> None:
        for state in State:
            checks.add("Undelivered notifications", state, SENTENCE)

    monkeypatch.setattr(verifying, "Deployment", lambda _environment: None)
    monkeypatch.setattr(verifying, "_verify", found)


def a_planned_backfill(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = search_backend(SearchSettings(Backend.OPENSEARCH, "trailsearch-dev"))
    found = FoundDomain(backend, None, Backend.OPENSEARCH)  # type: ignore[arg-type]  # what is known of it
    plan = Plan(
        "20261126T221500Z",
        Scope(first=date(2026, 1, 1), last=date(2026, 3, 31)),
        Counted(9_999, 10**9, 99, 10**6, 21),
        "2026-11-26T22:15:00Z",
    )
    monkeypatch.setattr(Environment, "deployed_search_domain", lambda _environment: found)
    monkeypatch.setattr(
        Environment, "state_machine_arn", lambda *_arguments: "arn:aws:states:r:1:stateMachine:n"
    )
    monkeypatch.setattr(Backfills, "plan", lambda *_arguments: plan)
    monkeypatch.setenv("FROM", "2026-01-01")
    monkeypatch.setenv("TO", "2026-03-31")


def a_stopped_backfill(monkeypatch: pytest.MonkeyPatch) -> None:
    a_planned_backfill(monkeypatch)
    plan = Backfills.plan(None, None)  # type: ignore[arg-type]  # it is replaced
    done = Done(datetime(2026, 11, 26, tzinfo=UTC), dead_lettered=True)
    store = SimpleNamespace(
        plan=lambda: plan,
        parts=lambda: [PartRef("a", 9_000, 10**9), PartRef("b", 999, 10**8)],
        done=lambda: {"a": done},
    )
    monkeypatch.setattr(Backfills, "latest_started", lambda _backfills: plan.backfill)
    monkeypatch.setattr(Backfills, "store", lambda *_arguments: store)
    indexing = Indexing("arn", "ABORTED", done.time, SENTENCE)
    monkeypatch.setattr(Backfills, "indexing", lambda *_arguments: indexing)


def stopped_executions(monkeypatch: pytest.MonkeyPatch) -> None:
    a_planned_backfill(monkeypatch)
    monkeypatch.setattr(
        Backfills, "stop", lambda _backfills: [f"20261126T221500Z-index-{at}" for at in range(3)]
    )


PREPARED: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "search": some_events,
    "status": a_failed_execution,
    "dlq": some_dead_letters,
    "redrive": some_dead_letters,
    "preflight": some_findings,
    "verify": some_checks,
    "backfill": a_planned_backfill,
    "backfill-status": a_stopped_backfill,
    "backfill-stop": stopped_executions,
    "audit": an_audit,
    "cost": lambda _monkeypatch: None,
    "ask": some_events,
}


def output(monkeypatch: pytest.MonkeyPatch, name: str, width: int) -> str:
    monkeypatch.setattr(console, "_WIDTH_OF_A_FILE", width)
    return run(ASKING[name], DRY_RUN="1").output


def test_every_command_is_tried() -> None:
    assert PREPARED.keys() == ASKING.keys()


@pytest.mark.parametrize("width", NARROW)
@pytest.mark.parametrize("name", PREPARED)
def test_no_word_is_broken_that_a_narrow_terminal_has_room_for(
    monkeypatch: pytest.MonkeyPatch, name: str, width: int
) -> None:
    PREPARED[name](monkeypatch)
    # A little less than where some commands show more columns.
    words = set(re.findall(r"\S*\w\S*", output(monkeypatch, name, 109)))
    assert len(words) > 10
    shown = output(monkeypatch, name, width)
    assert max(cell_len(line.rstrip()) for line in shown.splitlines()) <= width
    # Lines after the first of a row begin two characters to the right.
    fitting = {word for word in words if cell_len(word) <= width - 2}
    assert {word for word in fitting if word not in shown} == set()


@pytest.mark.parametrize("width", NARROW)
def test_what_stands_around_a_match_is_broken_between_words(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    event = {**FIELDS, "id": "a", "actor": "user/services/deployment", "error_code": "UnauthorizedOperation"}
    excerpt = [
        Piece(f"{SENTENCE} ", is_match=False),
        Piece("alice", is_match=True),
        Piece(" did", is_match=False),
    ]
    answer = Answer(
        2, [event, event], {}, [{"raw": [excerpt]}, {"raw": [excerpt], "error_message": [excerpt]}]
    )
    monkeypatch.setattr(Environment, "search_domain", lambda _environment: Domain(answer))
    monkeypatch.setattr(console, "_WIDTH_OF_A_FILE", width)
    shown = run(ASKING["search"], HIGHLIGHT="1").output
    assert max(cell_len(line.rstrip()) for line in shown.splitlines()) <= width
    words = [*SENTENCE.split(), *event["actor"].split(), "UnauthorizedOperation", "*alice*", "error_message:"]
    assert [word for word in words if word not in shown] == []


# The audit says all in sentences.
@pytest.mark.parametrize("name", sorted(PREPARED.keys() - {"audit"}))
def test_where_there_is_room_a_table_is_a_table(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    PREPARED[name](monkeypatch)
    assert re.search(r"\S {2,}\S", output(monkeypatch, name, 80))

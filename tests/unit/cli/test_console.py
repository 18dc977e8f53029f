"""Whatever anybody writes into an event, a queue or an error message does nothing to the terminal of who looks at it."""

import json
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from io import StringIO
from types import SimpleNamespace
from typing import Any
from unicodedata import category

import click
import msgspec
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.columns import Columns
from rich.table import Table
from rich.text import Text

import trailsearch.cli
from tests.conftest import examples
from tests.unit.cli.search.test_search import FIELDS
from tests.unit.cli.status.test_status import WELL
from trailsearch.audit.cloud.look import Audited
from trailsearch.audit.comparison import Compared, Outcome
from trailsearch.audit.digests import SignedLog
from trailsearch.audit.findings import DigestFinding, Finding
from trailsearch.audit.reckoning import Reckoned
from trailsearch.aws import clients
from trailsearch.cli.audit import audit as auditing
from trailsearch.cli.console import CommandFailed, Console, outside, printable, printable_json
from trailsearch.cli.dead_letters import dlq as listing
from trailsearch.cli.dead_letters import redrive as redriving
from trailsearch.cli.dead_letters.dead_letter_queue import QueueState, Received, Waiting
from trailsearch.cli.environment import Environment
from trailsearch.cli.search.search import search
from trailsearch.cli.status import status as showing
from trailsearch.cli.status.pipeline_status import Execution, Executions, Pipe, Unreadable
from trailsearch.search.queries import Answer, QueryRefused, SearchDomainUnreachable, SearchError
from trailsearch.workflow.dead_letters import QueuedMessage, WaitingLetter, read_letter

# A bell, backspaces, a window's name, colours in two ways, another order of characters, more lines, what is invisible.
HOSTILE = (
    "\x07\x08\x0b\x0c\r\t\n\x1b\x7f\x85\x9b\u061c\u200b\u200f\u202e\u2028\u2029\u2066\ufeff\U000e0041\ud800"
)
hostile_texts = st.text(st.sampled_from(HOSTILE + "a b[]0;mé😀"), min_size=1, max_size=30)
# Examples share what the fixtures have patched, which none of them changes.
many = settings(max_examples=examples(15), suppress_health_check=[HealthCheck.function_scoped_fixture])


def assert_does_nothing(text: str) -> None:
    found = {char for char in text if category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} - {"\n"}
    assert not found, text


def modules() -> Iterator[Any]:
    for found in pkgutil.walk_packages(trailsearch.cli.__path__, "trailsearch.cli."):
        yield import_module(found.name)


COMMANDS = {
    command.name: command
    for module in modules()
    for command in vars(module).values()
    if isinstance(command, click.Command)
}
# What is built on this machine is asked of no service, and takes a file to write.
ASKING = {
    name: command
    for name, command in COMMANDS.items()
    if not any(isinstance(parameter, click.Argument) for parameter in command.params)
}


def run(command: click.Command, **variables: str) -> Result:
    result = CliRunner().invoke(command, env={"ENV": "dev", "NO_WAIT": "1", "Q": "old-tls", **variables})
    assert isinstance(result.exception, SystemExit | None), result.exception
    return result


class HostileSession:
    """A session whose every client is refused whatever it asks for, in words of somebody who means harm."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.meta = SimpleNamespace(region_name="us-east-1")

    def create_client(self, *_arguments: object, **_options: object) -> Any:
        return self

    def get_paginator(self, _operation: str) -> Any:
        return self

    def __getattr__(self, name: str) -> Any:
        def refuse(*_arguments: object, **_options: object) -> None:
            error = {"Code": f"Code{self.text}", "Message": self.text}
            raise ClientError({"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}, name)  # type: ignore[typeddict-item]

        return refuse


def test_the_costs_are_asked_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """And so they say nothing that anybody may have written."""
    monkeypatch.setattr(clients, "_session", lambda: pytest.fail("AWS is asked"))
    assert_does_nothing(run(COMMANDS["cost"]).output)


@pytest.mark.parametrize("name", [name for name in ASKING if name != "cost"])
@many
@given(text=hostile_texts)
def test_what_aws_says_to_a_command_does_nothing_to_a_terminal(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    for made in vars(clients).values():
        if forget := getattr(made, "cache_clear", None):
            forget()
    monkeypatch.setattr(clients, "_session", lambda: HostileSession(text))
    assert_does_nothing(run(ASKING[name]).output)


def test_the_commands_are_found() -> None:
    assert {"search", "status", "dlq", "redrive"} <= ASKING.keys()


class Domain:
    """A search domain that gives one answer, or raises it."""

    native_syntax = "structured"

    def __init__(self, answer: Answer | SearchError) -> None:
        self.answer = answer

    def search(self, _query: object) -> Answer:
        if isinstance(self.answer, SearchError):
            raise self.answer
        return self.answer


@many
@given(text=hostile_texts)
def test_what_an_event_says_does_nothing_to_a_terminal(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    raw = json.dumps({"userAgent": text}, ensure_ascii=False)
    event = {**dict.fromkeys(FIELDS, text), "id": text, "error_message": text, "raw": raw}
    answer = Answer(1, [event], {text: {text: 3}})
    monkeypatch.setattr(Environment, "search_domain", lambda _environment: Domain(answer))
    assert_does_nothing(run(search).output)
    output = run(search, JSON="1").output
    assert_does_nothing(output)
    assert json.loads(output)["events"] == [{**event, "raw": {"userAgent": text}}]


@many
@given(text=hostile_texts)
def test_an_error_code_that_is_not_there_gives_way_to_the_message(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    answer = Answer(1, [{"id": "a", "error_message": text, "raw": text}], {})
    monkeypatch.setattr(Environment, "search_domain", lambda _environment: Domain(answer))
    assert_does_nothing(run(search).output)
    assert_does_nothing(run(search, JSON="1").output)


@pytest.mark.parametrize("error", [QueryRefused, SearchDomainUnreachable])
@many
@given(text=hostile_texts)
def test_what_a_search_domain_says_does_nothing_to_a_terminal(
    monkeypatch: pytest.MonkeyPatch, error: type[SearchError], text: str
) -> None:
    monkeypatch.setattr(Environment, "search_domain", lambda _environment: Domain(error(text)))
    assert_does_nothing(run(search).output)


def letter_about(text: str) -> WaitingLetter:
    attributes = {
        "error": json.dumps({"Error": text, "Cause": text}),
        **dict.fromkeys(
            ("execution", "state", "environment", "attempts", "failed_at", "first_failed_at"), text
        ),
    }
    return read_letter(QueuedMessage("m-1", text, attributes, datetime.now(UTC)))


@pytest.mark.parametrize("module", [listing, redriving])
@pytest.mark.parametrize("variables", [{}, {"JSON": "1", "DRY_RUN": "1"}])
@many
@given(text=hostile_texts)
def test_what_waits_in_the_dead_letter_queue_does_nothing_to_a_terminal(
    monkeypatch: pytest.MonkeyPatch, module: Any, variables: dict[str, str], text: str
) -> None:
    message: Any = {"Body": text, "MessageId": "m-1", "ReceiptHandle": "r"}
    waiting = Waiting([Received(message, letter_about(text))])

    @contextmanager
    def peek(_queue: object) -> Iterator[Waiting]:
        yield waiting

    for queue in ("dead_letter_queue", "ingest_queue"):
        monkeypatch.setattr(Environment, queue, lambda _environment: None)
    monkeypatch.setattr(module, "peek", peek)
    monkeypatch.setattr(module, "queue_state", lambda _queue: QueueState(0, None))  # type: ignore[arg-type]
    monkeypatch.setattr(module, "looked_up_and_selected", lambda _selection, received: list(received))
    if module is redriving and "DRY_RUN" not in variables:
        monkeypatch.setattr(redriving, "move_all", lambda *_arguments: pytest.fail("nothing is sent here"))
        variables = {"DRY_RUN": "1"}
    assert_does_nothing(run(COMMANDS["dlq" if module is listing else "redrive"], **variables).output)


@many
@given(text=hostile_texts)
def test_what_is_written_into_keys_and_digests_does_nothing_to_a_terminal(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    time = datetime(2026, 1, 2, tzinfo=UTC)
    digests = [DigestFinding(finding, text, text, time, time, text) for finding in Finding]
    logs = [
        Compared(SignedLog(text, text, text), outcome, finding, text, Reckoned(error=text))
        for outcome in Outcome
        for finding in (Finding.MISSING, Finding.ALTERED)
    ]
    monkeypatch.setattr(auditing, "settings_of", lambda _environment: None)
    monkeypatch.setattr(auditing, "look", lambda *_arguments: Audited(digests, logs))
    assert_does_nothing(run(auditing.audit).output)
    assert_does_nothing(run(auditing.audit, JSON="1").output)


@many
@given(text=hostile_texts)
def test_what_the_status_is_made_of_does_nothing_to_a_terminal(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    failed = Execution(
        name=text, status=text, started_at="2026-01-02T03:04:05.678Z", seconds=3.4, error=text, cause=text
    )
    observed = msgspec.structs.replace(
        WELL,
        pipe=Pipe(text, text, text),
        executions=Executions({text: 8}, (failed,)),
        search_domain=Unreadable(text),
        alarms=Unreadable(text),
    )
    monkeypatch.setattr(showing, "make_clients", lambda: None)
    monkeypatch.setattr(showing, "observe", lambda *_arguments: observed)
    assert_does_nothing(run(showing.status).output)
    assert_does_nothing(run(showing.status, JSON="1").output)


@given(hostile_texts)
def test_what_is_printed_by_a_console_does_nothing_to_a_terminal(text: str) -> None:
    file = StringIO()
    console = Console(file=file, width=60)
    table = Table(title=Text(text), caption=Text(text))
    table.add_column(Text(text))
    table.add_row(Text(text, "red"))
    table.add_row(Columns([Text(text), outside(text)]))
    console.print(Text(text), table, Text.assemble((text, "bold"), text), text, markup=False)
    assert_does_nothing(file.getvalue())


@given(hostile_texts)
def test_a_console_s_own_styles_are_all_that_it_does_to_a_terminal(text: str) -> None:
    file = StringIO()
    console = Console(file=file, width=60, force_terminal=True, color_system="standard")
    console.print(outside(text, "red"))
    output = file.getvalue()
    assert output.startswith("\x1b[31m")
    assert_does_nothing(output.replace("\x1b[31m", "").replace("\x1b[0m", ""))


@given(hostile_texts)
def test_a_table_stays_in_line_whatever_is_in_it(text: str) -> None:
    file = StringIO()
    table = Table("One", "Two")
    table.add_row(outside(text), "|")
    Console(file=file, width=60).print(table)
    assert len({line.rindex("│") for line in file.getvalue().splitlines() if "│" in line}) <= 1


@given(hostile_texts)
def test_a_command_that_failed_says_why_and_does_nothing_to_a_terminal(text: str) -> None:
    assert_does_nothing(CommandFailed(text).format_message())


def test_it_is_shown_that_there_was_something() -> None:
    assert printable("a\x1b[31mb\x9b\u202e\r\x7f\u2028é😀") == "a␛[31mb��␍␡�é😀"
    assert printable("two\nlines") == "two\nlines"
    assert outside("two\nlines\tand a tab").plain == "two␊lines␉and a tab"


@given(st.recursive(hostile_texts, lambda inner: st.lists(inner) | st.dictionaries(hostile_texts, inner)))
def test_json_says_the_same_without_the_characters(value: Any) -> None:
    text = printable_json(json.dumps(value, ensure_ascii=False, indent=1))
    assert json.loads(text) == value
    assert_does_nothing(text)

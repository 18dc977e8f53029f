"""What is listed and asked, and what is said of what cannot be."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from tests.documentation.make_targets import options
from tests.unit.cli.search.test_search import FIELDS, RAW
from trailsearch.cli.ask import ask
from trailsearch.cli.environment import Environment
from trailsearch.cli.search.search import search
from trailsearch.questions import load
from trailsearch.search.queries import Answer, Event, Query, SearchDomainUnreachable

QUESTIONS = load()


class Domain:
    """A search domain with one event."""

    native_syntax = "query_string"

    def __init__(self) -> None:
        self.asked: list[Query] = []
        self.found = 1

    def search(self, query: Query) -> Answer:
        self.asked.append(query)
        event = {**FIELDS, "id": "a", "raw": RAW, "tls_version": "TLSv1.1", "issued_access_key_id": "K"}
        facets = {field: {"value": 1} for field in query.facets}
        return Answer(self.found, [event][: query.size], facets, distinct=dict.fromkeys(facets, 1))

    def histogram(self, query: Query, edges: Sequence[datetime]) -> list[int]:
        return [1] * (len(edges) - 1)

    def scan(self, query: Query, fields: Sequence[str] | None = None) -> Iterator[Event]:
        self.asked.append(query)
        yield {**FIELDS, "id": "a", "raw": RAW}


@pytest.fixture
def domain(monkeypatch: pytest.MonkeyPatch) -> Domain:
    domain = Domain()
    monkeypatch.setattr(Environment, "search_domain", lambda _environment: domain)
    return domain


def run(**variables: str) -> Result:
    return CliRunner().invoke(ask, env={"ENV": "test", **variables})


def test_without_a_question_all_25_are_listed_and_nothing_is_asked(domain: Domain) -> None:
    done = run()
    assert done.exit_code == 0
    assert all(name in done.stdout for name in QUESTIONS)
    assert "25 questions." in done.stdout
    assert domain.asked == []


TYPED = {"WHO": "role/alice", "KEY": "K", "RESOURCE": "r", "SINCE": "2026-11-01", "UNTIL": "2026-11-02"}


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_is_printed_with_what_it_tells(domain: Domain, name: str) -> None:
    done = run(Q=name, **TYPED)
    assert done.exit_code == 0, done.output
    assert QUESTIONS[name].title in " ".join(done.stdout.split())
    assert "1 event found, 1 shown." in done.stdout


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_is_answered_in_json(domain: Domain, name: str) -> None:
    answer = json.loads(run(Q=name, JSON="1", **TYPED).stdout)
    assert answer["question"] == QUESTIONS[name].title
    assert answer["found"] == 1
    assert bool(answer["findings"]) is bool(QUESTIONS[name].strategy)


def test_what_is_typed_narrows_the_question(domain: Domain) -> None:
    run(Q="trail-tampering", IP="198.51.100.7", SIZE="3")
    asked = domain.asked[0]
    assert [each.fields for each in asked.filters] == [("event_name",), ("source_ip_address",)]
    assert asked.size == 3


def test_a_question_may_show_other_columns(domain: Domain) -> None:
    assert "tls_version" in run(Q="old-tls").stdout


def test_all_events_of_a_question_are_written(domain: Domain) -> None:
    done = run(Q="old-tls", ALL="1", JSON="1")
    assert json.loads(done.stdout)["id"] == "a"
    assert "1 event found, 1 written." in done.stderr


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"Q": "key-actvity"}, "There is no question key-actvity. key-activity or "),
        ({"Q": "xyzxyzxyz"}, "There is no question xyzxyzxyz. make ask lists all"),
        ({"Q": "key-activity"}, "key-activity needs KEY: What did this key do"),
        ({"Q": "who-is-behind"}, "who-is-behind needs WHO or KEY"),
        ({"Q": "what-changed"}, "what-changed needs SINCE and UNTIL"),
        ({"Q": "old-tls", "ALL": "1"}, "ALL=1 goes with"),
        ({"Q": "old-tls", "CSV": "1"}, "CSV=1 with ALL=1"),
    ],
)
def test_what_cannot_be_asked_is_refused_and_says_why(
    domain: Domain, options: dict[str, str], says: str
) -> None:
    done = run(**options)
    assert done.exit_code == 2
    assert says in done.output
    assert domain.asked == []


def test_a_count_that_is_not_proven_fails(domain: Domain) -> None:
    domain.found = 2
    done = run(Q="for-an-auditor", **TYPED)
    assert done.exit_code == 1
    assert "2 events were counted, 1 read, and 2 counted then" in done.output


def test_a_domain_that_does_not_answer_is_said(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_query: Query) -> Any:
        raise SearchDomainUnreachable("Could not connect")

    monkeypatch.setattr(domain, "search", fail)
    assert "trailsearch-test cannot be searched: Could not connect" in run(Q="old-tls").output


@pytest.mark.parametrize("command", [ask, search])
def test_make_hands_on_every_option(command: click.Command) -> None:
    variables = {str(option.envvar) for option in command.params if option.envvar}
    assert len(variables) > 15
    assert variables <= {*options(), "ENV"}

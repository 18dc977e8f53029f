"""What the page asks for, and how it is answered."""

import csv
import io
import json
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.browser.domain import EventsInMemory
from tests.conftest import examples
from tests.unit.page.conftest import ADDRESS, Behind, event
from trailsearch.cli.environment import EnvironmentNotFound
from trailsearch.cli.search.export import COLUMNS
from trailsearch.events.fields import SCHEMA
from trailsearch.questions import load
from trailsearch.search.queries import (
    QueryRefused,
    SearchDomainUnreachable,
    SearchNotAllowed,
)

JSON = {"Content-Type": "application/json", "Origin": ADDRESS}
ALICE = json.dumps({"fields": ["actor"], "values": ["alice"]})


def ask(page: TestClient, name: str, /, **said: Any) -> Any:
    answer = page.get(f"/api/{name}", params=said)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_environment_says_what_can_be_asked(page: TestClient) -> None:
    said = ask(page, "environment")
    assert (said["environment"], said["backend"]) == ("test", "opensearch")
    assert [each["name"] for each in said["fields"]] == [*SCHEMA]
    assert [each["name"] for each in said["fields"] if each["address"]] == ["source_ip_address"]


def test_a_search_gives_events_and_how_many_there_are(page: TestClient) -> None:
    said = ask(page, "search", filter=ALICE, size=7)
    assert said["found"] == 40
    assert [each["actor"] for each in said["events"]] == ["alice"] * 7
    assert said["next"]
    following = ask(page, "search", filter=ALICE, size=7, after=said["next"])
    assert not {each["id"] for each in following["events"]} & {each["id"] for each in said["events"]}


def test_what_is_searched_for_is_marked(page: TestClient) -> None:
    said = ask(page, "search", q="alice", size=1)
    pieces = said["highlights"][0]["raw"][0]
    assert [text for text, is_match in pieces if is_match] == ["alice"]


def test_values_are_counted(page: TestClient) -> None:
    said = ask(page, "facets", facet=["actor", "event_name"], size=2)
    assert said["facets"]["actor"] == [["Carol", 40], ["alice", 40]]
    assert said["distinct"] == {"actor": 3, "event_name": 2}


def test_time_is_divided_and_no_event_falls_between(page: TestClient) -> None:
    said = ask(page, "histogram", buckets=12)
    assert sum(each["count"] for each in said["buckets"]) == 120
    ends = [each["until"] for each in said["buckets"][:-1]]
    assert ends == [each["since"] for each in said["buckets"][1:]]


def test_what_one_has_begun_to_type_is_completed(page: TestClient) -> None:
    assert ask(page, "values", field="actor", prefix="c") == {"values": [["Carol", 40], ["alice", 40]]}
    assert ask(page, "values", field="raw", prefix="c") == {"values": []}


def test_an_empty_view_says_why(page: TestClient, behind: Behind) -> None:
    def kinds(**said: str) -> list[str]:
        return [each["kind"] for each in ask(page, "why-empty", **said)["reasons"]]

    assert kinds() == []
    assert kinds(q="nobody") == ["no_match"]
    assert kinds(since="2027-01-01", until="2027-02-01") == ["nothing_in_range"]
    assert kinds(filter=ALICE, until="2020-01-01") == ["nothing_in_range"]
    behind.logs_waiting = 3
    assert kinds(q="nobody") == ["no_match", "indexing_lag"]
    assert kinds(q="nobody", until="2026-11-25T13:00:00Z") == ["no_match"]
    assert kinds(q="no colon", syntax="native") == ["refused"]
    behind.asked = EventsInMemory([])
    assert kinds() == ["domain_empty", "indexing_lag"]
    behind.error = SearchDomainUnreachable("It does not answer: timed out")
    assert ask(page, "why-empty")["reasons"] == [
        {"kind": "unreachable", "text": "It does not answer: timed out", "action": None}
    ]


def test_where_other_times_have_something_the_view_of_them_is_offered(page: TestClient) -> None:
    (reason,) = ask(page, "why-empty", filter=ALICE, until="2020-01-01")["reasons"]
    assert reason["text"].startswith(
        "Of 40 that match, none is in this range of time; the last one is of 2026-11-25"
    )
    assert reason["action"]["view"]["filter"][0]["values"] == ["alice"]
    assert reason["action"]["view"]["until"] == ""


def test_every_question_is_listed_with_what_it_needs(page: TestClient) -> None:
    listed = {each["name"]: each for each in ask(page, "questions")}
    assert listed.keys() == load().keys()
    assert [each["name"] for each in listed["who-deleted"]["needs"]] == ["resource"]
    assert all(need["help"] for each in listed.values() for need in each["needs"])


def test_a_question_is_answered_as_the_terminal_does(page: TestClient) -> None:
    said = ask(page, "questions/who-deleted", resource="b")
    assert (said["title"], said["rows"]) == ("Who deleted X?", [])
    said = ask(page, "questions/denied-calls", who="alice")
    assert said["query"]["filter"][0]["fields"] == ["outcome"]


@pytest.mark.parametrize("name", load())
def test_no_question_fails_for_what_is_typed(page: TestClient, name: str) -> None:
    typed = {
        "who": "alice",
        "resource": "b",
        "key": "K",
        "ip": "203.0.113.1",
        "since": "-2d",
        "until": "-1d",
        "what": "s3:*",
    }
    assert page.get(f"/api/questions/{name}", params=typed).status_code == 200
    lacking = page.get(f"/api/questions/{name}")
    assert lacking.status_code == (400 if load()[name].needs else lacking.status_code)
    assert lacking.status_code in {200, 400}


def test_all_hits_are_downloaded_and_no_cell_is_a_formula(page: TestClient, behind: Behind) -> None:
    formula = '=HYPERLINK("http://attacker.example")'
    behind.asked = EventsInMemory([event(1, actor=formula, user_agent="a\r\n=1"), event(2)])
    answer = page.get("/api/export", params={"format": "csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="trailsearch-test-')
    rows = [*csv.DictReader(io.StringIO(answer.text))]
    assert [*rows[0]] == [*COLUMNS]
    assert [each["actor"] for each in rows] == ["Carol", f"'{formula}"]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row.values())


def test_all_hits_are_downloaded_as_json_one_a_line(page: TestClient) -> None:
    answer = page.get("/api/export", params={"format": "json", "filter": ALICE})
    events = [json.loads(line) for line in answer.text.splitlines()]
    assert len(events) == 40
    assert all(each["raw"]["who"] == "alice" for each in events)


def test_status_and_dead_letters_are_shown_and_redriven(page: TestClient, behind: Behind) -> None:
    assert ask(page, "status")["lines"] == [["Pipe", "RUNNING"]]
    assert ask(page, "dead-letters")["waiting"] == 1
    assert page.post("/api/redrive", json={"ids": ["m1"]}, headers=JSON).json()["redriven"] == 1
    page.post("/api/redrive", json={"ids": "all"}, headers=JSON)
    assert behind.redriven == [("m1",), None]


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "{}", '{"ids": "some"}', '{"ids": 1}', '{"ids": [], "more": 1}', "\xff"]
)
def test_what_is_no_redrive_does_nothing(page: TestClient, behind: Behind, body: str) -> None:
    answer = page.post("/api/redrive", content=body.encode("latin-1"), headers=JSON)
    assert answer.status_code == 400
    assert not behind.redriven


def test_a_body_has_a_limit(page: TestClient) -> None:
    assert page.post("/api/redrive", content=b"x" * 1_000_001, headers=JSON).status_code == 413


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (QueryRefused("a quote is missing"), 400),
        (SearchNotAllowed("the policy names others"), 403),
        (EnvironmentNotFound("Cannot find it\nDeploy it with: make apply"), 404),
        (SearchDomainUnreachable("timed out"), 502),
        (NoCredentialsError(), 502),
        (RuntimeError("secret"), 500),
    ],
)
def test_what_fails_is_said_in_its_own_words_and_never_how_it_came_about(
    page: TestClient, behind: Behind, error: Exception, status: int
) -> None:
    behind.error = error
    answer = page.get("/api/search")
    assert answer.status_code == status
    assert answer.json()["error"] == type(error).__name__
    assert str(error).split("\n", maxsplit=1)[0] in answer.json()["message"]
    assert "Traceback" not in answer.text
    assert behind.forgotten == (status in {403, 502} and not isinstance(error, NoCredentialsError))


def test_what_cannot_be_exported_is_said_before_anything_is_written(page: TestClient) -> None:
    assert page.get("/api/export", params={"format": "xml"}).status_code == 400
    refused = page.get("/api/export", params={"format": "csv", "q": "nothing", "syntax": "native"})
    assert refused.status_code == 400


NAMES = st.sampled_from(
    [
        "q",
        "syntax",
        "since",
        "until",
        "sort",
        "filter",
        "phrase",
        "size",
        "after",
        "facet",
        "field",
        "prefix",
        "buckets",
        "format",
    ]
)
VALUES = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.sampled_from(
        [
            "simple",
            "native",
            "-1d",
            "event_time desc",
            "actor",
            ALICE,
            "csv",
            "time~0~2026-11-25T12:00:00Z",
            "10",
        ]
    ),
    st.dictionaries(
        st.sampled_from(["fields", "is", "values", "not"]),
        st.one_of(
            st.booleans(),
            st.text(max_size=5),
            st.lists(st.sampled_from(["actor", "raw", "event_time", "x", "203.0.113.0/24", ""])),
        ),
    ).map(json.dumps),
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(150), deadline=None
)
@given(
    st.sampled_from(
        [
            "search",
            "facets",
            "histogram",
            "values",
            "why-empty",
            "export",
            "questions/who-deleted",
            "questions/spikes",
        ]
    ),
    st.lists(st.tuples(NAMES, VALUES), max_size=6),
)
def test_whatever_an_address_says_it_is_answered_or_refused(
    page: TestClient, name: str, said: list[tuple[str, str]]
) -> None:
    answer = page.get(f"/api/{name}", params=tuple(said))
    assert answer.status_code in {200, 400}, answer.text
    if answer.status_code == 400:
        assert answer.json()["message"]

"""What an address says, and what is said of one that says nothing."""

import json
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailsearch.events.fields import SCHEMA, FieldKind
from trailsearch.page.views import View, ViewFilter, ViewRefused, number_of
from trailsearch.questions import load
from trailsearch.questions.question import condition_of, value_of
from trailsearch.search.queries import (
    EVERYTHING,
    Begins,
    Exists,
    Filter,
    Is,
    Query,
    QueryRefused,
    Syntax,
    Within,
)

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
LITERALS = [name for name, field in SCHEMA.items() if field.kind in {FieldKind.LITERAL, FieldKind.LITERALS}]


def filter_(**said: Any) -> str:
    return json.dumps(said)


def test_an_address_is_a_query() -> None:
    view = View.of_parameters(
        {
            "q": ["AccessDenied kali"],
            "since": ["-24h"],
            "until": ["2026-11-27T11:00:00Z"],
            "phrase": ["not authorized"],
            "filter": [
                filter_(fields=["actor"], values=["alice", "bob"]),
                filter_(
                    fields=["source_ip_address"],
                    **{"is": "within", "values": ["203.0.113.0/24"], "not": True},
                ),
                filter_(fields=["error_code"], **{"is": "exists"}),
                filter_(fields=["event_name"], **{"is": "like", "values": ["Delete*", "PutObject"]}),
            ],
        }
    )
    assert view.query(NOW) == Query(
        "AccessDenied kali",
        Syntax.SIMPLE,
        phrases=("not authorized",),
        filters=(
            Filter(("actor",), (Is("alice"), Is("bob"))),
            Filter(("source_ip_address",), (Within(ip_network("203.0.113.0/24")),), negated=True),
            Filter(("error_code",), (Exists(),)),
            Filter(("event_name",), (Begins("Delete"), Is("PutObject"))),
        ),
        since=NOW - timedelta(days=1),
        until=datetime(2026, 11, 27, 11, tzinfo=UTC),
    )


def test_an_address_that_says_nothing_asks_for_everything() -> None:
    assert View.of_parameters({"page": ["search"], "columns": ["actor"]}).query(NOW) == Query()
    assert View.of_parameters({"q": ["actor:alice"], "syntax": ["native"]}).query(NOW).syntax is Syntax.NATIVE


@pytest.mark.parametrize(
    "said",
    [
        {"filter": ["{"]},
        {"filter": ["[]"]},
        {"filter": [filter_(fields=[])]},
        {"filter": [filter_(fields=["actor"])]},
        {"filter": [filter_(fields=["actor"], values=["a"], **{"is": "near"})]},
        {"filter": [filter_(fields=["actor"], values=["a"], more=1)]},
        {"filter": [filter_(fields=["source_ip_address"], values=["x"], **{"is": "within"})]},
        {"filter": ["\ud800"]},
        {"syntax": ["sql"]},
        {"sort": ["event_time"]},
        {"sort": ["event_time desc; drop"]},
        {"since": ["2026-11-27"], "until": ["2026-11-26"]},
    ],
)
def test_what_an_address_cannot_say_is_refused(said: dict[str, list[str]]) -> None:
    with pytest.raises(ViewRefused):
        View.of_parameters(said).query(NOW)


def test_a_field_that_is_not_there_is_named() -> None:
    with pytest.raises(QueryRefused, match="sourceIPAddress"):
        View.of_parameters({"filter": [filter_(fields=["sourceIPAddress"], values=["1"])]}).query(NOW)


@pytest.mark.parametrize("text", ["-1", "1e3", "x", "", "501", "٣", "9999999999"])
def test_a_number_is_one(text: str) -> None:
    with pytest.raises(ViewRefused):
        number_of({"size": [text]}, "size", 50, 500)


CONDITIONS = st.one_of(
    st.builds(Is, st.text(min_size=1).filter(lambda text: "/" not in text)),
    st.builds(Begins, st.text(min_size=1).filter(lambda text: "/" not in text)),
)


@given(st.sampled_from(LITERALS), st.lists(CONDITIONS, min_size=1, max_size=4), st.booleans())
def test_the_view_of_a_query_asks_for_the_same(
    field: str, conditions: list[Is | Begins], negated: bool
) -> None:
    query = Query(filters=(Filter((field,), tuple(conditions), negated),), phrases=("a b",))
    view = View.of_query(query, {})
    said = {"filter": [json.dumps(_plain(each)) for each in view.filter], "phrase": [*view.phrase]}
    assert View.of_parameters(said).query(NOW) == query


def _plain(filter_of_view: ViewFilter) -> Any:
    return {
        "fields": [*filter_of_view.fields],
        "is": filter_of_view.how,
        "values": [*filter_of_view.values],
        "not": filter_of_view.negated,
    }


@pytest.mark.parametrize("name", load())
def test_every_question_has_a_view(name: str) -> None:
    query = load()[name].query()
    view = View.of_query(query, {"since": "-7d"}).query(NOW)
    assert view.text == EVERYTHING
    assert (view.filters, tuple(view.phrases), view.sort) == (query.filters, query.phrases, query.sort)


@given(CONDITIONS)
def test_a_value_of_a_question_says_what_is_written(condition: Is | Begins) -> None:
    assert condition_of(("actor",), value_of(condition)) == condition

"""One query finds and counts the same on every backend, whatever is in the values that it asks for."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.contract.backends import LOG_FILE, Searched
from trailsearch.events.documents import Document, build_document
from trailsearch.search import Backend
from trailsearch.search.cloudsearch import batches as cloudsearch_batches
from trailsearch.search.opensearch import batches as opensearch_batches
from trailsearch.search.queries import (
    Begins,
    Condition,
    Exists,
    Filter,
    Is,
    Query,
    QueryRefused,
    Syntax,
    Within,
    having,
)

# What means something in one language or another, or to JSON.
HOSTILE = [
    *(
        "'",
        '"',
        "\\",
        "\\'",
        "*",
        "?",
        "a*",
        "a b",
        " a",
        "a ",
        "(",
        ")",
        "[",
        "{",
        "~",
        "^2",
        ":",
        "/",
        "a:b",
        "-a",
    ),
    *(
        "' or matchall '",
        "x') (or matchall",
        '" OR *:* OR "',
        "AND",
        "NOT a",
        "matchall",
        "_exists_:a",
        "a\nb",
        "\t",
    ),
    *("é", "e\u0301", "😀", "\x00", "\x7f", "\u2028", "\ud800", "\\u0041", "%27", "&amp;", "<em>", "a" * 300),
    *("arn:aws:iam::111122223333:role/admin/x", "alice@example.com", "0.0.0.0/0", "Alice", "alice", "ALICE"),
]
values = st.sampled_from(HOSTILE) | st.text(min_size=1, max_size=8)
_numbers = count()


@pytest.fixture(scope="module")
def asked(make_searched: Callable[[str], Searched]) -> Searched:
    return make_searched("trailsearch-one-query")


def stored(backend: Backend, field: str, value: str) -> str:
    """A value as the domain has it, by what the README says of characters that it does not take."""
    if backend is Backend.CLOUDSEARCH:
        return cloudsearch_batches.stored(field, value)
    return opensearch_batches.stored(value)


def store(searched: Searched, records: Iterable[Mapping[str, Any]]) -> tuple[Filter, list[Document]]:
    """Index records, and give the filter that finds these, and no others that the domain has."""
    mark = f"request-{next(_numbers)}"
    written = [
        json.dumps({"eventID": f"{mark}-{number}", "requestID": mark, **record}).encode()
        for number, record in enumerate(records)
    ]
    documents = [build_document(record, LOG_FILE) for record in written]
    searched.store(written)
    return having("request_id", mark), documents


def value_of(document: Document, field: str) -> tuple[str, ...]:
    value = getattr(document.fields, "user_agent" if field == "user_agent_exact" else field)
    return (value,) if isinstance(value, str) else tuple(value or ())


FIELDS = ("event_name", "user_agent_exact", "resource_types")


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(values | st.none(), values | st.none(), st.lists(values, max_size=3)),
        min_size=1,
        max_size=8,
    )
)
@example([(value, value, [value]) for value in HOSTILE])
def test_every_value_is_found_by_its_own_filter_and_by_no_other_and_counted(
    asked: Searched, drawn: list[tuple[str | None, str | None, list[str]]]
) -> None:
    these, documents = store(
        asked,
        (
            {"eventName": name, "userAgent": agent, "resources": [{"type": each} for each in types]}
            for name, agent, types in drawn
        ),
    )

    def found(field: str, *conditions: Condition, negated: bool = False) -> int:
        return asked.domain.search(
            Query(size=0, filters=[these, Filter((field,), conditions, negated)])
        ).found

    answer = asked.domain.search(Query(size=0, filters=[these], facets=FIELDS, facet_size=1_000))
    assert answer.found == len(documents)
    for field in FIELDS:
        have = [
            {stored(asked.backend, field, each) for each in value_of(document, field)}
            for document in documents
        ]
        counts = Counter(value for each in have for value in each)
        assert answer.facets[field] == counts
        assert answer.distinct[field] == len(counts)
        assert found(field, Exists()) == sum(map(bool, have))
        assert found(field, Exists(), negated=True) == sum(not each for each in have)
        distinct = {value for document in documents for value in value_of(document, field)}
        for value in sorted(distinct)[:3]:
            without = len(documents) - counts[stored(asked.backend, field, value)]
            assert found(field, Is(value), negated=True) == without, (field, value)
        for value in distinct:
            expected = counts[stored(asked.backend, field, value)]
            assert found(field, Is(value)) == expected, (field, value)
            begins = stored(asked.backend, field, value[:2])
            expected = sum(any(each.startswith(begins) for each in those) for those in have)
            assert found(field, Begins(value[:2])) == expected, (field, value)


ADDRESSES = [
    *("10.0.0.1", "10.1.2.3", "10.127.255.255", "10.128.0.0", "100.64.0.1", "11.0.0.1", "198.51.100.7"),
    *("198.51.100.127", "198.51.100.128", "198.51.10.7", "1.2.3.4", "2001:db8::1", "2001:db8:0:1::5"),
    *("2001:db8:1:2:3:4:5:6", "2600:1f18:1234:ab01::1", "2600:1f18:1234:ac00::1", "sqs.amazonaws.com"),
]
NETWORKS = [
    *("10.0.0.0/8", "10.0.0.0/9", "10.0.0.0/15", "198.51.100.0/24", "198.51.100.0/25", "198.51.100.7/32"),
    *("198.51.96.0/20", "198.51.0.0/16", "0.0.0.0/0", "8.0.0.0/6", "2001:db8::/32", "2001:db8::/64"),
    *("2600:1f18:1234:ab00::/56", "2001:db8::1/128"),
]


@pytest.fixture(scope="module")
def addresses(asked: Searched) -> Filter:
    return store(asked, ({"sourceIPAddress": each} for each in ADDRESSES))[0]


@pytest.mark.parametrize("text", NETWORKS)
def test_a_network_finds_its_addresses(asked: Searched, addresses: Filter, text: str) -> None:
    network = ip_network(text)
    within = Filter(("source_ip_address",), (Within(network),))
    found = asked.domain.search(Query(size=100, filters=[addresses, within])).events
    expected = {each for each in ADDRESSES if each[0].isdigit() and ip_address(each) in network}
    assert {event["source_ip_address"] for event in found} == expected
    outside = Filter(("source_ip_address",), (Within(network),), negated=True)
    assert asked.domain.search(Query(filters=[addresses, outside])).found == len(ADDRESSES) - len(expected)


NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
TIMES = {
    "early": NOON - timedelta(hours=1),
    "noon": NOON,
    "just before one": NOON + timedelta(minutes=59, seconds=59),
    "one": NOON + timedelta(hours=1),
    "december": NOON + timedelta(days=30),
}


@pytest.fixture(scope="module")
def timed(asked: Searched) -> Filter:
    times = [each.isoformat().replace("+00:00", "Z") for each in TIMES.values()]
    records = [{"eventName": name, "eventTime": time} for name, time in zip(TIMES, times, strict=True)]
    return store(asked, [*records, {"eventName": "undated"}])[0]


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (None, None, {*TIMES, "undated"}),
        (NOON, None, {"noon", "just before one", "one", "december"}),
        (None, NOON, {"early"}),
        (NOON, NOON + timedelta(hours=1), {"noon", "just before one"}),
        (NOON, NOON, set()),
    ],
)
def test_a_time_range_has_its_beginning_and_not_its_end(
    asked: Searched, timed: Filter, since: datetime | None, until: datetime | None, expected: set[str]
) -> None:
    events = asked.domain.search(Query(filters=[timed], since=since, until=until)).events
    assert {event["event_name"] for event in events} == expected


def test_events_are_counted_by_time(asked: Searched, timed: Filter) -> None:
    edges = [NOON + timedelta(hours=hours) for hours in (-2, -1, 0, 1, 2, 3)]
    assert asked.domain.histogram(Query(filters=[timed]), edges) == [0, 1, 2, 1, 0]
    assert asked.domain.histogram(Query(filters=[timed], since=edges[3]), edges) == [0, 0, 0, 1, 0]
    assert asked.domain.histogram(Query(filters=[timed]), edges[:1]) == []


RECORDS: list[dict[str, Any]] = [
    {"eventName": "A", "requestParameters": {"cidrIp": "0.0.0.0/0"}, "errorMessage": "bob is not authorized"},
    {"eventName": "B", "requestParameters": {"cidrIp": "10.0.0.0/8"}, "userAgent": "aws-cli/2.1.0 Python"},
    {"eventName": "C", "requestParameters": {"policy": "arn:aws:iam::aws:policy/AdministratorAccess"}},
]


@pytest.fixture(scope="module")
def worded(asked: Searched) -> Filter:
    return store(asked, RECORDS)[0]


@pytest.mark.parametrize(
    ("phrases", "expected"),
    [
        (["0.0.0.0/0"], "A"),
        (["arn:aws:iam::aws:policy/AdministratorAccess"], "C"),
        (["administratoraccess", "policy"], "C"),
        (["authorized", "cidrip"], "A"),
        (["bob is not authorized"], "A"),
        (["authorized bob"], ""),
        (["it's", 'say "hi"'], ""),
    ],
)
@pytest.mark.parametrize("syntax", list(Syntax))
def test_phrases_are_looked_for_in_the_record(
    asked: Searched, worded: Filter, phrases: list[str], expected: str, syntax: Syntax
) -> None:
    text = "matchall" if syntax is Syntax.NATIVE else "cidrip | policy"
    events = asked.domain.search(Query(text, syntax, phrases=phrases, filters=[worded])).events
    assert {event["event_name"] for event in events} == set(expected)


@pytest.mark.parametrize(
    ("field", "condition", "expected"),
    [
        ("error_message", Is("Authorized"), "A"),
        ("user_agent", Is("aws-cli/2.1.0"), "B"),
        ("user_agent", Begins("Pyth"), "B"),
        ("user_agent", Exists(), "B"),
        ("event_time", Exists(), ""),
    ],
)
def test_texts_are_asked_for_words(
    asked: Searched, worded: Filter, field: str, condition: Condition, expected: str
) -> None:
    events = asked.domain.search(Query(filters=[worded, Filter((field,), (condition,))])).events
    assert {event["event_name"] for event in events} == set(expected)


def test_a_native_query_is_asked_beside_the_filters(asked: Searched, worded: Filter) -> None:
    native = "event_name:'A'" if asked.backend is Backend.CLOUDSEARCH else "event_name:A"
    either = Filter(("event_name", "event_source"), (Is("A"), Is("B")))
    assert asked.domain.search(Query(filters=[worded, either])).found == 2
    assert asked.domain.search(Query(native, filters=[worded, either])).found == 1
    assert asked.domain.search(Query(native, phrases=["policy"], filters=[worded])).found == 0


def test_a_scan_gives_what_a_search_finds(asked: Searched, worded: Filter) -> None:
    query = Query(size=1, filters=[worded, Filter(("event_name",), (Is("C"),), negated=True)])
    assert sorted(event["event_name"] for event in asked.domain.scan(query)) == ["A", "B"]


def test_what_matches_is_marked_whether_native_or_a_phrase(asked: Searched, worded: Filter) -> None:
    answer = asked.domain.search(Query(phrases=["authorized"], filters=[worded], highlight=True))
    (highlights,) = answer.highlights
    assert any(piece.text == "authorized" for piece in highlights["raw"][0] if piece.is_match)


def test_a_field_that_is_not_there_is_refused_before_the_domain_is_asked(asked: Searched) -> None:
    with pytest.raises(QueryRefused, match=r"errorCode: error_code\?"):
        asked.domain.search(Query(filters=[Filter(("errorCode",), (Is("a"),))]))

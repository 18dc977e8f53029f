"""What is typed, and which events are chosen by it."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest

from trailsearch.cli.search.native import missing_quote, unknown_field
from trailsearch.cli.search.typed import CHOICES, OptionNotUnderstood, chosen, fields_of, phrases_of
from trailsearch.events.fields import SCHEMA
from trailsearch.search.queries import Begins, Condition, Filter, Is, Query, Within

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def choose(**typed: str) -> Query:
    return chosen(Query(), typed, NOW)


def about(name: str, *conditions: Condition, negated: bool = False) -> Query:
    return Query(filters=(Filter(CHOICES[name].fields, conditions, negated),))


def of(field: str, *conditions: Condition) -> Filter:
    return Filter((field,), conditions)


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        ({}, Query()),
        ({"who": ""}, Query()),
        ({"who": "alice"}, about("who", Is("alice"))),
        ({"who": "alice, admin/*"}, about("who", Is("alice"), Begins("admin/"))),
        ({"not_who": "alice"}, about("who", Is("alice"), negated=True)),
        ({"who": "a\\,b\\*,*"}, about("who", Is("a,b*"), Is("*"))),
        ({"what": "DeleteBucket,Delete*"}, about("what", Is("DeleteBucket"), Begins("Delete"))),
        (
            {"what": "s3:DeleteBucket,s3:Put*"},
            Query(
                filters=(
                    of("event_source", Is("s3.amazonaws.com")),
                    of("event_name", Is("DeleteBucket"), Begins("Put")),
                )
            ),
        ),
        ({"what": "s3:*"}, Query(filters=(of("event_source", Is("s3.amazonaws.com")),))),
        (
            {"not_what": "s3:*"},
            Query(filters=(Filter(("event_source",), (Is("s3.amazonaws.com"),), negated=True),)),
        ),
        (
            {"resource": "arn:aws:s3:::my-bucket,my-bucket"},
            about("resource", Is("arn:aws:s3:::my-bucket"), Is("my-bucket")),
        ),
        ({"ip": "203.0.113.0/24"}, about("ip", Within(ip_network("203.0.113.0/24")))),
        ({"ip": "203.0.113.7/24"}, about("ip", Within(ip_network("203.0.113.0/24")))),
        ({"ip": "2001:DB8:0::1,sqs.amazonaws.com"}, about("ip", Is("2001:db8::1"), Is("sqs.amazonaws.com"))),
        ({"key": "AKIAEXAMPLE"}, about("key", Is("AKIAEXAMPLE"))),
        ({"outcome": "denied,failed"}, about("outcome", Is("denied"), Is("failed"))),
        ({"text": '0.0.0.0/0 "not authorized"'}, Query(phrases=("0.0.0.0/0", "not authorized"))),
        (
            {"not_text": "a b"},
            Query(filters=(Filter(("raw",), (Is("a"), Is("b")), negated=True),)),
        ),
        (
            {"since": "2h", "until": "1h"},
            Query(since=NOW - timedelta(hours=2), until=NOW - timedelta(hours=1)),
        ),
    ],
)
def test_what_is_typed_chooses_events(typed: dict[str, str], query: Query) -> None:
    assert choose(**typed) == query


def test_options_are_added_to_what_the_query_says_already() -> None:
    first = Query("actor:a", filters=(of("actor", Is("b")),), since=NOW)
    both = chosen(first, {"key": "K", "text": "t"}, NOW)
    assert both == first._replace(filters=(*first.filters, *about("key", Is("K")).filters), phrases=("t",))


@pytest.mark.parametrize("name", CHOICES)
def test_every_field_that_is_chosen_by_is_there(name: str) -> None:
    assert set(CHOICES[name].fields) <= SCHEMA.keys()


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"outcome": "Denied"}, "OUTCOME=Denied is none of success, denied, failed"),
        ({"ip": "203.0.113.0/33"}, "IP=203.0.113.0/33 is no network"),
        ({"not_ip": "x/8"}, "NOT_IP=x/8 is no network"),
        ({"text": 'say "hi'}, r'TEXT=say "hi lacks a quote \("\)'),
        ({"text": "''"}, "no letter and no digit"),
        ({"who": " , "}, "WHO= ,  names nothing"),
        ({"what": "s3:DeleteBucket,DeleteTrail"}, "calls of one service alone"),
        ({"not_what": "s3:DeleteBucket"}, "NOT_WHAT=s3:DeleteBucket"),
        ({"since": "1h", "until": "2h"}, "SINCE=1h is not before UNTIL=2h"),
    ],
)
def test_what_means_nothing_is_refused_and_says_why(typed: dict[str, str], says: str) -> None:
    with pytest.raises(OptionNotUnderstood, match=says):
        choose(**typed)


def test_phrases_are_what_is_quoted_and_every_other_word() -> None:
    assert phrases_of("TEXT", 'a "b c" d-e "" f') == ["a", "b c", "d-e", "f"]


def test_a_field_that_is_not_there_is_refused_with_what_it_may_be() -> None:
    assert fields_of("FACETS", "actor, event_name,") == ["actor", "event_name"]
    with pytest.raises(OptionNotUnderstood, match=r"FACETS: There is no field errorCode: error_code\?"):
        fields_of("FACETS", "actor,errorCode")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("errorCode:AccessDenied", "There is no field errorCode: error_code?"),
        ("(and actor:'a' errorCode:'b')", "There is no field errorCode: error_code?"),
        ("(prefix field=eventName 'Get')", "There is no field eventName: event_name?"),
        ("arn:aws:s3", "There is no field arn"),
        ("matchall", None),
        ("event_time:[2026-11-01T00:00:00Z TO *] AND actor:alice", None),
        ("event_time:['2026-11-01T00:00:00Z',}", None),
        ("actor:\"a:b\" raw:'c:d' -error_code:x", None),
        (r"arn\:aws\:s3", None),
        ('source_ip_address.ip:"10.0.0.0/8" _exists_:actor', None),
        ("event_time:>2026-11-01T10:00:00Z", None),
        ("raw:/a:b/", None),
    ],
)
def test_a_field_that_a_native_query_names_and_is_not_there_is_said(query: str, said: str | None) -> None:
    found = unknown_field(query)
    assert found is None if said is None else (found or "").startswith(said)


@pytest.mark.parametrize(
    ("query", "quote", "missing"),
    [
        ("actor:'a", "'", True),
        ("actor:'a'", "'", False),
        ("actor:'it\\'s'", "'", False),
        ('actor:"a', '"', True),
        ("actor:it's", '"', False),
    ],
)
def test_a_missing_quote_is_said(query: str, quote: str, missing: bool) -> None:
    assert bool(missing_quote(query, quote)) is missing

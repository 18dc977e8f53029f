"""What a query may say, whatever the backend, and what each of them is asked then."""

from datetime import UTC, datetime, timedelta, timezone
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.search import test_cloudsearch_domain as on_cloudsearch
from tests.unit.search import test_opensearch_domain as on_opensearch
from trailsearch.search.cloudsearch.addresses import texts_within
from trailsearch.search.cloudsearch.structured import structured
from trailsearch.search.opensearch.query_dsl import query_dsl
from trailsearch.search.opensearch.template import index_template
from trailsearch.search.queries import (
    ADDRESS_FIELDS,
    MAX_DISTINCT,
    Begins,
    Condition,
    Exists,
    FieldUnknown,
    Filter,
    Is,
    Query,
    QueryRefused,
    Syntax,
    Within,
)

SINCE = datetime(2026, 11, 1, 12, tzinfo=timezone(timedelta(hours=2)))
UNTIL = datetime(2026, 11, 2, tzinfo=UTC)


def about(field: str, *conditions: Condition, negated: bool = False) -> Query:
    return Query(filters=[Filter((field,), conditions, negated)])


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        (Query(), ("matchall", None)),
        (Query("actor:'a'"), ("actor:'a'", None)),
        (Query("a b", Syntax.SIMPLE, phrases=["c"]), ("a b", "(phrase field=raw 'c')")),
        (Query("actor:'a'", phrases=["c d"]), ("(and actor:'a' (phrase field=raw 'c d'))", None)),
        (about("actor", Is("it's \\")), ("matchall", "actor:'it\\'s \\\\'")),
        (
            about("actor", Is("a"), Begins("b"), negated=True),
            ("matchall", "(and matchall (not (or actor:'a' (prefix field=actor 'b'))))"),
        ),
        (about("error_code", Exists()), ("matchall", "error_code:['\t',}")),
        (
            Query(since=SINCE, until=UNTIL),
            ("matchall", "event_time:['2026-11-01T10:00:00.000Z','2026-11-02T00:00:00.000Z'}"),
        ),
        (Query(until=UNTIL), ("matchall", "event_time:{,'2026-11-02T00:00:00.000Z'}")),
        (
            about("source_ip_address", Within(ip_network("198.51.100.0/24"))),
            ("matchall", "(prefix field=source_ip_address '198.51.100.')"),
        ),
    ],
)
def test_cloudsearch_is_asked_in_its_structured_syntax(query: Query, asked: tuple[str, str | None]) -> None:
    assert structured(query) == asked


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        (Query(), {"match_all": {}}),
        (
            about("actor", Is('"a"'), Is("b"), Begins("c*")),
            {
                "must": [{"match_all": {}}],
                "filter": [
                    {
                        "bool": {
                            "should": [
                                {"terms": {"actor": ['"a"', "b"]}},
                                {"prefix": {"actor": {"value": "c*"}}},
                            ],
                            "minimum_should_match": 1,
                        }
                    }
                ],
                "must_not": [],
            },
        ),
        (
            about("source_ip_address", Within(ip_network("10.0.0.0/9")), negated=True),
            {
                "must": [{"match_all": {}}],
                "filter": [],
                "must_not": [{"term": {"source_ip_address.ip": "10.0.0.0/9"}}],
            },
        ),
        (
            Query(phrases=["a b"], since=SINCE),
            {
                "must": [{"match_all": {}}, {"match_phrase": {"raw": "a b"}}],
                "filter": [{"range": {"event_time": {"gte": "2026-11-01T10:00:00.000Z"}}}],
                "must_not": [],
            },
        ),
    ],
)
def test_opensearch_is_asked_in_its_query_dsl(query: Query, asked: Any) -> None:
    assert query_dsl(query) == (asked if "match_all" in asked else {"bool": asked})


@pytest.mark.parametrize(
    ("field", "meant"),
    [
        ("errorCode", "There is no field errorCode: error_code?"),
        ("sourceIPAddress", "There is no field sourceIPAddress: source_ip_address?"),
        ("even_name", "There is no field even_name: event_name"),
        ("xyz", "There is no field xyz"),
    ],
)
@pytest.mark.parametrize("write", [structured, query_dsl])
def test_a_field_that_is_not_there_is_refused_with_what_it_may_be(write: Any, field: str, meant: str) -> None:
    with pytest.raises(FieldUnknown) as raised:
        write(about(field, Is("a")))
    assert str(raised.value).startswith(meant)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        (about("actor", Is("")), "empty"),
        (about("actor", Begins("")), "empty"),
        (about("event_time", Is("2026-11-01")), "since and until"),
        (about("actor", Within(ip_network("10.0.0.0/8"))), "no IP addresses: source_ip_address has"),
        (about("error_message", Is("./")), "no letter"),
        (Query(phrases=["'"]), "no letter"),
    ],
)
@pytest.mark.parametrize("write", [structured, query_dsl])
def test_what_makes_no_sense_is_refused_and_says_why(write: Any, query: Query, why: str) -> None:
    with pytest.raises(QueryRefused, match=why):
        write(query)


def test_more_values_than_cloudsearch_takes_are_refused() -> None:
    values = [Is(str(number)) for number in range(1_001)]
    with pytest.raises(QueryRefused, match="1,001"):
        structured(about("actor", *values))
    assert structured(about("actor", *values[1:])).filter


def test_a_value_that_opensearch_does_not_find_is_refused() -> None:
    with pytest.raises(QueryRefused, match="8,191"):
        query_dsl(about("actor", Is("x" * 8_192)))
    assert query_dsl(about("actor", Is("x" * 8_191)))


def test_addresses_are_those_that_opensearch_indexes_as_addresses() -> None:
    properties = index_template("p", 1, 0)["template"]["mappings"]["properties"]
    assert {name for name, field in properties.items() if "ip" in field.get("fields", {})} == ADDRESS_FIELDS


def test_how_many_values_there_are_is_known_up_to_a_number() -> None:
    """Both are asked for one value more."""
    for count, distinct in ((MAX_DISTINCT, {"actor": MAX_DISTINCT}), (MAX_DISTINCT + 1, {})):
        values = [f"v{number:04}" for number in range(count)]
        buckets = [{"value": value, "count": 1} for value in reversed(values)]
        facets = {"facets": {"actor": {"buckets": buckets}}}
        cloudsearch = on_cloudsearch.domain(on_cloudsearch.Client(on_cloudsearch.hits() | facets))
        aggregations = {"actor": {"buckets": [{"key": value, "doc_count": 1} for value in values]}}
        opensearch = on_opensearch.domain(on_opensearch.Client(on_opensearch.hits(aggregations=aggregations)))
        for domain in (cloudsearch, opensearch):
            answer = domain.search(Query(facets=["actor"], facet_size=2))
            assert (answer.facets, answer.distinct) == ({"actor": {"v0000": 1, "v0001": 1}}, distinct)


# ── Networks as texts ──────────────────────────────────────────────────────────────────────────────────────

_groups = st.sampled_from([0, 0, 0, 1, 0xA, 0xAB, 0xABC, 0xABCD, 0x2001, 0xFFFF])
ipv4 = st.builds(
    lambda *each: ip_address(bytes(each)), *[st.sampled_from([0, 1, 10, 100, 127, 128, 255])] * 4
)
ipv6 = st.builds(
    lambda *each: ip_address(b"".join(group.to_bytes(2, "big") for group in each)), *[_groups] * 8
)


@given(st.data(), st.one_of(ipv4, ipv6))
def test_the_texts_of_a_network_are_those_of_its_addresses_and_of_no_others(
    data: st.DataObject, within: Any
) -> None:
    length = data.draw(st.integers(0, within.max_prefixlen))
    other = data.draw(ipv4 if within.version == 4 else ipv6)
    bits = data.draw(st.integers(0, within.max_prefixlen))
    # One that has the first bits of the network, or a few less, and then others.
    mask = (1 << (within.max_prefixlen - bits)) - 1
    near = type(within)(int(within) & ~mask | int(other) & mask)
    network = ip_network(f"{within}/{length}", strict=False)
    try:
        texts = texts_within(network)
    except QueryRefused:
        assume(False)
    for address in (within, near):
        found = str(address) in texts.whole or any(map(str(address).startswith, texts.beginnings))
        assert found == (address in network), (network, address, texts)


@pytest.mark.parametrize("length", range(33))
def test_every_network_of_ipv4_has_texts(length: int) -> None:
    texts = texts_within(ip_network(("0.0.0.0", length)))
    assert 1 <= len(texts.whole) + len(texts.beginnings) <= 256


@pytest.mark.parametrize(
    "network", ["2600:1f18::/32", "2600:1f18:1234:ab00::/56", "2001:db8::/64", "2001:db8:0:1::/64", "::1/128"]
)
def test_the_networks_of_ipv6_that_one_meets_have_texts(network: str) -> None:
    assert texts_within(ip_network(network)) != ((), ())


@pytest.mark.parametrize("network", ["2000::/3", "::/96", "2001:db8:0:0:5::/80", "2001:db8:1000::/36"])
def test_a_network_whose_texts_others_have_too_is_refused(network: str) -> None:
    with pytest.raises(QueryRefused, match="addresses as texts"):
        texts_within(ip_network(network))

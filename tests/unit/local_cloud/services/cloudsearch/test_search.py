"""Queries, facets, sorting, paging and highlights of the local CloudSearch."""

import json
from typing import Any

import pytest

from tests.local_cloud.services.cloudsearch.models import Domain
from tests.unit.local_cloud.services.cloudsearch.domains import field, found, make_domain, refusal, search

EVENTS: dict[str, dict[str, Any]] = {
    "1": {
        "event_time": "2014-09-01T10:00:00Z",
        "event_source": "sqs.amazonaws.com",
        "resource_arns": ["arn:aws:sqs:a", "arn:aws:sqs:b"],
        "user_agent": "aws-cli/2.1 Python/3.11",
        "error_message": "User is not authorized to perform: sqs:SendMessage",
        "size": 10,
    },
    "2": {
        "event_time": "2014-09-02T00:00:00Z",
        "event_source": "sqs.amazonaws.com",
        "resource_arns": ["arn:aws:sqs:a"],
        "user_agent": "console.amazonaws.com",
        "size": 9,
    },
    "3": {
        "event_time": "2014-09-02T00:00:00.500Z",
        "event_source": "IAM.amazonaws.com",
        "error_message": "Access Denied <for user>. It's denied",
    },
    "4": {"event_time": "2015-01-01T00:00:00Z", "event_source": "s3's \\ source", "size": -1},
}


@pytest.fixture(scope="module")
def domain() -> Domain:
    fields = (
        field("event_time", "date"),
        field("event_source", "literal"),
        field("resource_arns", "literal-array"),
        field("user_agent", "text", AnalysisScheme="_mul_default_"),
        field("user_agent_exact", "literal", SourceField="user_agent", ReturnEnabled=False),
        field("error_message", "text"),
        field("size", "int", DefaultValue=7),
        field("place", "latlon"),
        field("hidden", "literal", FacetEnabled=False, SearchEnabled=False, SortEnabled=False),
        field("plain", "text", HighlightEnabled=False),
    )
    return make_domain(fields, EVENTS)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("matchall", "1234"),
        ("event_source:'sqs.amazonaws.com'", "12"),
        ("event_source:'iam.amazonaws.com'", ""),
        ("event_source:'s3\\'s \\\\ source'", "4"),
        ("event_time:['2014-09-01T00:00:00Z','2014-09-02T00:00:00Z']", "12"),
        ("event_time:['2014-09-01T00:00:00Z','2014-09-02T00:00:00Z'}", "1"),
        ("event_time:{'2014-09-02T00:00:00Z',}", "34"),
        ("event_time:{,'2014-09-01T10:00:00Z']", "1"),
        ("event_time:'2014-09-02T00:00:00.500Z'", "3"),
        ("(range field=event_time {,'2014-09-02T00:00:00Z'})", "1"),
        ("size:9", "2"),
        ("size:[-5,7]", "34"),
        ("resource_arns:'arn:aws:sqs:b'", "1"),
        ("(and event_source:'sqs.amazonaws.com' (not resource_arns:'arn:aws:sqs:b'))", "2"),
        ("(or boost=2 (term field=size 9) (term field='event_source' boost=3 'IAM.amazonaws.com'))", "23"),
        ("(not (or size:9 size:10))", "34"),
        ("(not field=event_source 'sqs.amazonaws.com')", "34"),
        ("error_message:'ACCESS DENIED'", "3"),
        ("error_message:'denied access'", "3"),
        ("(phrase field=error_message 'denied access')", ""),
        ("error_message:'authorize'", "1"),
        ("user_agent:'python'", "1"),
        ("user_agent:'amazonaws'", ""),
        ("user_agent:'console.amazonaws.com'", "2"),
        ("user_agent:'...'", ""),
        ("'denied'", "3"),
        ("(phrase field=error_message 'not authorized')", "1"),
        ("(prefix field=error_message 'auth')", "1"),
        ("(prefix field=event_source 'sqs.')", "12"),
        ("(near field=error_message distance=2 'user authorized')", "1"),
        ("(near field=error_message distance=1 'user authorized')", ""),
        ("user_agent_exact:'aws-cli/2.1 Python/3.11'", "1"),
        ("_id:'3'", "3"),
        ("(and matchall (prefix field=_id '4'))", "4"),
    ],
)
def test_structured_queries(domain: Domain, query: str, expected: str) -> None:
    assert found(domain, query) == expected


def test_query_options_and_filter(domain: Domain) -> None:
    options = '{"fields":["event_source^2"],"defaultOperator":"or"}'
    simple = {"q__parser": "simple", "q__options": options}
    assert found(domain, "sqs.amazonaws.com IAM.amazonaws.com", **simple) == "123"
    assert found(domain, "matchall", fq="(or size:9 size:10)") == "12"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"q": "event_source:"}, "Syntax error in query"),
        ({"q": "(and)"}, "Syntax error in query"),
        ({"q": "(near field=error_message distance=-1 'a b')"}, "distance must be"),
        ({"q": "(and size:9"}, "Syntax error in query"),
        ({"q": "size:9 size:10"}, "Syntax error in query"),
        ({"q": "event_time:[,'2014-09-02T00:00:00Z']"}, "curly brace"),
        ({"q": "(" * 500}, "nested"),
        ({"q": "other:'x'"}, "Syntax error in query: field (other) does not exist."),
        ({"q": "hidden:'x'"}, "not search enabled"),
        ({"q": "event_time:'yesterday'"}, "Invalid date"),
        ({"q": "size:'9'"}, "without quotes"),
        ({"q": "event_source:9"}, "single quotes"),
        ({"q": "place:['1,1','2,2']"}, "range does not apply to latlon field (place) in moto"),
        ({"q": "matchall", "facet.hidden": "{}"}, "Field 'hidden' is not facet enabled"),
        ({"q": "matchall", "facet.error_message": "{}"}, "Field 'error_message' is not facet enabled"),
        ({"q": "matchall", "sort": "hidden asc"}, "Field 'hidden' is not sort enabled"),
        ({"q": "matchall", "sort": "size"}, "'FIELD asc' or 'FIELD desc'"),
        ({"q": "matchall", "return": "user_agent_exact"}, "Field 'user_agent_exact' is not return enabled"),
        ({"q": "matchall", "highlight.plain": "{}"}, "Field 'plain' is not highlight enabled"),
        ({"q": "matchall", "size": "10001"}, "'size'"),
        ({"q": "matchall", "start": "9999", "size": "2"}, "use 'cursor'"),
        ({"q": "matchall", "cursor": "nonsense"}, "'cursor'"),
        ({"q": "matchall", "q.parser": "lucene"}, "not supported by moto"),
        ({"q.parser": "structured"}, "'q'"),
    ],
)
def test_refuses(domain: Domain, parameters: dict[str, str], message: str) -> None:
    given = {"q": "", **{name.replace(".", "__"): value for name, value in parameters.items()}}
    assert message in refusal(domain, given.pop("q"), **given)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        # https://docs.aws.amazon.com/cloudsearch/latest/developerguide/searching-ranges.html#searching-ranges-text
        ("event_source:['IAM.amazonaws.com','s3']", "3"),
        ("event_source:{'IAM.amazonaws.com',}", "124"),
        ("event_source:{,'IAM.amazonaws.com'}", ""),
        ("event_source:['s','t']", "124"),
        ("(range field=event_source ['s','t'])", "124"),
        ("resource_arns:{'arn:aws:sqs:a',}", "1"),
        ("_id:['2','3']", "23"),
        ("_id:{,'2'}", "1"),
        ("(and matchall (not _id:{'1',}))", "1"),
        # Of text, some word is in the range; it is compared as it is indexed, in lower case.
        ("error_message:['ACCESS','access']", "3"),
        ("error_message:{'perform',}", "13"),
        ("user_agent:{'python',}", ""),
        ("user_agent:['python','python']", "1"),
    ],
)
def test_ranges_of_texts_are_by_code_point(domain: Domain, query: str, expected: str) -> None:
    assert found(domain, query) == expected


@pytest.mark.parametrize(
    "query", ["event_source:[9,10]", "_id:[1,2]", "error_message:[1,2]", "size:['1','2']"]
)
def test_the_bounds_of_a_range_are_written_as_the_values_are(domain: Domain, query: str) -> None:
    assert "quotes" in refusal(domain, query)


@pytest.mark.parametrize("depth", [31, 38, 60, 90, 400, 5000])
@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("(not ", ")"),
        ("(and size:1 ", ")"),
        ("(or (and size:1 ", " size:2) size:3)"),
        ("(", ")"),
    ],
)
def test_what_is_nested_too_deep_is_refused(domain: Domain, opening: str, closing: str, depth: int) -> None:
    assert "more than 30 nested" in refusal(domain, opening * depth + "size:9" + closing * depth)


@pytest.mark.parametrize(
    ("opening", "closing", "depth"),
    [
        ("(not ", ")", 30),
        ("(and matchall ", ")", 30),
        ("(and matchall (not ", " ) matchall)", 15),
        ("(or size:1 (and matchall (phrase field=error_message 'a is b') ", ") size:10)", 14),
        ("(and 'user is not authorized' ", ")", 29),
    ],
)
def test_what_is_nested_thirty_deep_is_answered(
    domain: Domain, opening: str, closing: str, depth: int
) -> None:
    query = opening * depth + "size:9" + closing * depth
    assert set(found(domain, query)) <= set("1234")
    assert found(domain, query, fq=query, facet__size="{}", sort="") == found(domain, query, sort="")


def test_a_query_of_too_many_clauses_is_refused(domain: Domain) -> None:
    assert found(domain, f"(or {' '.join(f'size:{number}' for number in range(400))})") == "123"
    assert "400 clauses" in refusal(domain, f"(or {' '.join(f'size:{number}' for number in range(401))})")
    assert "400 clauses" in refusal(domain, f"user_agent:'{'a ' * 401}'")
    assert found(domain, f"(phrase field=user_agent '{'a ' * 5000}')") == ""


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("(term field=error_message boost=0 'a')", "boost must be greater than zero"),
        ("(and boost=0 matchall)", "boost must be greater than zero"),
        ("(or boost=-1 matchall)", "boost must be greater than zero"),
        ("(not boost='no' matchall)", "boost must be greater than zero"),
        ("(range field=size boost=0 [1,2])", "boost must be greater than zero"),
        ("(near field=error_message distance=0 'a b')", "distance must be a positive integer"),
        ("(near field=error_message distance=1.5 'a b')", "distance must be a positive integer"),
        ("(near field=error_message distance='x' 'a b')", "distance must be a positive integer"),
        ("(term field=( 'a')", "expected a value of field"),
    ],
)
def test_boosts_and_distances_are_positive(domain: Domain, query: str, message: str) -> None:
    assert message in refusal(domain, query)


def test_not_more_than_ten_fields_sort(domain: Domain) -> None:
    assert found(domain, "matchall", sort=",".join(["_id asc"] * 10)) == "1234"
    assert "more than 10 fields" in refusal(domain, "matchall", sort=",".join(["_id asc"] * 11))


@pytest.mark.parametrize(
    "options",
    [
        "{fields: []}",
        "{fields: 'error_message'}",
        "{fields: ['other']}",
        "{fields: ['hidden']}",
        "{fields: ['error_message^0']}",
        "{fields: ['error_message^-1']}",
        "{defaultOperator: 'not'}",
        "{defaultOperator: '50%'}",
        "{unknown: 1}",
        "{phraseFields: ['error_message']}",
        "[]",
        "{",
    ],
)
def test_query_options_are_those_of_the_parser(domain: Domain, options: str) -> None:
    assert refusal(domain, "'denied'", q__options=options)


def buckets(domain: Domain, name: str, options: str, query: str = "matchall") -> list[tuple[str, int]]:
    answer = search(domain, query, **{f"facet__{name}": options})
    return [(bucket["value"], bucket["count"]) for bucket in answer["facets"][name]["buckets"]]


def test_facets(domain: Domain) -> None:
    by_count = [("sqs.amazonaws.com", 2), ("IAM.amazonaws.com", 1), ("s3's \\ source", 1)]
    assert buckets(domain, "event_source", "{}") == by_count
    assert buckets(domain, "event_source", '{"sort":"bucket","size":2}') == [by_count[1], by_count[2]]
    assert buckets(domain, "event_source", '{"buckets":["none","sqs.amazonaws.com"]}') == [
        ("none", 0),
        by_count[0],
    ]
    assert buckets(domain, "resource_arns", "{}", "size:10") == [("arn:aws:sqs:a", 1), ("arn:aws:sqs:b", 1)]
    assert buckets(domain, "event_time", "{}", "size:7") == [("2014-09-02T00:00:00.500Z", 1)]
    assert buckets(
        domain, "event_source", '{"buckets":["[\'a\',\'z\']","[no range","IAM.amazonaws.com"]}'
    ) == [
        ("['a','z']", 3),
        ("[no range", 0),
        ("IAM.amazonaws.com", 1),
    ]
    days = ["['2014-09-01T00:00:00Z','2014-09-02T00:00:00Z'}", "['2014-09-02T00:00:00Z',}"]
    assert buckets(domain, "event_time", json.dumps({"buckets": days})) == [(days[0], 1), (days[1], 3)]


@pytest.mark.parametrize(
    "options",
    [
        "{size: 3}",
        "{method: 'filter'}",
        "{buckets: [], sort: 'count'}",
        "{buckets: [], size: 3}",
        "{buckets: ['a'], method: 'other'}",
        "{buckets: 'a'}",
        "{sort: 'size'}",
        "{sort: 'count', size: 0}",
        "{other: 1}",
    ],
)
def test_options_of_facets_that_do_not_go_together_are_refused(domain: Domain, options: str) -> None:
    assert refusal(domain, "matchall", facet__event_source=options)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("size asc", "4321"),
        ("size desc,_id asc", "1234"),
        ("event_time desc", "4321"),
        ("user_agent desc", "2134"),
        ("user_agent_exact asc, _id desc", "1243"),
    ],
)
def test_sort_puts_missing_values_last(domain: Domain, sort: str, expected: str) -> None:
    assert found(domain, "matchall", sort=sort) == expected


def test_sorts_by_relevance_unless_told_otherwise(domain: Domain) -> None:
    scores = search(
        domain, "(or error_message:'denied' error_message:'user')", sort="", **{"return": "_score"}
    )
    assert [hit["id"] for hit in scores["hits"]["hit"]] == ["3", "1"]
    boosted = search(
        domain, "(or error_message:'denied' (term field=error_message boost=9 'perform'))", sort=""
    )
    assert [hit["id"] for hit in boosted["hits"]["hit"]] == ["1", "3"]


def test_a_page_of_no_hits_counts_all_the_same(domain: Domain) -> None:
    assert search(domain, "matchall", size="0")["hits"] == {"found": 4, "start": 0, "hit": []}
    assert search(domain, "event_source:'sqs.amazonaws.com'", size="0")["hits"]["found"] == 2
    assert search(domain, "matchall", size="0", fq="(or size:9 size:10)")["hits"]["found"] == 2
    assert search(domain, "(term field=error_message 'denied')", size="0")["hits"]["found"] == 1


def test_pages_by_start_and_by_cursor(domain: Domain) -> None:
    assert found(domain, "matchall", start="1", size="2") == "23"
    assert found(domain, "matchall", size="0") == ""
    cursor, pages = "initial", []
    while page := search(domain, "matchall", cursor=cursor, size="3")["hits"]:
        pages.append("".join(hit["id"] for hit in page["hit"]))
        cursor = page["cursor"]
        if not page["hit"]:
            break
    assert pages == ["123", "4", ""]


def test_returns_fields_in_the_shape_of_the_format(domain: Domain) -> None:
    (hit,) = search(domain, "_id:'2'")["hits"]["hit"]
    assert hit["fields"] == EVENTS["2"] | {"size": "9"}
    (hit,) = search(domain, "_id:'2'", format="sdk", **{"return": "size,resource_arns"})["hits"]["hit"]
    assert hit["fields"] == {"size": ["9"], "resource_arns": ["arn:aws:sqs:a"]}
    assert search(domain, "_id:'2'", **{"return": "_no_fields"})["hits"]["hit"] == [{"id": "2"}]


def test_new_index_fields_apply_when_documents_are_indexed() -> None:
    domain = make_domain([field("name", "literal")], {"a": {"name": "5"}})
    domain.define_index_field(field("copy", "int", SourceField="name"))
    assert domain.search({"q": "copy:5", "q.parser": "structured"})[0] == 400
    domain.index_documents()
    assert found(domain, "copy:5") == "a"
    domain.delete_index_field("copy")
    assert found(domain, "copy:5") == "a"
    domain.index_documents()
    assert (found(domain, "name:'5'"), list(domain.index_fields)) == ("a", ["name"])

"""How an OpenSearch domain is found and asked. Answers are as a node of OpenSearch 3.5 gives them."""

import json
import re
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.steps import error_answer
from trailsearch.aws.signed_http import HttpAnswer
from trailsearch.search.highlights import Tags
from trailsearch.search.opensearch.domain import OpenSearchDomain, describe
from trailsearch.search.queries import (
    Answer,
    DomainStatus,
    Query,
    QueryRefused,
    SearchDomainNotFound,
    SearchDomainUnreachable,
    SearchError,
    SearchNotAllowed,
    Syntax,
)

FIELDS = {"event_name": "DeleteQueue", "account_ids": ["1", "2"], "raw": "{}"}
NOTHING = {"query": {"match_all": {}}, "track_total_hits": True}


def hits(*found: dict[str, Any], count: int | None = None, **more: Any) -> HttpAnswer:
    said = {
        "took": 5,
        "timed_out": False,
        "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
        "hits": {
            "total": {"value": len(found) if count is None else count, "relation": "eq"},
            "max_score": None,
            "hits": list(found),
        },
        **more,
    }
    return HttpAnswer(200, json.dumps(said).encode())


def hit(name: str, **source: Any) -> dict[str, Any]:
    return {
        "_index": "trailsearch-test-events-2026.11",
        "_id": name,
        "_score": None,
        "_source": source,
        "sort": [1_730_451_600_000, name],
    }


class Client:
    """The client of a domain: gives one answer after the other, and remembers what it was asked."""

    def __init__(self, *answers: HttpAnswer | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[dict[str, Any]] = []
        self.paths: list[tuple[str, str, Any]] = []

    def send(self, method: str, path: str, query: Any, headers: Any, body: bytes) -> HttpAnswer:
        assert headers == {"Content-Type": "application/json"}
        self.paths.append((method, path, query))
        self.asked.append(json.loads(body))
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def domain(client: Client) -> OpenSearchDomain:
    return OpenSearchDomain(cast("Any", client), "trailsearch-test")


def test_all_indices_are_asked_and_an_answer_is_about_all_of_them_or_none() -> None:
    client = Client(hits())
    domain(client).search(Query())
    assert client.paths == [
        ("POST", "/trailsearch-test-events-*/_search", {"allow_partial_search_results": "false"})
    ]


def test_a_query_is_asked_in_opensearch_s_own_terms() -> None:
    client = Client(hits())
    domain(client).search(
        Query("DeleteTrail alice", Syntax.SIMPLE, 40, 3, "actor asc", ["actor"], facet_size=7)
    )
    assert client.asked == [
        {
            "query": {"simple_query_string": {"query": "DeleteTrail alice", "default_operator": "AND"}},
            "track_total_hits": True,
            "from": 40,
            "size": 3,
            "sort": [{"actor": {"order": "asc"}}, {"event_id": {"order": "asc"}}],
            "aggs": {"actor": {"terms": {"field": "actor", "size": 1_001, "shard_size": 10_000}}},
        }
    ]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("matchall", {"match_all": {}}),
        (
            "event_name:DeleteTrail alice bob",
            {
                "query_string": {
                    "query": "event_name:DeleteTrail AND alice AND bob",
                    "default_operator": "AND",
                    "type": "phrase",
                }
            },
        ),
        ("", {"query_string": {"query": "", "default_operator": "AND", "type": "phrase"}}),
    ],
)
def test_the_native_syntax_is_query_string(text: str, query: dict[str, Any]) -> None:
    client = Client(hits())
    domain(client).search(Query(text))
    (asked,) = client.asked
    assert asked["query"] == query
    assert "aggs" not in asked


@pytest.mark.parametrize(
    ("sort", "keys"),
    [
        ("event_time desc", [("event_time", "desc"), ("event_id", "asc")]),
        ("actor", [("actor", "asc"), ("event_id", "asc")]),
        (
            "actor desc, event_name asc",
            [("actor", "desc"), ("event_name", "asc"), ("event_id", "asc")],
        ),
        ("event_id desc", [("event_id", "desc")]),
    ],
)
def test_events_that_are_equal_are_in_the_order_of_their_ids(sort: str, keys: list[tuple[str, str]]) -> None:
    client = Client(hits())
    domain(client).search(Query(sort=sort))
    assert client.asked[0]["sort"] == [{field: {"order": order}} for field, order in keys]


def test_an_answer_has_plain_values() -> None:
    buckets = [{"key": "DeleteQueue", "doc_count": 3}, {"key": "SendMessage", "doc_count": 1}]
    times = [{"key": 1_730_451_600_000, "key_as_string": "2024-11-01T09:00:00.000Z", "doc_count": 2}]
    answer = hits(
        hit("a", **FIELDS),
        count=1_234,
        aggregations={"event_name": {"buckets": buckets}, "event_time": {"buckets": times}},
    )
    found = domain(Client(answer)).search(Query(facets=["event_name", "event_time"]))
    assert found == Answer(
        1_234,
        [{"id": "a", **FIELDS}],
        {"event_name": {"DeleteQueue": 3, "SendMessage": 1}, "event_time": {"2024-11-01T09:00:00.000Z": 2}},
        distinct={"event_name": 2, "event_time": 1},
    )


def test_excerpts_of_texts_are_asked_for_and_cut_out_of_what_is_marked() -> None:
    client = Client(hits(hit("a", raw="x"), hit("b", raw="y")))
    domain(client).search(Query("alice", highlight=True))
    (asked,) = client.asked
    highlight = asked["highlight"]
    assert highlight["fields"] == {"user_agent": {}, "error_message": {}, "raw": {}}
    assert (highlight["number_of_fragments"], highlight["max_analyzer_offset"]) == (0, 1_000_000)


def test_an_event_has_its_excerpts_by_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trailsearch.search.opensearch.domain.new_tags", lambda: Tags("<<", ">>"))
    marked = {"highlight": {"raw": ['{"who":"<<alice>>"}'], "error_message": ["<<alice>> may not"]}}
    answer = domain(Client(hits({**hit("a", raw="x"), **marked}, hit("b", raw="y")))).search(
        Query("alice", highlight=True)
    )
    assert answer.highlights == [
        {
            "raw": [[('{"who":"', False), ("alice", True), ('"}', False)]],
            "error_message": [[("alice", True), (" may not", False)]],
        },
        {},
    ]


def test_nothing_is_marked_unless_that_is_asked_for() -> None:
    client = Client(hits(hit("a", raw="x")))
    assert domain(client).search(Query("alice")).highlights == ()
    assert "highlight" not in client.asked[0]


def test_before_the_first_event_nothing_is_found() -> None:
    # No index matches: there are no shards, and no aggregations.
    none = HttpAnswer(
        200,
        b'{"took":57,"timed_out":false,"_shards":{"total":0,"successful":0,"skipped":0,"failed":0},'
        b'"hits":{"total":{"value":0,"relation":"eq"},"max_score":0.0,"hits":[]}}',
    )
    assert domain(Client(none)).search(Query(facets=["actor"])) == Answer(
        0, [], {"actor": {}}, distinct={"actor": 0}
    )
    assert domain(Client(none)).count() == 0
    assert list(domain(Client(none)).scan(Query())) == []


def test_events_are_counted_without_reading_any() -> None:
    client = Client(hits(count=12_345))
    assert domain(client).count() == 12_345
    assert client.asked == [{**NOTHING, "size": 0}]


def test_a_scan_goes_on_after_the_last_event_until_nothing_is_left() -> None:
    client = Client(hits(hit("a"), hit("b")), hits(hit("c")), hits())
    assert list(domain(client).scan(Query(size=2, start=5, facets=["actor"]))) == [
        {"id": "a"},
        {"id": "b"},
        {"id": "c"},
    ]
    sort = [{"event_time": {"order": "desc"}}, {"event_id": {"order": "asc"}}]
    assert client.asked == [
        {**NOTHING, "size": 2, "sort": sort},
        {**NOTHING, "size": 2, "sort": sort, "search_after": [1_730_451_600_000, "b"]},
        {**NOTHING, "size": 2, "sort": sort, "search_after": [1_730_451_600_000, "c"]},
    ]


@pytest.mark.parametrize(("fields", "source"), [([], False), (["actor", "raw"], ["actor", "raw"])])
def test_a_scan_reads_the_fields_that_are_wanted(fields: list[str], source: Any) -> None:
    client = Client(hits({"_id": "a", "sort": [1]}), hits())
    assert list(domain(client).scan(Query(), fields)) == [{"id": "a"}]
    assert client.asked[0]["_source"] == source


def shards_failed(reason: dict[str, Any], root: dict[str, Any]) -> HttpAnswer:
    said = {
        "root_cause": [root],
        "type": "search_phase_execution_exception",
        "reason": "all shards failed",
        "phase": "query",
        "failed_shards": [{"shard": 0, "reason": reason}],
        "caused_by": reason,
    }
    return HttpAnswer(400, json.dumps({"error": said, "status": 400}).encode())


LEXICAL_ERROR = (
    'Lexical error at line 1, column 4.  Encountered: <EOF> after prefix "/b" (in lexical state 2)'
)
NOT_PARSED: dict[str, Any] = {"type": "query_shard_exception", "reason": "Failed to parse query [a/b]"}
NOT_UNDERSTOOD = shards_failed(
    NOT_PARSED
    | {
        "caused_by": {
            "type": "parse_exception",
            "reason": f"Cannot parse 'a/b': {LEXICAL_ERROR}",
            "caused_by": {"type": "token_mgr_error", "reason": LEXICAL_ERROR},
        }
    },
    NOT_PARSED,
)


def test_a_query_that_is_not_understood_is_refused_in_the_domain_s_words_with_a_hint() -> None:
    with pytest.raises(QueryRefused) as raised:
        domain(Client(NOT_UNDERSTOOD)).search(Query("a/b"))
    assert str(raised.value) == (
        f"Failed to parse query [a/b]: Cannot parse 'a/b': {LEXICAL_ERROR}."
        r' Within a word, : and / need a backslash before them (\: \/), or the word quotes (" ")'
    )


def test_the_hint_is_given_only_where_it_may_help() -> None:
    with pytest.raises(QueryRefused) as raised:
        domain(Client(NOT_UNDERSTOOD)).search(Query("("))
    assert "backslash" not in str(raised.value)


def error(status: int, kind: str, reason: str) -> HttpAnswer:
    said = {"type": kind, "reason": reason}
    return HttpAnswer(
        status, json.dumps({"error": {"root_cause": [said], **said}, "status": status}).encode()
    )


NO_ORDER = {
    "type": "query_shard_exception",
    "reason": "No mapping found for [nofield] in order to sort on",
}


@pytest.mark.parametrize(
    ("given", "says", "raised"),
    [
        (shards_failed(NO_ORDER, NO_ORDER), NO_ORDER["reason"], QueryRefused),
        (
            error(400, "x_content_parse_exception", "[1:112] [field_sort] failed to parse field [order]"),
            "[1:112] [field_sort] failed to parse field [order]",
            QueryRefused,
        ),
        (
            error(400, "illegal_argument_exception", "Result window is too large, from + size must be less"),
            "Result window is too large",
            QueryRefused,
        ),
        (
            HttpAnswer(403, b'{"Message":"User: anonymous is not authorized to perform: es:ESHttpPost"}'),
            "not authorized to perform: es:ESHttpPost",
            SearchNotAllowed,
        ),
        (HttpAnswer(401, b""), "It says nothing", SearchNotAllowed),
        (
            error(403, "cluster_block_exception", "index [x] blocked by: [FORBIDDEN/7/index read (api)];"),
            "FORBIDDEN/7/index read",
            SearchDomainUnreachable,
        ),
        (HttpAnswer(404, b""), "HTTP 404", SearchDomainUnreachable),
        (HttpAnswer(429, b"429 Too Many Requests"), "429 Too Many Requests", SearchDomainUnreachable),
        (error(503, "no_shard_available_action_exception", "x"), "HTTP 503", SearchDomainUnreachable),
        (HttpAnswer(502, b"<html>"), "HTTP 502", SearchDomainUnreachable),
        (HttpAnswer(200, b'{"hits":'), "cut short", SearchDomainUnreachable),
        (EndpointConnectionError(endpoint_url="https://x"), "Could not connect", SearchDomainUnreachable),
    ],
)
def test_what_the_domain_says_is_raised_under_its_name(
    given: HttpAnswer | Exception, says: str, raised: type[SearchError]
) -> None:
    with pytest.raises(raised, match=re.escape(says)):
        domain(Client(given)).search(Query())
    with pytest.raises(raised, match=re.escape(says)):
        list(domain(Client(given)).scan(Query()))
    with pytest.raises(raised, match=re.escape(says)):
        domain(Client(given)).count()


class Configuration:
    """The client of OpenSearch's configuration service, with one domain or none."""

    def __init__(self, **domain: Any) -> None:
        self.domain = domain
        self.meta = SimpleNamespace(region_name="us-east-1")

    def describe_domain(self, DomainName: str) -> Any:  # noqa: N803, the name is boto3's
        if not self.domain:
            raise ClientError(
                error_answer(409, "ResourceNotFoundException", f"Domain not found: {DomainName}"),
                "DescribeDomain",
            )
        return {"DomainStatus": {"DomainName": DomainName, **self.domain}}


CLUSTER = {"InstanceType": "or2.medium.search", "InstanceCount": 3}


def test_a_domain_is_found_with_what_it_runs_on() -> None:
    found = describe(
        "d",
        Configuration(
            Endpoint="search-d.example.com",
            ClusterConfig=CLUSTER,
            EBSOptions={"EBSEnabled": True, "VolumeSize": 100},
            Processing=False,
        ),
    )
    assert found == DomainStatus(
        "search-d.example.com",
        "or2.medium.search",
        3,
        processing=False,
        volume_gib=100,
        index_endpoint="search-d.example.com",
    )
    assert (found.partition_count, found.requires_index_documents) == (None, False)


@pytest.mark.parametrize(
    ("changes", "busy"),
    [
        ({"Processing": True}, True),
        ({"Processing": False, "UpgradeProcessing": True}, True),
        ({"Processing": False, "UpgradeProcessing": False}, False),
        ({}, False),
    ],
)
def test_a_domain_that_changes_or_is_upgraded_is_busy(changes: dict[str, Any], busy: bool) -> None:
    assert describe("d", Configuration(Endpoint="e", **changes)).processing is busy


def test_a_domain_that_is_being_created_has_no_endpoint_yet() -> None:
    assert describe("d", Configuration(Created=True, Processing=True)).endpoint is None


@pytest.mark.parametrize("domain", [{}, {"Deleted": True, "Endpoint": "e"}])
def test_a_domain_that_is_not_there_is_named_with_its_region(domain: dict[str, Any]) -> None:
    with pytest.raises(SearchDomainNotFound, match="The search domain d does not exist in us-east-1"):
        describe("d", Configuration(**domain))


def test_what_aws_says_else_is_passed_on() -> None:
    client: Any = Configuration()
    denied = ClientError(error_answer(403, "AccessDeniedException", "no"), "DescribeDomain")

    def deny(**_: Any) -> Any:
        raise denied

    client.describe_domain = deny
    with pytest.raises(ClientError, match="AccessDenied"):
        describe("d", client)

"""How a CloudSearch domain is found and asked."""

import json
import re
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.steps import error_answer
from trailsearch.search.cloudsearch.domain import CloudSearchDomain, describe
from trailsearch.search.highlights import Tags
from trailsearch.search.queries import (
    Answer,
    DomainStatus,
    Query,
    QueryRefused,
    SearchDomainNotFound,
    SearchDomainUnreachable,
    SearchError,
    SearchNotAllowed,
    SearchServiceClosed,
    Syntax,
)

# Of whose values each is in a list, as the client has it.
HIT = {"id": "a", "fields": {"event_name": ["DeleteQueue"], "account_ids": ["1", "2"], "raw": ["{}"]}}
EVENT = {"id": "a", "event_name": "DeleteQueue", "account_ids": ["1", "2"], "raw": "{}"}


class Client:
    """The client of a domain: gives one answer after the other, and remembers what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def search(self, **request: Any) -> Any:
        self.asked.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def domain(client: Client) -> CloudSearchDomain:
    return CloudSearchDomain(cast("Any", client))


def hits(*found: Any, count: int | None = None, cursor: str = "") -> dict[str, Any]:
    return {"hits": {"found": len(found) if count is None else count, "hit": list(found), "cursor": cursor}}


def test_a_query_is_asked_in_cloudsearch_s_own_terms() -> None:
    client = Client(hits())
    facets = ["actor", "event_name"]
    domain(client).search(Query("deletetrail", Syntax.SIMPLE, 40, 3, "actor asc", facets, facet_size=7))
    facet = {"sort": "count", "size": 1_001}
    assert client.asked == [
        {
            "query": "deletetrail",
            "queryParser": "simple",
            "start": 40,
            "size": 3,
            "sort": "actor asc",
            "facet": json.dumps({"actor": facet, "event_name": facet}),
        }
    ]


def test_the_native_syntax_is_the_structured_one_and_no_facet_is_asked_for_unless_it_is_wanted() -> None:
    client = Client(hits())
    domain(client).search(Query())
    (asked,) = client.asked
    assert (asked["query"], asked["queryParser"]) == ("matchall", "structured")
    assert "facet" not in asked


def test_an_answer_has_plain_values() -> None:
    answer = hits(HIT, count=1_234) | {
        "facets": {"event_name": {"buckets": [{"value": "DeleteQueue", "count": 3}]}}
    }
    assert domain(Client(answer)).search(Query()) == Answer(
        1_234, [EVENT], {"event_name": {"DeleteQueue": 3}}, distinct={"event_name": 1}
    )


def test_excerpts_of_texts_are_asked_for_and_cut_out_of_what_is_marked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("trailsearch.search.cloudsearch.domain.new_tags", lambda: Tags("<<", ">>"))
    marked = {"highlights": {"raw": '{"who":"<<alice>>"}', "error_message": "nothing"}}
    client = Client(hits({**HIT, **marked}, HIT, {**HIT, "highlights": {"error_message": None}}))
    answer = domain(client).search(Query("alice", highlight=True))
    options = {"format": "text", "max_phrases": 5, "pre_tag": "<<", "post_tag": ">>"}
    assert json.loads(client.asked[0]["highlight"]) == {"error_message": options, "raw": options}
    assert answer.highlights == [{"raw": [[('{"who":"', False), ("alice", True), ('"}', False)]]}, {}, {}]


def test_nothing_is_marked_unless_that_is_asked_for() -> None:
    client = Client(hits(HIT))
    assert domain(client).search(Query("alice")).highlights == ()
    assert "highlight" not in client.asked[0]


def test_events_are_counted_without_reading_any() -> None:
    client = Client(hits(count=1_234))
    assert domain(client).count() == 1_234
    assert client.asked[0]["size"] == 0


def test_a_scan_goes_on_until_nothing_is_left() -> None:
    pages = [hits(HIT, HIT, cursor="2"), hits(HIT, cursor="3"), hits(cursor="3")]
    client = Client(*pages)
    assert list(domain(client).scan(Query(size=2))) == [EVENT] * 3
    assert [asked["cursor"] for asked in client.asked] == ["initial", "2", "3"]
    assert "returnFields" not in client.asked[0]
    assert "start" not in client.asked[0], "CloudSearch takes no cursor with it"


@pytest.mark.parametrize(("fields", "returned"), [([], "_no_fields"), (["actor", "raw"], "actor,raw")])
def test_a_scan_reads_the_fields_that_are_wanted(fields: list[str], returned: str) -> None:
    client = Client(hits())
    assert list(domain(client).scan(Query(), fields)) == []
    assert client.asked[0]["returnFields"] == returned


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (
            ClientError(error_answer(400, "SearchException", "field (x) does not exist"), "Search"),
            QueryRefused,
        ),
        (
            ClientError(error_answer(403, "AccessDeniedException", "not authorized"), "Search"),
            SearchNotAllowed,
        ),
        (ClientError(error_answer(401, "401", "not authorized"), "Search"), SearchNotAllowed),
        (ClientError(error_answer(429, "429", "slow down"), "Search"), SearchDomainUnreachable),
        (ClientError(error_answer(503, "503", "down"), "Search"), SearchDomainUnreachable),
        (EndpointConnectionError(endpoint_url="https://search"), SearchDomainUnreachable),
    ],
)
def test_what_the_domain_says_is_raised_under_its_name(raised: Exception, error: type[SearchError]) -> None:
    said = raised.response["Error"]["Message"] if isinstance(raised, ClientError) else "Could not connect"
    with pytest.raises(error, match=re.escape(said)):
        domain(Client(raised)).search(Query())
    with pytest.raises(error):
        list(domain(Client(raised)).scan(Query()))


def configuration(*domains: Any) -> Any:
    return SimpleNamespace(
        meta=SimpleNamespace(region_name="us-east-1"),
        describe_domains=lambda **_request: {"DomainStatusList": list(domains)},
    )


def test_a_domain_is_found_with_what_it_runs_on() -> None:
    described = {
        "DomainName": "d",
        "SearchService": {"Endpoint": "search-d.example.com"},
        "DocService": {"Endpoint": "doc-d.example.com"},
        "SearchInstanceType": "search.small",
        "SearchInstanceCount": 2,
        "SearchPartitionCount": 1,
        "Processing": True,
        "RequiresIndexDocuments": False,
    }
    found = describe("d", configuration(described))
    assert found == DomainStatus(
        endpoint="search-d.example.com",
        instance_type="search.small",
        instance_count=2,
        processing=True,
        partition_count=1,
        requires_index_documents=False,
        index_endpoint="doc-d.example.com",
    )


def test_a_domain_that_is_being_created_has_no_endpoint_yet() -> None:
    described = {"DomainName": "d", "RequiresIndexDocuments": False, "SearchService": {}}
    assert describe("d", configuration(described)).endpoint is None


def test_a_domain_that_is_not_there_is_named_with_its_region() -> None:
    with pytest.raises(SearchDomainNotFound, match="The search domain d does not exist in us-east-1"):
        describe("d", configuration())


def refusing(code: str, message: str) -> Any:
    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": message}}, "DescribeDomains")

    return SimpleNamespace(describe_domains=refuse, meta=SimpleNamespace(region_name="us-east-1"))


def test_an_account_that_cloudsearch_does_not_take_has_no_domain_there() -> None:
    closed = (
        "New domain creation not supported on this account. Please reach out to AWS Support for assistance."
    )
    with pytest.raises(SearchServiceClosed, match="CloudSearch does not take this account"):
        describe("d", refusing("NotAuthorized", closed))


@pytest.mark.parametrize("code", ["NotAuthorized", "AccessDenied"])
def test_whoever_may_not_look_is_not_told_that_there_is_no_domain(code: str) -> None:
    with pytest.raises(ClientError, match=code):
        describe("d", refusing(code, "User is not authorized to perform: cloudsearch:DescribeDomains"))

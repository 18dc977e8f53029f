"""CloudSearch: what its documents say of uploads and searches that the product never makes, or makes by their rules.

https://docs.aws.amazon.com/cloudsearch/latest/developerguide/preparing-data.html
https://docs.aws.amazon.com/cloudsearch/latest/developerguide/limits.html
https://docs.aws.amazon.com/cloudsearch/latest/developerguide/search-api.html
"""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from tests.contract.backends import make_cloudsearch_domain
from tests.contract.conftest import SESSION, CloudWith

if TYPE_CHECKING:
    from mypy_boto3_cloudsearchdomain.client import CloudSearchDomainClient


class Services(NamedTuple):
    """The two services of a domain."""

    documents: "CloudSearchDomainClient"
    search: "CloudSearchDomainClient"

    def upload(self, *operations: Any) -> Any:
        batch = json.dumps(operations).encode()
        return self.documents.upload_documents(documents=batch, contentType="application/json")

    def ids(self) -> list[str]:
        answer = self.search.search(query="matchall", queryParser="structured", sort="_id asc")
        return [hit["id"] for hit in answer["hits"]["hit"]]


@pytest.fixture
def domain(cloud_with: CloudWith) -> Iterator[Services]:
    """A domain with the product's fields, and two documents."""
    cloud = cloud_with("embedded")
    endpoints = make_cloudsearch_domain(SESSION, cloud.endpoint_url, "trailsearch-wire")
    services = Services(*(SESSION.client("cloudsearchdomain", endpoint_url=each) for each in endpoints))
    services.upload(add("a", event_name="GetObject"), add("b", event_name="PutObject"))
    yield services
    SESSION.client("cloudsearch", endpoint_url=cloud.endpoint_url).delete_domain(
        DomainName="trailsearch-wire"
    )


def add(document_id: str, **fields: Any) -> dict[str, Any]:
    return {"type": "add", "id": document_id, "fields": {"event_id": document_id, **fields}}


BAD_OPERATIONS: dict[str, Any] = {
    "an id with a space": add("c d"),
    "an id that is too long": add("c" * 129),
    "no id": {"type": "add", "fields": {}},
    "no type": {"id": "c", "fields": {}},
    "an unknown type": {"type": "update", "id": "c", "fields": {}},
    "no fields": {"type": "add", "id": "c"},
    "a field that the domain lacks": add("c", nofield="x"),
    "a time that is none": add("c", event_time="yesterday"),
    "a control character": add("c", raw="a\x07b"),
    "U+FFFE": add("c", raw="\ufffe"),
    "a lone surrogate": add("c", raw="\ud800"),
    "1,001 values": add("c", resource_arns=[str(number) for number in range(1001)]),
    "several values of a single field": add("c", event_name=["x", "y"]),
    "an object": add("c", event_name={"a": "x"}),
    "a document above 1 MB": add("c", raw="x" * 1_048_577),
}


@pytest.mark.parametrize("operation", BAD_OPERATIONS.values(), ids=list(BAD_OPERATIONS))
def test_one_bad_operation_fails_its_whole_batch(domain: Services, operation: Any) -> None:
    with pytest.raises(ClientError) as raised:
        domain.upload(add("good"), operation)
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert domain.ids() == ["a", "b"]


def test_a_batch_above_5_mb_is_too_large(domain: Services) -> None:
    with pytest.raises(ClientError) as raised:
        domain.upload(*(add(f"c{number}", raw="x" * 900_000) for number in range(6)))
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] in {400, 413}
    assert domain.ids() == ["a", "b"]


@pytest.mark.parametrize("body", [b"no batch", b"[{]", b'{"type":"add"}', b"[]"])
def test_what_is_no_batch_is_refused(domain: Services, body: bytes) -> None:
    with pytest.raises(ClientError) as raised:
        domain.documents.upload_documents(documents=body, contentType="application/json")
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_an_upload_counts_what_it_adds_and_deletes_what_is_not_there_too(domain: Services) -> None:
    answer = domain.upload(add("c"), {"type": "delete", "id": "a"}, {"type": "delete", "id": "never"})
    assert (answer["status"], answer["adds"], answer["deletes"]) == ("success", 1, 2)
    assert domain.ids() == ["b", "c"]


@pytest.mark.parametrize(
    "request_",
    [
        {"query": "nofield:'x'"},
        {"query": "event_name:'x"},
        {"query": "(and event_name:'x'"},
        {"query": "matchall", "size": 10_001},
        {"query": "matchall", "start": 10_001},
        {"query": "matchall", "start": 1, "cursor": "initial"},
        {"query": "matchall", "cursor": "made-up"},
        {"query": "matchall", "sort": "raw asc"},
        {"query": "matchall", "sort": "event_name up"},
        {"query": "matchall", "facet": '{"raw":{}}'},
        {"query": "matchall", "facet": "no JSON"},
        {"query": "matchall", "highlight": '{"event_name":{}}'},
        {"query": "matchall", "highlight": '{"raw":{"max_phrases":6}}'},
        {"query": "matchall", "returnFields": "nofield"},
    ],
    ids=str,
)
def test_a_search_that_breaks_the_rules_is_refused(domain: Services, request_: dict[str, Any]) -> None:
    with pytest.raises(domain.search.exceptions.SearchException):
        domain.search.search(queryParser="structured", **request_)


def test_a_highlight_marks_the_first_occurrences_of_each_word_of_a_phrase(domain: Services) -> None:
    """As many as are asked for, and wherever the words stand."""
    domain.upload(add("c", raw="bob may not, not bob, not bob"))
    answer = domain.search.search(
        query="(phrase field=raw 'not bob')",
        queryParser="structured",
        highlight='{"raw":{"format":"text","max_phrases":3,"pre_tag":"<","post_tag":">"}}',
    )
    (hit,) = answer["hits"]["hit"]
    assert hit["highlights"] == {"raw": "<bob> may <not>, <not> bob, not bob"}

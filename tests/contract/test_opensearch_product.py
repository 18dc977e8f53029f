"""The product's own OpenSearch backend, against both engines, through the endpoint of a domain."""

from collections.abc import Iterator

import pytest

from tests.contract.domain import Domain, bulk_body
from tests.contract.events import EVENT
from tests.local_cloud.faults import FaultControl, Match, RefusedItems, Rule
from trailsearch.contracts.errors import BatchRefused, SearchThrottled, SearchUnavailable
from trailsearch.search.opensearch import OpenSearch
from trailsearch.search.queries import Query


@pytest.fixture
def empty(engine_domain: Domain) -> Iterator[Domain]:
    """The domain without a template."""
    yield engine_domain
    engine_domain.ask("DELETE", f"/{engine_domain.name}-events-*")
    engine_domain.ask("DELETE", f"/_index_template/{engine_domain.name}-events")


def test_a_batch_is_indexed_by_the_template_that_is_written_with_it(empty: Domain) -> None:
    backend = OpenSearch(empty.name)
    body = bulk_body(empty.index(), [("a", EVENT), ("b", EVENT | {"event_time": "malformed"})])
    assert list(backend.index(empty.endpoint).upload(body)) == []
    empty.refresh()
    domain = backend.domain(empty.endpoint)
    assert domain.count() == 2
    assert [event["id"] for event in domain.search(Query("amazonaws")).events] == ["a", "b"]


@pytest.mark.parametrize(("shards", "replicas"), [(3, 0), (1, 2)])
def test_another_number_of_shards_or_replicas_reaches_the_template(
    empty: Domain, shards: int, replicas: int
) -> None:
    body = bulk_body(empty.index(), [("a", EVENT)])
    OpenSearch(empty.name, shards=1, replicas=0).index(empty.endpoint).upload(body)
    OpenSearch(empty.name, shards=shards, replicas=replicas).index(empty.endpoint).upload(body)
    template = empty.ask("GET", f"/_index_template/{empty.name}-events").content["index_templates"][0]
    settings = template["index_template"]["template"]["settings"]["index"]
    assert (settings["number_of_shards"], settings["number_of_replicas"]) == (str(shards), str(replicas))


def test_documents_are_refused_one_by_one(empty: Domain) -> None:
    body = bulk_body(empty.index(), [("a", EVENT), ("b", b'{"raw":{}}'), ("c", EVENT)])
    (refused,) = OpenSearch(empty.name).index(empty.endpoint).upload(body)
    assert (refused.position, refused.id) == (1, "b")
    assert "failed to parse field [raw] of type [text]" in refused.reason


def test_documents_that_are_throttled_are_told_apart_whatever_the_node_packs(empty: Domain) -> None:
    index = OpenSearch(empty.name).index(empty.endpoint)
    body = bulk_body(empty.index(), [(f"e{number}", EVENT) for number in range(100)])
    rule = Rule(RefusedItems(429, "rejected_execution_exception"), Match(path="/_bulk$"))
    throttling = FaultControl(empty.endpoint.partition("/opensearch/")[0]).inject([rule])
    with throttling, pytest.raises(SearchThrottled, match="50 of 100 documents are not indexed"):
        index.upload(body)
    assert list(index.upload(body)) == []


def test_a_batch_that_is_wrong_or_too_large_is_refused(empty: Domain) -> None:
    index = OpenSearch(empty.name).index(empty.endpoint)
    for body in (
        bulk_body(empty.index(), [("x" * 513, EVENT)]),
        bulk_body(empty.index(), [("a", EVENT | {"raw": "x" * 11_000_000})]),
    ):
        with pytest.raises(BatchRefused):
            index.upload(body)


@pytest.mark.parametrize(
    ("block", "error"),
    [("index.blocks.write", SearchUnavailable), ("index.blocks.read_only_allow_delete", SearchThrottled)],
)
def test_a_block_is_something_to_wait_for(empty: Domain, block: str, error: type[Exception]) -> None:
    index = OpenSearch(empty.name).index(empty.endpoint)
    body = bulk_body(empty.index(), [("a", EVENT)])
    index.upload(body)
    path = f"/{empty.index()}/_settings"
    assert empty.ask_engine("PUT", path, {block: True}).status == 200
    with pytest.raises(error):
        index.upload(body)
    assert empty.ask_engine("PUT", path, {block: None}).status == 200
    assert list(index.upload(body)) == []


def test_an_index_that_was_made_without_the_template_gets_nothing(empty: Domain) -> None:
    empty.store([("a", EVENT)])
    body = bulk_body(empty.index(), [("b", EVENT | {"event_time": "malformed"})])
    with pytest.raises(SearchUnavailable, match="made without the template"):
        OpenSearch(empty.name).index(empty.endpoint).upload(body)

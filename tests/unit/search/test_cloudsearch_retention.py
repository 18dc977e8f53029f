"""How expired events are found and deleted in a CloudSearch domain."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.steps import error_answer
from trailsearch.contracts.errors import BatchRefused, SearchAccessDenied, SearchThrottled, SearchUnavailable
from trailsearch.search.backend import Expired
from trailsearch.search.cloudsearch import retention
from trailsearch.search.cloudsearch.batches import CloudSearchFormat
from trailsearch.search.cloudsearch.index import CloudSearchIndex
from trailsearch.search.cloudsearch.retention import CloudSearchRetention

BEFORE = datetime(2026, 10, 25, 12, tzinfo=UTC)


class Client:
    """The client of a domain: has events in pages, and answers uploads as it is set."""

    def __init__(self, *ids: str, found: int | None = None) -> None:
        self.ids = list(ids)
        self.found = len(ids) if found is None else found
        self.asked: list[dict[str, Any]] = []
        self.uploaded: list[bytes] = []
        self.search_error: Exception | None = None
        self.upload_answer: Any = {"status": "success"}

    def search(self, **request: Any) -> Any:
        self.asked.append(request)
        if self.search_error:
            raise self.search_error
        start = 0 if request["cursor"] == "initial" else int(request["cursor"])
        end = start + request["size"]
        hits = [{"id": each} for each in self.ids[start:end]]
        return {"hits": {"found": self.found, "start": start, "cursor": str(end), "hit": hits}}

    def upload_documents(self, documents: bytes, contentType: str) -> Any:  # noqa: N803  # boto3's name
        assert contentType == "application/json"
        self.uploaded.append(documents)
        if isinstance(self.upload_answer, Exception):
            raise self.upload_answer
        return self.upload_answer

    @property
    def deleted(self) -> list[str]:
        return [operation["id"] for batch in self.uploaded for operation in json.loads(batch)]


def of(client: Client) -> CloudSearchRetention:
    return CloudSearchRetention(cast("Any", client), CloudSearchIndex(cast("Any", client)))


def delete_some(client: Client, before: datetime = BEFORE) -> Expired:
    return of(client).delete_some(before)


def test_what_has_expired_is_counted_without_being_deleted() -> None:
    client = Client("a", "b")
    assert of(client).find(BEFORE) == Expired(2)
    assert [asked["size"] for asked in client.asked] == [0]
    assert client.uploaded == []


def test_events_before_a_time_are_found_oldest_first_and_without_their_fields() -> None:
    client = Client("a")
    delete_some(client, BEFORE.astimezone(timezone(timedelta(hours=2))))
    assert client.asked == [
        {
            "query": "event_time:['2006-01-01T00:00:00Z','2026-10-25T12:00:00Z'}",
            "queryParser": "structured",
            "sort": "event_time asc",
            "size": 10_000,
            "cursor": "initial",
            "returnFields": "_no_fields",
        }
    ]


def test_what_is_found_is_deleted_by_one_upload() -> None:
    client = Client("a", "b")
    assert delete_some(client) == Expired(2)
    (batch,) = client.uploaded
    assert json.loads(batch) == [{"type": "delete", "id": "a"}, {"type": "delete", "id": "b"}]


def test_nothing_is_uploaded_where_nothing_is_found() -> None:
    client = Client()
    assert delete_some(client) == Expired(0)
    assert client.uploaded == []


def test_what_is_counted_but_not_found_is_looked_for_again_later() -> None:
    client = Client(found=3)
    assert delete_some(client) == Expired(3)
    assert client.uploaded == []


def test_not_more_is_deleted_at_once_than_two_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "PAGE", 2)
    client = Client("a", "b", "c", "d", "e")
    assert delete_some(client) == Expired(5)
    assert client.deleted == ["a", "b", "c", "d"]
    assert len(client.uploaded) == 1


def test_no_second_page_is_asked_for_where_the_first_is_not_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "PAGE", 2)
    client = Client("a")
    delete_some(client)
    assert len(client.asked) == 1


def test_an_event_that_two_pages_have_is_deleted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "PAGE", 2)
    client = Client("a", "b", "b", "c")
    delete_some(client)
    assert client.deleted == ["a", "b", "c"]


def test_the_longest_ids_fit_into_a_batch() -> None:
    ids = [f"{number:0128}" for number in range(retention.PAGE * retention.PAGES)]
    client = Client(*ids)
    delete_some(client)
    (batch,) = client.uploaded
    assert client.deleted == ids
    assert len(batch) <= CloudSearchFormat.max_batch_bytes


ERRORS = [
    (ClientError(error_answer(403, "AccessDenied", "no"), "Search"), SearchAccessDenied),
    (ClientError(error_answer(401, "Unauthorized", "no"), "Search"), SearchAccessDenied),
    (ClientError(error_answer(429, "429"), "Search"), SearchThrottled),
    (ClientError(error_answer(503, "503"), "Search"), SearchThrottled),
    (ClientError(error_answer(507, "507"), "Search"), SearchThrottled),
    (ClientError(error_answer(509, "509"), "Search"), SearchThrottled),
    (ClientError(error_answer(500, "500"), "Search"), SearchUnavailable),
    (ClientError(error_answer(400, "SearchException", "no field event_time"), "Search"), SearchUnavailable),
    (EndpointConnectionError(endpoint_url="https://search"), SearchUnavailable),
]


@pytest.mark.parametrize(("raised", "error"), ERRORS)
def test_what_a_search_fails_with_has_its_name(raised: Exception, error: type[Exception]) -> None:
    client = Client("a")
    client.search_error = raised
    with pytest.raises(error):
        delete_some(client)
    assert client.uploaded == []


def test_an_answer_to_a_search_that_is_cut_short_deletes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client("a")
    monkeypatch.setattr(client, "search", lambda **_: {"ResponseMetadata": {"HTTPStatusCode": 200}})
    with pytest.raises(SearchUnavailable, match="cut short"):
        delete_some(client)
    assert client.uploaded == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (ClientError(error_answer(400, "DocumentServiceException"), "UploadDocuments"), BatchRefused),
        (ClientError(error_answer(507, "507"), "UploadDocuments"), SearchThrottled),
        (ClientError(error_answer(403, "AccessDenied"), "UploadDocuments"), SearchAccessDenied),
        ({}, SearchUnavailable),
    ],
)
def test_what_an_upload_fails_with_has_its_name(answer: Any, error: type[Exception]) -> None:
    client = Client("a")
    client.upload_answer = answer
    with pytest.raises(error):
        delete_some(client)

"""How months are dropped from an OpenSearch domain. Answers are as a node of OpenSearch 3.5 gives them."""

import json
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from botocore.exceptions import ConnectionClosedError

from trailsearch.aws.signed_http import HttpAnswer
from trailsearch.contracts.errors import SearchAccessDenied, SearchThrottled, SearchUnavailable
from trailsearch.search.backend import Expired
from trailsearch.search.opensearch.retention import OpenSearchRetention

PREFIX = "trailsearch-test"
BEFORE = datetime(2026, 10, 25, 12, tzinfo=UTC)
ACKNOWLEDGED = HttpAnswer(200, b'{"acknowledged":true}')
LIST = ("GET", f"/_cat/indices/{PREFIX}-events-*", {"format": "json", "h": "index,docs.count"})


class Client:
    """The client of a domain that has indices, each with its ``docs.count`` as the domain writes it."""

    def __init__(self, **documents: str | None) -> None:
        rows = [
            {"index": f"{PREFIX}-{name}" if "events" in name else name, "docs.count": count}
            for name, count in documents.items()
        ]
        self.listed: HttpAnswer | Exception = HttpAnswer(200, json.dumps(rows).encode())
        self.deleted: HttpAnswer | Exception = ACKNOWLEDGED
        self.sent: list[Any] = []

    def send(self, method: str, path: str, query: Any = None) -> HttpAnswer:
        self.sent.append((method, path, query) if query else (method, path))
        answer = self.listed if method == "GET" else self.deleted
        if isinstance(answer, Exception):
            raise answer
        return answer


def months(**documents: str | None) -> Client:
    """A domain with an index for each month, as ``y2026_10="3"``, and others by their names."""
    return Client(
        **{
            f"events-{name[1:].replace('_', '.')}" if name.startswith("y") else name: count
            for name, count in documents.items()
        }
    )


def delete_some(client: Client, before: datetime = BEFORE) -> Expired:
    return OpenSearchRetention(cast("Any", client), PREFIX).delete_some(before)


def index(month: str) -> str:
    return f"{PREFIX}-events-{month}"


def test_expired_months_are_found_without_being_dropped() -> None:
    client = months(y2026_10="10", y2026_09="4", y2025_12="3")
    found = OpenSearchRetention(cast("Any", client), PREFIX).find(BEFORE)
    assert found == Expired(7, (index("2025.12"), index("2026.09")))
    assert client.sent == [LIST]


def test_the_oldest_expired_month_is_dropped_by_a_request_of_its_own() -> None:
    client = months(y2026_10="10", y2026_09="4", y2025_12="3")
    assert delete_some(client) == Expired(7, (index("2025.12"), index("2026.09")))
    assert client.sent == [LIST, ("DELETE", f"/{PREFIX}-events-2025.12")]


@pytest.mark.parametrize(
    ("before", "expired"),
    [
        (datetime(2026, 9, 30, 23, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 10, 1, tzinfo=UTC), True),
    ],
)
def test_a_month_has_expired_when_all_of_it_has(before: datetime, expired: bool) -> None:
    assert bool(delete_some(months(y2026_09="4"), before).indices) is expired


def test_a_december_ends_with_its_year() -> None:
    assert not delete_some(months(y2025_12="4"), datetime(2025, 12, 31, 23, tzinfo=UTC)).indices
    assert delete_some(months(y2025_12="4"), datetime(2026, 1, 1, tzinfo=UTC)).indices


@pytest.mark.parametrize(
    "name",
    [
        "events-undated",
        "events-2025.13",
        "events-2025.00",
        "events-2025.1",
        "events-2025.01-old",
        "events-1999.01",
        "events-9999.12",
        "events-\u0662\u0660\u0662\u0665.\u0660\u0661",  # Digits, but not ours.
        "something-else",
    ],
)
def test_what_is_no_month_is_kept(name: str) -> None:
    client = Client(**{name: "4"})
    assert delete_some(client) == Expired(0)
    assert client.sent == [LIST]


def test_a_closed_index_is_dropped_as_well_though_nobody_knows_how_much_is_in_it() -> None:
    client = months(y2025_12=None, y2026_01="2")
    assert delete_some(client) == Expired(2, (index("2025.12"), index("2026.01")))
    assert client.sent[1:] == [("DELETE", f"/{index('2025.12')}")]


def test_an_empty_domain_has_nothing_to_delete() -> None:
    assert delete_some(Client()) == Expired(0)


def test_an_index_that_is_gone_already_is_no_error() -> None:
    client = months(y2025_12="4")
    client.deleted = HttpAnswer(404, b'{"error":{"type":"index_not_found_exception"},"status":404}')
    assert delete_some(client) == Expired(4, (index("2025.12"),))


SAID = {"error": {"type": "some_exception", "reason": "because"}}
BLOCKED = {"error": {"type": "cluster_block_exception", "reason": "because"}}
ERRORS: list[tuple[HttpAnswer | Exception, type[Exception]]] = [
    (HttpAnswer(403, b'{"Message":"User: arn is not authorized"}'), SearchAccessDenied),
    (HttpAnswer(403, json.dumps(BLOCKED).encode()), SearchUnavailable),
    (HttpAnswer(429, json.dumps(SAID).encode()), SearchThrottled),
    (HttpAnswer(400, json.dumps(SAID).encode()), SearchUnavailable),  # A snapshot of the index is being made.
    (HttpAnswer(503, b""), SearchUnavailable),
    (ConnectionClosedError(endpoint_url="https://search"), SearchUnavailable),
]


@pytest.mark.parametrize(("answer", "error"), ERRORS)
def test_what_the_listing_fails_with_has_its_name(
    answer: HttpAnswer | Exception, error: type[Exception]
) -> None:
    client = months(y2025_12="4")
    client.listed = answer
    with pytest.raises(error):
        delete_some(client)
    assert client.sent == [LIST]


@pytest.mark.parametrize(("answer", "error"), ERRORS)
def test_what_the_deletion_fails_with_has_its_name(
    answer: HttpAnswer | Exception, error: type[Exception]
) -> None:
    client = months(y2025_12="4")
    client.deleted = answer
    with pytest.raises(error):
        delete_some(client)


@pytest.mark.parametrize(
    "body", [b"", b'[{"index":', b"[1]", b'[{"name": "x"}]', b'[{"index":"x","docs.count":"many"}]']
)
def test_a_listing_that_is_not_whole_deletes_nothing(body: bytes) -> None:
    client = months()
    client.listed = HttpAnswer(200, body)
    with pytest.raises(SearchUnavailable, match="cut short"):
        delete_some(client)
    assert client.sent == [LIST]

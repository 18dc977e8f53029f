"""What the answers to a bulk request mean. They are as a node of OpenSearch 3.5 gives them, unless a test says otherwise."""

import gzip
import json
from typing import Any, cast

import pytest
from botocore.exceptions import ConnectionClosedError

from trailsearch.aws.signed_http import HttpAnswer
from trailsearch.contracts.errors import BatchRefused, SearchAccessDenied, SearchThrottled, SearchUnavailable
from trailsearch.events.documents import Document
from trailsearch.events.fields import Fields
from trailsearch.search.backend import Refused
from trailsearch.search.opensearch.batches import OpenSearchFormat
from trailsearch.search.opensearch.index import LOOK_AGAIN_SECONDS, OpenSearchIndex
from trailsearch.search.opensearch.template import VERSION, index_template

PREFIX = "trailsearch-test"
INDEX = f"{PREFIX}-events-2026.11"
TEMPLATE = f"/_index_template/{PREFIX}-events"


def batch_of(count: int = 3, month: str = "2026-11") -> bytes:
    batch = bytearray()
    documents = [Document(f"e{n}", Fields(f"{month}-01T00:00:00Z", raw="{}")) for n in range(count)]
    OpenSearchFormat(PREFIX, 5_000_000).append(documents, batch)
    return bytes(batch)


Answering = HttpAnswer | Exception


def answer(status: int, body: Any = None) -> HttpAnswer:
    return HttpAnswer(status, body if isinstance(body, bytes) else json.dumps(body).encode())


def items(*results: Any) -> HttpAnswer:
    """An answer with so many items: of each its status, or the status and the error."""
    said = [
        {
            "index": {"status": result[0], "error": result[1]}
            if isinstance(result, tuple)
            else {"status": result}
        }
        for result in results
    ]
    return answer(200, {"errors": any(isinstance(result, tuple) for result in results), "items": said})


def error(kind: str, reason: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "reason": reason, **more}


def failed(status: int, kind: str, reason: str) -> HttpAnswer:
    """An answer that is an error as a whole."""
    said = error(kind, reason)
    return answer(status, {"error": {"root_cause": [said], **said}, "status": status})


NUMBERS = {"index": {"number_of_shards": "2", "number_of_replicas": "1"}}
WRITTEN = {"version": VERSION, "template": {"settings": NUMBERS}}
TEMPLATE_IS_THERE = answer(200, {"index_templates": [{"index_template": WRITTEN}]})
NO_TEMPLATE = failed(
    404, "resource_not_found_exception", f"index template matching [{PREFIX}-events] not found"
)
MAPPING = f"/{INDEX}/_mapping"
OURS = answer(200, {INDEX: {"mappings": {"_meta": {"trailsearch": 1}}}})
NOT_OURS = answer(200, {})
NOT_YET = failed(404, "index_not_found_exception", f"no such index [{INDEX}]")
ACKNOWLEDGED = answer(200, {"acknowledged": True})


class Client:
    """The client of a domain: answers bulk requests one after the other, and others as they are set."""

    def __init__(self, *bulk: Answering) -> None:
        self.bulk = list(bulk)
        self.others: dict[tuple[str, str], Answering] = {
            ("GET", TEMPLATE): TEMPLATE_IS_THERE,
            ("PUT", TEMPLATE): ACKNOWLEDGED,
            ("GET", MAPPING): OURS,
        }
        self.sent: list[tuple[str, str]] = []
        self.bodies: list[bytes] = []
        self.requests: list[dict[str, Any]] = []

    def send(
        self, method: str, path: str, query: Any = None, headers: Any = None, body: bytes | None = None
    ) -> HttpAnswer:
        self.sent.append((method, path))
        self.requests.append({"query": query, "headers": headers})
        if body is not None:
            self.bodies.append(body)
        given = self.bulk.pop(0) if path == "/_bulk" else self.others[method, path]
        if isinstance(given, Exception):
            raise given
        return given


def index(client: Client) -> OpenSearchIndex:
    return OpenSearchIndex(cast("Any", client), PREFIX, 2, 1)


def upload(*bulk: Answering, batch: bytes | None = None) -> Any:
    client = Client(*bulk)
    refused = index(client).upload(batch or batch_of())
    assert not client.bulk, "fewer uploads than there were answers for"
    return refused


# ── What is sent ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_batch_is_sent_gzipped_and_only_what_matters_is_asked_for() -> None:
    client = Client(items(201, 201, 200))
    assert index(client).upload(batch_of()) == []
    assert client.sent == [("GET", TEMPLATE), ("GET", MAPPING), ("POST", "/_bulk")]
    assert client.requests[-1] == {
        "query": {"filter_path": "errors,items.*.status,items.*.error"},
        "headers": {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"},
    }
    assert gzip.decompress(client.bodies[-1]) == batch_of()


# ── Documents that are refused ─────────────────────────────────────────────────────────────────────────────

NOT_A_TEXT = error(
    "mapper_parsing_exception",
    "failed to parse field [actor] of type [keyword] in document with id 'a'. Preview of field's value: '{x=1}'",
    caused_by=error("illegal_state_exception", "Can't get text on a START_OBJECT at 1:11"),
)
DOUBLED_KEY = error(
    "mapper_parsing_exception",
    "failed to parse",
    caused_by=error(
        "json_parse_exception", "Duplicate field 'actor'\n at [Source: REDACTED (`StreamReadFeature"
    ),
)
REFUSALS = {
    "an object in a keyword": NOT_A_TEXT,
    "a doubled key": DOUBLED_KEY,
    "an unknown field where none may be": error(
        "strict_dynamic_mapping_exception",
        "mapping set to strict, dynamic introduction of [x] is not allowed",
    ),
    "an immense term": error(
        "illegal_argument_exception",
        'Document contains at least one immense term in field="event_name" (whose UTF8 encoding is longer than the'
        " max length 32766), all of which were skipped.",
    ),
    "a name that no index may have": error(
        "invalid_index_name_exception", "Invalid index name [T-X], must be lowercase", index="T-X"
    ),
    "an empty id": error("illegal_argument_exception", "if _id is specified it must not be empty"),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_document_that_is_refused_for_what_it_is_is_told_apart(refusal: str) -> None:
    said = REFUSALS[refusal]
    (refused,) = upload(items(201, (400, said), 201))
    assert (refused.position, refused.id) == (1, "e1")
    assert refused.reason.startswith(f"HTTP 400 {said['type']}: {said['reason']}"[:100])


def test_the_reason_says_what_caused_it_in_a_line() -> None:
    assert upload(items((400, DOUBLED_KEY), 201, (400, NOT_A_TEXT))) == [
        Refused(0, "e0", "HTTP 400 mapper_parsing_exception: failed to parse: Duplicate field 'actor'"),
        Refused(
            2,
            "e2",
            "HTTP 400 mapper_parsing_exception: failed to parse field [actor] of type [keyword] in document with id"
            " 'a'. Preview of field's value: '{x=1}': Can't get text on a START_OBJECT at 1:11",
        ),
    ]


# ── What may pass ──────────────────────────────────────────────────────────────────────────────────────────

WRITE_BLOCK = error(
    "cluster_block_exception", f"index [{INDEX}] blocked by: [FORBIDDEN/8/index write (api)];"
)
FLOOD_STAGE = error(
    "cluster_block_exception",
    f"index [{INDEX}] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has"
    " read-only-allow-delete block];",
)
REJECTED = error(
    "rejected_execution_exception",
    "rejected execution of coordinating operation [max_coordinating_and_primary_bytes",
)
CLUSTER_FULL = error(
    "validation_exception",
    "Validation Failed: 1: this action would add [1] total LOCAL_ONLY shards, but this cluster currently has [8]/[1]"
    " maximum LOCAL_ONLY shards open;",
)
POLICY = error("security_exception", "no permissions for [indices:data/write/bulk[s]] and User [name=x]")
ITEMS = {
    "cluster full": ((400, CLUSTER_FULL), SearchUnavailable),
    "index closed": (
        (400, error("index_closed_exception", "closed", index=INDEX, index_uuid="gsWfsoWyTzWiKlr_ohKToA")),
        SearchUnavailable,
    ),
    "write block": ((403, WRITE_BLOCK), SearchUnavailable),
    "no index may be made": (
        (
            403,
            error(
                "index_create_block_exception",
                "blocked by: [FORBIDDEN/10/cluster create-index blocked (api)];",
            ),
        ),
        SearchUnavailable,
    ),
    "policy": ((403, POLICY), SearchAccessDenied),
    "no index, and none is made": (
        (404, error("index_not_found_exception", f"no such index [{INDEX}]", index=INDEX)),
        SearchUnavailable,
    ),
    "a node that fails": ((500, error("illegal_state_exception", "Unknown analyzer")), SearchUnavailable),
    "a shard that is not there": (
        (503, error("unavailable_shards_exception", f"[{INDEX}][0] primary shard is not active")),
        SearchUnavailable,
    ),
    "disk nearly full": ((429, FLOOD_STAGE), SearchThrottled),
    "rejected": ((429, REJECTED), SearchThrottled),
    "es_rejected": ((429, error("es_rejected_execution_exception", "rejected execution")), SearchThrottled),
    "breaker": ((429, error("circuit_breaking_exception", "[parent] Data too large")), SearchThrottled),
    "an argument that is wrong, not the document's": (
        (
            400,
            error("illegal_argument_exception", "number of documents in the index cannot exceed 2147483519"),
        ),
        SearchUnavailable,
    ),
    "an unknown refusal": ((400, error("brand_new_exception", "who knows")), SearchUnavailable),
    "an unknown status": ((418, error("teapot_exception", "short and stout")), SearchUnavailable),
    "a conflict": ((409, error("version_conflict_engine_exception", "conflict")), SearchUnavailable),
    "an error that is a text": ((400, "just a text"), SearchUnavailable),
    "an error without a reason": ((400, {}), SearchUnavailable),
    "no error": (400, SearchUnavailable),
}


@pytest.mark.parametrize("kind", ITEMS)
def test_an_item_that_may_pass_is_raised_with_its_words(kind: str) -> None:
    item, expected = ITEMS[kind]
    with pytest.raises(expected) as raised:
        upload(items(201, item, 201))
    assert "1 of 3 documents are not indexed: 1 × HTTP 4" in str(raised.value).replace("HTTP 5", "HTTP 4")
    if isinstance(item, tuple):
        said = item[1]
        assert (said.get("reason", "") if isinstance(said, dict) else said) in str(raised.value)
        assert (said.get("type", "") if isinstance(said, dict) else "") in str(raised.value)


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([(400, NOT_A_TEXT), (429, REJECTED), 201], SearchThrottled),
        ([(400, NOT_A_TEXT), (403, WRITE_BLOCK), 201], SearchUnavailable),
        ([(400, NOT_A_TEXT), (400, CLUSTER_FULL), 201], SearchUnavailable),
        ([(400, NOT_A_TEXT), (403, POLICY), 201], SearchAccessDenied),
        ([(403, POLICY), (403, WRITE_BLOCK), 201], SearchUnavailable),
        ([(403, WRITE_BLOCK), (403, POLICY), (429, REJECTED)], SearchThrottled),
    ],
)
def test_what_can_be_sent_again_is_sent_before_anything_is_refused(
    results: list[Any], expected: type[Exception]
) -> None:
    with pytest.raises(expected):
        upload(items(*results))


def test_what_was_refused_is_refused_when_nothing_else_is_left() -> None:
    client = Client(items((400, NOT_A_TEXT), (429, REJECTED), 201), items((400, NOT_A_TEXT), 201, 200))
    domain = index(client)
    with pytest.raises(SearchThrottled):
        domain.upload(batch_of())
    assert [refused.id for refused in domain.upload(batch_of())] == ["e0"]


def test_errors_are_counted_by_their_kind_and_the_unknown_is_named() -> None:
    unknown = error("brand_new_exception", "who knows")
    with pytest.raises(SearchThrottled) as raised:
        upload(items((429, REJECTED), (400, unknown), (429, REJECTED)))
    assert "3 of 3 documents are not indexed: 2 × HTTP 429 rejected_execution_exception" in str(raised.value)
    assert "1 × HTTP 400 brand_new_exception: who knows" in str(raised.value)


# ── Answers that are odd, or about the request as a whole ──────────────────────────────────────────────────


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"OK",
        b"<html>Bad gateway</html>",
        b"null",
        b"[]",
        b"{}",
        b'{"errors":false}',
        b'{"items":{}}',
        b'{"items":[{"index":{}}]}',
        b'{"items":[{"index":{"status":"201"}}]}',
        b'{"items":[1]}',
        b"\xff",
        b"[" * 100_000,
        items(201, 201, 201).body[:-3],
    ],
)
def test_an_answer_that_is_none_is_unavailable(body: bytes) -> None:
    with pytest.raises(SearchUnavailable, match="cut short, or no JSON"):
        upload(HttpAnswer(200, body))


@pytest.mark.parametrize("count", [0, 2, 4])
def test_an_answer_about_another_number_of_documents_is_unavailable(count: int) -> None:
    with pytest.raises(SearchUnavailable, match=f"about {count} documents, and 3 were sent"):
        upload(items(*[201] * count))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (failed(403, "cluster_block_exception", "blocked by: [FORBIDDEN/6/cluster read-only (api)];"), SearchUnavailable),
        (failed(403, "security_exception", "no permissions"), SearchAccessDenied),
        (answer(403, {"Message": "User: arn:… is not authorized to perform: es:ESHttpPost"}), SearchAccessDenied),
        (answer(403, {"message": "The security token included in the request is invalid."}), SearchAccessDenied),
        (answer(401, b""), SearchAccessDenied),
        (failed(429, "circuit_breaking_exception", "[in_flight_requests] Data too large"), SearchThrottled),
        (answer(429, b"429 Too Many Requests /_bulk"), SearchThrottled),
        (failed(404, "index_not_found_exception", "no such index"), SearchUnavailable),
        (failed(500, "null_pointer_exception", "x"), SearchUnavailable),
        (answer(502, b"<html>Bad Gateway</html>"), SearchUnavailable),
        (failed(503, "cluster_manager_not_discovered_exception", "x"), SearchUnavailable),
        (answer(504, b""), SearchUnavailable),
        (answer(302, b""), SearchUnavailable),
    ],
)  # fmt: skip
def test_answers_are_classified(given: HttpAnswer, expected: type[Exception]) -> None:
    with pytest.raises(expected, match=f"HTTP {given.status}: \\S"):
        upload(given)


def test_no_answer_is_unavailable() -> None:
    with pytest.raises(SearchUnavailable, match="No answer"):
        upload(ConnectionClosedError(endpoint_url="https://search"))


@pytest.mark.parametrize("body", [b"", b"Request size exceeded 10485760 bytes"])
def test_a_batch_that_is_too_large_is_refused_at_once(body: bytes) -> None:
    with pytest.raises(BatchRefused, match=f"HTTP 413: {body.decode() or 'It says nothing'}"):
        upload(HttpAnswer(413, body))


OUR_MISTAKES = [
    failed(
        400,
        "illegal_argument_exception",
        "Malformed action/metadata line [1], expected one of [create, delete",
    ),
    failed(400, "json_e_o_f_exception", "Unexpected end-of-input"),
    failed(
        400,
        "action_request_validation_exception",
        "Validation Failed: 1: id [xx] is too long, must be no longer",
    ),
]
DAMAGED = [
    failed(400, "parse_exception", "request body is required"),
    failed(400, "illegal_argument_exception", "The bulk request must be terminated by a newline [\\n]"),
]


@pytest.mark.parametrize("given", [*OUR_MISTAKES, *DAMAGED])
def test_a_body_that_is_refused_twice_is_refused(given: HttpAnswer) -> None:
    with pytest.raises(BatchRefused, match="HTTP 400: "):
        upload(given, given)


@pytest.mark.parametrize("given", DAMAGED)
def test_a_body_that_was_damaged_on_the_way_is_sent_once_more(given: HttpAnswer) -> None:
    assert upload(given, items(201, 201, 201)) == []


def test_what_the_second_try_says_counts() -> None:
    with pytest.raises(SearchThrottled):
        upload(DAMAGED[0], answer(429, b""))


# ── The template, and indices that are made without it ─────────────────────────────────────────────────────


def test_the_template_is_written_before_the_first_upload_where_it_is_missing() -> None:
    client = Client(items(201, 201, 201))
    client.others["GET", TEMPLATE] = NO_TEMPLATE
    index(client).upload(batch_of())
    assert client.sent == [("GET", TEMPLATE), ("PUT", TEMPLATE), ("GET", MAPPING), ("POST", "/_bulk")]
    assert json.loads(client.bodies[0]) == index_template(PREFIX, shards=2, replicas=1)


def test_the_template_is_looked_at_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    monkeypatch.setattr("trailsearch.search.opensearch.index.time.monotonic", lambda: now)
    client = Client(*[items(201, 201, 201)] * 4)
    domain = index(client)
    domain.upload(batch_of())
    domain.upload(batch_of())
    assert client.sent.count(("GET", TEMPLATE)) == 1
    now += LOOK_AGAIN_SECONDS
    client.others["GET", TEMPLATE] = NO_TEMPLATE
    domain.upload(batch_of())
    assert client.sent[-3:] == [("PUT", TEMPLATE), ("GET", MAPPING), ("POST", "/_bulk")]


@pytest.mark.parametrize("fails", [answer(503, b""), ConnectionClosedError(endpoint_url="https://search")])
def test_the_template_is_looked_at_again_after_a_failure(fails: Answering) -> None:
    """A domain that is replaced fails first."""
    client = Client(items(201, 201, 201), fails, items(201, 201, 201))
    domain = index(client)
    domain.upload(batch_of())
    with pytest.raises(SearchUnavailable):
        domain.upload(batch_of())
    client.others |= {("GET", TEMPLATE): NO_TEMPLATE, ("GET", MAPPING): NOT_YET}
    domain.upload(batch_of())
    assert client.sent.count(("PUT", TEMPLATE)) >= 1
    assert client.sent[-1] == ("POST", "/_bulk")


def test_the_template_is_looked_at_before_an_index_is_made() -> None:
    """Somebody has deleted it since the last upload."""
    client = Client(items(201, 201, 201), items(201, 201, 201))
    client.others["GET", f"/{PREFIX}-events-2026.12/_mapping"] = NOT_YET
    domain = index(client)
    domain.upload(batch_of())
    client.others["GET", TEMPLATE] = NO_TEMPLATE
    domain.upload(batch_of(month="2026-12"))
    assert client.sent[-2:] == [("PUT", TEMPLATE), ("POST", "/_bulk")]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (answer(403, {"Message": "not authorized to perform: es:ESHttpGet"}), SearchAccessDenied),
        (answer(429, b""), SearchThrottled),
        (answer(503, b""), SearchUnavailable),
        (ConnectionClosedError(endpoint_url="https://search"), SearchUnavailable),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_nothing_is_indexed_without_the_template(
    method: str, given: Answering, expected: type[Exception]
) -> None:
    client = Client()
    client.others |= {("GET", TEMPLATE): NO_TEMPLATE, (method, TEMPLATE): given}
    with pytest.raises(expected):
        index(client).upload(batch_of())
    assert ("POST", "/_bulk") not in client.sent


def test_indices_that_need_reindexing_are_named_in_the_log_and_hold_up_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logged: list[tuple[str, str]] = []
    monkeypatch.setattr(
        "trailsearch.search.opensearch.index.logger.warning",
        lambda message, reason: logged.append((message, reason)),
    )
    monkeypatch.setattr("trailsearch.search.opensearch.template.VERSION", VERSION + 1)
    client = Client(items(201, 201, 201))
    client.others["PUT", f"/{PREFIX}-events-*/_mapping"] = failed(
        400, "illegal_argument_exception", "mapper [actor] cannot be changed from type [keyword] to [text]"
    )
    assert index(client).upload(batch_of()) == []
    ((message, reason),) = logged
    assert "reindexing" in message
    assert reason.startswith("mapper [actor] cannot be changed")


# As an index answers that was made without the template.
MALFORMED_DATE = error(
    "mapper_parsing_exception",
    "failed to parse field [event_time] of type [date] in document with id 'f'. Preview of field's value: 'soon'",
    caused_by=error("illegal_argument_exception", "failed to parse date field [soon] with format"),
)


def test_an_index_that_was_made_without_the_template_gets_nothing() -> None:
    client = Client()
    client.others |= {("GET", MAPPING): NOT_OURS, ("GET", TEMPLATE): NO_TEMPLATE}
    domain = index(client)
    for _ in range(2):
        with pytest.raises(SearchUnavailable, match=f"The index {INDEX} was made without the template"):
            domain.upload(batch_of())
    assert client.sent[-1] == ("PUT", TEMPLATE)


def test_a_refusal_by_an_index_that_somebody_has_made_meanwhile_is_the_domain_s_fault() -> None:
    client = Client(items((400, MALFORMED_DATE), 201, 201))
    mappings = iter([NOT_YET, NOT_OURS])
    send = client.send

    def send_and_change(method: str, path: str, *arguments: Any, **named: Any) -> HttpAnswer:
        if path == MAPPING:
            client.others["GET", MAPPING] = next(mappings)
        return send(method, path, *arguments, **named)

    client.send = send_and_change  # type: ignore[method-assign]
    with pytest.raises(SearchUnavailable, match=r"that it should take \(HTTP 400 mapper_parsing_exception"):
        index(client).upload(batch_of())


def test_each_index_is_looked_at_once() -> None:
    other = f"{PREFIX}-events-2026.12"
    client = Client(*[items((400, NOT_A_TEXT), (400, NOT_A_TEXT), (400, NOT_A_TEXT))] * 3)
    client.others["GET", f"/{other}/_mapping"] = OURS
    domain = index(client)
    for month in ("2026-11", "2026-11", "2026-12"):
        assert len(domain.upload(batch_of(month=month))) == 3
    looks = [path for method, path in client.sent if path.endswith("_mapping")]
    assert looks == [f"/{INDEX}/_mapping", f"/{other}/_mapping"]


def test_an_index_that_is_not_there_has_no_wrong_mapping() -> None:
    client = Client(items((400, REFUSALS["a name that no index may have"]), 201, 201))
    client.others["GET", MAPPING] = NOT_YET
    assert [refused.id for refused in index(client).upload(batch_of())] == ["e0"]


def test_nothing_is_indexed_while_the_mapping_cannot_be_read() -> None:
    client = Client()
    client.others["GET", MAPPING] = answer(503, b"")
    with pytest.raises(SearchUnavailable, match="Reading the mapping"):
        index(client).upload(batch_of())


DOCUMENT = f"/{INDEX}/_doc/an%2Fid"


@pytest.mark.parametrize("status", [200, 404])
def test_a_document_is_deleted_from_the_index_of_its_month_there_or_not(status: int) -> None:
    client = Client()
    client.others["DELETE", DOCUMENT] = answer(status, {"result": "deleted"})
    index(client).delete("an/id", "2026-11-30T23:59:59Z")
    assert client.sent == [("DELETE", DOCUMENT)]


@pytest.mark.parametrize(
    ("given", "raised"),
    [
        (answer(403, {"Message": "User is not authorized"}), SearchAccessDenied),
        (answer(429, {}), SearchThrottled),
        (answer(503, b""), SearchUnavailable),
        (ConnectionClosedError(endpoint_url="https://d"), SearchUnavailable),
    ],
)
def test_a_deletion_that_fails_says_why(given: Answering, raised: type[Exception]) -> None:
    client = Client()
    client.others["DELETE", DOCUMENT] = given
    with pytest.raises(raised):
        index(client).delete("an/id", "2026-11-01T00:00:00Z")

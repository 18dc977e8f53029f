"""A client of one OpenSearch domain: through its endpoint, signed, or past it."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.local_cloud.services.opensearch.engines import EngineChoice

NDJSON = "application/x-ndjson"
Document = Mapping[str, Any] | bytes

_http = urllib3.PoolManager(retries=False, timeout=60)


class Answer(NamedTuple):
    """An answer: its status, and its body, read if it is JSON."""

    status: int
    content: Any


def ask(
    method: str,
    url: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    sign: tuple[str, str] | None = ("es", "us-east-1"),
) -> Answer:
    """Send one request; a body that is not bytes is sent as JSON. `sign` names the service and the Region to sign for."""
    if query:
        url += f"?{urlencode(query, quote_via=quote, safe='')}"
    sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    request = AWSRequest(method, url, {"Content-Type": "application/json", **(headers or {})}, sent)
    if sign:
        SigV4Auth(Credentials("local", "local", "local"), *sign).add_auth(request)
    prepared = request.prepare()
    answer = _http.request(method, prepared.url, body=sent or None, headers=dict(prepared.headers))
    try:
        return Answer(answer.status, json.loads(answer.data))
    except ValueError:
        return Answer(answer.status, answer.data)


class Domain:
    """One domain, and the engine behind it."""

    def __init__(self, name: str, endpoint: str, engine: EngineChoice, engine_url: str) -> None:
        self.name = name
        self.engine = engine
        self.endpoint = endpoint
        self._engine_url = engine_url

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a signed request to the endpoint."""
        return ask(method, self.endpoint + path, body, headers, query)

    def ask_engine(self, method: str, path: str, body: object = None) -> Answer:
        """Send a request past the edge, as the service's own operators could."""
        return ask(method, self._engine_url + path, body, sign=None)

    def index(self, month: str = "2026.11") -> str:
        """Name the index of a month."""
        return f"{self.name}-events-{month}"

    def bulk(self, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a bulk request, and ask for what the product asks for."""
        query = {"filter_path": "errors,items.*.status,items.*.error"}
        return self.ask("POST", "/_bulk", body, {"Content-Type": NDJSON, **(headers or {})}, query)

    def store(self, documents: Iterable[tuple[str, Document]], month: str = "2026.11") -> list[Any]:
        """Index documents by id, make them found, and give their items."""
        answer = self.bulk(bulk_body(self.index(month), documents))
        assert answer.status == 200, answer
        self.refresh()
        return [item["index"] for item in answer.content["items"]]

    def refresh(self) -> None:
        """Make all that is stored found."""
        self.ask_engine("POST", f"/{self.name}-events-*/_refresh")

    def search(self, body: Mapping[str, Any]) -> Answer:
        """Search all months."""
        return self.ask("POST", f"/{self.name}-events-*/_search", body)


def bulk_body(index: str, documents: Iterable[tuple[str, Document]]) -> bytes:
    """Write a bulk body, one `index` action for each document."""
    return b"".join(
        json.dumps({"index": {"_index": index, "_id": document_id}}).encode()
        + b"\n"
        + (document if isinstance(document, bytes) else json.dumps(document).encode())
        + b"\n"
        for document_id, document in documents
    )

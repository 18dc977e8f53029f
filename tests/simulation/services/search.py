"""Both search backends, as far as batches are written to them: which documents they hold.

What they answer is what the local cloud's and a node's tests found (``tests/contract``), and of Amazon:

* https://docs.aws.amazon.com/opensearch-service/latest/developerguide/handling-errors.html
* https://docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html#network-limits
* https://docs.aws.amazon.com/cloudsearch/latest/developerguide/error-handling.html
* https://docs.aws.amazon.com/cloudsearch/latest/developerguide/limits.html
"""

import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

import simpy

from tests.simulation.code import Ended, moment, pause, running
from tests.simulation.faults import DONE, How, client_error, error_of
from tests.simulation.services.client import Client, Refused
from tests.simulation.services.ground import Ground
from trailsearch.aws.signed_http import HttpAnswer
from trailsearch.contracts.times import to_seconds
from trailsearch.search import Backend

POISON = b"poison"
"""A document that has this in it is refused."""
MAX_REQUEST_BYTES = {Backend.OPENSEARCH: 10 * 1024 * 1024, Backend.CLOUDSEARCH: 5 * 1024 * 1024}
MAX_DOCUMENT_BYTES = 1024 * 1024
"""CloudSearch's limit of a single document."""
_SECONDS = (0.01, 0.4)
_READ_SECONDS = 60.0
_CONNECT_SECONDS = 5.0
# "Updates … are typically visible within seconds", and later where the domain is busy.
# https://docs.aws.amazon.com/cloudsearch/latest/developerguide/uploading-data.html
_SHOWN_SECONDS = (0.0, 60.0)
_BEFORE = re.compile(r"event_time:\['(?P<first>[^']+)','(?P<before>[^']+)'\}")
_NONE: Mapping[str, str] = {}


@dataclass
class Domain:
    """A search domain. ``documents`` has the times at which each id was written, by index and id."""

    env: simpy.Environment
    backend: Backend
    full: bool = False
    was_full: bool = False
    documents: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    template: dict[str, Any] | None = None
    made_by_template: set[str] = field(default_factory=set)
    largest: int = 0
    violations: list[str] = field(default_factory=list)
    retention_days: int = 0
    times: dict[str, str] = field(default_factory=dict)
    ever: set[str] = field(default_factory=set)
    shown: dict[str, float] = field(default_factory=dict)

    def write(self, index: str, document: str, event_time: str = "") -> None:
        """Index a document, which replaces the one of the same id."""
        self.ever.add(document)
        self.times[document] = event_time
        self.shown.pop(document, None)
        self.documents.setdefault(index, {}).setdefault(document, []).append(self.env.now)

    def delete(self, index: str, document: str, seconds_shown: float) -> None:
        """Delete a document, which searches find for some time yet."""
        if self.documents.get(index, {}).pop(document, None) is None:
            return
        self.shown[document] = self.env.now + seconds_shown
        time = self.times[document]
        if not time or time >= to_seconds(moment(self.env.now) - timedelta(days=self.retention_days)):
            self.violations.append(f"lost: retention deletes {document}, of {time or 'no time'}")

    def where(self, document: str) -> list[str]:
        """The indices that have a document of this id."""
        return [index for index, documents in self.documents.items() if document in documents]

    def found(self) -> set[str]:
        """The ids of all documents."""
        return set().union(*self.documents.values())

    def take(self, size: int, documents: int) -> bool:
        """Note how large a request is; gives whether the domain takes as much.

        A document alone may be too large: that is how the domain says so.
        """
        self.largest = max(self.largest, size)
        fits = size <= MAX_REQUEST_BYTES[self.backend]
        if not fits and documents > 1:
            self.violations.append(f"limit: a batch of {size:,} bytes to {self.backend}")
        return fits


class OpenSearch:
    """The client of an OpenSearch domain, in place of ``SignedHttp``. A request is sent once."""

    def __init__(self, ground: Ground, domain: Domain) -> None:
        self._ground = ground
        self._domain = domain

    def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] = _NONE,
        headers: Mapping[str, str] = _NONE,
        body: bytes | None = None,
    ) -> HttpAnswer:
        code = running()
        if code.killed:
            raise Ended("killed")
        operation = "Bulk" if path == "/_bulk" else f"{method} {path.rpartition('/')[0]}"
        how = self._ground.strike("search", operation, code.caller, code.execution)
        pause(code.random.uniform(*_SECONDS))
        if how in {How.CRASH_BEFORE, How.CRASH_AFTER}:
            if how is How.CRASH_AFTER:
                self._answer(method, path, body or b"", None)
            code.killed = True
            raise Ended("Runtime.ExitError")
        if how is How.NO_CONNECTION:
            pause(_CONNECT_SECONDS)
            raise error_of("search", how, operation)
        match how:
            case How.FAILING:
                return _error(500, "exception", "simulated")
            case How.THROTTLED:
                return _error(429, "es_rejected_execution_exception", "simulated")
            case How.DENIED:
                return HttpAnswer(
                    403, b'{"Message":"User: simulated is not authorized to perform: es:ESHttpPost"}'
                )
        answer = self._answer(method, path, body or b"", how)
        if how in DONE:
            if how is How.SLOW:
                pause(_READ_SECONDS)
            raise error_of("search", how, operation)
        return answer

    def _answer(  # noqa: PLR0911
        self, method: str, path: str, body: bytes, how: How | None
    ) -> HttpAnswer:
        domain = self._domain
        match method, path.strip("/").split("/"):
            case "POST", ["_bulk"]:
                return self._bulk(gzip.decompress(body), how)
            case "GET", ["_index_template", _]:
                if domain.template is None:
                    return _error(404, "resource_not_found_exception", "index template matching not found")
                return _json({"index_templates": [{"index_template": domain.template}]})
            case "PUT", ["_index_template", _]:
                domain.template = json.loads(body)
                return _json({"acknowledged": True})
            case "GET", [index, "_mapping"]:
                if index not in domain.documents:
                    return _error(404, "index_not_found_exception", f"no such index [{index}]")
                marked = {"_meta": {"trailsearch": 1}} if index in domain.made_by_template else {}
                return _json({index: {"mappings": marked}} if marked else {})
            case "PUT", [_, "_mapping"]:
                return _json({"acknowledged": True})
        return self._about_indices(method, path)

    def _about_indices(self, method: str, path: str) -> HttpAnswer:
        domain = self._domain
        match method, path.strip("/").split("/"):
            case "GET", ["_cat", "indices", pattern]:
                return _json(
                    [
                        {"index": index, "docs.count": str(len(documents))}
                        for index, documents in domain.documents.items()
                        if fnmatchcase(index, pattern)
                    ]
                )
            case "DELETE", [index]:
                if index not in domain.documents:
                    return _error(404, "index_not_found_exception", f"no such index [{index}]")
                for document in list(domain.documents[index]):
                    domain.delete(index, document, 0.0)
                del domain.documents[index]
                return _json({"acknowledged": True})
        raise NotImplementedError(f"{method} {path} is not simulated")

    def _bulk(self, batch: bytes, how: How | None) -> HttpAnswer:
        lines = batch.split(b"\n")
        if not self._domain.take(len(batch), len(lines) // 2):
            return _error(413, "", "Request size exceeded 10485760 bytes")
        items = []
        for at, (action, document) in enumerate(zip(lines[:-1:2], lines[1:-1:2], strict=True)):
            target = json.loads(action)["index"]
            items.append({"index": self._item(target["_index"], target["_id"], document, how, at)})
        return _json({"errors": any("error" in item["index"] for item in items), "items": items})

    def _item(
        self, index: str, document_id: str, document: bytes, how: How | None, at: int
    ) -> dict[str, Any]:
        if how is How.HALF and at % 2 == 0:
            return {"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": "rejected"}}
        if self._domain.full:
            reason = f"index [{index}] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark];"
            return {
                "status": 403 if at % 2 else 429,
                "error": {"type": "cluster_block_exception", "reason": reason},
            }
        if POISON in document:
            reason = "failed to parse field [event_time] of type [date]"
            return {"status": 400, "error": {"type": "mapper_parsing_exception", "reason": reason}}
        if index not in self._domain.documents and self._is_of_template(index):
            self._domain.made_by_template.add(index)
        known = document_id in self._domain.documents.get(index, ())
        # The last moment of its month: it is dropped with all of it.
        self._domain.write(index, document_id, _end_of(index))
        return {"status": 200 if known else 201}

    def _is_of_template(self, index: str) -> bool:
        template = self._domain.template
        return template is not None and any(fnmatchcase(index, each) for each in template["index_patterns"])


def _end_of(index: str) -> str:
    month = index.rpartition("-")[2]
    return f"{month.replace('.', '-')}-31T23:59:59Z" if month != "undated" else ""


def _json(value: Any) -> HttpAnswer:
    return HttpAnswer(200, json.dumps(value).encode())


def _error(status: int, kind: str, reason: str) -> HttpAnswer:
    return HttpAnswer(
        status, json.dumps({"error": {"type": kind, "reason": reason}, "status": status}).encode()
    )


class CloudSearch(Client):
    """The client of a CloudSearch domain's document service, which takes a batch as a whole or not at all."""

    service = "search"

    def __init__(self, ground: Ground, domain: Domain, config: Any = None) -> None:
        super().__init__(ground, config)
        self._domain = domain

    def upload_documents(self, *, documents: bytes, contentType: str) -> dict[str, Any]:  # noqa: N803
        """https://docs.aws.amazon.com/cloudsearch/latest/developerguide/documents-batch-resource.html."""
        assert contentType == "application/json"

        def effect(how: How | None) -> dict[str, Any]:
            operations = json.loads(documents)
            if not self._domain.take(len(documents), len(operations)):
                raise Refused(client_error("413", 413, "UploadDocuments"))
            if self._domain.full or how is How.HALF:
                raise Refused(client_error("507", 507, "UploadDocuments"))
            too_large = len(documents) > MAX_DOCUMENT_BYTES and any(
                len(json.dumps(each, ensure_ascii=False).encode()) > MAX_DOCUMENT_BYTES for each in operations
            )
            if POISON in documents or too_large:
                raise Refused(
                    client_error(
                        "DocumentServiceException", 400, "UploadDocuments", '{ ["Field is invalid"] }'
                    )
                )
            for each in operations:
                if each["type"] == "add":
                    self._domain.write("events", each["id"], each["fields"].get("event_time", ""))
                else:
                    self._domain.delete("events", each["id"], self._ground.random.uniform(*_SHOWN_SECONDS))
            return {"status": "success", "adds": len(operations), "deletes": 0}

        return self._call("UploadDocuments", effect)

    def search(
        self,
        *,
        query: str,
        queryParser: str,  # noqa: N803
        sort: str,
        size: int,
        cursor: str,
        returnFields: str,  # noqa: N803
    ) -> dict[str, Any]:
        """https://docs.aws.amazon.com/cloudsearch/latest/developerguide/search-api.html."""
        asked = _BEFORE.fullmatch(query)
        assert asked is not None, query
        assert (queryParser, sort, returnFields) == ("structured", "event_time asc", "_no_fields")

        def effect(_how: How | None) -> dict[str, Any]:
            domain = self._domain
            late = {each for each, until in domain.shown.items() if until > domain.env.now}
            found = sorted(
                (domain.times[each], each)
                for each in {*domain.documents.get("events", ()), *late}
                if asked["first"] <= domain.times[each] < asked["before"]
            )
            begin = 0 if cursor == "initial" else int(cursor)
            page = found[begin : begin + size]
            hits = [{"id": each} for _, each in page]
            return {"hits": {"found": len(found), "hit": hits, "cursor": str(begin + len(page))}}

        return self._call("Search", effect)

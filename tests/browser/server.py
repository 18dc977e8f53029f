"""A server of the page over events in memory: what the page asks for, answered as the real one does."""

import csv
import io
import json
import mimetypes
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.browser.domain import EventsInMemory
from trailsearch.cli.search.over_time import edges_of
from trailsearch.cli.search.times import parse_time
from trailsearch.events.fields import SCHEMA, FieldKind
from trailsearch.questions import ask, load
from trailsearch.search.queries import (
    ADDRESS_FIELDS,
    EVERYTHING,
    Begins,
    Condition,
    Event,
    Exists,
    Filter,
    Is,
    Query,
    SearchError,
    Syntax,
    Within,
)

STATIC = Path(__file__).parents[2] / "functions" / "trailsearch" / "page" / "static"
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
LETTERS = [
    {
        "id": f"letter-{number}",
        "kind": kind,
        "subject": subject,
        "error": error,
        "reason": reason,
        "attempts": 2,
        "first_failed_at": "2026-11-25T13:55:00Z",
        "expired": False,
    }
    for number, (kind, subject, error, reason) in enumerate(
        [
            (
                "batch",
                "s3://trailsearch-staging/batches/0001",
                "StorageAccessDenied",
                "Access Denied to the staged batch",
            ),
            (
                "execution",
                "arn:aws:states:us-east-1:111122223333:execution:trailsearch-index-logs:4b",
                "LogUnreadable",
                "It is no gzip",
            ),
            ("document", "6f1d2c3b-aaaa", "DocumentRefused", "raw is longer than a search domain takes"),
        ]
    )
]
Parameters = Mapping[str, list[str]]


class PageServer:
    """What the tests set of a running server, and see: the events, what waits, and what was asked for."""

    def __init__(self, events: Sequence[Event], now: datetime) -> None:
        self.domain = EventsInMemory(events)
        self.now = now
        self.reset()

    def reset(self) -> None:
        """Forget what a test has set."""
        self.letters = [*LETTERS]
        self.problems: list[str] = []
        self.refusal: dict[str, Any] | None = None
        self.reasons: list[dict[str, Any]] = []
        self.redriven: list[Any] = []
        self.saved: list[Any] = []
        self.asked: list[str] = []

    @contextmanager
    def running(self) -> Iterator[str]:
        """Serve on a free port of the loopback interface, and give the address."""
        served = self

        class Handler(_Handler):
            page = served

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}"
            finally:
                server.shutdown()
                thread.join()

    def query(self, said: Parameters, **more: Any) -> Query:
        """Read the query that a view's parameters are."""
        one = {name: values[-1] for name, values in said.items()}
        since, until = (
            parse_time(name, one[name].removeprefix("-"), self.now) if one.get(name) else None
            for name in ("since", "until")
        )
        return Query(
            one.get("q") or EVERYTHING,
            Syntax.NATIVE if one.get("syntax") == "native" or not one.get("q") else Syntax.SIMPLE,
            sort=one.get("sort", "event_time desc"),
            phrases=said.get("phrase", []),
            filters=[_filter(json.loads(each)) for each in said.get("filter", [])],
            since=since,
            until=until,
        )._replace(**more)

    def environment(self, _: Parameters) -> Any:
        fields = [
            {
                "name": name,
                "kind": field.kind.value,
                "facet": field.facet,
                "address": name in ADDRESS_FIELDS,
                "sortable": field.kind is FieldKind.TIME,
            }
            for name, field in SCHEMA.items()
        ]
        return {
            "environment": "local",
            "backend": "opensearch",
            "fields": fields,
            "now": _iso(self.now),
            "native_syntax_url": "https://docs.opensearch.org/latest/query-dsl/full-text/query-string/",
        }

    def search(self, said: Parameters) -> Any:
        start, size = int(said.get("start", ["0"])[0]), int(said.get("size", ["50"])[0])
        began = perf_counter()
        answer = self.domain.search(self.query(said, start=start, size=size, highlight=True))
        end = start + len(answer.events)
        return {
            "found": answer.found,
            "events": answer.events,
            "highlights": [
                {name: [[[*piece] for piece in each] for each in found] for name, found in one.items()}
                for one in answer.highlights
            ],
            "next": str(end) if end < answer.found else None,
            "seconds": perf_counter() - began,
        }

    def facets(self, said: Parameters) -> Any:
        size = int(said.get("size", ["10"])[0])
        answer = self.domain.search(self.query(said, size=0, facets=said["facet"], facet_size=size))
        facets = {name: [*map(list, counts.items())] for name, counts in answer.facets.items()}
        return {"found": answer.found, "facets": facets, "distinct": answer.distinct}

    def histogram(self, said: Parameters) -> Any:
        query = self.query(said)
        edges = edges_of(self.domain, query, said["buckets"][0], self.now)
        counts = self.domain.histogram(query, edges) if edges else []
        return {
            "from": _iso(edges[0]) if edges else None,
            "until": _iso(edges[-1]) if edges else None,
            "buckets": [
                {"since": _iso(since), "until": _iso(until), "count": count}
                for since, until, count in zip(edges, edges[1:], counts, strict=False)
            ],
        }

    def values(self, said: Parameters) -> Any:
        field, prefix = said["field"][0], said.get("prefix", [""])[0]
        answer = self.domain.search(self.query(said, size=0, facets=[field], facet_size=1000))
        return {
            "values": [
                [value, count] for value, count in answer.facets[field].items() if value.startswith(prefix)
            ]
        }

    def why_empty(self, _: Parameters) -> Any:
        return {"reasons": self.reasons}

    def questions(self, said: Parameters, name: str = "") -> Any:
        catalogue = load()
        if not name:
            return [
                {
                    "name": each,
                    "title": question.title,
                    "text": question.tells,
                    "needs": [
                        {
                            "name": one,
                            "help": f"As {one.upper()} of make ask.",
                            "default": "",
                            "or": need.split("|"),
                        }
                        for need in question.needs
                        for one in need.split("|")
                    ],
                }
                for each, question in catalogue.items()
            ]
        question = catalogue[name]
        query = question.query()
        times = self.query({each: said[each] for each in ("since", "until") if each in said})
        typed = [Filter(("actor",), (Is(said["who"][0]),))] if "who" in said else []
        reply = ask(
            self.domain,
            question,
            query._replace(since=times.since, until=times.until, filters=(*query.filters, *typed)),
            self.now,
        )
        columns = question.columns or ("event_time", "actor", "event_name", "outcome")
        return {
            "title": question.title,
            "tells": question.tells,
            "columns": columns,
            "rows": [[event.get(name, "") for name in columns] for event in reply.answer.events],
            "views": [
                {
                    "event": event["id"],
                    "filter": [{"fields": ["actor"], "is": "is", "values": [event["actor"]], "not": False}],
                }
                for event in reply.answer.events
            ],
            "findings": [
                {"title": each.title, "columns": each.columns, "rows": each.rows} for each in reply.findings
            ],
            "notes": [f"{reply.answer.found} events."],
        }

    def status(self, _: Parameters) -> Any:
        return {
            "well": not self.problems,
            "problems": self.problems,
            "lines": [
                ["Ingest queue", "0 waiting, 0 in flight, 0 delayed"],
                ["Dead-letter queue", f"{len(self.letters)} waiting, 0 in flight, 0 delayed"],
                ["Pipe", "RUNNING"],
                ["Executions", "8 SUCCEEDED in the last hour"],
                ["Search domain", f"{self.domain.count():,} documents, 1 t3.small.search instance"],
                ["Alarms", "0 of 18 in state ALARM"],
            ],
        }

    def dead_letters(self, _: Parameters) -> Any:
        return {"waiting": len(self.letters), "letters": self.letters}

    def redrive(self, body: Any) -> Any:
        before = len(self.letters)
        self.redriven.append(body["ids"])
        self.letters = [
            each for each in self.letters if body["ids"] != "all" and each["id"] not in body["ids"]
        ]
        return {"redriven": before - len(self.letters), "notes": []}

    def save(self, body: Any) -> Any:
        self.saved.append(body)
        return {"file": f"questions/{body['name']}.toml"}

    def export(self, said: Parameters) -> tuple[str, str]:
        events = [*self.domain.scan(self.query(said))]
        if said["format"] == ["json"]:
            return "application/x-ndjson", "\n".join(json.dumps(event) for event in events)
        text = io.StringIO()
        written = csv.writer(text)
        written.writerows([event["id"], event.get("actor", "")] for event in events)
        return "text/csv", text.getvalue()


def _filter(said: Mapping[str, Any]) -> Filter:
    conditions: list[Condition] = []
    for value in said.get("values") or [""]:
        match said["is"]:
            case "exists":
                conditions.append(Exists())
            case "begins":
                conditions.append(Begins(value))
            case "within":
                conditions.append(Within(ip_network(value)))
            case _:
                conditions.append(Is(value))
    return Filter(tuple(said["fields"]), tuple(conditions), bool(said.get("not")))


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


class _Handler(BaseHTTPRequestHandler):
    page: PageServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.page.asked.append(self.path)
        if not url.path.startswith("/api/"):
            self._give_file(url.path)
            return
        name, *rest = url.path.removeprefix("/api/").split("/")
        said = parse_qs(url.query, keep_blank_values=True)
        if self.page.refusal and name in {"search", "facets", "histogram"}:
            self._give(HTTPStatus.BAD_GATEWAY, "application/json", json.dumps(self.page.refusal).encode())
            return
        try:
            answer = getattr(self.page, name.replace("-", "_"))(said, *rest)
        except SearchError as error:
            refusal = {"error": type(error).__name__, "message": str(error), "hint": None}
            self._give(HTTPStatus.BAD_REQUEST, "application/json", json.dumps(refusal).encode())
            return
        if name == "export":
            kind, text = answer
            self._give(
                HTTPStatus.OK,
                kind,
                text.encode(),
                ("Content-Disposition", f'attachment; filename="events.{said["format"][0]}"'),
            )
        else:
            self._give(HTTPStatus.OK, "application/json", json.dumps(answer).encode())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        does = {"/api/redrive": self.page.redrive, "/api/questions": self.page.save}[self.path]
        self._give(HTTPStatus.OK, "application/json", json.dumps(does(body)).encode())

    def _give_file(self, path: str) -> None:
        file = STATIC / (path.lstrip("/") or "index.html")
        if not file.is_file():
            self._give(HTTPStatus.NOT_FOUND, "text/plain", b"")
            return
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        self._give(HTTPStatus.OK, kind, file.read_bytes())

    def _give(self, status: HTTPStatus, kind: str, body: bytes, *more: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Content-Security-Policy", POLICY),
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "no-store"),
            *more,
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

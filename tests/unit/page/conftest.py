"""The page's server over events in memory, and a browser's cookie."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from starlette.testclient import TestClient

from tests.browser.domain import EventsInMemory
from trailsearch.page.server import make_app
from trailsearch.search.queries import Event, SearchDomain

TOKEN = "the token of the link"
PORT = 8642
ADDRESS = f"http://127.0.0.1:{PORT}"
BEGIN = datetime(2026, 11, 25, 12, tzinfo=UTC)


def event(number: int, **fields: Any) -> Event:
    """An event of the minute with this number, by one of three actors."""
    time = (BEGIN + timedelta(minutes=number)).isoformat().replace("+00:00", "Z")
    found: dict[str, Any] = {
        "id": f"e{number}",
        "event_id": f"e{number}",
        "event_time": time,
        "actor": ["alice", "bob", "Carol"][number % 3],
        "event_name": "DeleteBucket" if number % 10 == 0 else "GetObject",
        "source_ip_address": f"203.0.113.{number % 5}",
        "user_agent": "aws-cli/2",
        **fields,
    }
    found["raw"] = json.dumps({"eventID": found["id"], "eventTime": time, "who": found["actor"]})
    return {name: value for name, value in found.items() if value is not None}


class Behind:
    """What the page shows of an environment that is none."""

    environment = "test"
    backend = "opensearch"

    def __init__(self, domain: SearchDomain) -> None:
        self.asked: SearchDomain = domain
        self.forgotten = 0
        self.logs_waiting = 0
        self.redriven: list[Sequence[str] | None] = []
        self.error: Exception | None = None

    def domain(self) -> SearchDomain:
        if self.error:
            raise self.error
        return self.asked

    def forget(self) -> None:
        self.forgotten += 1

    def waiting(self) -> int:
        return self.logs_waiting

    def status(self) -> dict[str, Any]:
        return {"well": True, "problems": [], "lines": [["Pipe", "RUNNING"]]}

    def dead_letters(self) -> dict[str, Any]:
        return {"waiting": 1, "letters": [{"id": "m1", "reason": "It is no gzip"}]}

    def redrive(self, ids: Sequence[str] | None) -> dict[str, Any]:
        self.redriven.append(ids)
        return {"redriven": 1 if ids is None else len(ids), "notes": []}


@pytest.fixture(autouse=True)
def own_questions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a program of whoever runs the tests is not looked into."""
    monkeypatch.setattr(click, "get_app_dir", lambda name: str(tmp_path / name))
    return tmp_path / "trailsearch" / "questions"


@pytest.fixture
def behind() -> Behind:
    """An environment with 120 events of two hours."""
    return Behind(EventsInMemory([event(number) for number in range(120)]))


@pytest.fixture
def stranger(behind: Behind) -> Iterator[TestClient]:
    """A client without the cookie."""
    app = make_app(behind, token=TOKEN, port=PORT)
    with TestClient(app, ADDRESS, follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def page(stranger: TestClient) -> TestClient:
    """A client that has opened the link."""
    stranger.get("/", params={"token": TOKEN})
    return stranger

"""The page's own server over events in memory, and an environment in memory in place of the one on AWS."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import uvicorn

from tests.browser.domain import EventsInMemory
from trailsearch.page.behind import Behind
from trailsearch.page.server import listen, make_app
from trailsearch.search.queries import Event, SearchDomain, SearchError

STATIC: Final = Path(__file__).parents[2] / "functions" / "trailsearch" / "page" / "static"
TOKEN: Final = "token-of-the-tests"
_STARTED_WITHIN_SECONDS = 20
LETTERS: Final[Sequence[dict[str, Any]]] = [
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
            (
                "document",
                "6f1d2c3b-aaaa",
                "DocumentRefused",
                "raw is longer than a search domain takes",
            ),
        ]
    )
]


class InMemory:
    """What the page shows and does, as ``Behind`` has it; the tests set what waits and what is wrong, and see what was done."""

    environment = "local"
    backend = "opensearch"

    def __init__(self, events: Sequence[Event]) -> None:
        self.events = EventsInMemory(events)
        self.reset()

    def reset(self) -> None:
        """Forget what a test has set and done."""
        self.letters = [*LETTERS]
        self.announced = 0
        self.problems: list[str] = []
        self.refusal: SearchError | None = None
        self.redriven: list[Sequence[str] | None] = []

    def domain(self) -> SearchDomain:
        if self.refusal:
            raise self.refusal
        return self.events

    def forget(self) -> None:
        """There is no other."""

    def waiting(self) -> int:
        return self.announced

    def status(self) -> dict[str, Any]:
        lines = [
            ["Ingest queue", f"{self.announced} waiting, 0 in flight, 0 delayed"],
            ["Dead-letter queue", f"{len(self.letters)} waiting, 0 in flight, 0 delayed"],
            ["Pipe", "RUNNING"],
            ["Executions", "8 SUCCEEDED in the last hour"],
            ["Search domain", f"{self.events.count():,} documents, 1 t3.small.search instance"],
            ["Alarms", "0 of 19 in state ALARM"],
        ]
        return {"well": not self.problems, "problems": self.problems, "lines": lines}

    def dead_letters(self) -> dict[str, Any]:
        return {"waiting": len(self.letters), "letters": self.letters}

    def redrive(self, ids: Sequence[str] | None) -> dict[str, Any]:
        before = len(self.letters)
        self.redriven.append(ids)
        self.letters = [each for each in self.letters if ids is not None and each["id"] not in ids]
        return {"redriven": before - len(self.letters), "notes": []}


@contextmanager
def serving(behind: Behind) -> Iterator[str]:
    """Serve the page on a free port of this machine, in a thread, and give its address."""
    with listen(0) as listening:
        port = listening.getsockname()[1]
        app = make_app(behind, token=TOKEN, port=port)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            deadline = time.monotonic() + _STARTED_WITHIN_SECONDS
            while not server.started:
                assert thread.is_alive()
                assert time.monotonic() < deadline, "the server has not started"
                time.sleep(0.01)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join()

"""The command: what it prints, where it listens, and how it ends."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import httpx2
import pytest
from click.testing import CliRunner

from tests.conftest import REPOSITORY
from trailsearch.cli.environment import Environment, EnvironmentNotFound
from trailsearch.page.server import PortTaken, listen
from trailsearch.page.ui import ui

SERVE = """
from tests.browser.domain import EventsInMemory
from tests.unit.page.conftest import Behind, event
from trailsearch.page.server import listen
from trailsearch.page.ui import serve

serve(Behind(EventsInMemory([event(1)])), listen(0), browse=False, since="-24h")
"""


@pytest.fixture
def serving() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", SERVE],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": f"functions{os.pathsep}."},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        yield process
        process.kill()


def test_the_link_that_is_printed_opens_the_page_and_ctrl_c_ends_it_well(
    serving: subprocess.Popen[str],
) -> None:
    assert serving.stdout
    found = re.fullmatch(r"The search page: (http://127\.0\.0\.1:\d+)(/\?\S+)\n", serving.stdout.readline())
    assert found
    with httpx2.Client(base_url=found[1], follow_redirects=True, trust_env=False) as browser:
        assert browser.get("/").status_code == 401
        opened = browser.get(found[2])
        assert (opened.status_code, opened.url.query) == (200, b"since=-24h")
        assert browser.get("/api/search").json()["found"] == 1
        assert "server" not in opened.headers
    serving.send_signal(signal.SIGINT)
    out, err = serving.communicate(timeout=20)
    assert (serving.returncode, err) == (0, "")
    assert out.endswith("The search page has ended.\n")


def test_it_listens_on_the_loopback_interface_alone() -> None:
    with listen(0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(PortTaken, match=str(taken.getsockname()[1])):
            listen(taken.getsockname()[1])


def test_without_an_environment_it_does_not_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: Environment) -> None:
        raise EnvironmentNotFound("Cannot find the search domain trailsearch-test")

    monkeypatch.setattr(Environment, "deployed_search_domain", missing)
    done = CliRunner().invoke(ui, ["--env", "test", "--port", "0"])
    assert done.exit_code == 1
    assert "Cannot find the search domain trailsearch-test" in done.output

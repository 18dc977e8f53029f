"""Whatever the locale: the project's own files are UTF-8, and output goes without what an encoding lacks."""

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from tests.conftest import REPOSITORY
from tests.unit.cli.status.test_status import WELL
from tests.unit.cli.test_console import Domain
from trailsearch.cli.environment import Environment
from trailsearch.cli.search.search import search
from trailsearch.cli.status import status as showing
from trailsearch.search.queries import Answer

ENCODINGS = ["iso8859-1", "euc_jp", "ascii"]


def run_in(encoding: str, module: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command whose locale's encoding is ASCII, which no other is less than, and whose output is in another."""
    if not str(REPOSITORY).isascii():
        pytest.skip("needs a clone in a folder that the locale has the letters of")
    locale = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": encoding}
    return subprocess.run(
        [sys.executable, "-m", module],
        cwd=REPOSITORY,
        env={**os.environ, **locale, "PYTHONPATH": "functions", **variables},
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("variables", [{}, {"MARKDOWN": "1"}])
def test_the_cost_is_told_in_every_locale(encoding: str, variables: dict[str, str]) -> None:
    done = run_in(encoding, "trailsearch.cli.cost.cost", **variables)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "prod" in done.stdout.decode(encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_status_is_told_in_every_encoding(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    monkeypatch.setattr(showing, "make_clients", lambda: None)
    monkeypatch.setattr(showing, "observe", lambda *_arguments: WELL)
    monkeypatch.setattr(showing, "problems", lambda _observed: ["日本 – …"])
    result = CliRunner(charset=encoding).invoke(showing.status, env={"ENV": "dev"})
    assert result.exception is None
    first = result.stdout_bytes.decode(encoding).splitlines()[0]
    assert first == ("x 日本 - …" if encoding == "euc_jp" else "x ?? - ...")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_json_says_the_same_in_every_encoding(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    record = {"userAgent": "日本 é 😀 ✗"}
    event = {"id": "a", "raw": json.dumps(record, ensure_ascii=False)}
    monkeypatch.setattr(Environment, "search_domain", lambda _environment: Domain(Answer(1, [event], {})))
    result = CliRunner(charset=encoding).invoke(search, env={"ENV": "dev", "JSON": "1"})
    assert result.exception is None
    (found,) = json.loads(result.stdout_bytes.decode(encoding))["events"]
    assert found["raw"] == record


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_events_are_shown_in_every_encoding(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    event = {"id": "a", "actor": "日本 é 😀 ✗", "raw": "{}"}
    monkeypatch.setattr(Environment, "search_domain", lambda _environment: Domain(Answer(1, [event], {})))
    result = CliRunner(charset=encoding).invoke(search, env={"ENV": "dev"})
    assert result.exception is None
    assert " x" in result.stdout_bytes.decode(encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_demo_starts_in_every_locale(encoding: str) -> None:
    done = run_in(encoding, "tests.demo", PYTHONPATH="functions", LOGS="statemachine", BACKEND="cloudsearch")
    assert done.stderr.decode(encoding).startswith("Error: There is no .json.gz below statemachine")

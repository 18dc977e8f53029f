import gzip
import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner

import tests.demo.__main__ as demo
from tests.demo.command import alone
from tests.demo.executions import Executions
from tests.local_cloud.pipeline.cloudtrail_delivery import Delivered
from tests.log_generator import generate_logs
from trailsearch.cli.console import Console
from trailsearch.page.views import View
from trailsearch.workflow.dead_letters import WaitingLetter

OUTPUTS = {"search_domain_name": "trailsearch-local"}


def console() -> Console:
    return Console(file=StringIO(), width=120)


def text_of(printed: Console) -> str:
    assert isinstance(printed.file, StringIO)
    return printed.file.getvalue()


def letter(kind: str, error: str) -> WaitingLetter:
    time = "2026-01-01T00:00:00Z"
    return WaitingLetter(
        message_id="1",
        kind=kind,
        subject="s3://logs/a",
        error=error,
        reason="Why",
        attempts=1,
        first_failed_at=time,
        last_failed_at=time,
        sent_at=time,
    )


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> list[WaitingLetter]:
    """What waits in the dead-letter queue: what a test puts in."""
    letters: list[WaitingLetter] = []
    monkeypatch.setattr(demo, "waiting_letters", lambda _environment: letters)
    return letters


@pytest.mark.parametrize(
    ("found", "complete"), [({"a", "b"}, True), ({"a"}, False), ({"a", "b", "c"}, False)]
)
def test_it_is_complete_if_what_is_found_is_what_was_delivered(
    waiting: list[WaitingLetter], monkeypatch: pytest.MonkeyPatch, found: set[str], *, complete: bool
) -> None:
    monkeypatch.setattr(demo, "found_ids", lambda _environment: found)
    printed = console()
    delivered = Delivered(logs=1, records=3, event_ids={"a", "b"})
    assert demo.print_totals(printed, delivered, OUTPUTS) is complete
    assert text_of(printed) == (
        f"\n1 logs delivered, 3 records in them, 2 distinct events, {len(found)} events found in trailsearch-local.\n"
    )


def test_logs_that_cannot_be_read_fail_nothing_and_are_said_to_wait(
    waiting: list[WaitingLetter], monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting += [letter("log", "LogCorrupt"), letter("log", "LogWithoutRecords"), letter("log", "LogCorrupt")]
    monkeypatch.setattr(demo, "found_ids", lambda _environment: {"a"})
    printed = console()
    delivered = Delivered(logs=1, unreadable=3, records=1, event_ids={"a"})
    assert demo.print_totals(printed, delivered, OUTPUTS)
    assert text_of(printed).splitlines()[2:] == [
        "3 more delivered that cannot be read: no whole gzip, or no CloudTrail log in it.",
        "Waiting in the dead-letter queue: 2 log (LogCorrupt), 1 log (LogWithoutRecords).",
    ]


def test_where_nothing_waits_nothing_is_said_of_it(waiting: list[WaitingLetter]) -> None:
    printed = console()
    demo.redrive_what_failed(printed)
    assert text_of(printed) == ""


def test_causes_are_printed_as_they_are() -> None:
    printed = console()
    executions = Executions(by_status={"FAILED": 1}, causes=['Failed batches: ["b"]. [/red] [bold]'])
    demo.print_executions(printed, executions)
    assert 'Failed: Failed batches: ["b"]. [/red] [bold]\n' in text_of(printed)


def test_a_folder_without_logs_is_told_before_anything_is_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(demo, "build_package", lambda *_arguments, **_options: pytest.fail("it builds"))
    logs = tmp_path / "logs"
    logs.mkdir()
    kept = tmp_path / "demo" / "cloud.env"
    kept.parent.mkdir()
    kept.touch()
    result = CliRunner().invoke(demo.demo, ["--logs", str(logs), "--folder", str(kept.parent)])
    assert (result.exit_code, result.output) == (1, f"Error: There is no .json.gz below {logs}\n")
    assert kept.exists()


@pytest.mark.parametrize("arguments", [[], ["--stop"]])
def test_a_second_demo_in_the_same_folder_refuses_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str]
) -> None:
    folder = tmp_path / "demo"
    monkeypatch.setattr(demo, "build_package", lambda *_arguments, **_options: pytest.fail("it builds"))
    with alone(folder, "demo"):
        folder.mkdir()
        result = CliRunner().invoke(demo.demo, ["--folder", str(folder), *arguments])
    assert result.exit_code == 1
    assert (
        result.output == f"Error: Another demo works in {folder}: wait for its end, or press Ctrl-C there\n"
    )
    assert folder.exists()


def test_after_a_demo_there_may_be_another(tmp_path: Path) -> None:
    for _ in range(2):
        with alone(tmp_path / "demo", "demo"):
            pass


def test_the_page_opens_on_the_whole_story_and_on_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    said: dict[str, str] = {}
    monkeypatch.setattr(demo, "serve", lambda _behind, _listening, **given: said.update(given))
    demo.open_page(console(), demo.TIMES_OF_STORY)
    query = View(since=said["since"], until=said["until"]).query(datetime.now(UTC))
    assert query.since
    assert query.until
    times = [
        datetime.fromisoformat(record["eventTime"])
        for log in generate_logs(
            seed=2014, logs=demo.GENERATED_LOGS, start=demo.GENERATED_FROM, duplicates=0.02
        )
        for record in json.loads(gzip.decompress(log.body))["Records"]
    ]
    assert query.since <= min(times)
    assert max(times) < query.until

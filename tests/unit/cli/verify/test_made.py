"""What was made is deleted; what cannot be is named, with why."""

import json
import time
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from tests.steps import error_answer
from tests.unit.cli.conftest import Deployed
from trailsearch.aws import clients
from trailsearch.cli.dead_letters import dead_letter_queue
from trailsearch.cli.environment import Environment
from trailsearch.cli.verify import made as making
from trailsearch.cli.verify.made import Made
from trailsearch.cli.verify.synthetic_log import SyntheticLog, make_log
from trailsearch.contracts.errors import SearchAccessDenied

NOW = datetime(2026, 11, 26, 20, tzinfo=UTC)


class Bucket:
    """S3, with versions; may refuse to delete."""

    def __init__(self) -> None:
        self.objects: set[tuple[str, str]] = set()
        self.refuses = False

    def put_object(self, Key: str, **_request: Any) -> Any:  # noqa: N803, the names are boto3's
        version = f"v{len(self.objects)}"
        self.objects.add((Key, version))
        return {"VersionId": version}

    def delete_object(self, Key: str, VersionId: str, **_request: Any) -> None:  # noqa: N803
        if self.refuses:
            raise ClientError(error_answer(403, "AccessDenied", "no s3:DeleteObjectVersion"), "DeleteObject")
        self.objects.remove((Key, VersionId))


class Documents:
    """The search domain; may refuse to delete."""

    def __init__(self) -> None:
        self.deleted: list[str] = []
        self.refuses = False

    def delete(self, document_id: str, event_time: str) -> None:
        if self.refuses:
            raise SearchAccessDenied("no es:ESHttpDelete")
        assert event_time == "2026-11-26T20:00:00Z"
        self.deleted.append(document_id)


class Handled:
    """Every message is handled, or none; or somebody presses Ctrl-C."""

    all = True
    interrupts = False

    def look(self) -> None:
        if self.interrupts:
            raise KeyboardInterrupt

    def ended(self, _text: str) -> int:
        return 1_000 if self.all else 0


class Run:
    def __init__(self, deployed: Deployed) -> None:
        environment = Environment("test")
        deployment = SimpleNamespace(
            environment=environment, dead_letter_queue=environment.dead_letter_queue()
        )
        self.deployed = deployed
        self.bucket, self.documents, self.handled = Bucket(), Documents(), Handled()
        self.made = Made(cast("Any", deployment), self.documents, cast("Any", self.handled))
        self.log = make_log("logs", "AWSLogs/", "123456789012", "us-east-1", NOW, ".json.gz")

    def delete_all(self, wait_seconds: float = 0) -> list[str]:
        return self.made.delete_all(wait_seconds, lambda _: None)

    def dead_letter(self, log: SyntheticLog) -> None:
        body = json.dumps({"about": log.uri})
        self.deployed.sqs.send_message(QueueUrl=self.deployed.dead_letters, MessageBody=body)


@pytest.fixture
def run(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(dead_letter_queue, "_LONG_POLL_SECONDS", 0)
    monkeypatch.setattr(making, "_POLL_SECONDS", 0)
    run = Run(deployed)
    monkeypatch.setattr(clients, "s3", lambda: run.bucket)
    run.made.put(run.log, b"corrupt", 0)
    run.made.put(run.log, b"mended", 1)
    run.made.dead_lettered(run.log.file_name)
    run.dead_letter(run.log)
    return run


def test_every_version_document_and_dead_letter_is_deleted_and_nothing_else(run: Run) -> None:
    run.deployed.sqs.send_message(QueueUrl=run.deployed.dead_letters, MessageBody="of somebody else")
    assert run.delete_all() == []
    assert run.bucket.objects == set()
    assert run.documents.deleted == run.log.event_ids
    assert [each["Body"] for each in run.deployed.waiting(run.deployed.dead_letters)] == ["of somebody else"]


def test_what_may_not_be_deleted_is_named_and_the_rest_is_deleted(run: Run) -> None:
    run.bucket.refuses = run.documents.refuses = True
    left = run.delete_all()
    assert left[:2] == [f"the log {run.log.uri}, version v0", f"the log {run.log.uri}, version v1"]
    assert all(event_id in left[2] for event_id in run.log.event_ids)
    assert "no s3:DeleteObjectVersion" in left[3]
    assert left[4:] == ["no es:ESHttpDelete"]
    assert run.deployed.waiting(run.deployed.dead_letters) == []


def test_a_dead_letter_that_is_sure_to_come_and_is_not_seen_is_said(run: Run) -> None:
    run.deployed.waiting(run.deployed.dead_letters)
    (left,) = run.delete_all()
    assert left.startswith("perhaps 1 dead letter")
    assert "make dlq ENV=test REASON=trailsearch-verify" in left


def test_a_dead_letter_that_comes_after_all_else_is_deleted_is_waited_for(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.deployed.waiting(run.deployed.dead_letters)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        assert run.bucket.objects == set()
        pauses.append(seconds)
        if len(pauses) == 2:
            run.dead_letter(run.log)

    monkeypatch.setattr(making, "time", SimpleNamespace(sleep=pause, monotonic=time.monotonic))
    assert run.delete_all(wait_seconds=60) == []
    assert len(pauses) == 2
    assert run.deployed.waiting(run.deployed.dead_letters) == []


def test_an_interrupt_ends_the_waiting_for_a_dead_letter(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run.deployed.waiting(run.deployed.dead_letters)

    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(making, "time", SimpleNamespace(sleep=interrupted, monotonic=time.monotonic))
    left = run.delete_all(wait_seconds=60)
    assert left[0].startswith("perhaps 1 dead letter")
    assert left[1:] == ["the deletion was interrupted"]


def test_about_a_log_that_was_announced_to_nobody_no_dead_letter_is_waited_for(run: Run) -> None:
    unannounced = make_log("logs", "AWSLogs/", "123456789012", "us-east-1", NOW, ".json.gz")
    run.made.put(unannounced, b"corrupt", 0)
    run.made.dead_lettered(unannounced.file_name)
    assert run.delete_all(wait_seconds=60) == []


def test_what_is_announced_and_not_handled_in_time_is_said(run: Run) -> None:
    run.handled.all = False
    (left,) = run.delete_all()
    assert left.startswith("perhaps 1 dead letter, which may still come")
    assert run.bucket.objects == set()


def test_an_interrupt_ends_the_waiting_and_not_the_deletion(run: Run) -> None:
    run.handled.interrupts = True
    assert run.delete_all() == []
    assert run.bucket.objects == set()


def test_a_second_interrupt_ends_the_deletion_and_says_what_is_left(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    run.handled.interrupts = True
    monkeypatch.setattr(run.documents, "delete", interrupted)
    left = run.delete_all()
    assert run.bucket.objects == set()
    assert all(event_id in left[0] for event_id in run.log.event_ids)
    assert left[-2:] == ["the waiting was interrupted", "the deletion was interrupted"]

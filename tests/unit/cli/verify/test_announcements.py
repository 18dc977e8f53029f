"""Where a synthetic log goes so that what announces real ones announces it, and Fetch Logs takes it."""

import gzip
import json
from datetime import UTC, datetime

import pytest

from trailsearch.cli.verify.announcements import Filter, announcement
from trailsearch.cli.verify.synthetic_log import MARK, SyntheticLog, make_log
from trailsearch.contracts.errors import LogCorrupt
from trailsearch.contracts.messages import LogRef
from trailsearch.events.documents import build_document
from trailsearch.logs.notifications import read_notification
from trailsearch.logs.trail_log import raw_records

ACCOUNT = "123456789012"
NOW = datetime(2026, 11, 26, 20, 45, tzinfo=UTC)
OWN = f"AWSLogs/{ACCOUNT}/CloudTrail/{MARK}/"


def log_in(folder: str = OWN, suffix: str = ".json.gz") -> SyntheticLog:
    return make_log("logs", folder, ACCOUNT, "us-east-1", NOW, suffix)


@pytest.mark.parametrize(
    ("prefix", "folder"),
    [
        ("", OWN),
        ("AWSLogs/", OWN),
        (f"AWSLogs/{ACCOUNT}/CloudTrail/", OWN),
        (f"AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/", f"AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/{MARK}/"),
        ("AWSLogs/o-a1b2c3/444455556666/CloudTrail", f"AWSLogs/o-a1b2c3/444455556666/CloudTrail/{MARK}/"),
        ("audit/", f"audit/{OWN}"),
        ("audit", f"audit/{OWN}"),
    ],
)
def test_a_log_goes_where_the_filter_of_a_notification_lets_it_pass(prefix: str, folder: str) -> None:
    notified = Filter(prefix, ".gz")
    assert notified.folder(ACCOUNT) == folder
    log = log_in(folder, notified.ending() or "")
    assert notified.passes(log.key)
    by_s3 = {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "logs"}, "object": {"key": log.key}},
    }
    for body in (json.dumps({"Records": [by_s3]}), announcement(log)):
        assert read_notification(body).logs == (LogRef("logs", log.key),)


@pytest.mark.parametrize("prefix", ["AWSLogs/444455556666/Config/", "AWSLogs/o-a1b2c3/x"])
def test_where_no_log_of_a_trail_passes_none_is_sent(prefix: str) -> None:
    assert Filter(prefix).folder(ACCOUNT) is None
    assert Filter(suffix=".csv").ending() is None


def test_a_log_is_one_of_cloudtrail_and_its_events_are_marked() -> None:
    log = log_in()
    assert log.key.startswith(f"{OWN}2026/11/26/{ACCOUNT}_CloudTrail_{MARK}_20261126T2045Z_")
    documents = [build_document(bytes(each), log.uri) for some in raw_records(log.body) for each in some]
    assert [document.id for document in documents] == log.event_ids
    assert all(event_id.startswith(f"{MARK}-") for event_id in log.event_ids)
    assert {document.fields.request_id for document in documents} == {log.request_id}
    assert {document.fields.event_time for document in documents} == {"2026-11-26T20:45:00Z"}
    assert json.loads(gzip.decompress(log.body)) == {"Records": log.records}


def test_a_corrupt_log_is_corrupt() -> None:
    with pytest.raises(LogCorrupt):
        list(raw_records(log_in().corrupt_body))


def test_no_two_logs_are_the_same() -> None:
    assert log_in().file_name != log_in().file_name

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.local_cloud.pipeline.cloudtrail_delivery import (
    Delivered,
    Log,
    UnreadableLog,
    deliver,
    event_ids,
    logs_in_folder,
)
from trailsearch.contracts.errors import LogError
from trailsearch.events.documents import build_document
from trailsearch.logs.trail_log import raw_records


def log_of(*records: str, around: str = '{{"Records": [{}]}}') -> bytes:
    """Make a log of records that are written as they are given."""
    return gzip.compress(around.format(", ".join(records)).encode())


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def found_under(log: bytes) -> list[str]:
    """The ids that Trailsearch itself gives the records of a log."""
    return [build_document(bytes(each), "s3://bucket/key").id for some in raw_records(log) for each in some]


RECORDS = [
    pytest.param('{"eventID": "a-1"}', "a-1", id="eventID"),
    pytest.param('{"eventID": "a", "eventID": "b"}', "b", id="two eventIDs"),
    pytest.param('{"eventName":  "X"}', sha256('{"eventName":  "X"}'), id="no eventID"),
    pytest.param('{"n": 1E5, "u": "\\u00e9 é"}', sha256('{"n": 1E5, "u": "\\u00e9 é"}'), id="as written"),
    pytest.param('{\r\n"eventVersion": "1.0"\n}', sha256('{  "eventVersion": "1.0" }'), id="line breaks"),
    pytest.param('{"eventID": "a b"}', sha256('{"eventID": "a b"}'), id="no valid document id"),
    pytest.param('{"eventID": ""}', sha256('{"eventID": ""}'), id="empty eventID"),
    pytest.param(f'{{"eventID": "{"x" * 129}"}}', sha256(f'{{"eventID": "{"x" * 129}"}}'), id="too long"),
    pytest.param('{"eventID": null}', sha256('{"eventID": null}'), id="null"),
    pytest.param('{"eventID": {"a": 1}}', sha256('{"eventID": {"a": 1}}'), id="an object"),
    pytest.param('{"eventID": 17}', "17", id="a number"),
    pytest.param('{"eventID": true}', "true", id="a boolean"),
    pytest.param('{"eventID": "a", "x": "\\ud800"}', "a", id="lone surrogate"),
    pytest.param('"text"', sha256('"text"'), id="a record that is text"),
    pytest.param("[1, 2]", sha256("[1, 2]"), id="a record that is an array"),
    pytest.param("null", sha256("null"), id="a record that is null"),
    pytest.param('{"n": ' + "9" * 5_000 + "}", sha256('{"n": ' + "9" * 5_000 + "}"), id="a long number"),
]


@pytest.mark.parametrize(("record", "expected"), RECORDS)
def test_a_record_is_expected_under_the_id_that_it_is_found_under(record: str, expected: str) -> None:
    log = log_of('{"eventID": "before"}', record, '{"eventID": "after"}')
    assert event_ids(log) == ["before", expected, "after"]
    assert found_under(log) == event_ids(log)


def test_an_array_of_records_and_an_aggregated_event_are_found_by_their_ids() -> None:
    log = log_of(
        '{"eventCategory": "Aggregated", "eventId": "a"}', '{"eventId": "b"}, {"eventID": "c"}', around="[{}]"
    )
    assert event_ids(log) == ["a", sha256('{"eventId": "b"}'), "c"] == found_under(log)


@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("eventID"), inner),
        )
    ),
    st.sampled_from([None, 0, 1, "\t"]),
    st.booleans(),
)
def test_both_readers_agree_about_any_records(records: list[Any], indent: Any, ascii_only: bool) -> None:
    text = json.dumps({"more": records, "Records": records}, indent=indent, ensure_ascii=ascii_only)
    log = gzip.compress(text.encode(errors="replace"))
    assert event_ids(log) == found_under(log)


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"no gzip", id="no gzip"),
        pytest.param(log_of('{"eventID": "a"}')[:-10], id="cut short"),
        pytest.param(gzip.compress(b'{"Records": ["\xff"]}'), id="no UTF-8"),
        pytest.param(log_of(around='{{"Records": ['), id="no whole JSON"),
        pytest.param(log_of("1,"), id="a comma too many"),
        pytest.param(log_of("NaN"), id="NaN"),
        pytest.param(log_of(around='{{"Records": []}} more'), id="more after it"),
        pytest.param(log_of(around='{{"Records": {{}}}}'), id="Records are no array"),
        pytest.param(log_of(around='"a"'), id="neither object nor array"),
        pytest.param(log_of(around="[{{}}, 1]"), id="an array of more than objects"),
        pytest.param(log_of(around='{{"digest": 1}}'), id="no Records"),
    ],
)
def test_a_log_that_cannot_be_read_is_counted_apart(log: bytes) -> None:
    with pytest.raises(UnreadableLog):
        event_ids(log)
    with pytest.raises(LogError):
        list(raw_records(log))
    delivered = Delivered()
    delivered.add(Log("AWSLogs/1/CloudTrail/a.json.gz", log))
    assert delivered == Delivered(unreadable=1)


def test_every_log_is_delivered_and_announced_whether_it_can_be_read_or_not() -> None:
    put: list[dict[str, Any]] = []
    published: list[dict[str, Any]] = []

    class S3:
        def put_object(self, **request: Any) -> None:
            put.append(request)

    class Sns:
        def publish(self, **request: Any) -> None:
            published.append(json.loads(request["Message"]))

    logs = [
        Log("AWSLogs/1/CloudTrail/a.json.gz", log_of('{"eventID": "a"}', '{"eventID": "b"}')),
        Log("AWSLogs/1/CloudTrail/b.json.gz", b"corrupt"),
        Log("AWSLogs/1/CloudTrail/c.json.gz", log_of('{"eventID": "b"}')),
        Log("AWSLogs/1/CloudTrail-Digest/d.json.gz", gzip.compress(b"{}")),
    ]
    *_, delivered = deliver(logs, cast("Any", S3()), cast("Any", Sns()), "bucket", "topic")
    assert [(request["Key"], request["Body"]) for request in put] == logs
    assert published == [{"s3Bucket": "bucket", "s3ObjectKey": [log.key]} for log in logs]
    assert delivered == Delivered(logs=2, unreadable=1, records=3, event_ids={"a", "b"})


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_two_exports_with_equal_keys_stay_apart(tmp_path: Path) -> None:
    key = "AWSLogs/123456789012/CloudTrail/us-east-1/2014/09/01/log.json.gz"
    touch(tmp_path / "one" / key, tmp_path / "two" / key, tmp_path / "three.json.gz", tmp_path / "notes.txt")
    (tmp_path / "folder.json.gz").mkdir()
    assert logs_in_folder(tmp_path) == {
        f"one/{key}": tmp_path / "one" / key,
        f"two/{key}": tmp_path / "two" / key,
        "three.json.gz": tmp_path / "three.json.gz",
    }


def test_a_folder_within_an_export_keeps_the_key_that_says_what_its_files_are(tmp_path: Path) -> None:
    folder = tmp_path / "AWSLogs" / "123456789012" / "CloudTrail-Digest"
    touch(folder / "us-east-1" / "digest.json.gz")
    assert list(logs_in_folder(folder)) == ["AWSLogs/123456789012/CloudTrail-Digest/us-east-1/digest.json.gz"]

import gzip
import json
from pathlib import Path

import pytest

from trailsearch.errors import LogCorrupt, LogWithoutRecords
from trailsearch.trail_log import raw_records


def records_of(text: str | bytes) -> list[bytes]:
    body = text.encode() if isinstance(text, str) else text
    return [bytes(record) for record in raw_records(gzip.compress(body))]


def test_records_are_the_bytes_that_cloudtrail_wrote() -> None:
    text = r'{"Records":[{"a":1.50,"b":"\u003d\u00e9é"},{"c":123456789012345678901234567890}]}'
    assert records_of(text) == [
        r'{"a":1.50,"b":"\u003d\u00e9é"}'.encode(),
        b'{"c":123456789012345678901234567890}',
    ]


def test_records_of_several_gzip_members_and_among_other_keys() -> None:
    log = gzip.compress(b'{"x":[1],"Records":[{"a"') + gzip.compress(b':1}],"y":{}}')
    assert list(map(bytes, raw_records(log))) == [b'{"a":1}']


def test_a_pretty_printed_record_is_one_line() -> None:
    pretty = json.dumps({"Records": [{"a": "line\nbreak", "b": [1, 2]}]}, indent=2).replace("\n", "\r\n")
    (record,) = records_of(pretty)
    assert b"\n" not in record
    assert b"\r" not in record
    assert json.loads(record) == {"a": "line\nbreak", "b": [1, 2]}


def test_no_records() -> None:
    assert records_of('{\n  "Records": [\n  ]\n}\n') == []


@pytest.mark.parametrize(
    "text",
    [
        r'{"Records":[{"a":"\ud800"},{"b":2}]}',
        r'{"x":{"Records":[0]},"Records" : [ {"a":"\ud800"} , {"b":2} ], "z":"\uDfff"}',
        '{"Records":[\n{"a":"\\ud800"},\n{"b":2}\n]\n}',
    ],
)
def test_lone_surrogates_do_not_stop_a_log(text: str) -> None:
    assert records_of(text) == [rb'{"a":"\ud800"}', b'{"b":2}']


def test_deep_nesting_and_large_numbers() -> None:
    deep = "[" * 60 + "]" * 60
    number = "1" * 5000
    (record,) = records_of(f'{{"Records":[{{"deep":{deep},"number":{number}}}]}}')
    assert record == f'{{"deep":{deep},"number":{number}}}'.encode()
    (_, record) = records_of(rf'{{"Records":["\ud800",{{"deep":{deep},"number":{number}}}]}}')
    assert record == f'{{"deep":{deep},"number":{number}}}'.encode()


LOG = gzip.compress(json.dumps({"Records": [{"eventName": f"Event{n}"} for n in range(50)]}).encode())


@pytest.mark.parametrize(
    ("log", "message"),
    [
        (b"", "the object is empty"),
        (b'{"Records":[]}', "Not gzip"),
        (LOG[:-20], "Not a whole gzip file"),
        (LOG[:8], "Not a whole gzip file"),
        (LOG[:-6] + b"XX" + LOG[-4:], "Not a whole gzip file"),
        (LOG[:30] + b"\xff\xff" + LOG[32:], "Not a whole gzip file"),
        (gzip.compress(b'{"Records":[{"a":1}'), "Not JSON"),
        (gzip.compress(b'{"Records":[{"a":tru}]}'), "Not JSON"),
        (gzip.compress(rb'{"Records":[{"a":"\ud800"}'), "Not JSON"),
        (gzip.compress(rb'{"Records":[{"a":"\ud800","b":NaN}]}'), "Not JSON"),
        (gzip.compress(b'{"Records":[{"a":"\xff"}]}'), "Not UTF-8"),
        (gzip.compress(b'{"Records":' + b"[" * 100_000), "nested too deep"),
        (gzip.compress(rb'"\ud800' + b"[" * 100_000), "Not JSON"),
        (gzip.compress(b""), "Not JSON"),
    ],
    ids=lambda value: value if isinstance(value, str) else "log",  # gzip writes the time into its header
)
def test_a_corrupt_log_says_what_is_wrong(log: bytes, message: str) -> None:
    with pytest.raises(LogCorrupt, match=message):
        raw_records(log)


@pytest.mark.parametrize(
    "text",
    ["[]", "null", '{"digestStartTime":"…"}', '{"Records":null}', r'["\ud800"]', r'{"Records":"\ud800"}'],
)
def test_json_without_records_is_no_log(text: str) -> None:
    with pytest.raises(LogWithoutRecords):
        records_of(text)


def test_real_logs_are_read_whole(cloudtrail_data: Path) -> None:
    count = 0
    for path in (cloudtrail_data / "logs").rglob("*.json.gz"):
        expected = json.loads(gzip.decompress(path.read_bytes()))["Records"]
        assert [json.loads(bytes(record)) for record in raw_records(path.read_bytes())] == expected
        count += len(expected)
    assert count == 4889

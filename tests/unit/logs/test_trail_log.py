import gzip
import hashlib
import json
import os
import re
import tracemalloc
import zlib
from collections import deque
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetch_logs import FETCHED_AT_ONCE
from tests.conftest import REPOSITORY
from trailsearch.contracts.errors import LogCorrupt, LogError, LogWithoutRecords
from trailsearch.logs import trail_log
from trailsearch.logs.trail_log import ContentHash, find_records, raw_records

# More than a piece of a log that is unpacked at once.
FILLER = "x" * 300_000


def read(log: bytes) -> list[bytes]:
    return [bytes(record) for record in chain.from_iterable(raw_records(log))]


def records_of(text: str | bytes) -> list[bytes]:
    return read(gzip.compress(text.encode() if isinstance(text, str) else text))


def written_as_cloudtrail_does(*records: object) -> bytes:
    return json.dumps({"Records": records}, separators=(",", ":"), ensure_ascii=False).encode()


def record(number: int, **more: object) -> dict[str, object]:
    return {"eventVersion": "1.11", "eventID": f"event-{number}", **more}


def pieces_of(text: bytes, size: int) -> Iterator[bytes]:
    return (text[at : at + size] for at in range(0, len(text), size))


def test_records_are_the_bytes_that_cloudtrail_wrote() -> None:
    text = r'{"Records":[{"a":1.50,"b":"\u003d\u00e9é"},{"c":123456789012345678901234567890}]}'
    assert records_of(text) == [
        r'{"a":1.50,"b":"\u003d\u00e9é"}'.encode(),
        b'{"c":123456789012345678901234567890}',
    ]


def test_records_of_several_gzip_members_and_among_other_keys() -> None:
    log = gzip.compress(b'{"x":[1],"Records":[{"a"') + gzip.compress(b':1}],"y":{}}')
    assert read(log) == [b'{"a":1}']


def test_a_member_may_end_anywhere() -> None:
    records = [record(number, secret=os.urandom(1000).hex()) for number in range(300)]
    text = written_as_cloudtrail_does(*records)
    log = b"".join([gzip.compress(piece) for piece in pieces_of(text, 70_000)] + [gzip.compress(b"")])
    assert [json.loads(each) for each in read(log)] == records


def test_a_padded_gzip_file() -> None:
    assert read(gzip.compress(b'{"Records":[1]}') + bytes(100)) == [b"1"]


def test_a_large_log_is_read_some_records_at_once() -> None:
    records = [record(number, userAgent="é" * 100) for number in range(10_000)]
    log = gzip.compress(written_as_cloudtrail_does(*records))
    runs = [[json.loads(bytes(each)) for each in run] for run in raw_records(log)]
    assert list(chain.from_iterable(runs)) == records
    assert max(map(len, runs)) < 3_000


def test_a_large_log_takes_the_memory_of_some_records() -> None:
    log = gzip.compress(written_as_cloudtrail_does(*(record(number) for number in range(200_000))))
    tracemalloc.start()
    try:
        assert sum(map(len, raw_records(log))) == 200_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4_000_000


@given(
    st.lists(st.dictionaries(st.sampled_from(["eventVersion", "eventID", "a"]), st.text() | st.integers())),
    st.integers(1, 60),
)
def test_records_are_found_wherever_the_text_is_cut(records: list[dict[str, object]], size: int) -> None:
    text = written_as_cloudtrail_does(*records)
    found = [json.loads(bytes(each)) for some in find_records(pieces_of(text, size)) for each in some]
    assert found == records


RECORD_TEXTS = [
    '{"eventVersion":"1"}',
    '{"a":[{"b":2},{"eventVersion":"1"}]}',
    "3",
    r'"\ud83d\ude00"',
    "{}",
    "}",
    "[",
    "",
]
TEXTS = ['{"Records":[', ",", "]", "}", '],"Other":[', '],"Records":[', " ", *RECORD_TEXTS]


@given(st.lists(st.sampled_from(TEXTS), max_size=12), st.integers(1, 60))
def test_what_is_found_in_any_text_is_what_the_json_module_reads(texts: list[str], size: int) -> None:
    text = "".join(texts)
    try:
        found = [
            json.loads(bytes(each)) for some in find_records(pieces_of(text.encode(), size)) for each in some
        ]
    except LogError:
        return  # raw_records reads such a log as a whole.
    assert json.loads(text) == {"Records": found}


@given(
    st.sampled_from(
        ["[", "]", ',"Other":[{"a":0},', '"Records":[', "", '"x":[{"y":0},', "3,", "}", r'"\ud800",']
    ),
    st.sampled_from(
        ["", ",", "]}", '],"Other":[{"eventVersion":7},{"eventVersion":8}]}', '],"Records":[5]}', "]"]
    ),
)
def test_a_log_that_is_odd_after_many_records_is_read_as_a_whole_or_is_corrupt(middle: str, end: str) -> None:
    filler = json.dumps(record(1, filler=FILLER), separators=(",", ":"))
    text = f'{{"Records":[{filler},{filler},{middle}{filler},{filler}{end}'
    try:
        expected = json.loads(text)["Records"]
    except (ValueError, KeyError):
        with pytest.raises(LogError):
            records_of(text)
        return
    if '"Records":[5]' in text:
        with pytest.raises(LogCorrupt, match="two arrays Records"):
            records_of(text)
        return
    assert list(map(json.loads, records_of(text))) == expected


def test_of_two_arrays_none_is_mixed_with_the_other() -> None:
    def array(*names: str) -> str:
        return ",".join(
            json.dumps(record(1, name=name, filler=FILLER), separators=(",", ":")) for name in names
        )

    with pytest.raises(LogCorrupt, match="two arrays Records"):
        records_of(f'{{"Records":[{array("a", "b", "c", "d")}],"Records":[{array("z", "b", "c", "d")}]}}')


def test_lone_surrogates_after_many_records_do_not_stop_a_log() -> None:
    records = [record(number, filler=FILLER) for number in range(5)]
    text = written_as_cloudtrail_does(*records, record(5, odd="LONE"), *records).replace(b"LONE", rb"\ud800")
    runs = [[json.loads(bytes(each))["eventID"] for each in run] for run in raw_records(gzip.compress(text))]
    assert list(chain.from_iterable(runs)) == [
        f"event-{number}" for number in (0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4)
    ]
    assert len(runs) > 5


def bomb(begin: bytes, unit: bytes, megabytes: int, end: bytes) -> bytes:
    """A log that unpacks to so much; it is never there as a whole here."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    many = unit * (1_000_000 // len(unit))
    parts = [packer.compress(begin), *(packer.compress(many) for _ in range(megabytes)), packer.compress(end)]
    return b"".join([*parts, packer.flush()])


BOMBS = {
    "one record": (b'{"Records":[{"a":"', b"x", b'"}]}'),
    "white space": (b'{"Records":[', b" ", b"]}"),
    "no end": (b'{"Records":[{"a":"', b"x", b""),
    "tiny records": (b'{"Records":[', b"{},", b"1]}"),
    "numbers": (b'{"Records":[', b"1,", b"1]}"),
    "an array at the top": (b"[", b"{},", b"{}]"),
    "lone surrogates": (b'{"Records":[', rb'"\ud800",', b"1]}"),
    "beside the records": (b'{"Records":[1],"x":[', b"[],", b"1]}"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_object_that_unpacks_to_a_huge_log_is_corrupt_and_takes_bounded_memory(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a sixteenth of the limits: nothing but they bounds what is read as a whole."""
    for limit in ("MAX_WHOLE_BYTES", "_MAX_WHOLE_MEMORY", "_MAX_BYTES_WITH_SURROGATES", "_LONGEST_BYTES"):
        monkeypatch.setattr(trail_log, limit, getattr(trail_log, limit) // 16)
    begin, unit, end = BOMBS[name]
    log = bomb(begin, unit, 40, end)
    assert len(log) < 200_000
    tracemalloc.start()
    try:
        with pytest.raises(LogCorrupt):
            deque(raw_records(log), maxlen=0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 90_000_000


def test_what_is_read_as_a_whole_fits_into_the_memory_of_fetch_logs() -> None:
    """With what is fetched at the same time, and 200 MB for all else; the function's memory is Terraform's default."""
    memory = re.search(r"fetch_logs += (\d+)\n", (REPOSITORY / "terraform" / "variables.tf").read_text())
    assert memory
    largest = trail_log._MAX_WHOLE_MEMORY + (FETCHED_AT_ONCE + 1) * 50_000_000 + 200_000_000
    assert largest <= int(memory[1]) * 1024 * 1024
    assert trail_log.MAX_WHOLE_BYTES == 512 * 1024 * 1024


def test_a_record_that_split_records_could_not_hold_is_corrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail_log, "MAX_RECORD_BYTES", 20_000_000)
    assert [len(each) for each in read(bomb(*BOMBS["one record"][:2], 19, b'"}]}'))] == [19_000_008]
    with pytest.raises(LogCorrupt, match="A record of 21,000,008 bytes"):
        read(bomb(*BOMBS["one record"][:2], 21, b'"}]}'))


def test_many_small_records_that_are_not_written_as_cloudtrail_does_are_read_many_at_once() -> None:
    runs = list(raw_records(bomb(b'{"Records":[', b'{"a":1,"b":2},', 20, b"1]}")))
    assert sum(map(len, runs)) > 1_000_000
    assert len(runs) < 10_000


def test_a_pretty_printed_record_is_one_line() -> None:
    pretty = json.dumps({"Records": [{"a": "line\nbreak", "b": [1, 2]}]}, indent=2).replace("\n", "\r\n")
    (found,) = records_of(pretty)
    assert b"\n" not in found
    assert b"\r" not in found
    assert json.loads(found) == {"a": "line\nbreak", "b": [1, 2]}


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
    (found,) = records_of(f'{{"Records":[{{"deep":{deep},"number":{number}}}]}}')
    assert found == f'{{"deep":{deep},"number":{number}}}'.encode()
    (_, found) = records_of(rf'{{"Records":["\ud800",{{"deep":{deep},"number":{number}}}]}}')
    assert found == f'{{"deep":{deep},"number":{number}}}'.encode()


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
        (LOG + b"junk", "Not gzip to its end: .* 4 bytes"),
        (LOG + bytes(3) + b"\x1f", "Not gzip to its end: .* 1 bytes"),
        (LOG + LOG[:-4], "Not a whole gzip file: it is cut short"),
        (gzip.compress(written_as_cloudtrail_does(*[record(1, filler=FILLER)] * 3)[:-1]), "Not JSON"),
    ],
    ids=lambda value: value if isinstance(value, str) else "log",  # gzip writes the time into its header
)
def test_a_corrupt_log_says_what_is_wrong(log: bytes, message: str) -> None:
    with pytest.raises(LogCorrupt, match=message):
        read(log)


@pytest.mark.parametrize(
    "text",
    [
        "null",
        "3",
        '{"digestStartTime":"…"}',
        '{"Records":null}',
        r'"\ud800"',
        r'["\ud800"]',
        r'[{"a":"\ud800"},1]',
        '[{"a":1},[{"b":2}]]',
        r'{"Records":"\ud800"}',
    ],
)
def test_json_without_records_is_no_log(text: str) -> None:
    with pytest.raises(LogWithoutRecords):
        records_of(text)


@pytest.mark.parametrize(
    ("text", "records"),
    [
        ("[]", []),
        (' [ {"a":1} , {"b":[2]} ] ', [b'{"a":1}', b'{"b":[2]}']),
        (r'[{"a":"\ud800"}, {"b":2}]', [rb'{"a":"\ud800"}', b'{"b":2}']),
        ('[\n{"a":\n1}\n]', [b'{"a": 1}']),
    ],
)
def test_an_array_of_records_is_a_log(text: str, records: list[bytes]) -> None:
    assert records_of(text) == records


def test_a_large_array_of_records_is_a_log() -> None:
    records = [record(number, filler=FILLER) for number in range(5)]
    text = json.dumps(records, separators=(",", ":")).encode()
    assert [json.loads(each) for each in records_of(text)] == records


def test_real_logs_are_read_whole(cloudtrail_data: Path) -> None:
    count = 0
    for path in (cloudtrail_data / "logs").rglob("*.json.gz"):
        expected = json.loads(gzip.decompress(path.read_bytes()))["Records"]
        assert [json.loads(each) for each in read(path.read_bytes())] == expected
        count += len(expected)
    assert count == 4889


@pytest.mark.parametrize(
    "log",
    [
        pytest.param([b'{"Records":[{"a":1}]}'], id="small"),
        pytest.param([b'{"Records":[', b"]}"], id="several gzip members"),
        pytest.param(
            [
                json.dumps(
                    {"Records": [record(n, filler=FILLER) for n in range(5)]}, separators=(",", ":")
                ).encode()
            ],
            id="large, as CloudTrail writes it",
        ),
        pytest.param(
            [json.dumps({"Records": [record(n, filler=FILLER) for n in range(5)]}, indent=1).encode()],
            id="large, and read as a whole after a first attempt",
        ),
    ],
)
def test_the_content_is_hashed_while_it_is_unpacked(log: list[bytes]) -> None:
    content_hash = ContentHash()
    for _ in raw_records(b"".join(map(gzip.compress, log)), content_hash):
        pass
    assert content_hash.hexdigest() == hashlib.sha256(b"".join(log)).hexdigest()

import gzip
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.records import RECORD, encode, records
from trailsearch.events.documents import Document, build_document
from trailsearch.events.fields import Fields
from trailsearch.search.batching import pack
from trailsearch.search.opensearch.batches import (
    OpenSearchFormat,
    Target,
    month_of,
    targets_in,
)

FORMAT = OpenSearchFormat("trailsearch-test", 3_000_000)
LOG = "s3://logs/AWSLogs/111122223333/CloudTrail/eu-central-1/x.json.gz"


def batch_of(*records: Any) -> bytes:
    batch = bytearray()
    for record in records:
        FORMAT.append([build_document(encode(record), LOG)], batch)
    return bytes(batch)


def read(body: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read one document as the bulk API does: two lines, each with its line feed, no key twice, UTF-8."""
    action, document, nothing = body.decode().split("\n")
    assert nothing == ""
    assert document.encode()  # has no lone surrogate, nor has what it means:
    fields = json.loads(document)
    json.dumps(fields, ensure_ascii=False).encode()
    return json.loads(action), fields


@given(records)
def test_any_json_record_gives_a_document_that_is_lossless(record: Any) -> None:
    (document,) = FORMAT.split(batch_of(record))
    action, fields = read(document.body)
    assert action["index"]["_id"] == document.id
    assert set(action) == {"index"}
    raw = fields["raw"]
    assert json.loads(raw if isinstance(raw, str) else raw[0]) == json.loads(encode(record))
    assert set(fields) <= set(Fields.__struct_fields__)


def test_a_plain_record_is_encoded_field_by_field() -> None:
    action, fields = read(batch_of(RECORD))
    assert action == {"index": {"_index": "trailsearch-test-events-2023.07", "_id": RECORD["eventID"]}}
    assert fields["event_name"] == "GetObject"
    assert fields["account_ids"][:2] == ["111122223333", "444455556666"]
    assert "user_identity_user_name" not in fields
    assert fields["raw"] == encode(RECORD).decode()


@pytest.mark.parametrize(
    ("event_time", "month"),
    [
        ("2026-11-30T23:59:59Z", "2026.11"),
        ("2026-12-01T00:00:00.000Z", "2026.12"),
        ("2006-01-01T00:00:00Z", "2006.01"),
        ("2005-12-31T23:59:59Z", "undated"),
        ("2099-12-31T23:59:59Z", "2099.12"),
        ("2100-01-01T00:00:00Z", "undated"),
        ("0001-01-01T00:00:00Z", "undated"),
        ("9999-12-31T23:59:59Z", "undated"),
        ("", "undated"),
        (None, "undated"),
    ],
)
def test_a_document_goes_into_the_index_of_its_month(event_time: str | None, month: str) -> None:
    batch = bytearray()
    FORMAT.append([Document("1", Fields(event_time))], batch)
    assert month_of(event_time) == month
    assert targets_in(bytes(batch)) == [Target(f"trailsearch-test-events-{month}", "1")]


@pytest.mark.parametrize("event_time", ["soon", 5, None, {}])
def test_a_record_whose_time_is_none_is_undated(event_time: Any) -> None:
    (target,) = targets_in(batch_of(RECORD | {"eventTime": event_time}))
    assert target.index == "trailsearch-test-events-undated"


def test_a_record_with_another_time_zone_is_in_the_month_that_it_is_in_utc() -> None:
    (target,) = targets_in(batch_of(RECORD | {"eventTime": "2026-11-01T00:30:00+01:00"}))
    assert target.index == "trailsearch-test-events-2026.10"


@pytest.mark.parametrize(
    "text",
    [
        "bell\x07",
        "\x00\x1f",
        "\ufffe\uffff",
        "😀",
        "tab\tline\nreturn\r",
        "é\u2028\x7f漢",
        '"\\',
        "x" * 9_000,
    ],
)
def test_every_character_stays_as_it_is(text: str) -> None:
    _, fields = read(batch_of(RECORD | {"userAgent": text, "eventName": text}))
    assert (fields["user_agent"], fields["event_name"]) == (text, text)


@pytest.mark.parametrize(("text", "escaped"), [("\ud800", r"\ud800"), ("a\udfffb\ud800", r"a\udfffb\ud800")])
def test_a_lone_surrogate_becomes_the_text_of_its_escape(text: str, escaped: str) -> None:
    whole, odd = RECORD | {"userAgent": "whole"}, RECORD | {"userAgent": text, "resources": [{"ARN": text}]}
    batch = bytearray()
    FORMAT.append([build_document(encode(record), LOG) for record in (whole, odd, whole)], batch)
    fields = [read(document.body)[1] for document in FORMAT.split(bytes(batch))]
    assert [each["user_agent"] for each in fields] == ["whole", escaped, "whole"]
    assert fields[1]["resource_arns"] == [escaped]
    assert json.loads(fields[1]["raw"])["userAgent"] == text


@given(st.text(st.characters() | st.sampled_from('😀\ud800\udfff\x00\b\f\t\n"\\\\aé\x7f'), max_size=60))
def test_nothing_but_lone_surrogates_is_changed(text: str) -> None:
    _, fields = read(batch_of(RECORD | {"userAgent": f"x{text}"}))
    # Two of them that are a pair are one character once JSON has written them.
    read_back = json.loads(json.dumps(text))
    escaped = re.sub("[\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", read_back)
    assert fields["user_agent"] == f"x{escaped}"


@pytest.mark.parametrize("event_id", [None, ""])
def test_a_document_without_an_event_id_has_its_own(event_id: str | None) -> None:
    (document,) = FORMAT.split(batch_of(RECORD | {"eventID": event_id}))
    assert read(document.body)[1]["event_id"] == document.id


def test_an_event_id_that_is_no_document_id_stays() -> None:
    (document,) = FORMAT.split(batch_of(RECORD | {"eventID": "with a space"}))
    assert read(document.body)[1]["event_id"] == "with a space" != document.id


def test_batches_keep_to_the_limit_of_the_instances() -> None:
    small = OpenSearchFormat("trailsearch-test", 10_000)
    documents = [Document(f"d{n}", Fields(raw="x" * 1_500)) for n in range(20)]
    too_large: list[Document] = []
    giant = Document("giant", Fields(raw="x" * 10_000))
    batches = list(pack([documents, [giant]], small, too_large.append))
    assert all(len(batch.body) <= 10_000 for batch in batches)
    assert [target.id for batch in batches for target in targets_in(bytes(batch.body))] == [
        document.id for document in documents
    ]
    assert len(batches) == 4
    assert too_large == [giant]


def test_a_document_may_fill_a_batch() -> None:
    batch = bytearray()
    rest = FORMAT.max_batch_bytes - FORMAT.append([Document("d", Fields(raw=""))], batch)
    (full,) = pack([[Document("d", Fields(raw="x" * (rest - len('"raw":"",'))))]], FORMAT, lambda _: None)
    assert FORMAT.max_batch_bytes - 20 <= len(full.body) <= FORMAT.max_batch_bytes
    assert len(gzip.compress(full.body, 1)) < 100_000

import json
import re
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from tests.records import RECORD, encode, records
from tests.unit.upload_rules import assert_obeys
from trailsearch.contracts.errors import BatchRefused, SearchAccessDenied, SearchThrottled, SearchUnavailable
from trailsearch.events.documents import build_document
from trailsearch.search.backend import EncodedDocument
from trailsearch.search.cloudsearch.batches import CloudSearchFormat, record_of
from trailsearch.search.cloudsearch.index import CloudSearchIndex

FORMAT = CloudSearchFormat()
LOG = "s3://logs/AWSLogs/111122223333/CloudTrail/eu-central-1/x.json.gz"


def batch_of(*records: Any) -> bytes:
    batch = bytearray()
    for record in records:
        FORMAT.append([build_document(encode(record), LOG)], batch)
    return bytes(batch)


def encoded(record: Any) -> EncodedDocument:
    (document,) = FORMAT.split(batch_of(record))
    return document


@given(records)
def test_any_json_record_gives_a_document_that_obeys_the_upload_rules_and_is_lossless(record: Any) -> None:
    document = encoded(record)
    add = assert_obeys(document.body)
    assert add["id"] == document.id
    assert json.loads(record_of(add["fields"]["raw"])) == json.loads(encode(record))


def test_a_plain_record_is_encoded_field_by_field() -> None:
    add = assert_obeys(encoded(RECORD).body)
    assert add["fields"]["event_name"] == "GetObject"
    assert add["fields"]["account_ids"][:2] == ["111122223333", "444455556666"]
    assert "user_identity_user_name" not in add["fields"]
    assert add["fields"]["raw"] == encode(RECORD).decode()


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("bell\x07", r"bell\u0007"),
        ("\x00\x1f", r"\u0000\u001f"),
        ("\b\f", r"\u0008\u000c"),
        ("\ufffe\uffff", r"\ufffe\uffff"),
        ("\ud800", r"\ud800"),
        ("😀", r"\ud83d\ude00"),
        ("tab\tline\nreturn\r", "tab\tline\nreturn\r"),
        ("é\u2028\x7f漢", "é\u2028\x7f漢"),
    ],
)
def test_forbidden_characters_become_their_json_escape(text: str, escaped: str) -> None:
    add = assert_obeys(encoded(RECORD | {"userAgent": text}).body)
    assert add["fields"]["user_agent"] == escaped
    assert json.loads(record_of(add["fields"]["raw"]))["userAgent"] == text


@given(st.text(st.characters() | st.sampled_from('😀\ud800\x00\b\f\ufffe\uffff\t\n"\\aé\x7f'), max_size=60))
def test_what_is_forbidden_is_escaped_by_character_and_nothing_else_is_changed(text: str) -> None:
    def escaped(character: str) -> str:
        units = character.encode("utf-16-be", "surrogatepass").hex()
        forbidden = not re.fullmatch("[\t\n\r\x20-\ud7ff\ue000-\ufffd]", character)
        return (
            "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)) if forbidden else character
        )

    add = assert_obeys(encoded(RECORD | {"userAgent": f"x{text}"}).body)
    assert add["fields"]["user_agent"] == "x" + "".join(map(escaped, text))


@pytest.mark.parametrize("text", ["x" * 5000, "\x00" * 4000, "😀" * 4000, "\x00" * 5000])
def test_long_literals_are_cut_and_raw_has_them_whole(text: str) -> None:
    add = assert_obeys(encoded(RECORD | {"eventName": text, "userAgent": text}).body)
    assert len(add["fields"]["event_name"]) == 4096
    assert len(add["fields"]["user_agent"]) == 4096  # user_agent_exact, its literal copy, takes no more
    assert json.loads(record_of(add["fields"]["raw"]))["eventName"] == text


def test_arrays_are_cut_at_1000_values() -> None:
    add = assert_obeys(encoded({"resources": [{"ARN": f"arn:{n}"} for n in range(1001)]}).body)
    assert len(add["fields"]["resource_arns"]) == 1000


def upload(status: int, code: str, message: str = "why") -> None:
    client = boto3.client("cloudsearchdomain", endpoint_url="http://localhost")
    with Stubber(client) as stub:
        stub.add_client_error("upload_documents", code, message, status)
        CloudSearchIndex(client).upload(b"[]")


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "DocumentServiceException", BatchRefused),
        (413, "413", BatchRefused),
        (403, "AccessDeniedException", SearchAccessDenied),
        (429, "ThrottlingException", SearchThrottled),
        (503, "503", SearchThrottled),
        (507, "507", SearchThrottled),
        (509, "509", SearchThrottled),
        (500, "InternalServerError", SearchUnavailable),
        (502, "502", SearchUnavailable),
        (504, "504", SearchThrottled),
        (400, "ExpiredTokenException", SearchUnavailable),
    ],
)
def test_answers_are_classified(status: int, code: str, expected: type[Exception]) -> None:
    with pytest.raises(expected, match=f"HTTP {status}: .*why"):
        upload(status, code)


def test_no_answer_is_unavailable() -> None:
    client = boto3.client("cloudsearchdomain", endpoint_url="http://127.0.0.1:1")
    with pytest.raises(SearchUnavailable, match="No answer"):
        CloudSearchIndex(client).upload(b"[]")


def test_the_batch_is_uploaded_as_it_is() -> None:
    client = boto3.client("cloudsearchdomain", endpoint_url="http://localhost")
    sent: dict[str, Any] = {"documents": b"[1]", "contentType": "application/json"}
    with Stubber(client) as stub:
        stub.add_response("upload_documents", {"status": "success", "adds": 1, "deletes": 0}, sent)
        CloudSearchIndex(client).upload(b"[1]")
        stub.assert_no_pending_responses()


def test_an_answer_that_is_cut_short_is_unavailable() -> None:
    client = boto3.client("cloudsearchdomain", endpoint_url="http://localhost")
    with Stubber(client) as stub:
        stub.add_response("upload_documents", {})
        with pytest.raises(SearchUnavailable, match="cut short"):
            CloudSearchIndex(client).upload(b"[]")


def test_a_document_is_deleted_by_a_batch_of_its_own() -> None:
    client = boto3.client("cloudsearchdomain", endpoint_url="http://localhost")
    batch = b'[{"type": "delete", "id": "an-id"}]'
    sent: dict[str, Any] = {"documents": batch, "contentType": "application/json"}
    with Stubber(client) as stub:
        stub.add_response("upload_documents", {"status": "success", "adds": 0, "deletes": 1}, sent)
        CloudSearchIndex(client).delete("an-id", "2026-11-01T00:00:00Z")
        stub.assert_no_pending_responses()

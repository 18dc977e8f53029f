import io
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import REPOSITORY
from tests.records import encode, records
from tests.steps import STAGING, s3_answers, tags_of
from trailsearch.contracts.errors import BatchNotFound, LogCorrupt, StorageAccessDenied, StorageUnavailable
from trailsearch.contracts.messages import BatchRef, Pointer, RecordsRef
from trailsearch.workflow import staging
from trailsearch.workflow.staging import LogHeader, Staging, Written, read_records, write_records

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DELIVERED = "2023-07-10T12:15:00Z"
RECORDS = RecordsRef(STAGING, "records/run-1.ndjson", records=1, bytes=1)
BATCH = BatchRef(STAGING, "batches/run-1/00001.json", documents=1, bytes=2)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
headers = st.builds(LogHeader, texts, texts, st.just(DELIVERED))
logs = st.lists(st.tuples(headers, st.lists(records.map(encode), max_size=4)), max_size=4)


@given(logs, st.data())
def test_staged_records_are_read_as_they_were_written_whatever_chunks_they_come_in(
    logs: list[tuple[LogHeader, list[bytes]]], data: Any
) -> None:
    file = io.BytesIO()
    for header, several in logs:
        assert write_records(header, [several[:2], several[2:]], file) == Written(
            len(several), sum(map(len, several))
        )
    text = file.getvalue()
    cuts = sorted(data.draw(st.lists(st.integers(min_value=0, max_value=len(text)), max_size=12)))
    chunks = [text[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    read = [(log, record) for log, lines in read_records(chunks) for record in lines.split(b"\n")]
    assert read == [(header, record) for header, several in logs for record in several]


def test_of_a_log_that_cannot_be_read_whole_nothing_is_written() -> None:
    def corrupt() -> Iterator[list[bytes]]:
        yield [b"1", b"2"]
        raise LogCorrupt("It is cut short")

    header = LogHeader("b", "k", DELIVERED)
    with staging.spool() as file:
        write_records(header, [[b"0"]], file)
        before = file.tell()
        with pytest.raises(LogCorrupt):
            write_records(header, corrupt(), file)
        assert file.tell() == before
        write_records(header, [[b"3"]], file)
        file.seek(0)
        assert [lines for _, lines in read_records([file.read()])] == [b"0", b"3"]


def test_records_without_their_log_are_refused() -> None:
    with pytest.raises(ValueError, match="which log they are from"):
        list(read_records([b'{"a":1}\n']))


def test_records_that_are_cut_short_are_refused() -> None:
    with pytest.raises(ValueError, match="end in the middle of a line"):
        list(read_records([b'# {"bucket":"b","key":"k","delivered_at":"t"}\n{"a"']))


@pytest.mark.parametrize(("put_at_once_bytes", "parts"), [(32 * 1024 * 1024, ""), (16 * 1024 * 1024, "-2")])
def test_a_large_object_goes_up_in_parts_and_comes_back_whole(
    s3: "S3Client", put_at_once_bytes: int, parts: str
) -> None:
    stage = Staging(s3, STAGING, put_at_once_bytes)
    header = LogHeader("b", "k", DELIVERED)
    large = [json.dumps({"n": n, "x": "x" * 100_000}).encode() for n in range(200)]
    with staging.spool() as file:
        written = write_records(header, [large], file)
        ref = stage.put_records("run-1", file, written.records, DELIVERED)
    assert [record for _, lines in stage.get_records(ref) for record in lines.split(b"\n")] == large
    head = s3.head_object(Bucket=STAGING, Key="records/run-1.ndjson")
    assert head["ETag"].strip('"')[32:] == parts
    assert (ref.records, ref.bytes, ref.oldest_delivery_time) == (200, head["ContentLength"], DELIVERED)


@pytest.mark.parametrize("content_type", ["application/json", "application/x-ndjson"])
def test_a_batch_is_text_that_anybody_can_look_at(stage: Staging, s3: "S3Client", content_type: str) -> None:
    assert stage.put_batch("run-1", "00001", b"[]", content_type) == Pointer(BATCH.bucket, BATCH.key)
    assert stage.get_batch(BATCH) == b"[]"
    assert s3.head_object(Bucket=STAGING, Key=BATCH.key)["ContentType"] == content_type
    stage.renew_batch(BATCH, b"[]", content_type)
    assert s3.head_object(Bucket=STAGING, Key=BATCH.key)["ContentType"] == content_type


@pytest.mark.parametrize(("expires_soon", "tags"), [(True, ["expires=soon"]), (False, [])])
def test_a_batch_expires_soon_by_its_tag_and_is_kept_without(
    stage: Staging, s3: "S3Client", expires_soon: bool, tags: list[str]
) -> None:
    stage.put_batch("run-1", "00001", b"[]", "application/json", expires_soon=expires_soon)
    assert tags_of(s3, BATCH.key) == tags
    stage.renew_batch(BATCH, b"[]", "application/json")
    assert tags_of(s3, BATCH.key) == []


def test_the_bucket_expires_soon_by_the_tag_that_batches_have() -> None:
    terraform = (REPOSITORY / "terraform" / "functions.tf").read_text()
    rule = re.search(r"tag \{\s+key += \"(\w+)\"\s+value += \"(\w+)\"", terraform)
    assert rule
    assert f"{rule[1]}={rule[2]}" == staging.EXPIRES_SOON


def put_records(stage: Staging) -> None:
    with staging.spool() as file:
        stage.put_records("run-1", file, 1, None)


ACTIONS: dict[str, Any] = {
    "PutObject records": put_records,
    "PutObject batch": lambda stage: stage.put_batch("run-1", "00001", b"[]", "application/json"),
    "GetObject records": lambda stage: list(stage.get_records(RECORDS)),
    "GetObject batch": lambda stage: stage.get_batch(BATCH),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (403, "AccessDenied", StorageAccessDenied),
        (400, "KMS.DisabledException", StorageAccessDenied),
        (404, "NoSuchBucket", BatchNotFound),
        (500, "InternalError", StorageUnavailable),
        (503, "SlowDown", StorageUnavailable),
        (400, "RequestTimeout", StorageUnavailable),
        (400, "ThrottlingException", StorageUnavailable),
        (400, "KMS.ThrottlingException", StorageUnavailable),
        (400, "BadDigest", StorageUnavailable),
        (403, "RequestTimeTooSkewed", StorageUnavailable),
        (409, "OperationAborted", StorageUnavailable),
        (408, "RequestTimeout", StorageUnavailable),
    ],
)
def test_what_s3_answers_has_a_name_and_says_where(
    stage: Staging, s3: "S3Client", action: str, status: int, code: str, error: type[Exception]
) -> None:
    operation, what = action.split()
    pointer = RECORDS if what == "records" else BATCH
    with s3_answers(s3, operation, status, code), pytest.raises(error) as raised:
        ACTIONS[action](stage)
    assert str(raised.value) == f"{pointer.uri}: {code} Because."


@pytest.mark.parametrize("action", ["GetObject records", "GetObject batch"])
def test_what_has_expired_is_not_found(stage: Staging, action: str) -> None:
    with pytest.raises(BatchNotFound, match="NoSuchKey"):
        ACTIONS[action](stage)


@pytest.mark.parametrize("action", ["GetObject records", "GetObject batch"])
def test_an_answer_that_breaks_off_is_worth_another_attempt(
    stage: Staging, s3: "S3Client", action: str
) -> None:
    with Stubber(s3) as stub:
        stub.add_response("get_object", {"Body": StreamingBody(io.BytesIO(b"# {},"), 9)})
        with pytest.raises(StorageUnavailable, match="5 read, but total bytes expected is 9"):
            ACTIONS[action](stage)

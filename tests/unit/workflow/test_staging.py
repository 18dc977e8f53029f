import errno
import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import REPOSITORY
from tests.records import encode, records
from tests.steps import STAGING, s3_answers, tags_of
from trailsearch.contracts.errors import (
    BatchNotFound,
    DiskFull,
    LogCorrupt,
    StorageAccessDenied,
    StorageUnavailable,
)
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


@pytest.mark.parametrize("megabytes", [1, 32])
def test_a_large_record_is_read_in_time_that_grows_with_its_length(megabytes: int) -> None:
    """Each of its bytes is copied a few times, and not once for each chunk that it comes in."""
    header = b'# {"bucket":"b","key":"k","delivered_at":"t"}\n'
    chunk = b"x" * 16_384
    chunks = [header, *[chunk] * (megabytes * 64), b"\n", b"last\n"]
    begin = time.process_time()
    lines = [lines for _, lines in read_records(iter(chunks))]
    seconds = time.process_time() - begin
    assert b"\n".join(lines) == chunk * (megabytes * 64) + b"\nlast"
    assert seconds < 0.02 * megabytes + 0.2


def test_a_large_record_is_written_in_pieces() -> None:
    """A file that is in memory at first goes to the disk before the whole of it is there."""
    written: list[int] = []

    class File(io.BytesIO):
        def write(self, data: Any) -> int:
            written.append(len(data))
            return super().write(data)

    large = b"x" * 10_000_000
    file = File()
    assert write_records(LogHeader("b", "k", DELIVERED), [[large], [b"1", large]], file) == Written(
        3, 20_000_001
    )
    assert max(written) <= 1024 * 1024
    assert file.getvalue().splitlines()[1:] == [large, b"1", large]


class FullDisk(io.BytesIO):
    """A file that takes no more than so many bytes at once, and no more than 50 altogether, like one without a buffer."""

    def __init__(self, at_once: int) -> None:
        super().__init__()
        self._at_once = at_once

    def write(self, data: Any) -> int:
        room = min(self._at_once, 50 - self.tell())
        if room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(bytes(data[:room]))


@pytest.mark.parametrize("at_once", [1, 7, 50])
def test_records_that_do_not_fit_on_the_disk_are_named_and_leave_nothing_behind(at_once: int) -> None:
    file = FullDisk(at_once)
    header = LogHeader("b", "k", "t")
    written = write_records(header, [[b"1"]], io.BytesIO())
    assert written == Written(1, 1)
    with pytest.raises(DiskFull, match="s3://b/k, after 0 bytes of other logs and 2 bytes of this one"):
        write_records(header, [[b"12"], [b"x" * 100]], file)
    assert (file.tell(), file.getvalue()) == (0, b"")


def test_a_disk_that_is_really_full_is_named() -> None:
    """By the limit on the size of a file, in a process of its own."""
    program = """
import resource
from trailsearch.contracts.errors import DiskFull
from trailsearch.workflow import staging
resource.setrlimit(resource.RLIMIT_FSIZE, (80_000_000, 80_000_000))
with staging.spool() as file:
    try:
        staging.write_records(staging.LogHeader("b", "k", "t"), ([b"x" * 1_000_000] * 3 for _ in range(40)), file)
    except DiskFull as error:
        print(error)
"""
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY / "functions")}
    run = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert "no room on the disk for the records of s3://b/k" in run.stdout


def test_a_batch_in_another_bucket_is_not_found_and_not_asked_for() -> None:
    """Anybody may send a dead letter to the queue."""
    stage = Staging(cast("S3Client", None), STAGING)
    with pytest.raises(BatchNotFound, match="batches are in the bucket"):
        stage.get_batch(BatchRef("arn:aws:s3:us-nowhere-1:123456789012:accesspoint/foo", "k", 1, 1))


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

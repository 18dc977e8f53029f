import io
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, cast

import pytest
from botocore.exceptions import FlexibleChecksumError
from botocore.response import StreamingBody
from botocore.stub import Stubber
from hypothesis import example, given
from hypothesis import strategies as st

from tests.steps import LOGS, log_key, s3_answers
from trailsearch.contracts.errors import (
    LogBucketUnknown,
    LogCorrupt,
    LogError,
    LogNotFound,
    LogUnreadable,
    StorageUnavailable,
)
from trailsearch.contracts.messages import LogRef
from trailsearch.logs.log_bucket import MAX_LOG_BYTES, LogBucket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LOG = LogRef(LOGS, log_key("a"))


def test_a_log_comes_as_it_is(log_bucket: LogBucket, s3: "S3Client") -> None:
    s3.put_object(Bucket=LOG.bucket, Key=LOG.key, Body=b"\x1f\x8b")
    assert log_bucket.get(LOG).body == b"\x1f\x8b"


def test_the_delivery_time_is_when_the_object_was_written_in_utc(
    log_bucket: LogBucket, s3: "S3Client"
) -> None:
    written = datetime(2023, 7, 10, 14, 15, 30, tzinfo=timezone(timedelta(hours=2)))
    with Stubber(s3) as stub:
        body = StreamingBody(io.BytesIO(b"x"), 1)
        stub.add_response(
            "get_object", {"Body": body, "LastModified": written}, {"Bucket": LOGS, "Key": LOG.key}
        )
        assert log_bucket.get(LOG).delivered_at == "2023-07-10T12:15:30Z"


@pytest.mark.parametrize(
    "log", [LOG, LogRef("no-such-bucket", "a"), LogRef("no bucket", "a"), LogRef(LOGS, "")]
)
def test_a_log_that_is_not_there_is_named(s3: "S3Client", log: LogRef) -> None:
    with pytest.raises(LogNotFound, match=f"^{log.uri}: ."):
        LogBucket(s3, {log.bucket}).get(log)


@given(st.text(max_size=80).filter(lambda name: name != LOGS))
@example("arn:aws:s3:us-nowhere-1:123456789012:accesspoint/foo")
def test_of_a_bucket_that_is_none_of_ours_nothing_is_asked(name: str) -> None:
    """Whatever a message calls a bucket, S3's name is not resolved by it."""
    with pytest.raises(LogBucketUnknown):
        LogBucket(cast("S3Client", None), {LOGS}).get(LogRef(name, "a"))


def test_an_object_that_is_larger_than_a_log_can_be_is_not_read(s3: "S3Client") -> None:
    class Unread(StreamingBody):
        def read(self, amt: int | None = None) -> bytes:
            raise AssertionError(amt)

    with Stubber(s3) as stub:
        body = Unread(io.BytesIO(b""), MAX_LOG_BYTES + 1)
        stub.add_response("get_object", {"Body": body, "ContentLength": MAX_LOG_BYTES + 1})
        with pytest.raises(LogCorrupt, match=f"{LOG.uri}: 100,000,001 bytes"):
            LogBucket(s3, {LOGS}).get(LOG)


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (403, "AccessDenied", LogUnreadable),
        (403, "InvalidObjectState", LogUnreadable),
        (400, "KMS.NotFoundException", LogUnreadable),
        (500, "InternalError", StorageUnavailable),
        (503, "SlowDown", StorageUnavailable),
        (400, "RequestTimeout", StorageUnavailable),
        (400, "ThrottlingException", StorageUnavailable),
        (400, "KMS.ThrottlingException", StorageUnavailable),
        (400, "BadDigest", StorageUnavailable),
        (403, "RequestTimeTooSkewed", StorageUnavailable),
        (409, "OperationAborted", StorageUnavailable),
    ],
)
def test_what_s3_answers_has_a_name(
    log_bucket: LogBucket, s3: "S3Client", status: int, code: str, error: type[Exception]
) -> None:
    with (
        s3_answers(s3, "GetObject", status, code),
        pytest.raises(error, match=f"^{LOG.uri}: {code} Because.$"),
    ):
        log_bucket.get(LOG)


def test_storage_that_fails_is_no_fault_of_the_log() -> None:
    assert not issubclass(StorageUnavailable, LogError)


class DamagedBody:
    def read(self) -> bytes:
        raise FlexibleChecksumError(error_msg="Expected checksum 1 did not match calculated checksum: 2")


def test_a_body_that_breaks_off_or_is_damaged_is_worth_another_attempt(
    log_bucket: LogBucket, s3: "S3Client"
) -> None:
    for body in (StreamingBody(io.BytesIO(b"x"), 9), DamagedBody()):
        with Stubber(s3) as stub:
            stub.add_response("get_object", {"Body": body})
            with pytest.raises(StorageUnavailable, match=LOG.uri):
                log_bucket.get(LOG)

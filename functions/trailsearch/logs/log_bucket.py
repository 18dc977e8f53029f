"""The buckets that CloudTrail writes its logs to."""

from datetime import UTC
from typing import TYPE_CHECKING, NamedTuple

from trailsearch.aws.s3_errors import StorageErrors, storage_errors
from trailsearch.aws.tracing import subsegment
from trailsearch.contracts.errors import LogNotFound, LogUnreadable
from trailsearch.contracts.messages import LogRef

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_LOG_ERRORS = StorageErrors(not_found=LogNotFound, refused=LogUnreadable)


class FetchedLog(NamedTuple):
    """A log object as it is in the bucket, and when CloudTrail delivered it (ISO 8601, UTC)."""

    body: bytes
    delivered_at: str


class LogBucket:
    """Fetches logs, from whichever bucket a notification names."""

    def __init__(self, client: "S3Client") -> None:
        self._client = client

    def get(self, log: LogRef) -> FetchedLog:
        """Fetch one log.

        Raises:
            LogNotFound: there is no such object, or no such bucket.
            LogUnreadable: S3 refuses to hand it out.
            StorageUnavailable: S3 is throttling, failing or out of reach.
        """
        with subsegment("Fetch log", log=log.uri), storage_errors(log, _LOG_ERRORS):
            answer = self._client.get_object(Bucket=log.bucket, Key=log.key)
            body = answer["Body"].read()
        delivered = answer["LastModified"].astimezone(UTC)
        return FetchedLog(body, delivered.isoformat(timespec="seconds").replace("+00:00", "Z"))

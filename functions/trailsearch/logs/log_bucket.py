"""The buckets that CloudTrail writes its logs to."""

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, NamedTuple

from trailsearch.aws.s3_errors import StorageErrors, storage_errors
from trailsearch.aws.tracing import subsegment
from trailsearch.contracts.errors import LogBucketUnknown, LogCorrupt, LogNotFound, LogUnreadable
from trailsearch.contracts.messages import LogRef
from trailsearch.contracts.times import to_seconds

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# CloudTrail's largest logs have 50 MB. Some are in memory at once.
MAX_LOG_BYTES = 100_000_000
_LOG_ERRORS = StorageErrors(not_found=LogNotFound, refused=LogUnreadable)


class FetchedLog(NamedTuple):
    """A log object as it is in the bucket, when CloudTrail delivered it (ISO 8601, UTC), and its entity tag."""

    body: bytes
    delivered_at: str
    etag: str = ""


class LogBucket:
    """Fetches logs from the buckets that this environment has them in.

    A notification names a bucket, but anybody may have written it: botocore takes an ARN for a bucket, too, which leads to
    any host that has the form of one of S3's, and what does not exist looks like S3 that is out of reach.
    """

    def __init__(self, client: "S3Client", names: AbstractSet[str]) -> None:
        self._client = client
        self._names = names

    def get(self, log: LogRef) -> FetchedLog:
        """Fetch one log.

        Raises:
            LogBucketUnknown: the bucket is none of these.
            LogCorrupt: the object is larger than a log can be.
            LogNotFound: there is no such object, or no such bucket.
            LogUnreadable: S3 refuses to hand it out.
            StorageUnavailable: S3 is throttling, failing or out of reach.
        """
        if log.bucket not in self._names:
            raise LogBucketUnknown(f"{log.uri}: the bucket is not one that this environment reads logs from")
        with subsegment("Fetch log", log=log.uri), storage_errors(log, _LOG_ERRORS):
            answer = self._client.get_object(Bucket=log.bucket, Key=log.key)
            if answer.get("ContentLength", 0) > MAX_LOG_BYTES:
                answer["Body"].close()
                raise LogCorrupt(
                    f"{log.uri}: {answer['ContentLength']:,} bytes; no log of CloudTrail has as many"
                )
            body = answer["Body"].read()
        return FetchedLog(body, to_seconds(answer["LastModified"]), answer.get("ETag", ""))

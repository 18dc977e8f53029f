"""The folders of a log bucket, by S3's listing."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from trailsearch.aws.s3_errors import StorageErrors, storage_errors
from trailsearch.contracts.errors import LogsNotListed
from trailsearch.contracts.messages import Pointer
from trailsearch.logs.log_folders import Page, StoredLog

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2RequestTypeDef, ObjectTypeDef

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/archived-objects.html. Of Intelligent-Tiering, a listing does not say
# whether an object is in an archive tier: it is fetched, and if need be dead-lettered.
_ARCHIVED = frozenset({"GLACIER", "DEEP_ARCHIVE"})
_ERRORS = StorageErrors(not_found=LogsNotListed, refused=LogsNotListed)


class LogListing:
    """Lists folders of one log bucket, each to its end, a page at a time."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def folders(self, prefix: str) -> list[str]:
        """Give the folders that are directly in one, in the order of their names.

        Raises:
            LogsNotListed: S3 refuses to list the bucket, or there is none.
            StorageUnavailable: S3 is throttling, failing or out of reach.
        """
        found: list[str] = []
        request: ListObjectsV2RequestTypeDef = {"Bucket": self._bucket, "Prefix": prefix, "Delimiter": "/"}
        while True:
            with storage_errors(Pointer(self._bucket, prefix), _ERRORS):
                answer = self._client.list_objects_v2(**request)
            found += [each["Prefix"] for each in answer.get("CommonPrefixes", [])]
            if not answer.get("NextContinuationToken"):
                return found
            request["ContinuationToken"] = answer["NextContinuationToken"]

    def page(self, prefix: str, token: str | None) -> Page:
        """Give some of the objects in a folder, or in folders within. Raises as ``folders`` does."""
        request: ListObjectsV2RequestTypeDef = {
            "Bucket": self._bucket,
            "Prefix": prefix,
            "OptionalObjectAttributes": ["RestoreStatus"],
        }
        if token is not None:
            request["ContinuationToken"] = token
        with storage_errors(Pointer(self._bucket, prefix), _ERRORS):
            answer = self._client.list_objects_v2(**request)
        objects = [
            StoredLog(each["Key"], each["Size"], _is_archived(each)) for each in answer.get("Contents", [])
        ]
        return Page(objects, answer.get("NextContinuationToken"))


def _is_archived(stored: "ObjectTypeDef") -> bool:
    """Tell whether S3 hands out an object only after it is restored.

    A restored copy counts until it expires (https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreStatus.html).
    """
    if stored.get("StorageClass") not in _ARCHIVED:
        return False
    restored = stored.get("RestoreStatus", {})
    expires = restored.get("RestoreExpiryDate")
    return bool(restored.get("IsRestoreInProgress")) or expires is None or expires <= datetime.now(UTC)

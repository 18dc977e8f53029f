"""Writes the ledger (``contracts/ledger.py``) into the staging bucket."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from trailsearch.aws.s3_errors import StorageErrors, storage_errors
from trailsearch.aws.tracing import subsegment
from trailsearch.contracts.errors import BatchNotFound, StorageAccessDenied
from trailsearch.contracts.ledger import Entry, folder_of_hour, name_of
from trailsearch.contracts.messages import Pointer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ERRORS = StorageErrors(not_found=BatchNotFound, refused=StorageAccessDenied)


class Ledger:
    """Writes the ledger."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def write(self, entry: Entry) -> Pointer:
        """Write down what a step did.

        Raises:
            StorageUnavailable, StorageAccessDenied, BatchNotFound: it is not written; try again.
        """
        key = f"{folder_of_hour(datetime.now(UTC))}{entry.execution}/{name_of(entry)}.json"
        pointer = Pointer(self._bucket, key)
        with subsegment("Write ledger", entry=pointer.uri), storage_errors(pointer, _ERRORS):
            self._client.put_object(
                Bucket=pointer.bucket,
                Key=pointer.key,
                Body=msgspec.json.encode(entry),
                ContentType="application/json",
            )
        return pointer

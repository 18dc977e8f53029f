"""Reads the ledger (``contracts/ledger.py``) from the staging bucket."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from trailsearch.audit.reckoning import Reckoning
from trailsearch.aws.concurrency import map_ahead
from trailsearch.aws.s3_errors import StorageErrors, storage_errors
from trailsearch.contracts.errors import BatchNotFound, StorageAccessDenied
from trailsearch.contracts.ledger import Entry, folder_of_hour, read_entry
from trailsearch.contracts.messages import Pointer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_HOUR = timedelta(hours=1)
# No more than the client has connections.
_AT_ONCE = 16
# A digest is about an hour, and the first that ends within the audited time may name logs from before it.
_BEFORE = 2 * _HOUR
_ERRORS = StorageErrors(not_found=BatchNotFound, refused=StorageAccessDenied)


def read_ledger(s3: "S3Client", bucket: str, begin: datetime) -> Reckoning:
    """Read what was written from the beginning of an audited time on, and put it together.

    Raises:
        StorageUnavailable, StorageAccessDenied, BatchNotFound: it cannot be read.
    """
    return Reckoning(_entries(s3, bucket, begin - _BEFORE))


def kept_since(days: int | None, now: datetime) -> datetime:
    """Say from when on the ledger has all that it was given: for some days, or for ever."""
    return datetime.min.replace(tzinfo=UTC) if days is None else now - timedelta(days=days)


def _entries(s3: "S3Client", bucket: str, begin: datetime) -> Iterator[Entry]:
    def keys() -> Iterator[str]:
        hour = begin
        while hour < datetime.now(UTC) + _HOUR:
            folder = folder_of_hour(hour)
            with storage_errors(Pointer(bucket, folder), _ERRORS):
                for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder):
                    yield from (found["Key"] for found in page.get("Contents", ()))
            hour += _HOUR

    def read(key: str) -> Entry:
        with storage_errors(Pointer(bucket, key), _ERRORS):
            return read_entry(s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    return map_ahead(read, keys(), _AT_ONCE)

"""What the state machine audit keeps in the staging bucket.

* ``audits/<execution>/shares/<number>.json``: some accounts and Regions, with what the ledger knows of their logs.
* ``audits/<execution>/found/<number>.json``: what was found of them, in figures.
* ``evidence/<hour from which on was looked>/<execution>/<number>.json.gz``: all that was found of a share.
* ``evidence/<…>/<execution>/summary.json``: what was found of all of them, and the SHA-256 of each part.

A step that is retried writes the same keys again. What is below ``audits/`` expires after a day, the evidence when it is to.
"""

import gzip
import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from trailsearch.audit.counts import Found
from trailsearch.audit.shares import Share
from trailsearch.aws.s3_errors import StorageErrors, storage_errors
from trailsearch.aws.tracing import subsegment
from trailsearch.contracts.errors import BatchNotFound, StorageAccessDenied
from trailsearch.contracts.messages import Pointer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ERRORS = StorageErrors(not_found=BatchNotFound, refused=StorageAccessDenied)
_HOUR = "evidence/%Y/%m/%d/%H/"
_T = TypeVar("_T")


class AuditStore:
    """The objects of one execution.

    Every method raises ``StorageUnavailable``, ``StorageAccessDenied``, or ``BatchNotFound`` for what is not there.
    """

    def __init__(self, client: "S3Client", bucket: str, execution: str, begin: datetime) -> None:
        """Take an execution by its ARN, and the time from which on it looks."""
        name = execution.rpartition(":")[2]
        self._client = client
        self._bucket = bucket
        self._folder = f"audits/{name}/"
        self._evidence = f"{begin.astimezone(UTC).strftime(_HOUR)}{name}/"

    def put_share(self, number: int, share: Share) -> None:
        """Keep a share."""
        self._put(f"{self._folder}shares/{number:04}.json", msgspec.json.encode(share))

    def get_share(self, number: int) -> Share:
        """Read a share."""
        return self._get(f"{self._folder}shares/{number:04}.json", Share)

    def put_found(self, number: int, found: Found) -> None:
        """Keep what was found of a share."""
        self._put(f"{self._folder}found/{number:04}.json", msgspec.json.encode(found))

    def get_found(self, number: int) -> Found:
        """Read what was found of a share."""
        return self._get(f"{self._folder}found/{number:04}.json", Found)

    def put_evidence(self, number: int, evidence: dict[str, Any]) -> str:
        """Keep all that was found of a share, and give the SHA-256 of the object, in hexadecimal."""
        body = gzip.compress(msgspec.json.encode(evidence), mtime=0)
        self._put(f"{self._evidence}{number:04}.json.gz", body)
        return hashlib.sha256(body).hexdigest()

    def put_summary(self, summary: dict[str, Any]) -> str:
        """Keep what was found of all shares, and give the object's URI."""
        return self._put(f"{self._evidence}summary.json", msgspec.json.encode(summary)).uri

    def _put(self, key: str, body: bytes) -> Pointer:
        pointer = Pointer(self._bucket, key)
        with subsegment("Keep audit", object=pointer.uri), storage_errors(pointer, _ERRORS):
            self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=_type_of(key))
        return pointer

    def _get(self, key: str, kind: type[_T]) -> _T:
        with storage_errors(Pointer(self._bucket, key), _ERRORS):
            body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return msgspec.json.decode(body, type=kind)


def _type_of(key: str) -> str:
    return "application/gzip" if key.endswith(".gz") else "application/json"

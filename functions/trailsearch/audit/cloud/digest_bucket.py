"""The digests and logs of a log bucket, listed and fetched."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import ClientError

from trailsearch.audit.chains import DELIVERED_WITHIN
from trailsearch.audit.comparison import Stamp
from trailsearch.audit.digest_keys import Chain, DigestKey, folder_of, read_key
from trailsearch.audit.digests import Digest, SignedObject
from trailsearch.audit.shares import Place
from trailsearch.audit.signatures import KeyUnknown, PublicKeys
from trailsearch.aws import clients
from trailsearch.aws.s3_errors import StorageErrors, storage_errors
from trailsearch.contracts.errors import LogNotFound, LogsNotListed, LogUnreadable, PublicKeysUnavailable
from trailsearch.contracts.messages import Pointer
from trailsearch.contracts.times import to_seconds
from trailsearch.logs.log_bucket import MAX_LOG_BYTES

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

# Whatever ends like one, lest a new form of name is left out: the folder in which make verify has its logs does not.
_REGION = re.compile(r"/[a-z][a-z0-9-]*-\d[a-z0-9]*/$")
_LOGS, _DIGESTS = "CloudTrail/", "CloudTrail-Digest/"
# A prefix that somebody gives a trail may have slashes in it. What else lies in the bucket may be much.
_MOST_FOLDERS_BEFORE = 4
# https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html: credentials are not known in a Region that is
# not enabled. Members of an organization may have enabled others.
_REGION_NOT_ENABLED = frozenset(
    {"AuthFailure", "InvalidClientTokenId", "OptInRequired", "UnrecognizedClientException"}
)
_LISTING_ERRORS = StorageErrors(not_found=LogsNotListed, refused=LogsNotListed)
_OBJECT_ERRORS = StorageErrors(not_found=LogNotFound, refused=LogUnreadable)
# The AWS CLI looks for keys as long past the audited time (validation.py), and as long before and after a late digest was made.
_KEYS_AFTER = timedelta(hours=2)
_KEYS_AROUND_LATE = timedelta(hours=1)
# CloudTrail answers few requests a second, and accounts of the same Region are looked at beside each other.
_ATTEMPTS = 8


class DigestBucket:
    """One log bucket, in the audited time.

    What lists it raises ``LogsNotListed`` where S3 refuses that, and ``StorageUnavailable``.
    """

    def __init__(self, client: "S3Client", bucket: str, begin: datetime, end: datetime) -> None:
        self._client = client
        self._bucket = bucket
        self._begin, self._end = begin, end

    def places(self) -> set[Place]:
        """Give the accounts and Regions that the bucket has a folder of, of digests or of logs."""
        return {
            Place(self._bucket, account, region.removesuffix("/").rpartition("/")[2])
            for account in self._accounts()
            for kind in (_DIGESTS, _LOGS)
            for region in self._folders(f"{account}{kind}")
            if _REGION.search(region)
        }

    def keys_of_place(self, place: Place) -> list[DigestKey]:
        """Give the keys of an account's digests in a Region, of all of its chains."""
        return list(self._keys_below(self._bucket, f"{place.folder}{_DIGESTS}{place.region}/"))

    def log_of_place(self, place: Place) -> str | None:
        """Give the key of a log of an account and Region that was delivered in the audited time; None, if there is none."""
        for day in _days(self._begin, self._end):
            objects = self.stamps(f"{place.folder}{_LOGS}{place.region}/{day}/")
            for key, stamp in objects.items():
                if to_seconds(self._begin) <= stamp.modified_at < to_seconds(self._end):
                    return key
        return None

    def keys(self, bucket: str, chain: Chain) -> list[DigestKey]:
        """Give the keys of a chain's digests in a bucket."""
        return [key for key in self._keys_below(bucket, folder_of(chain)) if key.chain == chain]

    def get(self, pointer: Pointer) -> SignedObject | None:
        """Fetch an object; None, if there is none. What is larger than any log or digest counts as empty, which none is.

        Raises:
            LogUnreadable: S3 refuses to hand it out.
            StorageUnavailable: S3 is throttling, failing or out of reach.
        """
        try:
            with storage_errors(pointer, _OBJECT_ERRORS):
                answer = self._client.get_object(Bucket=pointer.bucket, Key=pointer.key)
                if answer["ContentLength"] > MAX_LOG_BYTES:
                    answer["Body"].close()
                    return SignedObject(b"", answer["Metadata"])
                return SignedObject(answer["Body"].read(), answer["Metadata"])
        except LogNotFound:
            return None

    def stamps(self, folder: str) -> dict[str, Stamp]:
        """Give the keys that begin with a folder, each with the stamp of its object."""
        return {
            found["Key"]: Stamp(to_seconds(found["LastModified"]), found["ETag"])
            for page in self._pages(self._bucket, folder)
            for found in page.get("Contents", ())
        }

    def _accounts(self) -> Iterator[str]:
        """Give the folders of accounts, with those of organizations around them."""
        for folder in self._folders_named_awslogs("", _MOST_FOLDERS_BEFORE):
            for child in self._folders(folder):
                if child.removeprefix(folder).startswith("o-"):
                    yield from self._folders(child)
                else:
                    yield child

    def _folders_named_awslogs(self, folder: str, left: int) -> Iterator[str]:
        for child in self._folders(folder):
            if child.removeprefix(folder) == "AWSLogs/":
                yield child
            elif left:
                yield from self._folders_named_awslogs(child, left - 1)

    def _folders(self, folder: str) -> list[str]:
        pages = self._pages(self._bucket, folder, "/")
        return [found["Prefix"] for page in pages for found in page.get("CommonPrefixes", ())]

    def _keys_below(self, bucket: str, folder: str) -> Iterator[DigestKey]:
        end = self._end + DELIVERED_WITHIN
        for day in _days(self._begin, end):
            for page in self._pages(bucket, f"{folder}{day}/"):
                keys = (read_key(found["Key"]) for found in page.get("Contents", ()))
                yield from (key for key in keys if key and self._begin <= key.end <= end)

    def _pages(self, bucket: str, folder: str, delimiter: str = "") -> "Iterator[ListObjectsV2OutputTypeDef]":
        with storage_errors(Pointer(bucket, folder), _LISTING_ERRORS):
            yield from self._client.get_paginator("list_objects_v2").paginate(
                Bucket=bucket, Prefix=folder, Delimiter=delimiter
            )


class DigestsOfChain:
    """The digests of one chain, those in its own bucket by keys that are listed already."""

    def __init__(self, bucket: DigestBucket, name: str, chain: Chain, listed: Iterable[DigestKey]) -> None:
        self._bucket = bucket
        self._name = name
        self._chain = chain
        self._listed = [key for key in listed if key.chain == chain]

    def keys(self, bucket: str) -> list[DigestKey]:
        """Give the keys that are in a bucket, the oldest first."""
        keys = self._listed if bucket == self._name else self._bucket.keys(bucket, self._chain)
        return sorted(keys, key=lambda key: key.end)

    def get(self, pointer: Pointer) -> SignedObject | None:
        """Fetch a digest; None, if there is none."""
        return self._bucket.get(pointer)


class PublishedKeys:
    """CloudTrail's public keys of one Region for the audited time."""

    def __init__(self, region: str, begin: datetime, end: datetime) -> None:
        self._region = region
        self._begin, self._end = begin, end + _KEYS_AFTER

    def __call__(self, digest: Digest) -> PublicKeys:
        """Give the keys to look for that of a digest in.

        Raises:
            KeyUnknown: the caller's account has not enabled that Region.
            PublicKeysUnavailable: CloudTrail is throttling, failing or out of reach, or does not let the caller ask.
        """
        begin, end = self._begin, self._end
        if digest.generated:
            begin, end = digest.generated - _KEYS_AROUND_LATE, digest.generated + _KEYS_AROUND_LATE
        try:
            return _list_public_keys(self._region, begin, end)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _REGION_NOT_ENABLED:
                raise KeyUnknown(f"this account cannot ask CloudTrail in {self._region}: {error}") from error
            raise PublicKeysUnavailable(f"CloudTrail in {self._region}: {error}") from error
        except clients.NO_ANSWER as error:
            raise PublicKeysUnavailable(f"CloudTrail in {self._region}: {error}") from error


@cache
def _list_public_keys(region: str, begin: datetime, end: datetime) -> PublicKeys:
    answer = clients.cloudtrail(_in_region(region)).list_public_keys(StartTime=begin, EndTime=end)
    return {key["Fingerprint"]: key["Value"] for key in answer["PublicKeyList"]}


@cache
def _in_region(region: str) -> Config:
    return Config(region_name=region, retries={"mode": "standard", "total_max_attempts": _ATTEMPTS})


def _days(begin: datetime, end: datetime) -> Iterator[str]:
    """Give the folders of the days from one time to another."""
    day = begin.date()
    while day <= end.date():
        yield f"{day:%Y/%m/%d}"
        day += timedelta(days=1)

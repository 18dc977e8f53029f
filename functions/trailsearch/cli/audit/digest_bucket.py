"""The digests and logs of a log bucket, listed and fetched."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from botocore.config import Config
from botocore.exceptions import ClientError

from trailsearch.audit.chains import DELIVERED_WITHIN
from trailsearch.audit.comparison import Stamp
from trailsearch.audit.digest_keys import Chain, DigestKey, folder_of, read_key
from trailsearch.audit.digests import Digest, SignedObject
from trailsearch.audit.signatures import KeyUnknown, PublicKeys
from trailsearch.aws import clients
from trailsearch.contracts.messages import Pointer
from trailsearch.contracts.times import to_seconds
from trailsearch.logs.log_bucket import MAX_LOG_BYTES

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# The folder in which make verify has its logs is none.
_REGION = re.compile(r"/[a-z]+(?:-[a-z]+)+-\d+/$")
_LOGS, _DIGESTS = "CloudTrail/", "CloudTrail-Digest/"
# A prefix that somebody gives a trail may have slashes in it. What else lies in the bucket may be much.
_MOST_FOLDERS_BEFORE = 4
# https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html: credentials are not known in a Region that is
# not enabled. Members of an organization may have enabled others.
_REGION_NOT_ENABLED = frozenset(
    {"AuthFailure", "InvalidClientTokenId", "OptInRequired", "UnrecognizedClientException"}
)
_NOT_FOUND = frozenset({"NoSuchKey", "NoSuchBucket", "404"})
# The AWS CLI looks for keys as long past the audited time (validation.py), and as long before and after a late digest was made.
_KEYS_AFTER = timedelta(hours=2)
_KEYS_AROUND_LATE = timedelta(hours=1)


class Delivering(NamedTuple):
    """An account and Region that logs or digests are delivered for, below a folder that ends with the account."""

    folder: str
    region: str


class DigestBucket:
    """One log bucket, in the audited time."""

    def __init__(self, client: "S3Client", bucket: str, begin: datetime, end: datetime) -> None:
        self._client = client
        self._bucket = bucket
        self._begin, self._end = begin, end

    def delivering(self, kind: str) -> set[Delivering]:
        """Give whom the bucket has a folder of, of logs (``CloudTrail/``) or digests (``CloudTrail-Digest/``)."""
        return {
            Delivering(account, region.removesuffix("/").rpartition("/")[2])
            for account in self._accounts()
            for region in self._folders(f"{account}{kind}")
            if _REGION.search(region)
        }

    def chains(self) -> set[Chain]:
        """Give the chains of which there are digests in the audited time."""
        return {
            key.chain
            for folder, region in self.delivering(_DIGESTS)
            for key in self._keys_below(self._bucket, f"{folder}{_DIGESTS}{region}/")
        }

    def without_digests(self, chains: set[Chain]) -> Iterator[tuple[str, str]]:
        """Give whose logs were delivered in the audited time though none of these chains is theirs: a log, and a sentence."""
        digested = {(folder_of(chain).partition(_DIGESTS)[0], chain.region) for chain in chains}
        for folder, region in sorted(self.delivering(_LOGS) - {Delivering(*each) for each in digested}):
            for day in _days(self._begin, self._end):
                objects = self.stamps(f"{folder}{_LOGS}{region}/{day}/")
                delivered = (
                    key
                    for key, stamp in objects.items()
                    if to_seconds(self._begin) <= stamp.modified_at < to_seconds(self._end)
                )
                if log := next(delivered, None):
                    account = folder.removesuffix("/").rpartition("/")[2]
                    yield log, f"logs of {account} in {region} have no digests"
                    break

    def keys(self, bucket: str, chain: Chain) -> list[DigestKey]:
        """Give the keys of a chain's digests, the oldest first."""
        found = (key for key in self._keys_below(bucket, folder_of(chain)) if key.chain == chain)
        return sorted(found, key=lambda key: key.end)

    def get(self, pointer: Pointer) -> SignedObject | None:
        """Fetch an object; None, if there is none. What is larger than any log or digest counts as empty, which none is."""
        try:
            answer = self._client.get_object(Bucket=pointer.bucket, Key=pointer.key)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _NOT_FOUND:
                return None
            raise
        if answer["ContentLength"] > MAX_LOG_BYTES:
            answer["Body"].close()
            return SignedObject(b"", answer["Metadata"])
        return SignedObject(answer["Body"].read(), answer["Metadata"])

    def stamps(self, folder: str) -> dict[str, Stamp]:
        """Give the keys that begin with a folder, each with the stamp of its object."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=folder)
        return {
            found["Key"]: Stamp(to_seconds(found["LastModified"]), found["ETag"])
            for page in pages
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
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=folder, Delimiter="/"
        )
        return [found["Prefix"] for page in pages for found in page.get("CommonPrefixes", ())]

    def _keys_below(self, bucket: str, folder: str) -> Iterator[DigestKey]:
        end = self._end + DELIVERED_WITHIN
        for day in _days(self._begin, end):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=bucket, Prefix=f"{folder}{day}/"
            )
            for page in pages:
                keys = (read_key(found["Key"]) for found in page.get("Contents", ()))
                yield from (key for key in keys if key and self._begin <= key.end <= end)


class DigestsOfChain:
    """The digests of one chain."""

    def __init__(self, bucket: DigestBucket, chain: Chain) -> None:
        self._bucket = bucket
        self._chain = chain

    def keys(self, bucket: str) -> list[DigestKey]:
        """Give the keys that are in a bucket, the oldest first."""
        return self._bucket.keys(bucket, self._chain)

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
        """
        begin, end = self._begin, self._end
        if digest.generated:
            begin, end = digest.generated - _KEYS_AROUND_LATE, digest.generated + _KEYS_AROUND_LATE
        try:
            return _list_public_keys(self._region, begin, end)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _REGION_NOT_ENABLED:
                raise KeyUnknown(f"this account cannot ask CloudTrail in {self._region}: {error}") from error
            raise


@cache
def _list_public_keys(region: str, begin: datetime, end: datetime) -> PublicKeys:
    answer = clients.cloudtrail(_in_region(region)).list_public_keys(StartTime=begin, EndTime=end)
    return {key["Fingerprint"]: key["Value"] for key in answer["PublicKeyList"]}


@cache
def _in_region(region: str) -> Config:
    return Config(region_name=region)


def _days(begin: datetime, end: datetime) -> Iterator[str]:
    """Give the folders of the days from one time to another."""
    day = begin.date()
    while day <= end.date():
        yield f"{day:%Y/%m/%d}"
        day += timedelta(days=1)

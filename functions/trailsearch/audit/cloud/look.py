"""Looks at digests, logs and ledger, for some accounts and Regions and some time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from trailsearch.audit.chains import walk
from trailsearch.audit.cloud.digest_bucket import DigestBucket, DigestsOfChain, PublishedKeys
from trailsearch.audit.comparison import Compared, Stamp, compare
from trailsearch.audit.digests import SignedLog
from trailsearch.audit.findings import DigestFinding, Finding, LogFinding
from trailsearch.audit.reckoning import KnownLog
from trailsearch.audit.shares import Place
from trailsearch.aws.concurrency import map_ahead
from trailsearch.contracts.errors import LogsNotListed, LogUnreadable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# What is fetched may be a log of 50 MB.
_AT_ONCE = 8


class Audited(NamedTuple):
    """What an audit found."""

    digests: list[DigestFinding]
    logs: list[Compared]


def find_places(s3: "S3Client", buckets: AbstractSet[str], begin: datetime, end: datetime) -> list[Place]:
    """Find the accounts and Regions of some buckets.

    Of a bucket that cannot be listed there is a place all the same, without an account: whoever looks at it finds that out.

    Raises:
        StorageUnavailable: S3 is throttling, failing or out of reach.
    """
    places: list[Place] = []
    for name in sorted(buckets):
        try:
            places += DigestBucket(s3, name, begin, end).places()
        except LogsNotListed:
            places.append(Place(name, "", ""))
    return places


class Look:
    """A look at an audited time."""

    def __init__(
        self,
        s3: "S3Client",
        begin: datetime,
        end: datetime,
        known: Callable[[str], KnownLog | None],
        kept_since: datetime,
    ) -> None:
        """Take a time.

        Args:
            s3: the client to look with.
            begin: the beginning of the time.
            end: its end.
            known: says what the ledger knows of a log.
            kept_since: from when on the ledger has all that it was given.
        """
        self._s3 = s3
        self._begin, self._end = begin, end
        self._known = known
        self._kept_since = kept_since

    def at(self, places: Iterable[Place]) -> Audited:
        """Look at the digests of some places, and compare the logs that they name with the buckets and the ledger.

        Raises:
            StorageUnavailable: S3 is throttling, failing or out of reach.
            PublicKeysUnavailable: CloudTrail does not say which keys it signs with.
        """
        found = map_ahead(lambda place: list(self._digests(place)), sorted(places), _AT_ONCE)
        digests = [each for of_place in found for each in of_place]
        return Audited(digests, list(self._logs(digests)))

    def _digests(self, place: Place) -> Iterator[DigestFinding]:
        """Look at all chains of a place; a bucket that refuses hides none of the others."""
        bucket = self._bucket(place.bucket)
        try:
            keys = bucket.keys_of_place(place)
            for chain in sorted({key.chain for key in keys}, key=str):
                store = DigestsOfChain(bucket, place.bucket, chain, keys)
                public_keys = PublishedKeys(chain.region, self._begin, self._end)
                yield from walk(store, place.bucket, self._begin, self._end, public_keys)
            if not keys and (log := bucket.log_of_place(place)):
                why = f"logs of {place.account} in {place.region} have no digests"
                yield DigestFinding(Finding.VALIDATION_OFF, place.bucket, log, self._begin, self._end, why)
        except (LogsNotListed, LogUnreadable) as error:
            yield DigestFinding(
                Finding.UNREADABLE, place.bucket, place.folder, self._begin, self._end, str(error)
            )

    def _logs(self, digests: Sequence[DigestFinding]) -> Iterator[Compared]:
        """Compare each log that digests name, once, with its bucket and the ledger."""
        signed: dict[tuple[str, str], tuple[SignedLog, datetime]] = {}
        for found in digests:
            if digest := found.digest:
                signed |= {(log.bucket, log.key): (log, digest.begin) for log in digest.logs}
        stamps: dict[tuple[str, str], Stamp] = {}
        folders = sorted({(bucket, key.rpartition("/")[0] + "/") for bucket, key in signed})
        for (bucket, _), found_there in zip(folders, map_ahead(self._stamps, folders, _AT_ONCE), strict=True):
            stamps |= {(bucket, key): stamp for key, stamp in found_there.items()}

        def one(log_and_time: tuple[SignedLog, datetime]) -> Compared:
            log, delivered_since = log_and_time
            return compare(
                log,
                self._known(log.pointer.uri),
                stamps.get((log.bucket, log.key)),
                partial(self._get, log),
                in_ledger=delivered_since >= self._kept_since,
            )

        return map_ahead(one, signed.values(), _AT_ONCE)

    def _stamps(self, bucket_and_folder: tuple[str, str]) -> dict[str, Stamp]:
        bucket, folder = bucket_and_folder
        return self._bucket(bucket).stamps(folder)

    def _get(self, log: SignedLog) -> bytes | LogFinding | None:
        try:
            found = self._bucket(log.bucket).get(log.pointer)
        except LogUnreadable as error:
            return LogFinding(Finding.UNREADABLE, str(error))
        return found.body if found else None

    def _bucket(self, name: str) -> DigestBucket:
        return DigestBucket(self._s3, name, self._begin, self._end)

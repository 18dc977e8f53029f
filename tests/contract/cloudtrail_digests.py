"""A trail of some hours in the local cloud, and what finds out whether it was tampered with: the AWS CLI, and the audit."""

import gzip
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from awscli.clidriver import CLIDriver, create_clidriver

from tests.local_cloud.pipeline.cloudtrail_delivery import Log
from tests.local_cloud.pipeline.cloudtrail_digests import DigestedTrail, DigestFile, SigningKey
from trailsearch.audit.chains import walk
from trailsearch.audit.digest_keys import DigestKey, read_key
from trailsearch.audit.digests import SignedObject
from trailsearch.audit.findings import Finding
from trailsearch.audit.log_hashes import check_log
from trailsearch.contracts.messages import Pointer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BEGIN = datetime(2026, 11, 20, 22, 1, 31, tzinfo=UTC)  # Past midnight after two hours.
HOURS = 4
_HOUR = timedelta(hours=1)
_LINE = re.compile(r"(?:\(backfill\) )?(?:Digest|Log) file\ts3://(?P<uri>\S+)\t(?P<result>[^\n]+)")
_NO_LOGS = re.compile(r"(?<!\(backfill\) )No log files were delivered by CloudTrail between (\S+) and (\S+)")


@dataclass(frozen=True)
class Verdict:
    """What one of them says: the URIs that are valid, those that are not, and the times without digests."""

    valid: frozenset[str]
    invalid: frozenset[str]
    gaps: frozenset[tuple[str, str]]


@dataclass
class Trail:
    """Some hours of a trail as they were delivered.

    ``digests`` and ``logs`` are by their hour.
    """

    s3: "S3Client"
    about: DigestedTrail
    key: SigningKey
    digests: list[DigestFile] = field(default_factory=list)
    logs: list[list[Log]] = field(default_factory=list)

    @property
    def bucket(self) -> str:
        return self.about.bucket

    def deliver(
        self, *, quiet: Sequence[int] = (2,), starts: Sequence[int] = (0,), names: Sequence[str] = ("a",)
    ) -> None:
        """Deliver all hours; a chain of digests ``starts`` in some, and ``quiet`` ones have no logs of these ``names``."""
        self.s3.create_bucket(Bucket=self.bucket)
        for hour in range(HOURS):
            begin = BEGIN + hour * _HOUR
            self.logs.append([] if hour in quiet else [self.log(begin, name) for name in names])
            previous = None if hour in starts else self.digests[-1]
            self.put_digest(self.logs[hour], begin, previous=previous)

    def log(self, begin: datetime, name: str) -> Log:
        """Deliver one log."""
        folder = f"{self.about.folder('CloudTrail')}{begin:%Y/%m/%d}/"
        file = f"{self.about.account}_CloudTrail_{self.about.region}_{begin:%Y%m%dT%H%MZ}_{name}.json.gz"
        log = Log(
            folder + file, gzip.compress(f'{{"Records":[{{"eventID":"{name}{begin}"}}]}}'.encode() * 100)
        )
        self.put(log)
        return log

    def put(self, log: Log) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=log.key, Body=log.body)

    def put_digest(
        self, logs: Sequence[Log], begin: datetime, *, previous: DigestFile | None, **how: Any
    ) -> None:
        """Deliver the digest of an hour."""
        key = how.pop("key", self.key)
        digest = self.about.digest(logs, begin, begin + _HOUR, key, previous=previous, **how)
        digest.put(self.s3, self.bucket)
        self.digests.append(digest)

    def delete(self, key: str) -> None:
        self.s3.delete_object(Bucket=self.bucket, Key=key)

    def uri(self, file: DigestFile | Log) -> str:
        return f"{self.bucket}/{file.key}"


class _Store:
    """The digests of a trail, as the AWS CLI lists them."""

    def __init__(
        self, s3: "S3Client", of: Callable[[DigestKey], bool], begin: datetime, end: datetime
    ) -> None:
        self._s3 = s3
        self._of = of
        self._begin, self._end = begin, end + _HOUR

    def keys(self, bucket: str) -> list[DigestKey]:
        listed = self._s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        keys = [key for entry in listed if (key := read_key(entry["Key"]))]
        return sorted(
            (key for key in keys if self._of(key) and self._begin <= key.end <= self._end),
            key=lambda key: key.end,
        )

    def get(self, pointer: Pointer) -> SignedObject | None:
        try:
            answer = self._s3.get_object(Bucket=pointer.bucket, Key=pointer.key)
        except self._s3.exceptions.NoSuchKey:
            return None
        return SignedObject(answer["Body"].read(), answer["Metadata"])


def by_audit(trail: Trail, begin: datetime, end: datetime) -> tuple[Verdict, set[Finding]]:
    """Give the audit's verdict, and all that it finds."""
    cloudtrail = boto3.client("cloudtrail", region_name=trail.about.region)
    keys = {
        key["Fingerprint"]: key["Value"]
        for key in cloudtrail.list_public_keys(StartTime=begin, EndTime=end)["PublicKeyList"]
    }
    said: dict[bool, set[str]] = {True: set(), False: set()}
    gaps = set()
    findings = set()
    for backfill in (False, True):

        def is_of(key: DigestKey, *, backfill: bool = backfill) -> bool:
            of_trail = (key.chain.account, key.chain.region, key.chain.trail, key.chain.backfill)
            return of_trail == (trail.about.account, trail.about.region, trail.about.name, backfill)

        store = _Store(trail.s3, is_of, begin, end)
        for found in walk(store, trail.bucket, begin, end, lambda _digest: keys):
            findings.add(found.finding)
            if found.finding is Finding.GAP:
                assert found.begin
                assert found.end
                gaps.add((f"{found.begin:%Y-%m-%dT%H:%M:%SZ}", f"{found.end:%Y-%m-%dT%H:%M:%SZ}"))
                continue
            said[found.finding is Finding.VALID].add(f"{found.bucket}/{found.key}")
            for log in found.digest.logs if found.digest else ():
                stored = store.get(log.pointer)
                result = check_log(log, stored.body if stored else None).finding
                findings.add(result)
                said[result is Finding.VALID].add(f"{log.bucket}/{log.key}")
    return Verdict(frozenset(said[True]), frozenset(said[False]), frozenset(gaps)), findings


@cache
def _session_of_aws_cli() -> Any:
    """Make the session of the AWS CLI once: it reads the models of services for seconds."""
    return create_clidriver().session


def by_aws_cli(
    trail: Trail, begin: datetime, end: datetime, capsys: pytest.CaptureFixture[str]
) -> tuple[Verdict, int]:
    """Give the verdict of ``aws cloudtrail validate-logs``, and its exit status."""
    arn = f"arn:aws:cloudtrail:{trail.about.home_region}:{trail.about.account}:trail/{trail.about.name}"
    capsys.readouterr()
    status = CLIDriver(_session_of_aws_cli()).main(
        [
            *("cloudtrail", "validate-logs", "--trail-arn", arn, "--region", trail.about.region, "--verbose"),
            *("--s3-bucket", trail.bucket, "--s3-prefix", trail.about.prefix.rstrip("/")),
            *("--start-time", f"{begin:%Y-%m-%dT%H:%M:%SZ}", "--end-time", f"{end:%Y-%m-%dT%H:%M:%SZ}"),
        ]
    )
    said = "".join(capsys.readouterr())
    results = {match["uri"]: match["result"] == "valid" for match in _LINE.finditer(said)}
    return Verdict(
        frozenset(uri for uri, valid in results.items() if valid),
        frozenset(uri for uri, valid in results.items() if not valid),
        frozenset(_NO_LOGS.findall(said)),
    ), status

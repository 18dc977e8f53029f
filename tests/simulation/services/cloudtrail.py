"""CloudTrail with log file validation: an hour after the other, a signed digest of the logs that were delivered in it.

"Each hour, CloudTrail also creates and delivers a file that references the log files for the last hour and contains a hash of
each", quiet hours too; a digest is there some minutes after its hour:
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-intro.html,
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html.
The keys of one pair are listed for all times.
"""

import gzip
import zlib
from collections.abc import Generator
from datetime import datetime
from functools import cache
from typing import Any

import simpy

from tests.local_cloud.pipeline.cloudtrail_delivery import Log as SignedLog
from tests.local_cloud.pipeline.cloudtrail_digests import DigestedTrail, DigestFile, SigningKey
from tests.simulation.code import moment
from tests.simulation.deployed import LOG_BUCKET
from tests.simulation.faults import How
from tests.simulation.plan import Log
from tests.simulation.services.client import Client
from tests.simulation.services.ground import Ground
from tests.simulation.services.s3 import Buckets, StoredObject
from trailsearch.audit.cloud import digest_bucket

HOUR = 3600.0
# The first audit looks five hours back: CloudTrail was there before.
_HOURS_BEFORE = 6
_DELIVERED_SECONDS = (60.0, 600.0)


@cache
def _key() -> SigningKey:
    return SigningKey.generated()


class Trail:
    """The trail of the log bucket; ``delivered`` has its logs with the time of each."""

    def __init__(self, ground: Ground, buckets: Buckets) -> None:
        self._ground = ground
        self._env = ground.env
        self._buckets = buckets
        self._trail = DigestedTrail(LOG_BUCKET)
        self._last: DigestFile | None = None
        self.delivered: list[tuple[float, Log]] = []

    def run(self) -> Generator[simpy.Event, Any, None]:
        """Deliver a digest for each hour, for ever: a process."""
        hour = -_HOURS_BEFORE
        while True:
            begin, end = hour * HOUR, (hour + 1) * HOUR
            if end > self._env.now:
                yield self._env.timeout(end - self._env.now)
            if end > 0:
                yield self._ground.soon(_DELIVERED_SECONDS)
            self._digest(begin, end)
            hour += 1

    def _digest(self, begin: float, end: float) -> None:
        logs = [SignedLog(log.key, log.body) for at, log in self.delivered if begin <= at < end and log.body]
        digest = self._trail.digest(logs, moment(begin), moment(end), _key(), previous=self._last)
        self._last = digest
        stored = StoredObject(gzip.compress(digest.text, 1), max(end, self._env.now))
        stored.metadata = digest.metadata
        self._buckets.objects[LOG_BUCKET, digest.key] = stored


def is_signed(log: Log) -> bool:
    """Tell whether a log is one that CloudTrail may have delivered: what it delivers is gzip that can be read."""
    refused = log.refused and log.restored is None
    if log.bucket != LOG_BUCKET or not log.body or refused or log.deadly:
        return False
    try:
        gzip.decompress(log.body)
    except (OSError, EOFError, zlib.error):
        return False
    return True


class CloudTrail(Client):
    """The client of CloudTrail."""

    service = "cloudtrail"

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground, digest_bucket._in_region("us-east-1"))

    def list_public_keys(self, *, StartTime: datetime, EndTime: datetime) -> dict[str, Any]:  # noqa: N803
        """https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListPublicKeys.html."""
        assert StartTime < EndTime

        def effect(_how: How | None) -> dict[str, Any]:
            return {"PublicKeyList": [{"Fingerprint": _key().fingerprint, "Value": _key().public_key}]}

        return self._call("ListPublicKeys", effect)

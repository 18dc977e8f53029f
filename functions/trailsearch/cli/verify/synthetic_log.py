"""CloudTrail logs that nobody's actions made, and that say so."""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from trailsearch.contracts.times import to_seconds

MARK: Final = "trailsearch-verify"
"""Where events and logs are marked: in ``eventID``, ``requestID``, ``userAgent``, and in the key in place of the Region."""
EVENT_SOURCE: Final = "verify.trailsearch.invalid"
"""The service of synthetic events; RFC 2606 keeps ``.invalid`` for names that nobody has."""
_EVENTS = 2


@dataclass(frozen=True, eq=False)
class SyntheticLog:
    """A log of a bucket, with its events; ``event_time`` is ISO 8601 in UTC."""

    bucket: str
    key: str
    request_id: str
    event_time: str
    records: Sequence[Mapping[str, Any]]

    @property
    def uri(self) -> str:
        """The log as ``s3://bucket/key``."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def file_name(self) -> str:
        """The last part of the key, which is that of no other log."""
        return self.key.rpartition("/")[2]

    @property
    def event_ids(self) -> list[str]:
        """The ids of its events, and so of their documents."""
        return [record["eventID"] for record in self.records]

    @property
    def body(self) -> bytes:
        """The log as CloudTrail writes it."""
        return gzip.compress(json.dumps({"Records": self.records}, separators=(",", ":")).encode(), mtime=0)

    @property
    def corrupt_body(self) -> bytes:
        """The first half of it, which is no whole gzip."""
        return self.body[: len(self.body) // 2]


def own_folder(account: str) -> str:
    """Give the folder of synthetic logs in the layout of a trail: where that has the Region, it has the mark.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
    """
    return f"AWSLogs/{account}/CloudTrail/{MARK}/"


def make_log(bucket: str, folder: str, account: str, region: str, now: datetime, suffix: str) -> SyntheticLog:
    """Make a log; ``folder`` begins its key, and ``suffix`` ends it."""
    mark = f"{MARK}-{uuid4()}"
    event_time = to_seconds(now)
    records = [
        {
            "eventVersion": "1.08",
            "userIdentity": {"type": "AWSService", "invokedBy": EVENT_SOURCE},
            "eventTime": event_time,
            "eventSource": EVENT_SOURCE,
            "eventName": "Verify",
            "awsRegion": region,
            "sourceIPAddress": EVENT_SOURCE,
            "userAgent": MARK,
            "requestID": mark,
            "eventID": f"{MARK}-{uuid4()}",
            "readOnly": True,
            "eventType": "AwsServiceEvent",
            "managementEvent": True,
            "recipientAccountId": account,
            "eventCategory": "Management",
        }
        for _ in range(_EVENTS)
    ]
    name = f"{account}_CloudTrail_{MARK}_{now:%Y%m%dT%H%MZ}_{mark.rpartition(MARK)[2].strip('-')}{suffix}"
    return SyntheticLog(bucket, f"{folder}{now:%Y/%m/%d}/{name}", mark, event_time, records)

"""Deliver logs as CloudTrail does: an object in the log bucket, then a notification on the topic."""

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient


class Log(NamedTuple):
    """A log object: its key in the bucket, and its gzip'd body."""

    key: str
    body: bytes


@dataclass
class Delivered:
    """What was delivered, read apart from Trailsearch's own code to compare with what is found."""

    logs: int = 0
    records: int = 0
    event_ids: set[str] = field(default_factory=set)

    def add(self, log: Log) -> None:
        """Count a log, if it is one: digest files and other objects hold no events."""
        content = json.loads(gzip.decompress(log.body))
        if "Records" not in content:
            return
        self.logs += 1
        self.records += len(content["Records"])
        self.event_ids.update(map(_event_id, content["Records"]))


def deliver(
    logs: Iterable[Log], s3: "S3Client", sns: "SNSClient", bucket: str, topic_arn: str
) -> Iterator[Delivered]:
    """Deliver one log after the other, and give the running count after each."""
    delivered = Delivered()
    for log in logs:
        s3.put_object(
            Bucket=bucket, Key=log.key, Body=log.body, ContentType="application/json", ContentEncoding="gzip"
        )
        sns.publish(
            TopicArn=topic_arn,
            Message=json.dumps({"s3Bucket": bucket, "s3ObjectKey": [log.key]}, separators=(",", ":")),
        )
        delivered.add(log)
        yield delivered


def logs_in_folder(folder: Path) -> list[Log]:
    """Read every ``.json.gz`` below a folder, under its path from ``AWSLogs`` on, or else from the folder on."""
    return [
        Log(_key(path.relative_to(folder).as_posix()), path.read_bytes())
        for path in sorted(folder.rglob("*.json.gz"))
    ]


def _key(path: str) -> str:
    return path[path.find("AWSLogs/") :] if "AWSLogs/" in path else path


def _event_id(record: dict[str, str]) -> str:
    return (
        record.get("eventID")
        or hashlib.sha256(json.dumps(record, separators=(",", ":")).encode()).hexdigest()
    )

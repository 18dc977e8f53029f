"""The end of the demo: digests of what was delivered, signed as CloudTrail signs them, and the audit of it."""

import gzip
import zlib
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import boto3

from tests.local_cloud.pipeline.cloudtrail_delivery import Log
from tests.local_cloud.pipeline.cloudtrail_digests import DigestedTrail, SigningKey, trail_of
from trailsearch.audit.cloud.look import Audited
from trailsearch.cli.audit.audit import look, settings_of
from trailsearch.cli.environment import Environment

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_HOUR = timedelta(hours=1)


def audit_delivered(environment: Environment, bucket: str, endpoint_url: str) -> tuple[Audited, int]:
    """Sign a digest of all logs in a bucket, for each account and Region, and audit them.

    Returns what the audit says, and how many logs there are that CloudTrail would not sign: under other keys than its own, or
    no gzip.
    """
    end = datetime.now(UTC).replace(microsecond=0)
    s3 = boto3.client("s3")
    logs: dict[DigestedTrail, list[Log]] = defaultdict(list)
    not_signed = 0
    for log in _logs(s3, bucket):
        trail = trail_of(bucket, log.key)
        if trail and _is_gzip(log.body):
            logs[trail].append(log)
        else:
            not_signed += 1
    for trail, delivered in logs.items():
        key = SigningKey.of_local_cloud(endpoint_url, trail.region)
        trail.digest(delivered, end - _HOUR, end, key).put(s3, bucket)
    return look(settings_of(environment), end - _HOUR, end), not_signed


def _logs(s3: "S3Client", bucket: str) -> Iterator[Log]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for entry in page.get("Contents", ()):
            yield Log(entry["Key"], s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read())


def _is_gzip(body: bytes) -> bool:
    """Say whether a log can be unpacked: what CloudTrail delivers can be."""
    try:
        gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        return False
    return True

"""Logs and signed digests of three hours, and the functions that read what is announced of them, for the tests of the audit."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import fetch_logs
import index_batch
import split_records
from tests.local_cloud.pipeline.cloudtrail_delivery import Log
from tests.local_cloud.pipeline.cloudtrail_digests import DigestedTrail, DigestFile, SigningKey
from tests.steps import ARN, LOGS, LambdaContext, event, invoke, log_of
from trailsearch.audit.cloud import digest_bucket
from trailsearch.aws import clients

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

HOUR = timedelta(hours=1)
BEGIN = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - 5 * HOUR
HOURS = 3
TRAIL = DigestedTrail(LOGS)
KEY = SigningKey.generated()


class SignedLogs:
    """A deployed environment: logs and digests are delivered, and those that are announced are indexed."""

    def __init__(self, s3: "S3Client", context: LambdaContext) -> None:
        self.s3 = s3
        self.context = context
        self.digests: list[DigestFile] = []
        self.logs: list[Log] = []
        self.sent: list[dict[str, Any]] = []
        self._executions = 0

    def deliver(self, trail: DigestedTrail = TRAIL, *, quiet: bool = False) -> None:
        """Deliver three hours: a log of two events in each, and its digest."""
        chain: list[DigestFile] = []
        for hour in range(HOURS):
            begin = BEGIN + hour * HOUR
            name = f"{trail.account}_CloudTrail_{trail.region}_{begin:%Y%m%dT%H%MZ}_{trail.name}.json.gz"
            key = f"{trail.folder('CloudTrail')}{begin:%Y/%m/%d}/{name}"
            log = Log(key, log_of(event(f"{key}-1"[-60:]), event(f"{key}-2"[-60:])))
            self.put(log)
            self.logs.append(log)
            digest = trail.digest([log], begin, begin + HOUR, KEY, previous=chain[-1] if chain else None)
            chain.append(digest)
            if not quiet:
                digest.put(self.s3, trail.bucket)
        self.digests += chain

    def put(self, log: Log) -> None:
        self.s3.put_object(Bucket=LOGS, Key=log.key, Body=log.body)

    def index(self, *logs: Log) -> None:
        """Run the workflow's functions on an announcement of logs, as far as they go."""
        self._executions += 1
        arn = ARN.replace("run-1", f"run-{self._executions}")
        body = json.dumps({"s3Bucket": LOGS, "s3ObjectKey": [log.key for log in logs]})
        messages = [{"messageId": "m-1", "body": body}]
        work = invoke(fetch_logs.handler, {"messages": messages, "execution": arn}, self.context)
        if not work["records"]:
            return
        work = invoke(split_records.handler, work | {"execution": arn}, self.context)
        for batch in work["batches"]:
            invoke(index_batch.handler, {"batch": batch, "execution": arn}, self.context)

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        """Take messages, as the ingest queue does."""
        self.sent += request["Entries"]
        return {}


def let_cloudtrail_list_its_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let CloudTrail say that it signs with ``KEY``."""
    keys = {"PublicKeyList": [{"Fingerprint": KEY.fingerprint, "Value": KEY.public_key}]}
    cloudtrail = SimpleNamespace(list_public_keys=lambda **_request: keys)
    monkeypatch.setattr(clients, "cloudtrail", lambda _config: cloudtrail)
    digest_bucket._list_public_keys.cache_clear()


def uri(log: Log) -> str:
    """A log as the audit names it."""
    return f"s3://{LOGS}/{log.key}"

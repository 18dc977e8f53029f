"""The audit of the deployed pipeline, against what the local CloudTrail has signed. The AWS CLI's verdict: ``tests/contract``."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.end_to_end.conftest import Pipeline
from tests.local_cloud.pipeline.cloudtrail_delivery import Log, deliver
from tests.local_cloud.pipeline.cloudtrail_digests import DigestedTrail, DigestFile, SigningKey
from tests.local_cloud.pipeline.idle import wait_until_idle
from tests.steps import event, log_of

HOUR = timedelta(hours=1)
HOURS = 4


def test_what_is_missing_altered_or_not_signed_is_named_and_what_was_never_announced_is_healed(
    pipeline: Pipeline,
) -> None:
    s3, bucket = pipeline.client("s3"), pipeline.outputs["log_bucket_names"][0]
    begin = datetime.now(UTC).replace(microsecond=0) - (HOURS - 1) * HOUR
    trail = DigestedTrail(bucket, account="555566667777", name="audited")
    key = SigningKey.of_local_cloud(pipeline.variables["AWS_ENDPOINT_URL"], trail.region)
    logs = [log_of_hour(trail, begin, hour) for hour in range(HOURS)]
    unannounced, altered, *_ = logs
    digests: list[DigestFile] = []
    for hour, log in enumerate(logs):
        previous = digests[-1] if digests else None
        digests.append(
            trail.digest([log], begin + hour * HOUR, begin + (hour + 1) * HOUR, key, previous=previous)
        )
        digests[-1].put(s3, bucket)
    s3.put_object(Bucket=bucket, Key=unannounced.key, Body=unannounced.body)
    for _ in deliver(logs[1:], s3, pipeline.client("sns"), bucket, pipeline.outputs["topic_arn"]):
        pass
    wait(pipeline)
    s3.put_object(Bucket=bucket, Key=altered.key, Body=log_of(event("forged")))
    off = log_of_hour(DigestedTrail(bucket, account="555566667777", region="eu-west-3"), begin, 0)
    s3.put_object(Bucket=bucket, Key=off.key, Body=off.body)

    evidence = audit(pipeline, begin)
    outcomes = {log["log"]: (log["outcome"], log["in_bucket"]) for log in evidence["logs"]}
    assert outcomes == {f"s3://{bucket}/{log.key}": ("indexed", "valid") for log in logs} | {
        f"s3://{bucket}/{unannounced.key}": ("never_read", "valid"),
        f"s3://{bucket}/{altered.key}": ("indexed", "altered"),
    }
    assert any(each.startswith("Validation is off") and off.key in each for each in evidence["problems"])

    assert audit(pipeline, begin, "--heal")["sent"] == 1
    wait(pipeline)
    assert audit(pipeline, begin)["says"].startswith(f"{HOURS} of {HOURS} signed logs indexed unaltered;")

    for digest in digests[1:3]:
        s3.delete_object(Bucket=bucket, Key=digest.key)
    evidence = audit(pipeline, begin)
    found = [each["finding"] for each in evidence["digests"] if each["digest"].endswith(".json.gz")]
    assert [each for each in found if each != "validation_off"] == ["valid", "missing", "valid"]
    for log in (*logs, off):
        s3.delete_object(Bucket=bucket, Key=log.key)
    for digest in digests:
        s3.delete_object(Bucket=bucket, Key=digest.key)


def log_of_hour(trail: DigestedTrail, begin: datetime, hour: int) -> Log:
    time = begin + hour * HOUR
    name = f"{trail.account}_CloudTrail_{trail.region}_{time:%Y%m%dT%H%MZ}_audited.json.gz"
    records = [event(f"audited-{trail.region}-{hour}-{number}") for number in range(3)]
    return Log(f"{trail.folder('CloudTrail')}{time:%Y/%m/%d}/{name}", log_of(*records))


def wait(pipeline: Pipeline) -> None:
    wait_until_idle(pipeline.client("sqs"), pipeline.client("stepfunctions"), pipeline.outputs)


def audit(pipeline: Pipeline, begin: datetime, *options: str) -> dict[str, Any]:
    """Run the command, and give its evidence."""
    end = begin + (HOURS - 1) * HOUR + timedelta(minutes=30)
    times = ("--from", begin.isoformat(), "--to", end.isoformat())
    ran = pipeline.run("trailsearch.cli.audit.audit", "--env", "local", "--json", *times, *options)
    assert ran.returncode == 0, ran.stderr
    evidence: dict[str, Any] = json.loads(ran.stdout)
    return evidence

"""The audit of the deployed pipeline, against what the local CloudTrail has signed. The AWS CLI's verdict: ``tests/contract``."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.end_to_end.conftest import Pipeline
from tests.local_cloud.pipeline.cloudtrail_delivery import Log, deliver
from tests.local_cloud.pipeline.cloudtrail_digests import DigestedTrail, DigestFile, SigningKey
from tests.local_cloud.pipeline.idle import wait_until_idle
from tests.steps import event, log_of

HOUR = timedelta(hours=1)
HOURS = 4
EXECUTION_SECONDS = 300


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

    summary = run_audit(pipeline, begin)
    counted = summary["counted"]
    assert not summary["well"]
    assert (counted["logs_missing"], counted["logs_sent"], counted["logs_altered"]) == (1, 1, 1)
    # Beside the Region without digests, the buckets of others, which are not in this cloud.
    of_others = len(pipeline.outputs["log_bucket_names"]) - 1
    assert (counted["not_validated"], counted["gaps"], counted["digests_valid"]) == (1 + of_others, 0, HOURS)
    assert measured(pipeline, "LogsMissing") == 1
    wait(pipeline)
    s3.put_object(Bucket=bucket, Key=altered.key, Body=altered.body)
    counted = run_audit(pipeline, begin)["counted"]
    assert (counted["logs_indexed"], counted["logs_healed"], counted["logs_missing"]) == (HOURS, 1, 0)
    assert audit(pipeline, begin)["says"].startswith(f"{HOURS} of {HOURS} signed logs indexed unaltered;")

    for digest in digests[1:3]:
        s3.delete_object(Bucket=bucket, Key=digest.key)
    evidence = audit(pipeline, begin)
    found = [each["finding"] for each in evidence["digests"] if each["digest"].endswith(".json.gz")]
    assert [each for each in found if each != "validation_off"] == ["valid", "missing", "valid"]
    counted = run_audit(pipeline, begin)["counted"]
    assert (counted["digests_valid"], counted["gaps"]) == (2, 1)
    for log in (*logs, off):
        s3.delete_object(Bucket=bucket, Key=log.key)
    for digest in digests:
        s3.delete_object(Bucket=bucket, Key=digest.key)


def test_the_schedule_starts_the_audit_once_an_hour(pipeline: Pipeline) -> None:
    schedule = pipeline.client("scheduler").get_schedule(
        GroupName="trailsearch-local-audit", Name="trailsearch-local-audit"
    )
    assert schedule["ScheduleExpression"] == "rate(1 hour)"
    assert schedule["Target"]["Arn"] == pipeline.outputs["audit_state_machine_arn"]
    assert schedule["State"] == "ENABLED"


def log_of_hour(trail: DigestedTrail, begin: datetime, hour: int) -> Log:
    delivered = begin + hour * HOUR
    name = f"{trail.account}_CloudTrail_{trail.region}_{delivered:%Y%m%dT%H%MZ}_audited.json.gz"
    records = [event(f"audited-{trail.region}-{hour}-{number}") for number in range(3)]
    return Log(f"{trail.folder('CloudTrail')}{delivered:%Y/%m/%d}/{name}", log_of(*records))


def wait(pipeline: Pipeline) -> None:
    wait_until_idle(pipeline.client("sqs"), pipeline.client("stepfunctions"), pipeline.outputs)


def end_of(begin: datetime) -> datetime:
    return begin + (HOURS - 1) * HOUR + timedelta(minutes=30)


def run_audit(pipeline: Pipeline, begin: datetime) -> dict[str, Any]:
    """Run the state machine, and give its summary."""
    client = pipeline.client("stepfunctions")
    arn = client.start_execution(
        stateMachineArn=pipeline.outputs["audit_state_machine_arn"],
        input=json.dumps({"from": begin.isoformat(), "to": end_of(begin).isoformat()}),
    )["executionArn"]
    deadline = time.monotonic() + EXECUTION_SECONDS
    while (described := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < deadline, f"{arn} is running still"
        time.sleep(0.1)
    assert described["status"] == "SUCCEEDED", described
    summary: dict[str, Any] = json.loads(described["output"])["summary"]
    return summary


def measured(pipeline: Pipeline, name: str) -> float:
    """What the state machine has measured in the latest minutes."""
    now = datetime.now(UTC)
    points = pipeline.client("cloudwatch").get_metric_statistics(
        Namespace="Trailsearch",
        MetricName=name,
        Dimensions=[{"Name": "service", "Value": "audit_logs"}, {"Name": "environment", "Value": "local"}],
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=1),
        Period=3600,
        Statistics=["Maximum"],
    )["Datapoints"]
    return max(float(point["Maximum"]) for point in points)


def audit(pipeline: Pipeline, begin: datetime, *options: str) -> dict[str, Any]:
    """Run the command, and give its evidence."""
    times = ("--from", begin.isoformat(), "--to", end_of(begin).isoformat())
    ran = pipeline.run("trailsearch.cli.audit.audit", "--env", "local", "--json", *times, *options)
    assert ran.returncode == 0, ran.stderr
    evidence: dict[str, Any] = json.loads(ran.stdout)
    return evidence

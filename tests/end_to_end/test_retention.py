"""Expired events leave the search domain, and no others, by the state machine that Terraform made."""

import gzip
import json
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.end_to_end.conftest import Pipeline
from tests.iam.account import SETTINGS
from tests.local_cloud.pipeline.cloudtrail_delivery import Log, deliver
from tests.local_cloud.pipeline.idle import wait_until_idle
from trailsearch.search import search_backend
from trailsearch.search.queries import MAX_PAGE, Query

PREFIX = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/26"
EXECUTION_SECONDS = 120
# How long before the border of what has expired they happened; or when; or that they have no time.
KEPT: dict[str, timedelta | str | None] = {
    "undated": None,
    "impossible": "1999-12-31T23:59:59Z",
    "in-time": -timedelta(hours=1),
    "new": -timedelta(days=SETTINGS["search_retention_days"]),
}
EXPIRED: dict[str, timedelta | str | None] = {
    "first-year": "2006-01-01T00:00:00Z",
    "just-expired": timedelta(hours=1),
    **{f"old-{number}": timedelta(days=1 + number) for number in range(40)},
}


def record(name: str, age: timedelta | str | None, border: datetime) -> dict[str, Any]:
    """A record that is older than the border by an age, or of a time, or of none."""
    written = {"eventID": f"retention-{name}", "eventName": "Retention", "eventSource": "test"}
    if age is None:
        return written
    when = age if isinstance(age, str) else (border - age).strftime("%Y-%m-%dT%H:%M:%SZ")
    return written | {"eventTime": when}


@pytest.fixture(scope="module")
def indexed(pipeline: Pipeline) -> set[str]:
    """Events of several ages, and the ids of all that were there before them."""
    before = ids(pipeline)
    border = datetime.now(UTC) - timedelta(days=SETTINGS["search_retention_days"])
    records = [record(name, age, border) for name, age in {**KEPT, **EXPIRED}.items()]
    body = gzip.compress(json.dumps({"Records": records}, separators=(",", ":")).encode())
    bucket, topic = pipeline.outputs["log_bucket_names"][0], pipeline.outputs["topic_arn"]
    log = Log(f"{PREFIX}/retention.json.gz", body)
    list(deliver([log], pipeline.client("s3"), pipeline.client("sns"), bucket, topic))
    wait_until_idle(pipeline.client("sqs"), pipeline.client("stepfunctions"), pipeline.outputs)
    assert ids(pipeline) == before | named({**KEPT, **EXPIRED})
    return before


@pytest.fixture(scope="module")
def purged(pipeline: Pipeline, indexed: set[str]) -> dict[str, Any]:
    """The execution that has deleted what had expired."""
    return run_retention(pipeline)


def test_expired_events_are_deleted_and_no_others(
    pipeline: Pipeline, indexed: set[str], purged: dict[str, Any]
) -> None:
    assert purged["status"] == "SUCCEEDED"
    assert ids(pipeline) == indexed | named(KEPT)


def test_it_says_how_many_were_deleted(pipeline: Pipeline, purged: dict[str, Any]) -> None:
    deletion = json.loads(purged["output"])["deletion"]
    assert (deletion["expired"], deletion["documents"], deletion["left"]) == (len(EXPIRED), len(EXPIRED), 0)


def test_what_was_deleted_is_measured(pipeline: Pipeline, purged: dict[str, Any]) -> None:
    began, ended = purged["startDate"], purged["stopDate"]
    metric = pipeline.client("cloudwatch").get_metric_statistics(
        Namespace="Trailsearch",
        MetricName="EventsDeleted",
        Dimensions=[
            {"Name": "service", "Value": "delete_expired"},
            {"Name": "environment", "Value": "local"},
        ],
        StartTime=began.replace(microsecond=0),
        EndTime=ended + timedelta(seconds=1),
        Period=3600,
        Statistics=["Sum"],
    )
    assert sum(point["Sum"] for point in metric["Datapoints"]) == len(EXPIRED)


def test_the_next_execution_finds_nothing(
    pipeline: Pipeline, indexed: set[str], purged: dict[str, Any]
) -> None:
    deletion = json.loads(run_retention(pipeline)["output"])["deletion"]
    assert (deletion["documents"], deletion["rounds"]) == (0, 1)
    assert ids(pipeline) == indexed | named(KEPT)


def test_the_schedule_starts_it_once_a_day(pipeline: Pipeline) -> None:
    schedule = pipeline.client("scheduler").get_schedule(
        GroupName="trailsearch-local", Name="trailsearch-local-retention"
    )
    assert schedule["ScheduleExpression"] == "rate(1 day)"
    assert schedule["Target"]["Arn"] == pipeline.outputs["retention_state_machine_arn"]
    assert schedule["State"] == "ENABLED"


def named(names: Iterable[str]) -> set[str]:
    return {f"retention-{name}" for name in names}


def ids(pipeline: Pipeline) -> set[str]:
    domain = search_backend().domain(pipeline.outputs["search_endpoint"])
    return {event["id"] for event in domain.scan(Query(size=MAX_PAGE), fields=())}


def run_retention(pipeline: Pipeline) -> dict[str, Any]:
    """Start the state machine as the schedule does, and describe its execution when that has ended."""
    client = pipeline.client("stepfunctions")
    machine = pipeline.outputs["retention_state_machine_arn"]
    arn = client.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    deadline = time.monotonic() + EXECUTION_SECONDS
    while (described := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < deadline, f"{arn} is running still"
        time.sleep(0.1)
    execution: dict[str, Any] = described
    return execution

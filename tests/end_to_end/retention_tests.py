"""What holds of the retention on every search backend: expired events leave the domain, and no others, by the state machine that
Terraform made.
"""

import gzip
import json
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from tests.end_to_end.conftest import Pipeline
from tests.iam.account import SETTINGS
from tests.local_cloud.pipeline.cloudtrail_delivery import Log, deliver
from tests.local_cloud.pipeline.idle import wait_until_idle

PREFIX = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/26"
EXECUTION_SECONDS = 300

When = Callable[[datetime], datetime | str | None]
"""When an event happened, by the border before which events expire."""


def before_border(age: timedelta) -> When:
    """So long before the border."""
    return lambda border: border - age


def before_month_of_border(age: timedelta) -> When:
    """So long before the month began in which the border is."""
    return lambda border: border.replace(day=1, hour=0, minute=0, second=0) - age


def at(time_of_event: str | None) -> When:
    """At a time, or without one."""
    return lambda _border: time_of_event


KEPT: dict[str, When] = {
    "undated": at(None),
    "impossible": at("1999-12-31T23:59:59Z"),
    "in-time": before_border(-timedelta(hours=1)),
    "new": before_border(-timedelta(days=SETTINGS["search_retention_days"])),
}


class RetentionTests:
    """A class of tests for each backend is a subclass of this one; `pipeline` is the deployment beside it."""

    kept: ClassVar[Mapping[str, When]]
    expired: ClassVar[Mapping[str, When]]

    @pytest.fixture(scope="class")
    @classmethod
    def indexed(cls, pipeline: Pipeline) -> set[str]:
        """Events of several ages, and the ids of all that were there before them."""
        before = pipeline.under_test().document_ids()
        border = datetime.now(UTC) - timedelta(days=SETTINGS["search_retention_days"])
        records = [record(name, when(border)) for name, when in {**cls.kept, **cls.expired}.items()]
        body = gzip.compress(json.dumps({"Records": records}, separators=(",", ":")).encode())
        bucket, topic = pipeline.outputs["log_bucket_names"][0], pipeline.outputs["topic_arn"]
        log = Log(f"{PREFIX}/retention.json.gz", body)
        list(deliver([log], pipeline.client("s3"), pipeline.client("sns"), bucket, topic))
        wait_until_idle(pipeline.client("sqs"), pipeline.client("stepfunctions"), pipeline.outputs)
        assert pipeline.under_test().document_ids() == before | named({**cls.kept, **cls.expired})
        return before

    @pytest.fixture(scope="class")
    @classmethod
    def purged(cls, pipeline: Pipeline, indexed: set[str]) -> dict[str, Any]:
        """The execution that has deleted what had expired."""
        return run_retention(pipeline)

    def test_expired_events_are_deleted_and_no_others(
        self, pipeline: Pipeline, indexed: set[str], purged: dict[str, Any]
    ) -> None:
        assert purged["status"] == "SUCCEEDED"
        assert pipeline.under_test().document_ids() == indexed | named(self.kept)

    def test_it_says_how_many_were_deleted(self, purged: dict[str, Any]) -> None:
        deletion = json.loads(purged["output"])["deletion"]
        count = len(self.expired)
        assert (deletion["expired"], deletion["documents"], deletion["left"]) == (count, count, 0)

    def test_what_was_deleted_is_measured(self, pipeline: Pipeline, purged: dict[str, Any]) -> None:
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
        assert sum(point["Sum"] for point in metric["Datapoints"]) == len(self.expired)

    def test_the_next_execution_finds_nothing(
        self, pipeline: Pipeline, indexed: set[str], purged: dict[str, Any]
    ) -> None:
        deletion = json.loads(run_retention(pipeline)["output"])["deletion"]
        assert (deletion["documents"], deletion["rounds"]) == (0, 1)
        assert pipeline.under_test().document_ids() == indexed | named(self.kept)

    def test_the_schedule_starts_it_once_a_day(self, pipeline: Pipeline) -> None:
        schedule = pipeline.client("scheduler").get_schedule(
            GroupName="trailsearch-local", Name="trailsearch-local-retention"
        )
        assert schedule["ScheduleExpression"] == "rate(1 day)"
        assert schedule["Target"]["Arn"] == pipeline.outputs["retention_state_machine_arn"]
        assert schedule["State"] == "ENABLED"


def record(name: str, when: datetime | str | None) -> dict[str, Any]:
    """A record of an event of that time, or of none."""
    written = {"eventID": f"retention-{name}", "eventName": "Retention", "eventSource": "test"}
    if when is None:
        return written
    return written | {"eventTime": when if isinstance(when, str) else when.strftime("%Y-%m-%dT%H:%M:%SZ")}


def named(names: Iterable[str]) -> set[str]:
    """The ids of the events with these names."""
    return {f"retention-{name}" for name in names}


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

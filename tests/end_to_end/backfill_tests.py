"""What holds of a backfill on every search backend: logs that nobody announces are planned, indexed by the state machine that
Terraform made while live ones come, stopped while they do, and resumed; and all of their events are found.
"""

import gzip
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.end_to_end.conftest import Pipeline
from tests.iam.account import CENTRAL_LOGS, NOTIFYING_BUCKET
from tests.local_cloud.pipeline.cloudtrail_delivery import Log, deliver

ACCOUNT = "222233334444"
# Where Control Tower has them.
FOLDER = f"o-a1b2c3d4e5/AWSLogs/o-a1b2c3d4e5/{ACCOUNT}/CloudTrail/eu-west-1"
YEARS = range(2015, 2024)
DAY = "03/14"
# A task of the plan has 24 months: so many years are five tasks, and at least as many parts.
LEAST_PARTS = 4
SECONDS = 120


class BackfillTests:
    """A class of tests for each backend is a subclass of this one; `pipeline` is the deployment beside it."""

    @pytest.fixture(scope="class")
    @classmethod
    def began(cls) -> datetime:
        """When the first of these tests began: what others have indexed before has a lag of its own."""
        return datetime.now(UTC)

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def history(cls, pipeline: Pipeline, began: datetime) -> Iterator[set[str]]:
        """Logs of some years that nobody announces, and the buckets of others; gives the ids of their events."""
        # Those of other tests.
        pipeline.under_test().throw_away_dead_letters()
        s3, bucket = pipeline.client("s3"), pipeline.outputs["log_bucket_names"][0]
        for name in (CENTRAL_LOGS, NOTIFYING_BUCKET):
            s3.create_bucket(Bucket=name)
        ids = set()
        for year in YEARS:
            for number in range(3):
                event = f"history-{year}-{number}"
                ids.add(event)
                s3.put_object(
                    Bucket=bucket,
                    Key=f"{FOLDER}/{year}/{DAY}/{number}.json.gz",
                    Body=log_of(event, f"{year}-03-14T12:00:00Z"),
                )
        # Of days that are not asked for, and no log.
        s3.put_object(
            Bucket=bucket,
            Key=f"{FOLDER}/2014/12/31/0.json.gz",
            Body=log_of("history-2014", "2014-12-31T12:00:00Z"),
        )
        s3.put_object(Bucket=bucket, Key=f"{FOLDER}/2015/{DAY}/readme.txt", Body=b"")
        yield ids
        for name in (CENTRAL_LOGS, NOTIFYING_BUCKET):
            s3.delete_bucket(Bucket=name)

    def test_it_is_planned_stopped_and_resumed_and_live_logs_do_not_wait(
        self, pipeline: Pipeline, history: set[str]
    ) -> None:
        before = pipeline.under_test().document_ids()
        planned = run(pipeline, "backfill", "--dry-run")
        assert planned["counted"]["logs"] == len(history)
        assert planned["counted"]["parts"] >= LEAST_PARTS
        assert planned["estimated"]["dollars"] > 0
        assert pipeline.under_test().document_ids() == before

        run(pipeline, "backfill", "--yes")
        wait_for_a_part(pipeline)
        let_lag_ring(pipeline, "ALARM")
        waiting = until(pipeline, lambda status: bool(status["waits_for"]))
        assert waiting["waits_for"] == ["trailsearch-local-lag"]
        pipeline.run("trailsearch.cli.backfill.stop", "--env", "local")
        stopped = run(pipeline, "status")
        assert stopped["state"] == "ABORTED"
        assert 0 < stopped["parts_done"] < stopped["parts"]

        let_lag_ring(pipeline, "OK")
        resumed = pipeline.run("trailsearch.cli.backfill.backfill", "--env", "local", "--resume", "1")
        assert resumed.returncode == 0, resumed.stderr
        assert f"Redriven: {stopped['execution']} goes on" in resumed.stderr
        live = live_log()
        bucket, topic = pipeline.outputs["log_bucket_names"][0], pipeline.outputs["topic_arn"]
        list(deliver([live], pipeline.client("s3"), pipeline.client("sns"), bucket, topic))
        done = until(pipeline, lambda status: status["complete"])
        assert (done["dead_lettered"], done["execution"], done["redrives"]) == (0, stopped["execution"], 1)
        assert map_runs(pipeline) == [(done["parts"], 1)]
        pipeline.under_test().wait_until_idle()
        assert pipeline.under_test().document_ids() - before == history | {"live"}

    def test_nothing_is_dead_lettered_by_the_stop(self, pipeline: Pipeline, history: set[str]) -> None:
        """The part that was at hand is indexed to its end."""
        queue = pipeline.outputs["dead_letter_queue_url"]
        attributes = pipeline.client("sqs").get_queue_attributes(
            QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"]
        )["Attributes"]
        assert int(attributes["ApproximateNumberOfMessages"]) == 0

    def test_history_has_no_lag(self, pipeline: Pipeline, history: set[str], began: datetime) -> None:
        """Else the alarm about the lag would ring, and the backfill wait for itself."""
        now = datetime.now(UTC)
        lag = pipeline.client("cloudwatch").get_metric_statistics(
            Namespace="Trailsearch",
            MetricName="IndexingLagFromEvent",
            Dimensions=[
                {"Name": "service", "Value": "index_batch"},
                {"Name": "environment", "Value": "local"},
            ],
            StartTime=began,
            EndTime=now,
            Period=86_400,
            Statistics=["Maximum"],
        )
        (lag_of_live_log,) = [point["Maximum"] for point in lag["Datapoints"]]
        assert timedelta(seconds=lag_of_live_log) < timedelta(days=1)


def map_runs(pipeline: Pipeline) -> list[tuple[int, int]]:
    """How many children of each Map Run of the execution that was started last have succeeded, and how often it was redriven."""
    stepfunctions = pipeline.client("stepfunctions")
    (machine,) = (
        each["stateMachineArn"]
        for each in stepfunctions.list_state_machines()["stateMachines"]
        if each["name"].endswith("-backfill")
    )
    listed = stepfunctions.list_executions(stateMachineArn=machine)["executions"]
    latest = max(listed, key=lambda each: each["startDate"])["executionArn"]
    described = (
        stepfunctions.describe_map_run(mapRunArn=each["mapRunArn"])
        for each in stepfunctions.list_map_runs(executionArn=latest)["mapRuns"]
    )
    return [(each["executionCounts"]["succeeded"], each["redriveCount"]) for each in described]


def log_of(event: str, at: str) -> bytes:
    """A log of one event, whose id is its name."""
    record = {"eventID": event, "eventTime": at, "eventName": "History", "eventSource": "test"}
    return gzip.compress(json.dumps({"Records": [record]}, separators=(",", ":")).encode())


def live_log() -> Log:
    """A log as CloudTrail delivers it now."""
    now = datetime.now(UTC)
    key = f"AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/{now:%Y/%m/%d}/live.json.gz"
    return Log(key, log_of("live", f"{now:%Y-%m-%dT%H:%M:%SZ}"))


def run(pipeline: Pipeline, command: str, *options: str) -> dict[str, Any]:
    """Run a command of the backfill, and give its JSON."""
    scope = ["--from", f"{YEARS[0]}-01-01", "--to", f"{YEARS[-1]}-12-31", "--accounts", ACCOUNT]
    options = (*(scope if command == "backfill" else ()), *options)
    done = pipeline.run(f"trailsearch.cli.backfill.{command}", "--env", "local", "--json", *options)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def wait_for_a_part(pipeline: Pipeline) -> None:
    """Wait until a part is done; a command would take longer to tell than all parts take."""
    s3, bucket = pipeline.client("s3"), pipeline.outputs["staging_bucket_name"]
    deadline = time.monotonic() + SECONDS
    while not any(
        "/done/" in each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix="backfills/")["Contents"]
    ):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def let_lag_ring(pipeline: Pipeline, state: str) -> None:
    """Let the alarm about the lag ring, or be quiet again."""
    pipeline.client("cloudwatch").set_alarm_state(
        AlarmName="trailsearch-local-lag", StateValue=state, StateReason="of a test"
    )


def until(pipeline: Pipeline, enough: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Ask for the status until it is enough."""
    deadline = time.monotonic() + SECONDS
    while not enough(status := run(pipeline, "status")):
        assert time.monotonic() < deadline, status
        time.sleep(0.2)
    return status

"""Which metrics of alarms have no data, and whether that is wrong."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from trailsearch.cli.verify import alarm_metrics
from trailsearch.cli.verify.alarm_metrics import check_alarms
from trailsearch.cli.verify.checks import Checks, State
from trailsearch.cli.verify.expected_metrics import Metric, Used, When, when_of

PREFIX = "trailsearch-test"
USED = Used(
    datetime(2026, 11, 26, 20, tzinfo=UTC), frozenset({f"{PREFIX}-logs"}), frozenset({"logs"}), complete=True
)
MACHINE = f"arn:aws:states:us-east-1:123456789012:stateMachine:{PREFIX}-index-logs"
INDEXING = {"service": "index_batch", "environment": "test"}


def metric(namespace: str, name: str, **dimensions: str) -> Metric:
    return Metric(namespace, name, frozenset(dimensions.items()))


RECEIVED = metric("AWS/SQS", "NumberOfMessagesReceived", QueueName=f"{PREFIX}-ingest")
AGE = metric("AWS/SQS", "ApproximateAgeOfOldestMessage", QueueName=f"{PREFIX}-ingest")
PIPE_FAILED = metric("AWS/EventBridge/Pipes", "ExecutionThrottled", PipeName=f"{PREFIX}-ingest")


class CloudWatch:
    """CloudWatch with alarms, and metrics: those that it has data of from the n-th look on."""

    def __init__(self, alarms: Mapping[str, Iterable[Metric]], data: Mapping[Metric, int]) -> None:
        self.alarms = alarms
        self.data = data
        self.looks = 0

    def get_paginator(self, operation: str) -> "CloudWatch":
        self.operation = operation
        return self

    def paginate(self, **request: Any) -> Iterator[Any]:
        yield getattr(self, self.operation)(**request)

    def describe_alarms(self, **_request: Any) -> Any:
        return {
            "MetricAlarms": [
                {"AlarmName": f"{PREFIX}-{name}", "Metrics": [_query(each) for each in metrics]}
                for name, metrics in self.alarms.items()
            ]
        }

    def get_metric_data(self, MetricDataQueries: Any, **_request: Any) -> Any:  # noqa: N803, the name is boto3's
        self.looks += 1
        asked = {query["Id"]: _metric(query["MetricStat"]["Metric"]) for query in MetricDataQueries}
        return {
            "MetricDataResults": [
                {"Id": at, "Values": [1.0] if self.data.get(each, 1_000) <= self.looks else []}
                for at, each in asked.items()
            ]
        }

    def list_metrics(self, Namespace: str, MetricName: str, Dimensions: Any) -> Any:  # noqa: N803
        ((name, value),) = [(each["Name"], each["Value"]) for each in Dimensions]
        return {
            "Metrics": [
                _query(each)["MetricStat"]["Metric"]
                for each in self.data
                if (each.namespace, each.name) == (Namespace, MetricName) and (name, value) in each.dimensions
            ]
        }


def _query(each: Metric) -> Any:
    dimensions = [{"Name": name, "Value": value} for name, value in each.dimensions]
    return {
        "Id": "m",
        "MetricStat": {
            "Metric": {"Namespace": each.namespace, "MetricName": each.name, "Dimensions": dimensions}
        },
    }


def _metric(given: Any) -> Metric:
    return Metric(
        given["Namespace"],
        given["MetricName"],
        frozenset((each["Name"], each["Value"]) for each in given["Dimensions"]),
    )


def checked(
    metrics: Iterable[Metric], data: Mapping[Metric, int], used: Used = USED, wait_seconds: float = 0
) -> tuple[State, str]:
    """The row of an alarm with these metrics."""
    checks = Checks()
    cloudwatch = CloudWatch({"pipe-stopped": metrics}, data)
    check_alarms(cast("Any", cloudwatch), PREFIX, used, checks, wait_seconds, lambda _: None)
    (row,) = checks
    assert row.name == "Alarm pipe-stopped"
    return row.state, row.said


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarm_metrics, "POLL_SECONDS", 0)


def test_an_alarm_whose_metrics_have_data_is_well() -> None:
    assert checked([RECEIVED, AGE], {RECEIVED: 1, AGE: 1}) == (
        State.WELL,
        "NumberOfMessagesReceived, ApproximateAgeOfOldestMessage: data",
    )


def test_data_that_comes_late_is_waited_for() -> None:
    assert checked([RECEIVED], {RECEIVED: 3}, wait_seconds=60)[0] is State.WELL


def test_what_has_to_have_data_and_has_none_is_wrong() -> None:
    state, said = checked([RECEIVED], {})
    assert state is State.WRONG
    assert said == f"AWS/SQS NumberOfMessagesReceived {{QueueName={PREFIX}-ingest}} has no data"


def test_after_a_run_that_did_not_do_everything_it_is_not_proven() -> None:
    assert checked([RECEIVED], {}, USED._replace(complete=False))[0] is State.UNPROVEN


def test_what_had_no_reason_to_exist_is_said_to_and_is_not_waited_for() -> None:
    assert checked([AGE], {}, wait_seconds=1_000) == (
        State.NOTHING_YET,
        "ApproximateAgeOfOldestMessage: nothing to measure yet",
    )


def test_a_metric_that_aws_has_under_other_dimensions_is_wrong_whenever_it_is_measured() -> None:
    both = Metric(
        PIPE_FAILED.namespace, PIPE_FAILED.name, PIPE_FAILED.dimensions | {("AwsAccountId", "123456789012")}
    )
    state, said = checked([PIPE_FAILED], {both: 1})
    assert state is State.WRONG
    assert f"measured by {{AwsAccountId=123456789012, PipeName={PREFIX}-ingest}}" in said
    assert checked([both], {both: 1})[0] is State.WELL
    # It may watch each, where AWS does not say which it is.
    assert checked([PIPE_FAILED, both], {both: 1})[0] is State.WELL
    assert checked([PIPE_FAILED, both], {both: 500})[0] is State.NOTHING_YET


def test_that_aws_has_it_under_these_dimensions_too_is_well() -> None:
    both = Metric(
        PIPE_FAILED.namespace, PIPE_FAILED.name, PIPE_FAILED.dimensions | {("AwsAccountId", "123456789012")}
    )
    assert checked([PIPE_FAILED], {both: 1, PIPE_FAILED: 500})[0] is State.NOTHING_YET


def test_an_environment_without_alarms_is_wrong() -> None:
    checks = Checks()
    check_alarms(cast("Any", CloudWatch({}, {})), PREFIX, USED, checks, 0, lambda _: None)
    assert [(row.name, row.state) for row in checks] == [("Alarms", State.WRONG)]


@pytest.mark.parametrize(
    ("named", "wrong"),
    [
        (metric("AWS/SQS", "MessagesReceived", QueueName="q"), "AWS/SQS has no metric MessagesReceived"),
        (metric("AWS/SNS", "NumberOfMessagesPublished", Topic="t"), "AWS/SNS has {TopicName} as dimensions"),
        (metric("AWS/Sqs", "NumberOfMessagesSent", QueueName="q"), "no namespace AWS/Sqs"),
        (metric("Trailsearch", "EventsIndex", **INDEXING), "index_batch measures no EventsIndex"),
        (metric("Trailsearch", "EventsIndexed", service="index_batch"), "by service and environment, not by"),
        (
            metric("Trailsearch", "EventsIndexed", service="index_batch", environment="prod"),
            "by service and environment, not by",
        ),
    ],
)
def test_a_name_that_nobody_measures_under_is_wrong(named: Metric, wrong: str) -> None:
    found = when_of(named, PREFIX, USED)
    assert isinstance(found, str)
    assert wrong in found
    assert checked([named], {named: 1})[0] is State.WRONG


@pytest.mark.parametrize(
    ("named", "when"),
    [
        (metric("AWS/States", "ExecutionsFailed", StateMachineArn=MACHINE), When.RUN),
        (
            metric(
                "AWS/States", "ExecutionsFailed", StateMachineArn=MACHINE.replace("index-logs", "retention")
            ),
            When.TROUBLE,
        ),
        (metric("AWS/Lambda", "Invocations", FunctionName=f"{PREFIX}-fetch-logs"), When.RUN),
        (metric("AWS/Lambda", "Invocations", FunctionName=f"{PREFIX}-delete-expired"), When.TROUBLE),
        (metric("AWS/SNS", "NumberOfMessagesPublished", TopicName=f"{PREFIX}-logs"), When.RUN),
        (metric("AWS/SNS", "NumberOfMessagesPublished", TopicName="of-somebody"), When.TROUBLE),
        (metric("AWS/Events", "FailedInvocations", RuleName="r"), When.TROUBLE),
        (metric("AWS/ES", "ClusterStatus.red", ClientId="1", DomainName="d"), When.RUN),
        (metric("AWS/ES", "KMSKeyError", ClientId="1", DomainName="d"), When.TROUBLE),
        (metric("Trailsearch", "IndexingLagFromDelivery", **INDEXING), When.RUN),
        (metric("Trailsearch", "SearchThrottled", **INDEXING), When.TROUBLE),
        (
            metric("Trailsearch", "LogsFetched", service="fetch_logs", environment="test", bucket="logs"),
            When.RUN,
        ),
        (
            metric("Trailsearch", "LogsFetched", service="fetch_logs", environment="test", bucket="others"),
            When.TROUBLE,
        ),
        (
            metric("Trailsearch", "ObjectsIgnored", service="fetch_logs", environment="test", bucket="logs"),
            When.TROUBLE,
        ),
    ],
)
def test_what_a_run_gives_data_is_told_from_what_only_trouble_does(named: Metric, when: When) -> None:
    assert when_of(named, PREFIX, USED) is when

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.local_cloud.gaps.cloudwatch.embedded_metrics import embedded_metrics
from tests.unit.local_cloud.conftest import Client

DIMENSIONS = [{"Name": "environment", "Value": "test"}, {"Name": "service", "Value": "index_batch"}]


def line(value: Any) -> str:
    """What Powertools writes."""
    directive = {
        "Namespace": "Trailsearch",
        "Dimensions": [["environment", "service"]],
        "Metrics": [{"Name": "Lag", "Unit": "Seconds"}],
    }
    return json.dumps(
        {
            "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]},
            "environment": "test",
            "service": "index_batch",
            "Lag": value,
        }
    )


def test_metrics_in_log_events_are_metrics_of_cloudwatch(client: Client) -> None:
    logs, cloudwatch = client("logs"), client("cloudwatch")
    logs.create_log_group(logGroupName="metrics")
    logs.create_log_stream(logGroupName="metrics", logStreamName="stream")
    now = datetime.now(UTC)
    messages = [line([float(value) for value in range(1, 100)]), "no JSON", line(100)]
    events = [{"timestamp": int(now.timestamp() * 1000), "message": message} for message in messages]
    logs.put_log_events(logGroupName="metrics", logStreamName="stream", logEvents=events)

    def query(stat: str) -> dict[str, Any]:
        metric = {"Namespace": "Trailsearch", "MetricName": "Lag", "Dimensions": DIMENSIONS}
        return {"Id": stat.lower(), "MetricStat": {"Metric": metric, "Stat": stat, "Period": 3600}}

    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[query(stat) for stat in ("Sum", "SampleCount", "p50", "p99")],
        StartTime=now - timedelta(minutes=59),
        EndTime=now + timedelta(minutes=1),
    )
    values = {result["Id"]: result["Values"] for result in answer["MetricDataResults"]}
    assert values == {"sum": [5050.0], "samplecount": [100.0], "p50": [50.0], "p99": [99.0]}


@pytest.mark.parametrize("message", ['{"_aws": 1}', '{"_aws": {}}', '"_aws"', '{"_aws"', "START"])
def test_what_is_no_metric_is_passed_over(message: str) -> None:
    assert list(embedded_metrics(message)) == []

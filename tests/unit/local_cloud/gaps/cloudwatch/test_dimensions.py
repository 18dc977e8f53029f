"""A metric is found by its dimensions in whatever order they are asked for."""

from itertools import permutations

from tests.unit.local_cloud.conftest import Client
from tests.unit.local_cloud.gaps.cloudwatch.test_service_metrics import measured

DIMENSIONS = {"service": "fetch_logs", "environment": "local", "bucket": "logs"}


def test_three_dimensions_are_the_same_in_any_order(client: Client) -> None:
    cloudwatch = client("cloudwatch")
    put = [{"Name": name, "Value": value} for name, value in DIMENSIONS.items()]
    cloudwatch.put_metric_data(
        Namespace="Dimensions", MetricData=[{"MetricName": "Logs", "Dimensions": put, "Value": 1}]
    )
    for names in permutations(DIMENSIONS):
        asked = {name: DIMENSIONS[name] for name in names}
        assert measured(cloudwatch, "Dimensions", "Logs", asked, "Sum") == [1], names
    assert measured(cloudwatch, "Dimensions", "Logs", {**DIMENSIONS, "bucket": "others"}, "Sum") == []

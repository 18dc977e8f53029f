"""CloudWatch: metrics in the embedded metric format, which functions write into their logs, and percentiles.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import functools
import json
import math
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import Statistics, cloudwatch_backends
from moto.logs.models import LogGroup

from ...patching import replace

_PERCENTILE = re.compile(r"p(\d+(?:\.\d+)?)")


def close_gaps() -> None:
    """Take metrics out of log events, and compute percentiles of single values."""
    replace(LogGroup, "put_log_events", _with_embedded_metrics(LogGroup.put_log_events))
    replace(Statistics, "get_statistics_for_type", _with_percentiles(Statistics.get_statistics_for_type))


def _with_embedded_metrics(put_log_events: Callable[..., str]) -> Callable[..., str]:
    @functools.wraps(put_log_events)
    def put_log_events_and_metrics(
        self: LogGroup, log_stream_name: str, log_events: list[dict[str, Any]]
    ) -> str:
        token = put_log_events(self, log_stream_name, log_events)
        cloudwatch = cloudwatch_backends[self.account_id][self.region]
        for event in log_events:
            for namespace, metric in embedded_metrics(event["message"]):
                cloudwatch.put_metric_data(namespace, [metric])
        return token

    return put_log_events_and_metrics


def embedded_metrics(message: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the metrics of a log event as namespaces and members of PutMetricData; none if it has none.

    A metric counts once for each of its sets of dimensions. Its value is a number or an array of them.
    """
    if '"_aws"' not in message:
        return
    try:
        document = json.loads(message)
        time = datetime.fromtimestamp(document["_aws"]["Timestamp"] / 1000, UTC).replace(tzinfo=None)
        directives = document["_aws"]["CloudWatchMetrics"]
    except (ValueError, KeyError, TypeError):  # CloudWatch takes no notice of what is not well-formed.
        return
    for directive in directives:
        for names in directive["Dimensions"]:
            for metric in directive["Metrics"]:
                value = document[metric["Name"]]
                yield (
                    directive["Namespace"],
                    {
                        "MetricName": metric["Name"],
                        "Dimensions": [{"Name": name, "Value": document[name]} for name in names],
                        "Timestamp": time,
                        "Unit": metric.get("Unit", "None"),
                        "Values": value if isinstance(value, list) else [value],
                    },
                )


def _with_percentiles(get_statistics_for_type: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(get_statistics_for_type)
    def get_any_statistic(self: Statistics, stat: str) -> Any:
        values = sorted(self.metric_single_values_list)
        percentile = _PERCENTILE.fullmatch(stat)
        if not percentile or not values:
            return get_statistics_for_type(self, stat)
        return values[max(0, math.ceil(float(percentile[1]) / 100 * len(values)) - 1)]

    return get_any_statistic

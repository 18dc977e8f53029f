"""Has each metric that an alarm watches data, under exactly those names and dimensions? Otherwise it never rings."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from trailsearch.cli.status.observe import alarms_of
from trailsearch.cli.verify.checks import Checks, State
from trailsearch.cli.verify.expected_metrics import Dimensions, Metric, Used, When, shown, when_of

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricAlarmTypeDef, MetricDataQueryTypeDef

POLL_SECONDS = 15.0
_QUERIES_AT_ONCE: Final = 500
_PERIOD: Final = 60


def check_alarms(
    cloudwatch: "CloudWatchClient",
    prefix: str,
    used: Used,
    checks: Checks,
    wait_seconds: float,
    waiting: Callable[[str], None],
) -> None:
    """Add a row for each alarm, once all metrics that have to have data have some, or the time is up.

    Args:
        cloudwatch: the client.
        prefix: that of the environment's resources.
        used: what the run has used.
        checks: where the rows go.
        wait_seconds: how long to wait for data.
        waiting: is told now and then what is still missing.
    """
    alarms = alarms_of(cloudwatch, prefix)
    if not alarms:
        checks.add("Alarms", State.WRONG, f"there are no alarms whose names begin with {prefix}-")
        return
    watched = {name: list(_metrics_of(alarm)) for name, alarm in alarms.items()}
    needed = {metric: when_of(metric, prefix, used) for metrics in watched.values() for metric in metrics}
    missing = {metric for metric, when in needed.items() if isinstance(when, When)}
    deadline = time.monotonic() + wait_seconds
    while True:
        missing -= with_data(cloudwatch, sorted(missing, key=str), used.since)
        due = sorted(str(metric) for metric in missing if needed[metric] is When.RUN)
        if not due or time.monotonic() >= deadline:
            break
        waiting(f"{len(due)} metrics have no data yet, as {due[0]}")
        time.sleep(min(POLL_SECONDS, max(0.0, deadline - time.monotonic())))
    for name, metrics in sorted(watched.items()):
        _judge(cloudwatch, f"Alarm {name}", metrics, needed, missing, used, checks)


def with_data(cloudwatch: "CloudWatchClient", metrics: list[Metric], since: datetime) -> set[Metric]:
    """Give those of some metrics that have data since a time."""
    found: set[Metric] = set()
    start = since.replace(second=0, microsecond=0)
    end = datetime.now(since.tzinfo) + timedelta(minutes=1)
    for first in range(0, len(metrics), _QUERIES_AT_ONCE):
        queries: list[MetricDataQueryTypeDef] = [
            {
                "Id": f"m{at}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": metric.namespace,
                        "MetricName": metric.name,
                        "Dimensions": [
                            {"Name": name, "Value": value} for name, value in sorted(metric.dimensions)
                        ],
                    },
                    "Stat": "SampleCount",
                    "Period": _PERIOD,
                },
            }
            for at, metric in enumerate(metrics[first : first + _QUERIES_AT_ONCE], first)
        ]
        pages = cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries, StartTime=start, EndTime=end
        )
        found.update(
            metrics[int(result["Id"][1:])]
            for page in pages
            for result in page["MetricDataResults"]
            if result["Values"]
        )
    return found


def known_dimensions(cloudwatch: "CloudWatchClient", metric: Metric) -> set[Dimensions]:
    """Give the sets of dimensions that CloudWatch has a metric under, of those with one value in common with it."""
    found: set[Dimensions] = set()
    for name, value in metric.dimensions:
        pages = cloudwatch.get_paginator("list_metrics").paginate(
            Namespace=metric.namespace,
            MetricName=metric.name,
            Dimensions=[{"Name": name, "Value": value}],
        )
        found.update(
            frozenset((each["Name"], each["Value"]) for each in listed["Dimensions"])
            for page in pages
            for listed in page["Metrics"]
        )
    # Of two queues in one account, say, one has nothing to do with the other.
    values = {value for _, value in metric.dimensions}
    return {each for each in found if values <= {value for _, value in each}}


def _judge(
    cloudwatch: "CloudWatchClient",
    row: str,
    metrics: Sequence[Metric],
    needed: Mapping[Metric, When | str],
    missing: set[Metric],
    used: Used,
    checks: Checks,
) -> None:
    wrong: list[str] = []
    unproven: list[str] = []
    nothing_yet: list[str] = []
    well: list[str] = []
    for metric in metrics:
        when = needed[metric]
        if isinstance(when, str):
            wrong.append(when)
        elif metric not in missing:
            well.append(metric.name)
        else:
            elsewhere = known_dimensions(cloudwatch, metric)
            # Where AWS does not say which of several it is, an alarm may watch each.
            watched = {each.dimensions for each in metrics if each[:2] == metric[:2]}
            if elsewhere and not elsewhere & watched:
                others = " and ".join(sorted(map(shown, elsewhere)))
                wrong.append(f"{metric.name} is measured by {others}, not by {shown(metric.dimensions)}")
            elif when is When.TROUBLE:
                nothing_yet.append(metric.name)
            else:
                (wrong if used.complete else unproven).append(f"{metric} has no data")
    if wrong or unproven:
        checks.judge(row, wrong, "", unproven)
        return
    parts = [f"{', '.join(well)}: data"] if well else []
    parts += [f"{', '.join(nothing_yet)}: nothing to measure yet"] if nothing_yet else []
    checks.add(row, State.WELL if well else State.NOTHING_YET, "; ".join(parts))


def _metrics_of(alarm: "MetricAlarmTypeDef") -> Iterator[Metric]:
    if "MetricName" in alarm:
        yield _metric(alarm["Namespace"], alarm["MetricName"], alarm.get("Dimensions", []))
    for query in alarm.get("Metrics", []):
        if stat := query.get("MetricStat"):
            metric = stat["Metric"]
            yield _metric(metric["Namespace"], metric["MetricName"], metric.get("Dimensions", []))


def _metric(namespace: str, name: str, dimensions: Iterable[Mapping[str, object]]) -> Metric:
    return Metric(namespace, name, frozenset((str(each["Name"]), str(each["Value"])) for each in dimensions))

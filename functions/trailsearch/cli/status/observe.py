"""Ask AWS for the state of one environment: every service at once, and none holds up another."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, ParamSpec, TypeVar

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from trailsearch.aws import clients as aws
from trailsearch.cli.environment import Environment, is_no_queue
from trailsearch.cli.status.pipeline_status import (
    MAX_LISTED,
    Alarms,
    Audit,
    Execution,
    Executions,
    Metrics,
    Percentiles,
    Pipe,
    PipelineStatus,
    Queue,
    SearchDomain,
    Unreadable,
)
from trailsearch.cli.status.room import Growth
from trailsearch.cli.status.search_metrics import HOUR, MINUTE, NAMESPACES, SEARCH_METRICS
from trailsearch.contracts.messages import ErrorOutput
from trailsearch.contracts.times import to_milliseconds
from trailsearch.search import Backend
from trailsearch.search.queries import SearchDomain as AskedDomain
from trailsearch.search.queries import SearchError, SearchNotAllowed
from trailsearch.workflow.dead_letters import reason_of

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import (
        MetricAlarmTypeDef,
        MetricDataQueryTypeDef,
        MetricDataResultTypeDef,
    )
    from mypy_boto3_pipes import EventBridgePipesClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.literals import ExecutionStatusType
    from mypy_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef, ExecutionListItemTypeDef

_FAILED: tuple["ExecutionStatusType", ...] = ("FAILED", "TIMED_OUT", "ABORTED")
_STATUSES: tuple["ExecutionStatusType", ...] = ("RUNNING", "SUCCEEDED", *_FAILED)
_LAST = 10
_LAST_FAILED = 3
_STEPS = ("fetch-logs", "split-records", "index-batch")
# What terraform/alarms.tf puts after the prefix. Any alarm with the prefix may be that of another environment:
# dev-eu beside dev.
ALARM_NAMES = frozenset(
    {
        "audit-altered",
        "audit-failed",
        "audit-gap",
        "audit-not-healed",
        "audit-silent",
        "backfill-failed",
        "dead-letters",
        "domain-errors",
        "domain-key",
        "domain-memory",
        "domain-nearly-full",
        "domain-red",
        "domain-rejects-writes",
        "domain-server-errors",
        "domain-shards",
        "domain-throttling",
        "domain-writes-blocked",
        "domain-yellow",
        "executions-failed",
        "lag",
        "oldest-message",
        "pipe-failing",
        "pipe-stopped",
        "retention-failed",
        "undelivered-failed-executions",
        *(f"{step}-{what}" for step in _STEPS for what in ("errors", "throttles")),
    }
)
# Each of these is one alarm, or where there are several buckets or topics, one for each.
ALARM_NAMES_OF_SOURCES = ("no-logs", "only-ignored", "undelivered-notifications")
_ALARM_OF_A_SOURCE = re.compile(rf"(?:{'|'.join(ALARM_NAMES_OF_SOURCES)})(?:-in-.+|-on-.+)?")
# What the function of the audit measures (functions/audit_logs.py), by the fields of ``Audit``.
AUDIT_METRICS: Mapping[str, str] = {
    "logs_signed": "LogsSigned",
    "logs_indexed": "LogsIndexedUnaltered",
    "logs_missing": "LogsMissing",
    "logs_healed": "LogsHealed",
    "logs_not_healed": "LogsNotHealed",
    "logs_altered": "LogsAltered",
    "digests_altered": "DigestsAltered",
    "digest_gaps": "DigestGaps",
    "not_validated": "NotValidated",
}
# Newest values that are older say nothing about now.
_STALE = timedelta(minutes=15)
_DAY = timedelta(days=1)
# OpenSearch Service keeps its metrics for two weeks:
# https://docs.aws.amazon.com/opensearch-service/latest/developerguide/managedomains-cloudwatchmetrics.html
GROWTH_DAYS = 14

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Clients(NamedTuple):
    """The clients of AWS that are asked. They are made one after the other: making them is not thread-safe."""

    sqs: "SQSClient"
    pipes: "EventBridgePipesClient"
    stepfunctions: "SFNClient"
    cloudwatch: "CloudWatchClient"


def make_clients() -> Clients:
    """Make the clients, for the account and Region of the AWS credentials in use."""
    return Clients(
        aws.sqs(aws.IMPATIENT),
        aws.pipes(aws.IMPATIENT),
        aws.stepfunctions(aws.IMPATIENT),
        aws.cloudwatch(aws.IMPATIENT),
    )


def observe(environment: Environment, clients: Clients) -> PipelineStatus:
    """Ask for everything at once. What cannot be read is ``Unreadable``, and says why.

    Raises:
        EnvironmentNotFound: AWS cannot be asked at all: no Region, no credentials, or they have expired.
    """
    state_machine_arn = environment.state_machine_arn()
    now = datetime.now(UTC)
    with ThreadPoolExecutor() as pool:
        ingest_queue = pool.submit(_tried, read_queue, clients.sqs, environment.ingest_queue_name)
        dead_letter_queue = pool.submit(_tried, read_queue, clients.sqs, environment.dead_letter_queue_name)
        pipe = pool.submit(_tried, read_pipe, clients.pipes, environment.pipe_name)
        executions = pool.submit(_tried, read_executions, clients.stepfunctions, state_machine_arn, now)
        metrics = pool.submit(
            _tried, read_metrics, clients.cloudwatch, environment, state_machine_arn.split(":")[4], now
        )
        growth = pool.submit(
            _tried, read_growth, clients.cloudwatch, environment, state_machine_arn.split(":")[4], now
        )
        search_domain = pool.submit(_tried, read_search_domain, environment)
        alarms = pool.submit(_tried, read_alarms, clients.cloudwatch, environment.prefix)
        audit = pool.submit(_tried, read_audit, clients.cloudwatch, environment, now)
    return PipelineStatus(
        environment=environment.environment,
        ingest_queue=ingest_queue.result(),
        dead_letter_queue=dead_letter_queue.result(),
        pipe=pipe.result(),
        executions=executions.result(),
        metrics=metrics.result(),
        search_domain=search_domain.result(),
        growth=growth.result(),
        alarms=alarms.result(),
        audit=audit.result(),
    )


def _tried(read: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T | Unreadable:
    try:
        return read(*args, **kwargs)
    except (BotoCoreError, ClientError, SearchError) as error:
        return Unreadable(str(error), is_no_queue(error))


def read_queue(sqs: "SQSClient", name: str) -> Queue:
    """Count the messages of a queue."""
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    attributes = sqs.get_queue_attributes(
        QueueUrl=url,
        AttributeNames=[
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ],
    )["Attributes"]
    return Queue(
        int(attributes["ApproximateNumberOfMessages"]),
        int(attributes["ApproximateNumberOfMessagesNotVisible"]),
        int(attributes["ApproximateNumberOfMessagesDelayed"]),
    )


def read_pipe(pipes: "EventBridgePipesClient", name: str) -> Pipe:
    """Ask for the state of the Pipe."""
    described = pipes.describe_pipe(Name=name)
    return Pipe(described["CurrentState"], described["DesiredState"], described.get("StateReason"))


def read_executions(stepfunctions: "SFNClient", state_machine_arn: str, now: datetime) -> Executions:
    """List executions by status, so that failures are found among however many that succeeded.

    At most 1,000 of each status are counted. The last ten are described, and the last three that failed.
    """

    def listed(status: "ExecutionStatusType") -> list["ExecutionListItemTypeDef"]:
        answer = stepfunctions.list_executions(
            stateMachineArn=state_machine_arn, statusFilter=status, maxResults=MAX_LISTED
        )
        return answer["executions"]

    with ThreadPoolExecutor() as pool:
        found = [each for executions in pool.map(listed, _STATUSES) for each in executions]
        found.sort(key=lambda each: each["startDate"], reverse=True)
        counted = [each for each in found if each.get("stopDate", now) >= now - HOUR]
        failed = [each for each in counted if each["status"] in _FAILED][:_LAST_FAILED]
        shown = [each["executionArn"] for at, each in enumerate(found) if at < _LAST or each in failed]
        described = pool.map(lambda arn: stepfunctions.describe_execution(executionArn=arn), shown)
    return Executions(Counter(each["status"] for each in counted), tuple(map(execution, described)))


class _Batches(msgspec.Struct):
    documents: tuple[int, ...]


class _Output(msgspec.Struct):
    batches: _Batches


def execution(described: "DescribeExecutionOutputTypeDef") -> Execution:
    """Tell of an execution, as Step Functions describes it, what a list of executions shows."""
    status, started, stopped = described["status"], described["startDate"], described.get("stopDate")
    failed = status in _FAILED
    error = ErrorOutput(described.get("error") or status, described.get("cause") or "")
    try:
        messages = len(msgspec.json.decode(described.get("input", ""), type=list[msgspec.Raw]))
    except msgspec.DecodeError:  # Somebody started it by hand, with something else.
        messages = None
    try:
        events = sum(msgspec.json.decode(described.get("output", ""), type=_Output).batches.documents)
    except msgspec.DecodeError:  # It has none, because it goes on or failed or handed its messages on.
        events = None
    return Execution(
        name=described["executionArn"].rpartition(":")[2],
        status=status,
        started_at=to_milliseconds(started),
        seconds=(stopped - started).total_seconds() if stopped else None,
        messages=messages,
        events=events,
        error=error.error if failed else None,
        cause=reason_of(error) if failed else None,
    )


def read_search_domain(environment: Environment) -> SearchDomain:
    """Ask for the state of the search domain, and count its documents by a search."""
    backend, status, _ = environment.find_search_domain(aws.IMPATIENT)
    return SearchDomain(
        documents=_tried(count_documents, backend.domain(status.endpoint, aws.IMPATIENT))
        if status.endpoint
        else Unreadable("It is still being created"),
        instance_type=status.instance_type,
        instance_count=status.instance_count,
        partition_count=status.partition_count,
        processing=status.processing,
        requires_index_documents=status.requires_index_documents,
        volume_gib=status.volume_gib,
    )


def count_documents(domain: AskedDomain) -> int | None:
    """Count the documents of a search domain; None where these credentials may not search."""
    try:
        return domain.count()
    except SearchNotAllowed:
        return None


def alarms_of(cloudwatch: "CloudWatchClient", prefix: str) -> dict[str, "MetricAlarmTypeDef"]:
    """Give the environment's alarms by their names after the prefix, and none of one whose name begins with that of this."""
    pages = cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=f"{prefix}-", AlarmTypes=["MetricAlarm"]
    )
    return {
        name: alarm
        for page in pages
        for alarm in page["MetricAlarms"]
        if (name := alarm["AlarmName"].removeprefix(f"{prefix}-")) in ALARM_NAMES
        or _ALARM_OF_A_SOURCE.fullmatch(name)
    }


def read_alarms(cloudwatch: "CloudWatchClient", prefix: str) -> Alarms:
    """Count the environment's alarms, and name those that ring."""
    alarms = alarms_of(cloudwatch, prefix)
    thresholds = {name: alarm.get("Threshold") for name, alarm in alarms.items()}
    return Alarms(
        count=len(alarms),
        ringing=tuple(
            sorted(alarm["AlarmName"] for alarm in alarms.values() if alarm["StateValue"] == "ALARM")
        ),
        oldest_message_seconds=thresholds.get("oldest-message"),
        lag_seconds=thresholds.get("lag"),
    )


def read_metrics(
    cloudwatch: "CloudWatchClient", environment: Environment, account: str, now: datetime
) -> Metrics:
    """Ask CloudWatch for the last hour."""
    # CloudWatch's periods begin at the start time, in whole minutes: this is one period of an hour.
    start = now.replace(second=0, microsecond=0) - HOUR + timedelta(minutes=1)
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=metric_queries(environment, account),
        StartTime=start,
        EndTime=start + HOUR,
        ScanBy="TimestampDescending",
    )
    return metrics_of(answer["MetricDataResults"], now)


def read_growth(
    cloudwatch: "CloudWatchClient", environment: Environment, account: str, now: datetime
) -> Growth:
    """Ask CloudWatch how the search domain has grown in the last two weeks."""
    end = now.replace(minute=0, second=0, microsecond=0) + HOUR
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=growth_queries(environment, account),
        StartTime=end - timedelta(days=GROWTH_DAYS) - HOUR,
        EndTime=end,
        ScanBy="TimestampDescending",
    )
    return growth_of(answer["MetricDataResults"])


def read_audit(cloudwatch: "CloudWatchClient", environment: Environment, now: datetime) -> Audit | None:
    """Ask CloudWatch what the latest hourly audit of a day has found; None, if there was none."""
    auditing = {"service": "audit_logs", "environment": environment.environment}
    end = now.replace(minute=0, second=0, microsecond=0) + HOUR
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[
            _query(name, "Trailsearch", metric, auditing, "Maximum", HOUR)
            for name, metric in AUDIT_METRICS.items()
        ],
        StartTime=end - _DAY,
        EndTime=end,
        ScanBy="TimestampDescending",
    )
    return audit_of(answer["MetricDataResults"])


def audit_of(results: Iterable["MetricDataResultTypeDef"]) -> Audit | None:
    """Read the answer for ``AUDIT_METRICS``: the values of the newest hour that has any."""
    values = {
        result["Id"]: dict(zip(result["Timestamps"], result["Values"], strict=True)) for result in results
    }
    newest = max((time for found in values.values() for time in found), default=None)
    if newest is None:
        return None
    counts = {name: int(found.get(newest, 0)) for name, found in values.items()}
    return Audit(
        measured_at=newest.astimezone(UTC).isoformat(timespec="minutes").replace("+00:00", "Z"), **counts
    )


def growth_queries(environment: Environment, account: str) -> list["MetricDataQueryTypeDef"]:
    """Say what to ask CloudWatch for, hour by hour: where a day begins for CloudWatch does not matter then."""
    domain = {"ClientId": account, "DomainName": environment.search_domain_name}
    deleting = {"service": "delete_expired", "environment": environment.environment}
    asked = {
        "free_storage_mib": (Backend.OPENSEARCH, "free_storage_mib"),
        "documents": (Backend.CLOUDSEARCH, "searchable_documents"),
    }
    return [
        *(
            _query(name, NAMESPACES[backend], metric.metric, domain, metric.stat, HOUR)
            for name, (backend, key) in asked.items()
            for metric in [SEARCH_METRICS[backend][key]]
        ),
        _query("events_deleted", "Trailsearch", "EventsDeleted", deleting, "Sum", HOUR),
    ]


def growth_of(results: Iterable["MetricDataResultTypeDef"]) -> Growth:
    """Read the answer to ``growth_queries``: of each metric the newest value, and those that are whole days older."""
    values = {
        result["Id"]: dict(zip(result["Timestamps"], result["Values"], strict=True)) for result in results
    }

    def daily(name: str) -> tuple[tuple[int, float], ...]:
        found = values.get(name, {})
        newest = max(found, default=None)
        if newest is None:
            return ()
        days = ((ago, found.get(newest - ago * _DAY)) for ago in range(GROWTH_DAYS + 1))
        return tuple((ago, value) for ago, value in days if value is not None)

    deleted = values.get("events_deleted", {})
    return Growth(
        free_storage_mib=daily("free_storage_mib"),
        documents=daily("documents"),
        events_deleted=sum(deleted.values()) if deleted else None,
    )


def metric_queries(environment: Environment, account: str) -> list["MetricDataQueryTypeDef"]:
    """Say what to ask CloudWatch for. The functions' own metrics are those of ``telemetry``."""
    indexing = {"service": "index_batch", "environment": environment.environment}
    fetching = {"service": "fetch_logs", "environment": environment.environment}
    domain = {"ClientId": account, "DomainName": environment.search_domain_name}
    age = "ApproximateAgeOfOldestMessage"
    return [
        _query("ingest_age", "AWS/SQS", age, {"QueueName": environment.ingest_queue_name}, "Maximum"),
        _query(
            "dead_letter_age", "AWS/SQS", age, {"QueueName": environment.dead_letter_queue_name}, "Maximum"
        ),
        *(
            _query(f"{backend}_{name}", NAMESPACES[backend], each.metric, domain, each.stat, each.period)
            for backend, metrics in SEARCH_METRICS.items()
            for name, each in metrics.items()
        ),
        _query("events", "Trailsearch", "EventsIndexed", indexing, "Sum", HOUR),
        _query("objects_ignored", "Trailsearch", "ObjectsIgnored", fetching, "Sum", HOUR),
        _query("messages_ignored", "Trailsearch", "MessagesIgnored", fetching, "Sum", HOUR),
        *(
            _query(f"{name}_{stat}", "Trailsearch", metric, indexing, stat, HOUR)
            for name, metric in (("delivery", "IndexingLagFromDelivery"), ("event", "IndexingLagFromEvent"))
            for stat in ("p50", "p99")
        ),
    ]


def _query(
    name: str,
    namespace: str,
    metric: str,
    dimensions: Mapping[str, str],
    stat: str,
    period: timedelta = MINUTE,
) -> "MetricDataQueryTypeDef":
    return {
        "Id": name,
        "MetricStat": {
            "Metric": {
                "Namespace": namespace,
                "MetricName": metric,
                "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
            },
            "Stat": stat,
            "Period": int(period.total_seconds()),
        },
    }


def metrics_of(results: Iterable["MetricDataResultTypeDef"], now: datetime) -> Metrics:
    """Read the answer to ``metric_queries``: of each metric the newest value, unless it is stale."""
    values = {
        result["Id"]: list(zip(result["Timestamps"], result["Values"], strict=True)) for result in results
    }

    def newest(name: str, max_age: timedelta = HOUR) -> float | None:
        return next((value for time, value in values.get(name, []) if now - time <= max_age), None)

    def documents() -> float | None:
        found = (newest(f"{backend}_searchable_documents") for backend in Backend)
        return next((number for number in found if number is not None), None)

    def of_cloudsearch(name: str) -> float | None:
        return newest(f"{Backend.CLOUDSEARCH}_{name}")

    # How it is now: what was wrong an hour ago may be well again.
    def of_opensearch(name: str) -> float | None:
        return newest(f"{Backend.OPENSEARCH}_{name}", _STALE)

    # A counter since the nodes were started, and from 0 again when one is replaced.
    def grown(name: str) -> float | None:
        recent = [value for time, value in values.get(name, []) if now - time <= _STALE]
        return max(0.0, recent[0] - recent[-1]) if recent else None

    def lag(name: str) -> Percentiles | None:
        p50, p99 = newest(f"{name}_p50"), newest(f"{name}_p99")
        return None if p50 is None or p99 is None else Percentiles(p50, p99)

    return Metrics(
        oldest_in_ingest_queue=newest("ingest_age", _STALE),
        oldest_in_dead_letter_queue=newest("dead_letter_age", _STALE),
        events_indexed=newest("events"),
        objects_ignored=newest("objects_ignored"),
        messages_ignored=newest("messages_ignored"),
        lag_from_delivery=lag("delivery"),
        lag_from_event=lag("event"),
        searchable_documents=documents(),
        index_utilization=of_cloudsearch("index_utilization"),
        cluster_red=of_opensearch("cluster_red"),
        cluster_yellow=of_opensearch("cluster_yellow"),
        writes_blocked=of_opensearch("writes_blocked"),
        free_storage_mib=of_opensearch("free_storage_mib"),
        memory_pressure=of_opensearch("memory_pressure"),
        active_shards=of_opensearch("active_shards"),
        writes_rejected=grown(f"{Backend.OPENSEARCH}_writes_rejected"),
        domain_requests=newest(f"{Backend.OPENSEARCH}_domain_requests"),
        domain_errors=newest(f"{Backend.OPENSEARCH}_domain_errors"),
        key_errors=of_opensearch("key_errors"),
        key_inaccessible=of_opensearch("key_inaccessible"),
    )

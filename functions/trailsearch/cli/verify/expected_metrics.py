"""Which metrics have data, and when: the names and dimensions that AWS's services and the functions have for them.

What has to have data after a log was indexed, one was dead-lettered and an execution was aborted, AWS says in part only; of
what it does not say, no data is no fault.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum, auto
from typing import Final, NamedTuple

from trailsearch.contracts import errors
from trailsearch.contracts.errors import TrailsearchError

Dimensions = frozenset[tuple[str, str]]


class Metric(NamedTuple):
    """A metric of CloudWatch."""

    namespace: str
    name: str
    dimensions: Dimensions

    def __str__(self) -> str:
        return f"{self.namespace} {self.name} {shown(self.dimensions)}"


class When(Enum):
    """When a metric has data."""

    RUN = auto()
    """This run gives it some, or the service measures it every minute."""
    TROUBLE = auto()
    """Only when something goes wrong, or AWS does not say whether it is 0 when nothing does."""


class _Namespace(NamedTuple):
    """Whose metrics these are: the names of the dimensions, in the sets that there may be, and when each has data."""

    dimensions: frozenset[frozenset[str]]
    metrics: Mapping[str, When]


def _namespace(dimensions: Iterable[Iterable[str]], run: str, trouble: str = "") -> _Namespace:
    metrics = dict.fromkeys(run.split(), When.RUN) | dict.fromkeys(trouble.split(), When.TROUBLE)
    return _Namespace(frozenset(map(frozenset, dimensions)), metrics)


_NAMESPACES: Final[Mapping[str, _Namespace]] = {
    # "Reported if the queue is active", but for the last two: while a message waits, or is in flight, which those of a run
    # may not be when SQS looks. A queue that was not may take 15 minutes.
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/monitoring-using-cloudwatch.html
    "AWS/SQS": _namespace(
        [["QueueName"]],
        "NumberOfMessagesSent NumberOfMessagesReceived NumberOfMessagesDeleted ApproximateNumberOfMessagesVisible",
        "ApproximateAgeOfOldestMessage ApproximateNumberOfMessagesNotVisible",
    ),
    # "This value will be 0 if no executions failed", but "it might not be delivered at all". For ExecutionThrottled and
    # Invocations the page has "AwsAccountId, PipeName": each, or both together.
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-monitoring.html
    "AWS/EventBridge/Pipes": _namespace(
        [["PipeName"], ["AwsAccountId", "PipeName"]],
        "Invocations",
        "ExecutionFailed ExecutionTimeout ExecutionThrottled ExecutionPartiallyFailed",
    ),
    # https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
    "AWS/States": _namespace(
        [["StateMachineArn"]], "ExecutionsSucceeded ExecutionsFailed ExecutionsAborted", "ExecutionsTimedOut"
    ),
    # "If the function returns an error, then Lambda sends the Errors metric with a value of 1": whether it sends 0 else,
    # it does not say. https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    "AWS/Lambda": _namespace([["FunctionName"]], "Invocations Duration", "Errors Throttles"),
    # https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
    "AWS/SNS": _namespace(
        [["TopicName"]], "NumberOfMessagesPublished", "NumberOfNotificationsFailedToRedriveToDlq"
    ),
    # "EventBridge only sends this metric to CloudWatch if it isn't zero."
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
    "AWS/Events": _namespace([["RuleName"]], "", "FailedInvocations"),
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html
    "AWS/Scheduler": _namespace([["ScheduleGroup"]], "", "InvocationDroppedCount"),
    # "At one-minute intervals".
    # https://docs.aws.amazon.com/cloudsearch/latest/developerguide/cloudwatch-monitoring.html
    "AWS/CloudSearch": _namespace(
        [["ClientId", "DomainName"]], "SearchableDocuments IndexUtilization Partitions SuccessfulRequests"
    ),
    # "Most metrics in 60-second intervals"; those of the key "only appear if a domain encounters a problem with its
    # encryption key"; answers of a kind that there were none of may be missing.
    # https://docs.aws.amazon.com/opensearch-service/latest/developerguide/managedomains-cloudwatchmetrics.html
    # https://docs.aws.amazon.com/opensearch-service/latest/developerguide/cloudwatch-alarms.html
    "AWS/ES": _namespace(
        [["ClientId", "DomainName"]],
        "SearchableDocuments ClusterStatus.red ClusterStatus.yellow ClusterIndexWritesBlocked FreeStorageSpace"
        " JVMMemoryPressure ThreadpoolWriteRejected OpenSearchRequests Shards.active",
        "5xx KMSKeyError KMSKeyInaccessible",
    ),
}
# What the functions measure (functions/trailsearch/aws/telemetry.py), each under its name, and their errors.
OWN: Final = "Trailsearch"
_OWN_DIMENSIONS: Final = frozenset({"service", "environment"})
_MEASURED: Final[Mapping[str, frozenset[str]]] = {
    "fetch_logs": frozenset({"LogsFetched", "RecordsFetched"}),
    "split_records": frozenset(),
    "index_batch": frozenset(
        {
            "EventsIndexed",
            "BatchesIndexed",
            "BytesIndexed",
            "DocumentsRefused",
            "IndexingLagFromEvent",
            "IndexingLagFromDelivery",
        }
    ),
}
_SELDOM_MEASURED: Final = frozenset(
    {
        # Of the audit.
        "DigestGaps",
        "DigestsAltered",
        "DigestsValid",
        "EventsDeleted",
        "LogsAltered",
        "LogsNotHealed",
        "MessagesIgnored",
        "MessagesTakenApart",
        "ObjectsIgnored",
        *(
            name
            for name, each in vars(errors).items()
            if isinstance(each, type) and issubclass(each, TrailsearchError)
        ),
    }
)


class Used(NamedTuple):
    """What the run has used, beyond what every run does: names of topics and buckets. ``since`` is when it began."""

    since: datetime
    topics: frozenset[str]
    buckets: frozenset[str]
    complete: bool = True
    """Whether the run has done all that gives metrics data."""


def when_of(metric: Metric, prefix: str, used: Used) -> When | str:
    """Tell when a metric has data, or what is wrong with its name."""
    dimensions = dict(metric.dimensions)
    if metric.namespace == OWN:
        return _when_of_own(metric, dimensions, prefix, used)
    if not (known := _NAMESPACES.get(metric.namespace)):
        return f"no namespace {metric.namespace} is known to have metrics of Trailsearch"
    if metric.name not in known.metrics:
        return f"{metric.namespace} has no metric {metric.name}"
    if frozenset(dimensions) not in known.dimensions:
        sets = " or ".join("{" + ", ".join(sorted(each)) + "}" for each in sorted(known.dimensions, key=len))
        return f"{metric.namespace} has {sets} as dimensions, not {shown(metric.dimensions)}"
    return known.metrics[metric.name] if _is_used(dimensions, prefix, used) else When.TROUBLE


def _is_used(dimensions: Mapping[str, str], prefix: str, used: Used) -> bool:
    """Whether the run uses what has these dimensions. It leaves out retention and backfill, and topics of others."""
    for name, value in dimensions.items():
        if name == "StateMachineArn" and not value.endswith(f":{prefix}-index-logs"):
            return False
        if name == "FunctionName" and value.removeprefix(f"{prefix}-").replace("-", "_") not in _MEASURED:
            return False
        if name == "TopicName" and value not in used.topics:
            return False
    return True


def _when_of_own(metric: Metric, dimensions: Mapping[str, str], prefix: str, used: Used) -> When | str:
    environment = prefix.removeprefix("trailsearch-")
    if not dimensions.keys() >= _OWN_DIMENSIONS or dimensions["environment"] != environment:
        return f"the functions measure {metric.name} by service and environment, not by {shown(metric.dimensions)}"
    if metric.name in _MEASURED.get(dimensions["service"], ()):
        others = {value for name, value in dimensions.items() if name not in _OWN_DIMENSIONS}
        return When.RUN if others <= used.buckets else When.TROUBLE
    if metric.name in _SELDOM_MEASURED:
        return When.TROUBLE
    return f"{dimensions['service']} measures no {metric.name}"


def shown(dimensions: Dimensions) -> str:
    """Write dimensions for a person."""
    return "{" + ", ".join(f"{name}={value}" for name, value in sorted(dimensions)) + "}"

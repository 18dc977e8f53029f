"""What AWS's services measure of themselves, which moto's do not: queues, topics, executions, functions, pipes, search domains.

Counted by the minute, as the services do it:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html,
https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html,
https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html,
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-monitoring.html,
https://docs.aws.amazon.com/opensearch-service/latest/developerguide/managedomains-cloudwatchmetrics.html,
https://docs.aws.amazon.com/cloudsearch/latest/developerguide/cloudwatch-monitoring.html.
A search domain here is always well: of its state, the values are those of one that has little to do.
"""

import functools
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from moto.cloudwatch.models import MetricAggregatedDatum
from moto.core.common_models import CloudWatchMetricProvider
from moto.core.utils import unix_time_millis, utcnow
from moto.opensearch.models import opensearch_backends
from moto.sns.models import Topic
from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication

from ...patching import replace

_ENDED = {
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}
_FREE_MIB_OF_A_GIB = 900.0
_MEMORY_PRESSURE = 40.0


class Metric(NamedTuple):
    """A metric of one account and Region, in one minute."""

    account_id: str
    region: str
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    minute: datetime


# A namespace, a name, dimensions and a value.
Measured = tuple[str, str, tuple[tuple[str, str], ...], float]

_measured_now: list[Callable[[str, str], Iterable[Measured]]] = []
# How often it was measured, and the sum.
_counted: dict[Metric, tuple[int, float]] = {}
_lock = threading.Lock()


def close_gaps() -> None:
    """Count what queues, topics and state machines do. Functions and pipes are ours, and count by themselves."""
    replace(SQSBackend, "send_message", _counting_sent(SQSBackend.send_message))
    replace(SQSBackend, "receive_message", _counting_received(SQSBackend.receive_message))
    replace(Queue, "delete_message", _counting_deleted(Queue.delete_message))
    replace(Topic, "publish", _counting_published(Topic.publish))
    replace(
        BaseExecutionWorkerCommunication,
        "terminated",
        _counting_ended(BaseExecutionWorkerCommunication.terminated),
    )


def count(arn: str, namespace: str, name: str, dimension: str, value: str, number: float = 1) -> None:
    """Count what a service measures of something, in the account and Region of its ARN."""
    _, _, _, region, account_id, *_ = arn.split(":")
    minute = utcnow().replace(second=0, microsecond=0)
    metric = Metric(account_id, region, namespace, name, ((dimension, value),), minute)
    with _lock:
        times, total = _counted.get(metric, (0, 0.0))
        _counted[metric] = (times + 1, total + number)


def measured_by(measure: Callable[[str, str], Iterable[Measured]]) -> None:
    """Take a service's own measure, which is asked for an account and a Region."""
    _measured_now.append(measure)


class ServiceMetrics(CloudWatchMetricProvider):
    """moto's CloudWatch asks every such class that there is."""

    @staticmethod
    def get_cloudwatch_metrics(account_id: str, region: str) -> list[MetricAggregatedDatum]:
        """Give what was counted, and what queues and search domains are like now."""
        with _lock:
            counted = [
                (metric, *measured)
                for metric, measured in _counted.items()
                if (metric.account_id, metric.region) == (account_id, region)
            ]
        return [
            *(
                _datum(metric.namespace, metric.name, metric.dimensions, metric.minute, total, times)
                for metric, times, total in counted
            ),
            *_of_queues(account_id, region),
            *_of_opensearch_domains(account_id, region),
            *(
                _datum(namespace, name, dimensions, utcnow(), value)
                for measure in _measured_now
                for namespace, name, dimensions, value in measure(account_id, region)
            ),
        ]


def _of_queues(account_id: str, region: str) -> Iterator[MetricAggregatedDatum]:
    for queue in list(sqs_backends[account_id][region].queues.values()):
        now = utcnow()
        values = {
            "ApproximateNumberOfMessagesVisible": float(len(queue.messages)),
            "ApproximateNumberOfMessagesNotVisible": float(queue.approximate_number_of_messages_not_visible),
        }
        if sent := [message.sent_timestamp or 0 for message in queue.messages]:
            values["ApproximateAgeOfOldestMessage"] = unix_time_millis() / 1000 - min(sent) / 1000
        for name, value in values.items():
            yield _datum("AWS/SQS", name, (("QueueName", queue.name),), now, value)


def _of_opensearch_domains(account_id: str, region: str) -> Iterator[MetricAggregatedDatum]:
    for domain in list(opensearch_backends[account_id][region].domains.values()):
        dimensions = (("ClientId", account_id), ("DomainName", domain.domain_name))
        for name, value in (
            ("ClusterStatus.green", 1),
            ("ClusterStatus.yellow", 0),
            ("ClusterStatus.red", 0),
            ("ClusterIndexWritesBlocked", 0),
            ("FreeStorageSpace", _FREE_MIB_OF_A_GIB * domain.ebs_options.get("VolumeSize", 0)),
            ("JVMMemoryPressure", _MEMORY_PRESSURE),
            ("ThreadpoolWriteRejected", 0),
            ("OpenSearchRequests", 1),
            ("Shards.active", 1),
            ("5xx", 0),
        ):
            yield _datum("AWS/ES", name, dimensions, utcnow(), value)


def _datum(
    namespace: str,
    name: str,
    dimensions: tuple[tuple[str, str], ...],
    time: datetime,
    total: float,
    times: int = 1,
) -> MetricAggregatedDatum:
    mean = total / times
    pairs = [{"Name": key, "Value": value} for key, value in dimensions]
    return MetricAggregatedDatum(namespace, name, mean, mean, times, total, pairs, time)


def _counting_sent(send_message: Callable[..., Message]) -> Callable[..., Message]:
    """Not what SQS moves to a dead-letter queue: AWS does not count that as sent either."""

    @functools.wraps(send_message)
    def send(self: SQSBackend, queue_name: str, *args: Any, **kwargs: Any) -> Message:
        message = send_message(self, queue_name, *args, **kwargs)
        _count_of_queue(self.get_queue(queue_name), "NumberOfMessagesSent", 1)
        return message

    return send


def _counting_received(receive_message: Callable[..., list[Message]]) -> Callable[..., list[Message]]:
    @functools.wraps(receive_message)
    def receive(self: SQSBackend, queue_name: str, *args: Any, **kwargs: Any) -> list[Message]:
        messages = receive_message(self, queue_name, *args, **kwargs)
        if messages:
            _count_of_queue(self.get_queue(queue_name), "NumberOfMessagesReceived", len(messages))
        return messages

    return receive


def _counting_deleted(delete_message: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(delete_message)
    def delete(self: Queue, receipt_handle: str) -> None:
        delete_message(self, receipt_handle)
        _count_of_queue(self, "NumberOfMessagesDeleted", 1)

    return delete


def _count_of_queue(queue: Queue, name: str, number: int) -> None:
    count(queue.queue_arn, "AWS/SQS", name, "QueueName", queue.name, number)


def _counting_published(publish: Callable[..., str]) -> Callable[..., str]:
    @functools.wraps(publish)
    def publish_and_count(self: Topic, *args: Any, **kwargs: Any) -> str:
        message_id = publish(self, *args, **kwargs)
        count(self.arn, "AWS/SNS", "NumberOfMessagesPublished", "TopicName", self.name)
        return message_id

    return publish_and_count


def _counting_ended(terminated: Callable[[Any], None]) -> Callable[[Any], None]:
    @functools.wraps(terminated)
    def terminated_and_counted(self: Any) -> None:
        terminated(self)
        execution = self.execution
        machine = execution.state_machine_arn
        name = _ENDED[execution.exec_status.value]
        count(machine, "AWS/States", name, "StateMachineArn", machine)

    return terminated_and_counted

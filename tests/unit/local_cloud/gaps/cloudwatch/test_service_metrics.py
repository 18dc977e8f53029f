"""What services measure of themselves is in CloudWatch, under AWS's names and dimensions."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.unit.local_cloud.conftest import Client
from tests.unit.local_cloud.waiting import becomes_true

NAMES = "cloudwatch-metrics"


def measured(
    cloudwatch: Any, namespace: str, name: str, dimensions: dict[str, str], stat: str
) -> list[float]:
    now = datetime.now(UTC)
    metric = {
        "Namespace": namespace,
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
    }
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[{"Id": "m", "MetricStat": {"Metric": metric, "Stat": stat, "Period": 3600}}],
        StartTime=now - timedelta(minutes=59),
        EndTime=now + timedelta(minutes=1),
    )
    values: list[float] = answer["MetricDataResults"][0]["Values"]
    return values


def test_what_passes_through_a_topic_and_a_queue_is_counted(client: Client) -> None:
    sns, sqs, cloudwatch = client("sns"), client("sqs"), client("cloudwatch")
    url = sqs.create_queue(QueueName=NAMES)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name=NAMES)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    queue = {"QueueName": NAMES}
    assert measured(cloudwatch, "AWS/SQS", "NumberOfMessagesSent", queue, "Sum") == []
    for _ in range(3):
        sns.publish(TopicArn=topic, Message="hello")
    (message,) = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert measured(cloudwatch, "AWS/SNS", "NumberOfMessagesPublished", {"TopicName": NAMES}, "Sum") == [3]
    for name, number in (("Sent", 3), ("Received", 1), ("Deleted", 1)):
        assert measured(cloudwatch, "AWS/SQS", f"NumberOfMessages{name}", queue, "Sum") == [number]
    waiting = measured(cloudwatch, "AWS/SQS", "ApproximateNumberOfMessagesVisible", queue, "Maximum")
    assert waiting == [2]


def test_executions_are_counted_by_how_they_end(client: Client) -> None:
    stepfunctions, cloudwatch = client("stepfunctions"), client("cloudwatch")
    definition = {"StartAt": "Fail", "States": {"Fail": {"Type": "Fail"}}}
    machine = stepfunctions.create_state_machine(
        name=NAMES, definition=json.dumps(definition), roleArn="arn:aws:iam::123456789012:role/r"
    )["stateMachineArn"]
    for _ in range(2):
        stepfunctions.start_execution(stateMachineArn=machine)
    of_machine = {"StateMachineArn": machine}
    assert becomes_true(
        lambda: measured(cloudwatch, "AWS/States", "ExecutionsFailed", of_machine, "Sum") == [2]
    )
    assert measured(cloudwatch, "AWS/States", "ExecutionsAborted", of_machine, "Sum") == []


def test_a_search_domain_is_measured_all_the_time(client: Client) -> None:
    cloudsearch, cloudwatch = client("cloudsearch"), client("cloudwatch")
    cloudsearch.create_domain(DomainName=NAMES)
    dimensions = {"ClientId": "123456789012", "DomainName": NAMES}
    assert measured(cloudwatch, "AWS/CloudSearch", "Partitions", dimensions, "Maximum") == [1]
    assert measured(cloudwatch, "AWS/CloudSearch", "Partitions", {"DomainName": NAMES}, "Maximum") == []

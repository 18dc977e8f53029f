"""How the logs of a bucket are announced to the ingest queue, and how to announce one in that very way."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from trailsearch.aws import clients
from trailsearch.cli.verify.deployment import Deployment, sns_in
from trailsearch.cli.verify.synthetic_log import SyntheticLog, own_folder

LOG_SUFFIX = ".json.gz"
_TARGETS = {
    "QueueConfigurations": "QueueArn",
    "TopicConfigurations": "TopicArn",
    "LambdaFunctionConfigurations": "LambdaFunctionArn",
}
_CREATIONS = frozenset({"s3:ObjectCreated:*", "s3:ObjectCreated:Put"})
_IN_A_TRAIL = re.compile(r"(?:^|/)AWSLogs/(?:o-[a-z0-9]+/)?\d{12}/CloudTrail/")


class Filter(NamedTuple):
    """What the keys begin and end with that a bucket's notifications are about."""

    prefix: str = ""
    suffix: str = ""

    def folder(self, account: str) -> str | None:
        """Give a folder of synthetic logs that passes, in the layout of a trail; None if there is none."""
        own = own_folder(account)
        if own.startswith(self.prefix):
            return own
        if _IN_A_TRAIL.search(f"{self.prefix.rstrip('/')}/"):
            return f"{self.prefix.rstrip('/')}/{own.rstrip('/').rpartition('/')[2]}/"
        return None if "AWSLogs" in self.prefix else f"{self.prefix.rstrip('/')}/{own}"

    def passes(self, key: str) -> bool:
        """Whether the notifications are about this key."""
        return key.startswith(self.prefix) and key.endswith(self.suffix)

    def ending(self) -> str | None:
        """Give the end of a log's key that passes, if there is one."""
        return LOG_SUFFIX if LOG_SUFFIX.endswith(self.suffix) else None


class Notification(NamedTuple):
    """What S3 tells somebody about new objects of a bucket: whom, by an ARN, and about which keys."""

    target: str
    about: Filter


class Ways(NamedTuple):
    """How the logs of a bucket are announced.

    S3 announces a log ``by_itself``, once for each of these, to the queue or to a topic; ``topics`` are those that
    CloudTrail announces it on. S3 tells ``others`` of it, too. ``unknown`` says why notifications could not be read.
    """

    by_itself: tuple[Filter, ...] = ()
    topics: tuple[str, ...] = ()
    others: tuple[Notification, ...] = ()
    unknown: str | None = None

    def by_itself_about(self, log: SyntheticLog) -> int:
        """Count the messages that S3 sends about a log that is put."""
        return sum(each.passes(log.key) for each in self.by_itself)

    def others_told_of(self, log: SyntheticLog) -> list[str]:
        """Give whom else S3 tells of a log that is put, by their ARNs."""
        return [each.target for each in self.others if each.about.passes(log.key)]


def ways_of(bucket: str, deployment: Deployment) -> Ways:
    """Find out how the logs of a bucket are announced.

    Of a bucket that no trail of this account writes to, any topic may be the one that is not known to be another's.

    Raises:
        BotoCoreError, ClientError: topics and queue cannot be read.
    """
    unknown = None
    notified: tuple[Filter, ...] = ()
    others: tuple[Notification, ...] = ()
    try:
        configuration = clients.s3().get_bucket_notification_configuration(Bucket=bucket)
        targets = {deployment.ingest_queue.arn, *deployment.subscriptions}
        found = tuple(_notifications(dict(configuration)))
        notified = tuple(each.about for each in found if each.target in targets)
        others = tuple(
            Notification(other, each.about)
            for each in found
            for other in _others_behind(each.target, deployment)
        )
    except (BotoCoreError, ClientError) as error:
        unknown = f"its notifications cannot be read: {error}"
        if bucket in deployment.notifying_buckets:
            notified = (Filter(),)
    written_by = _topics_of_trails()
    claimed = {topic for topics in written_by.values() for topic in topics}
    topics = written_by.get(bucket) or (
        [] if notified else [topic for topic in deployment.topics if topic not in claimed]
    )
    return Ways(notified, tuple(topic for topic in topics if topic in deployment.topics), others, unknown)


def _topics_of_trails() -> dict[str, list[str]]:
    try:
        trails = clients.cloudtrail().describe_trails()["trailList"]
    except (BotoCoreError, ClientError):  # It is only asked which topic is whose.
        return {}
    found: dict[str, list[str]] = {}
    for trail in trails:
        if topic := trail.get("SnsTopicARN"):
            found.setdefault(trail["S3BucketName"], []).append(topic)
    return found


def _notifications(configuration: Mapping[str, Any]) -> Iterator[Notification]:
    """Give the notifications about new objects; who reads the events that EventBridge gets is not known here."""
    for kind, target in _TARGETS.items():
        for notification in configuration.get(kind, []):
            if _CREATIONS & set(notification["Events"]):
                rules = notification.get("Filter", {}).get("Key", {}).get("FilterRules", [])
                values = {rule["Name"].lower(): rule["Value"] for rule in rules}
                about = Filter(values.get("prefix", ""), values.get("suffix", ""))
                yield Notification(notification[target], about)


def _others_behind(target: str, deployment: Deployment) -> list[str]:
    """Give whom a notification reaches beside the ingest queue."""
    if target in deployment.subscriptions:
        return other_subscribers(target, deployment)
    return [] if target == deployment.ingest_queue.arn else [target]


def other_subscribers(topic: str, deployment: Deployment) -> list[str]:
    """Give the endpoints that are subscribed to a topic beside the ingest queue, and would get what is published on it.

    Raises:
        BotoCoreError, ClientError: they cannot be read.
    """
    pages = sns_in(topic.split(":")[3]).get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    endpoints = [each["Endpoint"] for page in pages for each in page["Subscriptions"]]
    return [each for each in endpoints if each != deployment.ingest_queue.arn]


def announcement(log: SyntheticLog) -> str:
    """Write what CloudTrail publishes about a log.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/configure-sns-notifications-for-cloudtrail.html
    """
    return json.dumps({"s3Bucket": log.bucket, "s3ObjectKey": [log.key]}, separators=(",", ":"))


def publish(topic: str, log: SyntheticLog) -> None:
    """Announce a log on a topic, as CloudTrail does. Raises BotoCoreError or ClientError where that is refused."""
    sns_in(topic.split(":")[3]).publish(TopicArn=topic, Message=announcement(log))


def send(deployment: Deployment, log: SyntheticLog) -> None:
    """Announce a log to the ingest queue itself. Raises as ``publish`` does."""
    queue = deployment.ingest_queue
    queue.client.send_message(QueueUrl=queue.url, MessageBody=announcement(log))

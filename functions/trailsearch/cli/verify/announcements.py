"""How the logs of a bucket are announced to the ingest queue, and how to announce one in that very way."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from trailsearch.aws import clients
from trailsearch.cli.verify.deployment import Deployment
from trailsearch.cli.verify.synthetic_log import SyntheticLog, own_folder

LOG_SUFFIX = ".json.gz"
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


class Ways(NamedTuple):
    """How the logs of a bucket are announced.

    S3 announces a log ``by_itself``, once for each of these, to the queue or to a topic; ``topics`` are those that
    CloudTrail announces it on. ``unknown`` says why that could not be read.
    """

    by_itself: tuple[Filter, ...] = ()
    topics: tuple[str, ...] = ()
    unknown: str | None = None

    def by_itself_about(self, log: SyntheticLog) -> int:
        """Count the messages that S3 sends about a log that is put."""
        return sum(each.passes(log.key) for each in self.by_itself)


def ways_of(bucket: str, deployment: Deployment) -> Ways:
    """Find out how the logs of a bucket are announced.

    Of a bucket that no trail of this account writes to, any topic may be the one that is not known to be another's.

    Raises:
        BotoCoreError, ClientError: topics and queue cannot be read.
    """
    unknown = None
    notified: tuple[Filter, ...] = ()
    try:
        configuration = clients.s3().get_bucket_notification_configuration(Bucket=bucket)
        notified = tuple(_notifications(dict(configuration), deployment))
    except (BotoCoreError, ClientError) as error:
        unknown = f"its notifications cannot be read: {error}"
        if bucket in deployment.notifying_buckets:
            notified = (Filter(),)
    written_by = _topics_of_trails()
    claimed = {topic for topics in written_by.values() for topic in topics}
    topics = written_by.get(bucket) or (
        [] if notified else [topic for topic in deployment.topics if topic not in claimed]
    )
    return Ways(notified, tuple(topic for topic in topics if topic in deployment.topics), unknown)


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


def _notifications(configuration: Mapping[str, Any], deployment: Deployment) -> Iterator[Filter]:
    """Give the filters of the notifications about new objects that reach the ingest queue."""
    targets = {deployment.ingest_queue.arn, *deployment.subscriptions}
    for kind, target in (("QueueConfigurations", "QueueArn"), ("TopicConfigurations", "TopicArn")):
        for notification in configuration.get(kind, []):
            creations = {"s3:ObjectCreated:*", "s3:ObjectCreated:Put"}
            if notification[target] in targets and creations & set(notification["Events"]):
                rules = notification.get("Filter", {}).get("Key", {}).get("FilterRules", [])
                values = {rule["Name"].lower(): rule["Value"] for rule in rules}
                yield Filter(values.get("prefix", ""), values.get("suffix", ""))


def announcement(log: SyntheticLog) -> str:
    """Write what CloudTrail publishes about a log.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/configure-sns-notifications-for-cloudtrail.html
    """
    return json.dumps({"s3Bucket": log.bucket, "s3ObjectKey": [log.key]}, separators=(",", ":"))


def publish(topic: str, log: SyntheticLog) -> None:
    """Announce a log on a topic, as CloudTrail does. Raises BotoCoreError or ClientError where that is refused."""
    clients.sns(topic.split(":")[3]).publish(TopicArn=topic, Message=announcement(log))


def send(deployment: Deployment, log: SyntheticLog) -> None:
    """Announce a log to the ingest queue itself. Raises as ``publish`` does."""
    queue = deployment.ingest_queue
    queue.client.send_message(QueueUrl=queue.url, MessageBody=announcement(log))

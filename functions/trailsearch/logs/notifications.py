"""What the messages in the ingest queue announce: messages → log references.

Understood, each directly in the queue, through SNS or through SNS with raw message delivery:

* CloudTrail's own notification
  (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/configure-sns-notifications-for-cloudtrail.html)
* S3 event notifications
  (https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html)
* EventBridge "Object Created" events of S3
  (https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html)
* what a backfill announces: as CloudTrail's own notification, with ``"backfill": true`` beside (``announce``)

A topic may be shared with others, whose messages announce no logs. Those that declare what they are, are ignored:

* AWS Config's, by their ``messageType``
  (https://docs.aws.amazon.com/config/latest/developerguide/notifications-for-AWS-Config.html)
* events of EventBridge, by their ``source``: those of GuardDuty, Security Hub, Control Tower, …
  (https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html)
* CloudWatch's of an alarm, by its name and state
  (https://github.com/aws/aws-lambda-go/blob/main/events/testdata/cloudwatch-alarm-sns-payload-single-metric.json)
* Auto Scaling's, by their ``Event``
  (https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-sns-notifications.html)
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from trailsearch.contracts.errors import MessageNotRecognized
from trailsearch.contracts.messages import LogRef

_VALIDATION_MESSAGE = "CloudTrail validation message."
_SHOWN_CHARACTERS = 200
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
_MAX_KEY_BYTES = 1_024
_KEY_TOO_LONG = f"the key of an object has more than {_MAX_KEY_BYTES:,} bytes, which S3 takes none of"

# AWSLogs/[o-organization/]account/CloudTrail[-Insight|…]/…, after any prefix. Region and date folders follow.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
_TRAIL_KEY = re.compile(
    r"(?:^|/)AWSLogs/(?:o-[a-z0-9]+/)?\d{12}/CloudTrail(?P<folder>-[A-Za-z]+)?/.*\.json\.gz$"
)
_DIGEST_FOLDER = re.compile(r"(?:^|/)CloudTrail-Digest/")


class Ignored(StrEnum):
    """Why a message, or an object that it announces, holds no events to index."""

    VALIDATION_MESSAGE = "validation_message"
    TEST_EVENT = "test_event"
    SUBSCRIPTION_CONFIRMATION = "subscription_confirmation"
    DIGEST_FILE = "digest_file"
    OTHER_OBJECT = "other_object"
    OTHER_EVENT = "other_event"
    CONFIG_NOTIFICATION = "config_notification"
    EVENTBRIDGE_EVENT = "eventbridge_event"
    CLOUDWATCH_ALARM = "cloudwatch_alarm"
    AUTO_SCALING_NOTIFICATION = "auto_scaling_notification"


FOREIGN = frozenset(
    {
        Ignored.CONFIG_NOTIFICATION,
        Ignored.EVENTBRIDGE_EVENT,
        Ignored.CLOUDWATCH_ALARM,
        Ignored.AUTO_SCALING_NOTIFICATION,
    }
)
"""What is said of messages that others send to a shared topic."""


class Announcement(msgspec.Struct, frozen=True):
    """What one message announces: the logs to fetch, and what was ignored, counted by reason.

    If entries of the message could not be read, ``not_recognized`` says why, and ``rest`` is the body of a message of
    those entries alone; the others are here. ``other_objects`` are those that were ignored as ``OTHER_OBJECT``, counted by
    bucket.
    """

    logs: tuple[LogRef, ...]
    ignored: Counter[Ignored]
    not_recognized: MessageNotRecognized | None = None
    rest: str = ""
    other_objects: Counter[str] = msgspec.field(default_factory=Counter)


class _Bad(msgspec.Struct, frozen=True):
    """One entry of a message that is not recognized, and why; ``name`` is that of its list, ``beside`` what is beside it."""

    why: str
    entry: Any
    name: str
    beside: dict[str, Any]


class _OtherObject(msgspec.Struct, frozen=True):
    """An object whose key is not that of a CloudTrail log, by its bucket."""

    bucket: str


_Found = LogRef | Ignored | _OtherObject | _Bad


def read_notification(body: str) -> Announcement:
    """Read the body of one message.

    Args:
        body: the text of an SQS message; keys in S3 event notifications are URL-encoded in it.

    Returns:
        The logs in the order announced, each once. All of them are logs of CloudTrail or CloudTrail
        Insights by their key, except that CloudTrail's own notification is believed for any key that is
        no digest file.

    Raises:
        MessageNotRecognized: the body is none of the known notifications, or no entry of it can be read.
    """
    logs: dict[LogRef, None] = {}
    ignored: Counter[Ignored] = Counter()
    other_objects: Counter[str] = Counter()
    bad: list[_Bad] = []
    for found in _announced(body):
        match found:
            case LogRef():
                logs[found] = None
            case Ignored():
                ignored[found] += 1
            case _OtherObject(bucket):
                ignored[Ignored.OTHER_OBJECT] += 1
                other_objects[bucket] += 1
            case _Bad():
                bad.append(found)
    if not bad:
        return Announcement(tuple(logs), ignored, other_objects=other_objects)
    if not logs and not ignored:
        raise _not_recognized(body, bad[0].why)
    count = f"{len(bad)} of its entries cannot be read, the others are; the first of them: {bad[0].why}"
    rest = bad[0].beside | {bad[0].name: [each.entry for each in bad]}
    return Announcement(
        tuple(logs),
        ignored,
        _not_recognized(body, count),
        msgspec.json.encode(rest).decode(),
        other_objects,
    )


def announce(bucket: str, keys: Sequence[str], *, backfill: bool) -> str:
    """Write the body of a message that announces logs, as CloudTrail does, or as a ``backfill`` does."""
    body: dict[str, Any] = {"s3Bucket": bucket, "s3ObjectKey": keys}
    return msgspec.json.encode(body | ({"backfill": True} if backfill else {})).decode()


def is_log(key: str) -> bool:
    """Tell whether an object is a log of CloudTrail or CloudTrail Insights by its key, and no digest file."""
    return isinstance(_by_key("", key), LogRef)


def _announced(body: str) -> Iterator[_Found]:
    if body.strip() == _VALIDATION_MESSAGE:
        yield Ignored.VALIDATION_MESSAGE
        return
    try:
        message = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise _not_recognized(body, f"it is not JSON ({error})") from error
    match message:
        case {"Type": "Notification", "Message": str(inner)}:
            yield from _announced(inner)
        case {"Type": "SubscriptionConfirmation" | "UnsubscribeConfirmation", "TopicArn": str()}:
            yield Ignored.SUBSCRIPTION_CONFIRMATION
        case {"Event": "s3:TestEvent"}:
            yield Ignored.TEST_EVENT
        case {"s3Bucket": str(bucket), "s3ObjectKey": [*keys]} if keys:
            backfill = message.get("backfill") is True
            yield from (_announced_by_cloudtrail(bucket, key, backfill=backfill) for key in keys)
        case {"Records": [*records]} if records:
            yield from (_announced_by_s3(record) for record in records)
        case {"source": "aws.s3"}:
            yield _announced_by_eventbridge(message, body)
        case _ if foreign := _foreign(message):
            yield foreign
        case _:
            raise _not_recognized(body, "it is no notification of CloudTrail, S3, SNS or EventBridge")


def _foreign(message: Any) -> Ignored | None:
    """Tell what kind of message of others this is, if it declares it. What looks as if it were ours does not count."""
    match message:
        # An empty or misshapen list of keys is CloudTrail's fault; AWS Config's key is a text.
        case {"s3ObjectKey": [*_]} | {"Records": _} | {"source": "aws.s3" | "aws.cloudtrail"}:
            return None
        case {"messageType": str(kind)} if kind:
            return Ignored.CONFIG_NOTIFICATION
        case {"source": str(source), "detail-type": str(), "detail": {}} if source:
            return Ignored.EVENTBRIDGE_EVENT
        case {"AlarmName": str(), "NewStateValue": str()}:
            return Ignored.CLOUDWATCH_ALARM
        case {"Event": str(event)} if event.startswith("autoscaling:"):
            return Ignored.AUTO_SCALING_NOTIFICATION
        case _:
            return None


def _announced_by_cloudtrail(bucket: str, key: Any, *, backfill: bool) -> _Found:
    if not isinstance(key, str) or _is_too_long(key):
        why = _KEY_TOO_LONG if isinstance(key, str) else "an entry of its s3ObjectKey is no text"
        beside: dict[str, Any] = {"s3Bucket": bucket} | ({"backfill": True} if backfill else {})
        return _Bad(why, key, "s3ObjectKey", beside)
    return Ignored.DIGEST_FILE if _DIGEST_FOLDER.search(key) else LogRef(bucket, key, backfill=backfill)


def _announced_by_s3(record: Any) -> _Found:
    match record:
        case {
            "eventSource": "aws:s3",
            "eventName": str(event_name),
            "s3": {"bucket": {"name": str(bucket)}, "object": {"key": str(key)}},
        }:
            if not event_name.startswith("ObjectCreated:"):
                return Ignored.OTHER_EVENT
            if _is_too_long(key := unquote_plus(key)):
                return _Bad(_KEY_TOO_LONG, record, "Records", {})
            return _by_key(bucket, key)
        case _:
            return _Bad("an entry of its Records is no S3 event", record, "Records", {})


def _announced_by_eventbridge(message: Any, body: str) -> _Found:
    match message:
        case {
            "detail-type": str(detail_type),
            "detail": {"bucket": {"name": str(bucket)}, "object": {"key": str(key)}},
        }:
            if detail_type != "Object Created":
                return Ignored.OTHER_EVENT
            if _is_too_long(key):
                raise _not_recognized(body, _KEY_TOO_LONG)
            return _by_key(bucket, key)
        case _:
            raise _not_recognized(body, "it is an event of S3, but about no object")


def _is_too_long(key: str) -> bool:
    """Tell whether there can be no object of this key: what follows may take time that grows faster than its length."""
    return len(key) * 4 > _MAX_KEY_BYTES and len(key.encode()) > _MAX_KEY_BYTES


def _by_key(bucket: str, key: str) -> _Found:
    if not (match := _TRAIL_KEY.search(key)):
        return _OtherObject(bucket)
    return Ignored.DIGEST_FILE if match["folder"] == "-Digest" else LogRef(bucket, key)


def _not_recognized(body: str, why: str) -> MessageNotRecognized:
    shown = body if len(body) <= _SHOWN_CHARACTERS else body[:_SHOWN_CHARACTERS] + "…"
    return MessageNotRecognized(f"Message not recognized: {why}. It begins: {shown}")

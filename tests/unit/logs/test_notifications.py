import json
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY
from trailsearch.contracts.errors import MessageNotRecognized
from trailsearch.contracts.messages import LogRef
from trailsearch.logs.notifications import FOREIGN, Announcement, Ignored, read_notification

KEY = "AWSLogs/123456789012/CloudTrail/us-east-2/2016/08/11/123456789012_CloudTrail_us-east-2_x.json.gz"
DIGEST = "AWSLogs/123456789012/CloudTrail-Digest/us-east-2/2016/08/11/digest.json.gz"


def s3_event(*keys: str, name: str = "ObjectCreated:Put") -> str:
    return json.dumps(
        {
            "Records": [
                {
                    "eventSource": "aws:s3",
                    "eventName": name,
                    "s3": {"bucket": {"name": "logs"}, "object": {"key": key}},
                }
                for key in keys
            ]
        }
    )


def through_sns(message: str) -> str:
    return json.dumps({"Type": "Notification", "TopicArn": "arn:aws:sns:::t", "Message": message})


def eventbridge(key: str, detail_type: str = "Object Created") -> str:
    detail = {"bucket": {"name": "logs"}, "object": {"key": key}}
    return json.dumps({"source": "aws.s3", "detail-type": detail_type, "detail": detail})


def cloudtrail(*keys: str) -> str:
    return json.dumps({"s3Bucket": "logs", "s3ObjectKey": list(keys)})


@pytest.mark.parametrize("body", [cloudtrail(KEY), s3_event(KEY), eventbridge(KEY)])
@pytest.mark.parametrize("wrap", [str, through_sns])
def test_every_notification_announces_its_log_directly_and_through_sns(body: str, wrap: Any) -> None:
    announcement = read_notification(wrap(body))
    assert announcement == Announcement((LogRef("logs", KEY),), Counter())


def test_several_keys_are_announced_in_order_and_once() -> None:
    keys = [KEY.replace("_x", f"_{n}") for n in (3, 1, 2, 1)]
    assert [log.key for log in read_notification(cloudtrail(*keys)).logs] == [keys[0], keys[1], keys[2]]
    assert [log.key for log in read_notification(s3_event(*keys)).logs] == [keys[0], keys[1], keys[2]]


def test_keys_of_s3_events_are_url_decoded_and_those_of_eventbridge_are_not() -> None:
    assert read_notification(s3_event(f"my+prefix%2Bplus/{KEY}")).logs[0].key == f"my prefix+plus/{KEY}"
    assert read_notification(eventbridge(f"my+prefix%2B/{KEY}")).logs[0].key == f"my+prefix%2B/{KEY}"


@pytest.mark.parametrize(
    "key",
    [
        KEY,
        f"any/prefix with spaces/{KEY}",
        KEY.replace("AWSLogs/", "AWSLogs/o-a1b2c3d4e5/"),
        KEY.replace("CloudTrail/", "CloudTrail-Insight/"),
        KEY.replace("CloudTrail/", "CloudTrail-NetworkActivity/"),
        KEY.replace("CloudTrail/", "CloudTrail-Aggregated/"),
    ],
)
def test_logs_of_every_kind_are_known_by_their_key(key: str) -> None:
    assert read_notification(eventbridge(key)).logs == (LogRef("logs", key),)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("CloudTrail validation message.", Ignored.VALIDATION_MESSAGE),
        (json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"}), Ignored.TEST_EVENT),
        (
            json.dumps({"Type": "SubscriptionConfirmation", "TopicArn": "arn:aws:sns:::t", "Message": "…"}),
            Ignored.SUBSCRIPTION_CONFIRMATION,
        ),
        (cloudtrail(DIGEST), Ignored.DIGEST_FILE),
        (s3_event(DIGEST), Ignored.DIGEST_FILE),
        (s3_event("AWSLogs/123456789012/vpcflowlogs/us-east-1/x.log.gz"), Ignored.OTHER_OBJECT),
        (s3_event(f"{KEY}.tmp"), Ignored.OTHER_OBJECT),
        (s3_event(KEY, name="ObjectRemoved:Delete"), Ignored.OTHER_EVENT),
        (eventbridge(KEY, "Object Deleted"), Ignored.OTHER_EVENT),
    ],
)
@pytest.mark.parametrize("wrap", [str, through_sns])
def test_what_holds_no_events_is_counted_by_reason(body: str, reason: Ignored, wrap: Any) -> None:
    announcement = read_notification(wrap(body))
    assert announcement.logs == ()
    assert announcement.ignored == Counter({reason: 1})


def event_of(source: str, detail_type: str, **detail: Any) -> dict[str, Any]:
    envelope = {"version": "0", "id": "x", "account": "111111111111", "region": "eu-west-3", "resources": []}
    return {
        **envelope,
        "time": "2026-03-04T05:00:00Z",
        "source": source,
        "detail-type": detail_type,
        "detail": detail,
    }


CONFIG_MESSAGES: dict[str, dict[str, Any]] = {
    "ConfigurationItemChangeNotification": {"configurationItem": {"resourceId": "vol-1"}},
    "OversizedConfigurationItemChangeNotification": {"s3DeliverySummary": {"s3BucketLocation": "logs/x"}},
    "ConfigurationHistoryDeliveryCompleted": {"s3Bucket": "logs", "s3ObjectKey": "AWSLogs/x.json.gz"},
    "ConfigurationSnapshotDeliveryStarted": {"configSnapshotId": "x"},
    "ConfigurationSnapshotDeliveryCompleted": {
        "s3Bucket": "logs",
        "s3ObjectKey": "AWSLogs/y.json.gz",
    },
    "ComplianceChangeNotification": {"configRuleName": "r"},
    "ConfigRulesEvaluationStarted": {"configRuleNames": ["r"]},
}
FOREIGN_MESSAGES: list[tuple[dict[str, Any], Ignored]] = [
    *(
        ({"messageType": kind, "recordVersion": "1.0", **more}, Ignored.CONFIG_NOTIFICATION)
        for kind, more in CONFIG_MESSAGES.items()
    ),
    *(
        (event_of(source, detail_type), Ignored.EVENTBRIDGE_EVENT)
        for source, detail_type in [
            ("aws.config", "Config Rules Compliance Change"),
            ("aws.controltower", "AWS Service Event via CloudTrail"),
            ("aws.guardduty", "GuardDuty Finding"),
            ("aws.securityhub", "Security Hub Findings - Imported"),
            ("aws.health", "AWS Health Event"),
            ("com.example.orders", "OrderPlaced"),
        ]
    ),
    (
        {"AlarmName": "a", "NewStateValue": "ALARM", "OldStateValue": "OK", "Trigger": {"MetricName": "m"}},
        Ignored.CLOUDWATCH_ALARM,
    ),
    (
        {
            "Service": "AWS Auto Scaling",
            "Event": "autoscaling:EC2_INSTANCE_LAUNCH",
            "AutoScalingGroupName": "g",
        },
        Ignored.AUTO_SCALING_NOTIFICATION,
    ),
    (
        {"Event": "autoscaling:TEST_NOTIFICATION", "AutoScalingGroupName": "g"},
        Ignored.AUTO_SCALING_NOTIFICATION,
    ),
]


@pytest.mark.parametrize(("message", "kind"), FOREIGN_MESSAGES)
@pytest.mark.parametrize("wrap", [str, through_sns])
def test_what_others_send_to_a_shared_topic_is_ignored_by_what_it_declares(
    message: dict[str, Any], kind: Ignored, wrap: Any
) -> None:
    assert read_notification(wrap(json.dumps(message))) == Announcement((), Counter({kind: 1}))


def test_every_kind_of_message_of_others_is_here() -> None:
    assert {kind for _, kind in FOREIGN_MESSAGES} == FOREIGN


@pytest.mark.parametrize(
    "message",
    [
        {"messageType": ""},
        {"messageType": 7},
        {"source": "aws.config"},
        {"source": "", "detail-type": "x", "detail": {}},
        {"source": "aws.guardduty", "detail-type": "GuardDuty Finding", "detail": "a text"},
        event_of("aws.cloudtrail", "AWS API Call via CloudTrail"),
        event_of("aws.s3", "AWS API Call via CloudTrail"),
        {"AlarmName": "a"},
        {"Event": "order:placed"},
        {"messageType": "ComplianceChangeNotification", "s3Bucket": "logs", "s3ObjectKey": []},
        {"messageType": "ComplianceChangeNotification", "Records": []},
        {"configurationItem": {"resourceId": "vol-1"}},
    ],
)
def test_what_does_not_declare_what_it_is_stays_a_dead_letter(message: dict[str, Any]) -> None:
    with pytest.raises(MessageNotRecognized):
        read_notification(json.dumps(message))


@pytest.mark.parametrize(
    "key", [KEY.upper(), KEY.replace(".json.gz", ".JSON.GZ"), "trails/2026/03/04/x.json.gz"]
)
@pytest.mark.parametrize("notification", [s3_event, eventbridge])
def test_objects_under_other_keys_are_counted_by_their_bucket(notification: Any, key: str) -> None:
    announcement = read_notification(notification(key))
    assert announcement.ignored == Counter({Ignored.OTHER_OBJECT: 1})
    assert announcement.other_objects == Counter({"logs": 1})


def test_digest_files_are_no_objects_under_other_keys() -> None:
    assert not read_notification(s3_event(DIGEST)).other_objects


def test_a_topic_that_is_shared_with_aws_config_gives_the_log_and_no_dead_letter() -> None:
    case = REPOSITORY.parent / "shared" / "cases" / "01-shared-topic-aws-config" / "messages.jsonl"
    if not case.exists():
        pytest.skip("needs the case 01-shared-topic-aws-config beside the repository (../shared/cases)")
    first, *others = map(read_notification, case.read_text().splitlines())
    assert [log.bucket for log in first.logs] == ["logs"]
    assert not first.ignored
    assert others
    for other in others:
        assert other.logs == ()
        assert other.ignored.keys() <= FOREIGN
        assert other.ignored.total() == 1


def test_cloudtrail_is_believed_for_keys_of_any_layout() -> None:
    assert read_notification(cloudtrail("odd/key.gz")).logs == (LogRef("logs", "odd/key.gz"),)


NO_S3_EVENT = {"eventSource": "aws:sqs"}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (json.dumps({"s3Bucket": "logs", "s3ObjectKey": [KEY, 7, None]}), "2 of its entries .* s3ObjectKey"),
        (json.dumps({"Records": [NO_S3_EVENT, *json.loads(s3_event(KEY))["Records"]]}), "1 of .* Records is"),
    ],
)
@pytest.mark.parametrize("wrap", [str, through_sns])
def test_an_entry_that_is_not_recognized_does_not_hide_the_others(body: str, why: str, wrap: Any) -> None:
    announcement = read_notification(wrap(body))
    assert announcement.logs == (LogRef("logs", KEY),)
    assert re.search(why, str(announcement.not_recognized))


def test_what_is_ignored_beside_an_entry_that_is_not_recognized_is_counted() -> None:
    records = [*json.loads(s3_event(DIGEST))["Records"], NO_S3_EVENT]
    announcement = read_notification(json.dumps({"Records": records}))
    assert announcement.ignored == Counter({Ignored.DIGEST_FILE: 1})
    assert announcement.not_recognized


@pytest.mark.parametrize(
    "body",
    [
        "",
        "hello",
        "null",
        "[]",
        "{}",
        '{"s3Bucket": "logs", "s3ObjectKey": "not a list"}',
        '{"s3Bucket": "logs", "s3ObjectKey": []}',
        '{"s3Bucket": "logs", "s3ObjectKey": [1]}',
        '{"s3Bucket": "logs", "s3ObjectKey": [1, null]}',
        '{"Records": []}',
        '{"Records": [{"eventSource": "aws:sqs"}]}',
        '{"source": "aws.s3", "detail-type": "Object Created"}',
        "[" * 10_000 + "]" * 10_000,
        through_sns("hello"),
    ],
)
def test_anything_else_is_not_recognized_and_shown(body: str) -> None:
    with pytest.raises(MessageNotRecognized, match="Message not recognized") as raised:
        read_notification(body)
    assert len(str(raised.value)) < 500


def test_a_long_message_is_shown_by_its_beginning() -> None:
    with pytest.raises(MessageNotRecognized, match="It begins: xxx") as raised:
        read_notification("x" * 100_000)
    assert str(raised.value).endswith("…")


REAL = {
    "cloudtrail-raw-delivery": (3, {}),
    "cloudtrail-sns-digest-key": (0, {Ignored.DIGEST_FILE: 1}),
    "cloudtrail-sns-one-key": (1, {}),
    "cloudtrail-sns-three-keys": (3, {}),
    "cloudtrail-sns-validation": (0, {Ignored.VALIDATION_MESSAGE: 1}),
    "eventbridge-s3-object-created": (1, {}),
    "s3-event-direct-to-sqs": (1, {}),
    "s3-event-through-sns": (1, {}),
    "s3-event-two-records-one-digest": (1, {Ignored.DIGEST_FILE: 1}),
    "s3-event-urlencoded-key": (1, {}),
    "s3-testevent-direct": (0, {Ignored.TEST_EVENT: 1}),
    "s3-testevent-through-sns": (0, {Ignored.TEST_EVENT: 1}),
    "sns-subscription-confirmation": (0, {Ignored.SUBSCRIPTION_CONFIRMATION: 1}),
}


@pytest.mark.parametrize("name", REAL)
def test_real_notifications(name: str, cloudtrail_data: Path) -> None:
    announcement = read_notification((cloudtrail_data / "notifications" / f"{name}.json").read_text())
    logs, ignored = REAL[name]
    assert len(announcement.logs) == logs
    assert announcement.ignored == ignored
    assert all(log.bucket == "your-bucket-name" and "AWSLogs/" in log.key for log in announcement.logs)


def test_every_real_notification_is_covered(cloudtrail_data: Path) -> None:
    assert {path.stem for path in (cloudtrail_data / "notifications").glob("*.json")} == set(REAL)


LONG_KEYS = {
    "ASCII": "AWSLogs/123456789012/CloudTrail/" * 32 + "x.json.gz",
    "two bytes each": "é" * 513,
    "nothing but the beginning of a log's key": "/AWSLogs/123456789012/CloudTrail/" * 8_000,
    "digest": "CloudTrail-Digest" * 15_000,
}


@pytest.mark.parametrize("notification", [cloudtrail, s3_event, eventbridge])
@pytest.mark.parametrize("name", LONG_KEYS)
def test_a_key_that_no_object_has_is_not_recognized_and_takes_no_time(notification: Any, name: str) -> None:
    begin = time.process_time()
    with pytest.raises(MessageNotRecognized, match="more than 1,024 bytes"):
        read_notification(notification(LONG_KEYS[name]))
    assert time.process_time() - begin < 0.1


@pytest.mark.parametrize("notification", [cloudtrail, s3_event])
def test_beside_a_key_that_no_object_has_the_others_are_read(notification: Any) -> None:
    announcement = read_notification(notification(KEY, "é" * 513))
    assert announcement.logs == (LogRef("logs", KEY),)
    assert announcement.not_recognized
    assert KEY not in announcement.rest


@pytest.mark.parametrize("notification", [cloudtrail, eventbridge])
def test_the_longest_key_is_read(notification: Any) -> None:
    longest = "é" * ((1024 - len(KEY) - 1) // 2) + "/" + KEY
    assert len(longest.encode()) in {1023, 1024}
    assert read_notification(notification(longest)).logs == (LogRef("logs", longest),)


@pytest.mark.parametrize("notification", [cloudtrail, s3_event, eventbridge])
@pytest.mark.parametrize(
    "tail", ["/", "AWSLogs/", "AWSLogs/123456789012/CloudTrail/", ".json.gz", "CloudTrail-Digest"]
)
def test_any_key_that_an_object_may_have_takes_no_time(notification: Any, tail: str) -> None:
    key = (tail * 1024)[:1024]
    begin = time.process_time()
    for _ in range(10):
        read_notification(notification(key))
    assert time.process_time() - begin < 0.1

import json
from typing import Any

import pytest

from tests.unit.cli.preflight.conftest import ACCOUNT, DENIED, REGION, Answer, Aws, Refused, settings
from trailsearch.cli.preflight.account import Account
from trailsearch.cli.preflight.findings import Finding, Verdict
from trailsearch.cli.preflight.topics import check_alarm_topic, check_log_topic, regions_of

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:on-call"
OTHERS = f"arn:aws:sns:{REGION}:444455556666:on-call"
REMOTE = "arn:aws:sns:eu-west-1:444455556666:on-call"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234"
NOT_FOUND = Refused("NotFound", "Topic does not exist", 404)
UNAUTHORIZED = Refused("AuthorizationError", status=403)
CLOUDWATCH = {"Service": "cloudwatch.amazonaws.com"}


def policy(action: str | list[str], principal: Any, **more: Any) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


# As SNS makes it where nobody has written another.
DEFAULT = policy(
    ["SNS:Subscribe", "SNS:Publish"], {"AWS": "*"}, Condition={"StringEquals": {"AWS:SourceOwner": ACCOUNT}}
)
OF_CLOUDWATCH = policy("sns:Publish", CLOUDWATCH)
ONLY_EVENTS = policy("sns:Publish", {"Service": "events.amazonaws.com"})
OF_THE_ORGANIZATION = policy(
    "sns:Publish", CLOUDWATCH, Condition={"StringEquals": {"aws:SourceOrgID": "o-a1b2c3d4e5"}}
)
OF_OTHER_ALARMS = policy(
    "sns:Publish", CLOUDWATCH, Condition={"ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:eu-west-1:*"}}
)
KEY_LETS = policy(["kms:GenerateDataKey*", "kms:Decrypt"], CLOUDWATCH)
KEY_LETS_HALF = policy("kms:Decrypt", CLOUDWATCH)
KEY_LETS_SOME = policy("kms:*", CLOUDWATCH, Condition={"StringEquals": {"kms:ViaService": "sns"}})
KEY_LETS_ACCOUNT = policy("kms:*", {"AWS": f"arn:aws:iam::{ACCOUNT}:root"})


def topic(text: str, key: str | None = None) -> dict[str, Any]:
    attributes = {"TopicArn": TOPIC, "Policy": text} | ({"KmsMasterKeyId": key} if key else {})
    return {"Attributes": attributes}


def key(manager: str = "CUSTOMER", state: str = "Enabled") -> dict[str, Any]:
    return {"KeyMetadata": {"KeyId": "1234", "Arn": KEY, "KeyManager": manager, "KeyState": state}}


def alarms_to(account: Account, arn: str = TOPIC) -> Finding:
    (finding,) = check_alarm_topic(account, settings(), arn)
    return finding


def logs_from(account: Account, arn: str) -> Finding:
    (finding,) = check_log_topic(account, settings(), arn)
    return finding


@pytest.mark.parametrize(
    ("answer", "verdict", "says"),
    [
        (topic(DEFAULT), Verdict.WELL, "CloudWatch may publish"),
        (topic(OF_CLOUDWATCH), Verdict.WELL, "CloudWatch may publish"),
        (topic(ONLY_EVENTS), Verdict.WARNING, "does not let cloudwatch.amazonaws.com publish"),
        (topic(OF_OTHER_ALARMS), Verdict.WARNING, "does not let cloudwatch.amazonaws.com publish"),
        (topic(OF_THE_ORGANIZATION), Verdict.UNKNOWN, "conditions that only AWS knows"),
        (NOT_FOUND, Verdict.WARNING, f"{TOPIC} does not exist"),
        (UNAUTHORIZED, Verdict.UNKNOWN, "cannot be seen: AuthorizationError"),
    ],
)
def test_alarms_reach_a_topic_that_lets_cloudwatch_publish(
    aws: Aws, account: Account, answer: Answer, verdict: Verdict, says: str
) -> None:
    aws.answers["sns", "GetTopicAttributes"] = answer
    finding = alarms_to(account)
    assert (finding.check, finding.verdict, says in finding.found) == ("Alarm topic on-call", verdict, True)


@pytest.mark.parametrize(
    ("name", "described", "key_policy", "verdict", "says"),
    [
        (KEY, key(), KEY_LETS, Verdict.WELL, "and use its key"),
        ("alias/own", key(), KEY_LETS, Verdict.WELL, "and use its key"),
        (KEY, key(), KEY_LETS_HALF, Verdict.WARNING, "the policy of"),
        (KEY, key(), KEY_LETS_ACCOUNT, Verdict.WARNING, "the policy of"),
        (KEY, key(), KEY_LETS_SOME, Verdict.UNKNOWN, "conditions that only AWS knows"),
        (KEY, key(state="PendingDeletion"), KEY_LETS, Verdict.WARNING, "is PendingDeletion"),
        (KEY, key(manager="AWS"), KEY_LETS, Verdict.WARNING, "AWS's own"),
        ("alias/aws/sns", DENIED, KEY_LETS, Verdict.WARNING, "AWS's own"),
        (f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/aws/sns", DENIED, KEY_LETS, Verdict.WARNING, "AWS's own"),
        (KEY, DENIED, KEY_LETS, Verdict.UNKNOWN, "whose policy cannot be seen: AccessDeniedException"),
        ("alias/others", Refused("NotFoundException"), KEY_LETS, Verdict.UNKNOWN, "NotFoundException"),
    ],
)
def test_alarms_reach_an_encrypted_topic_whose_key_cloudwatch_may_use(
    aws: Aws, account: Account, name: str, described: Answer, key_policy: str, verdict: Verdict, says: str
) -> None:
    aws.answers["sns", "GetTopicAttributes"] = topic(OF_CLOUDWATCH, name)
    aws.answers["kms", "DescribeKey"] = described
    aws.answers["kms", "GetKeyPolicy"] = {"Policy": key_policy, "PolicyName": "default"}
    finding = alarms_to(account)
    assert (finding.verdict, says in finding.found) == (verdict, True), finding


@pytest.mark.parametrize("arn", ["<your-on-call-topic>", REMOTE, f"{TOPIC}.fifo"])
def test_what_is_no_topic_of_this_region_gets_no_alarms(account: Account, arn: str) -> None:
    finding = alarms_to(account, arn)
    assert (finding.verdict, f"{arn} is no topic of us-east-1" in finding.found) == (Verdict.FAILURE, True)


LETS_SUBSCRIBE = policy("sns:Subscribe", {"AWS": ACCOUNT})
LETS_QUEUES = policy(
    "sns:Subscribe",
    {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    Condition={
        "StringEquals": {"sns:Protocol": "sqs"},
        "StringLike": {"sns:Endpoint": f"arn:aws:sqs:{REGION}:{ACCOUNT}:trailsearch-test-*"},
    },
)
LETS_ORGANIZATION = policy(
    "sns:Subscribe", "*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
)


@pytest.mark.parametrize(
    ("arn", "answer", "verdict"),
    [
        (TOPIC, topic(DEFAULT), Verdict.WELL),
        (TOPIC, topic(ONLY_EVENTS), Verdict.WELL),
        (OTHERS, topic(LETS_SUBSCRIBE), Verdict.WELL),
        (OTHERS, topic(LETS_QUEUES), Verdict.WELL),
        (OTHERS, topic(LETS_ORGANIZATION), Verdict.UNKNOWN),
        (OTHERS, topic(ONLY_EVENTS), Verdict.FAILURE),
        (REMOTE, topic(ONLY_EVENTS), Verdict.WARNING),
        (OTHERS, UNAUTHORIZED, Verdict.UNKNOWN),
        (TOPIC, NOT_FOUND, Verdict.FAILURE),
        (REMOTE, NOT_FOUND, Verdict.WARNING),
        ("cloudtrail-logs", NOT_FOUND, Verdict.FAILURE),
    ],
)
def test_logs_are_announced_by_a_topic_that_is_there_and_may_be_subscribed_to(
    aws: Aws, account: Account, arn: str, answer: Answer, verdict: Verdict
) -> None:
    aws.answers["sns", "GetTopicAttributes"] = answer
    assert logs_from(account, arn).verdict is verdict


def test_a_topic_is_asked_for_in_its_own_region(aws: Aws, account: Account) -> None:
    def of_region(asked: dict[str, Any]) -> Answer:
        return topic(LETS_SUBSCRIBE) if asked["region"] == asked["TopicArn"].split(":")[3] else NOT_FOUND

    aws.answers["sns", "GetTopicAttributes"] = of_region
    assert {logs_from(account, arn).verdict for arn in (TOPIC, REMOTE)} == {Verdict.WELL}
    assert regions_of((TOPIC, REMOTE, "cloudtrail-logs")) == {REGION, "eu-west-1"}


@pytest.mark.parametrize("service", ["sns", "kms"])
def test_what_aws_refuses_otherwise_is_no_finding_of_the_topic(
    aws: Aws, account: Account, service: str
) -> None:
    throttled = Refused("ThrottlingException", "Rate exceeded")
    aws.answers["sns", "GetTopicAttributes"] = throttled if service == "sns" else topic(OF_CLOUDWATCH, KEY)
    aws.answers["kms", "DescribeKey"] = throttled
    with pytest.raises(account.clients.s3.exceptions.ClientError, match="Rate exceeded"):
        alarms_to(account)

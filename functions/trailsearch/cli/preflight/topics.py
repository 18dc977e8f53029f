"""Topics: those that alarms go to, and existing ones that announce logs."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from trailsearch.cli.preflight.account import Account
from trailsearch.cli.preflight.findings import DENIED, Finding, failure, unknown, warning, well
from trailsearch.cli.preflight.settings import Settings
from trailsearch.cli.resource_policy import Answer, Request, decide

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

ALARM_TOPIC, LOG_TOPIC = "Alarm topic", "Log topic"
CLOUDWATCH = "cloudwatch.amazonaws.com"
_ARN = re.compile(r"arn:[a-z-]+:sns:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):(?P<name>[\w-]+)", re.ASCII)


def regions_of(arns: tuple[str, ...]) -> set[str]:
    """Give the Regions of topics; what is no ARN of one has none."""
    return {found["region"] for arn in arns if (found := _ARN.fullmatch(arn))}


def check_alarm_topic(account: Account, settings: Settings, arn: str) -> Iterator[Finding]:
    """Look whether a topic is there, and lets CloudWatch publish; and so the key that it is encrypted with.

    CloudWatch makes an alarm whether it can reach the topic or not, and nobody hears of it.

    Raises:
        ClientError, BotoCoreError: SNS or KMS do not say.
    """
    found = _ARN.fullmatch(arn)
    if found is None or found["region"] != account.region:
        yield failure(
            ALARM_TOPIC,
            f"{arn} is no topic of {account.region}",
            "Put the ARN of a topic that reaches whoever is on call into alarm_topic_arns, or [] for nobody",
        )
        return
    check = f"{ALARM_TOPIC} {found['name']}"
    attributes = _attributes(account.clients.sns(found["region"]), arn)
    if isinstance(attributes, str):
        yield (
            warning(check, f"{arn} does not exist", "Make it, or change alarm_topic_arns")
            if attributes == "NotFound"
            else _not_seen(check, f"what it lets CloudWatch do cannot be seen: {attributes}")
        )
        return
    context = _context_of_alarms(account, settings)
    may = decide(
        json.loads(attributes["Policy"]), Request("Service", CLOUDWATCH, "sns:Publish", arn, context)
    )
    key = attributes.get("KmsMasterKeyId")
    if may is Answer.DENIED:
        yield warning(
            check,
            f"its policy does not let {CLOUDWATCH} publish",
            f'Add to it: Allow, Service {CLOUDWATCH}, sns:Publish (terraform/README.md, "Environments")',
        )
    elif key and (problem := _key_problem(account, check, key, arn, context)):
        yield problem
    elif may is Answer.UNSURE:
        yield _not_seen(
            check, f"that its policy lets {CLOUDWATCH} publish depends on conditions that only AWS knows"
        )
    else:
        yield well(check, "CloudWatch may publish" + (", and use its key" if key else ""))


def _key_problem(
    account: Account, check: str, key: str, topic: str, context: Mapping[str, str]
) -> Finding | None:
    """Say what keeps CloudWatch from using a topic's key; None, if nothing does.

    https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns
    """
    kms = account.clients.kms
    try:
        if key.endswith("alias/aws/sns") or (described := _described(kms, key))["KeyManager"] == "AWS":
            reason = f"{key} is AWS's own, whose policy nobody can change"
        elif described["KeyState"] != "Enabled":
            reason = f"{key} is {described['KeyState']}"
        else:
            policy = json.loads(kms.get_key_policy(KeyId=described["Arn"], PolicyName="default")["Policy"])
            known = {**context, "kms:EncryptionContext:aws:sns:topicArn": topic}
            answers = {
                decide(policy, Request("Service", CLOUDWATCH, action, described["Arn"], known))
                for action in ("kms:GenerateDataKey", "kms:Decrypt")
            }
            if answers == {Answer.ALLOWED}:
                return None
            if Answer.DENIED not in answers:
                return _not_seen(
                    check, f"that {CLOUDWATCH} may use {key} depends on conditions that only AWS knows"
                )
            reason = f"the policy of {key} does not let it"
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in DENIED or code == "NotFoundException":
            return _not_seen(check, f"it is encrypted with {key}, whose policy cannot be seen: {code}")
        raise
    return warning(
        check,
        f"it is encrypted, and {CLOUDWATCH} cannot use its key: {reason}",
        f"Let {CLOUDWATCH} kms:GenerateDataKey* and kms:Decrypt in the policy of a key of your own",
    )


def _described(kms: Any, key: str) -> dict[str, Any]:
    metadata: dict[str, Any] = kms.describe_key(KeyId=key)["KeyMetadata"]
    return metadata


def _context_of_alarms(account: Account, settings: Settings) -> Mapping[str, str]:
    """Give what AWS says of a request that CloudWatch makes for an alarm.

    https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
    """
    identity = account.identity
    alarm = f"{settings.prefix}-dead-letters"
    return {
        "aws:SourceAccount": identity.account,
        "aws:SourceArn": f"arn:{identity.partition}:cloudwatch:{account.region}:{identity.account}:alarm:{alarm}",
        "AWS:SourceOwner": identity.account,
        "aws:SecureTransport": "true",
        "aws:PrincipalIsAWSService": "true",
        "aws:PrincipalServiceName": CLOUDWATCH,
    }


def check_log_topic(account: Account, settings: Settings, arn: str) -> Iterator[Finding]:
    """Look whether an existing topic is there, and lets the ingest queue subscribe.

    Those of this Region are subscribed by the apply, others by the commands that it prints.

    Raises:
        ClientError, BotoCoreError: SNS does not say.
    """
    found = _ARN.fullmatch(arn)
    if found is None:
        yield failure(LOG_TOPIC, f"{arn} is no topic", "Put ARNs of topics into log_topic_arns")
        return
    check = f"{LOG_TOPIC} {found['name']}"
    here = found["region"] == account.region
    attributes = _attributes(account.clients.sns(found["region"]), arn)
    if isinstance(attributes, str):
        if attributes != "NotFound":
            yield _not_seen(check, f"it cannot be seen: {attributes}")
        elif here:
            yield failure(check, f"{arn} does not exist", "Change log_topic_arns")
        else:
            yield warning(check, f"{arn} does not exist", "Change log_topic_arns")
        return
    identity = account.identity
    queue = f"arn:{identity.partition}:sqs:{account.region}:{identity.account}:{settings.prefix}-ingest"
    context = {
        "sns:Protocol": "sqs",
        "sns:Endpoint": queue,
        "aws:SecureTransport": "true",
        "aws:PrincipalAccount": identity.account,
        "AWS:SourceOwner": identity.account,
        "AWS:SourceAccount": identity.account,
    }
    root = f"arn:{identity.partition}:iam::{identity.account}:root"
    may = decide(json.loads(attributes["Policy"]), Request("AWS", root, "sns:Subscribe", arn, context))
    # Within an account, IAM's policies are enough.
    if may is Answer.ALLOWED or found["account"] == identity.account:
        yield well(check, "is there, and may be subscribed to")
    elif may is Answer.UNSURE:
        yield _not_seen(check, "that it may be subscribed to depends on conditions that only AWS knows")
    else:
        say = failure if here else warning
        yield say(
            check,
            f"its policy does not let this account subscribe: {identity.account}",
            'Add to it: Allow, this account, sns:Subscribe (terraform/README.md, "Which logs?")',
        )


def _attributes(sns: "SNSClient", arn: str) -> dict[str, str] | str:
    """Give a topic's attributes; where these credentials may not see them, or there is no such topic, what SNS says."""
    try:
        return sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in DENIED or code == "NotFound":
            return code
        raise


def _not_seen(check: str, found: str) -> Finding:
    return unknown(check, found, "Ask whoever owns it, or let these credentials see it")

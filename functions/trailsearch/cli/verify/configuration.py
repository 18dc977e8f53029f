"""Does what is deployed let through what must pass? Pipe, rule, queues, topics, subscriptions, keys, as AWS has them now."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from trailsearch.aws import clients
from trailsearch.cli.resource_policy import OWNER, Answer, Request, decide
from trailsearch.cli.verify.checks import Checks, State
from trailsearch.cli.verify.deployment import Deployment, sns_in
from trailsearch.contracts.wording import counted

SNS, S3, EVENTS, CLOUDTRAIL = (f"{name}.amazonaws.com" for name in ("sns", "s3", "events", "cloudtrail"))
_OVER_TLS = {"aws:SecureTransport": "true"}
_NO_POLICY = '{"Statement": []}'
_USES_OF_KEY = ("kms:GenerateDataKey", "kms:Decrypt")
# Regions whose SNS delivers to other Regions as its plain principal; all others are opt-in Regions with one of their own.
# https://docs.aws.amazon.com/sns/latest/dg/sns-cross-region-delivery.html, as terraform/ingest.tf has it
DEFAULT_REGIONS = frozenset(
    {
        *(
            "ap-northeast-1",
            "ap-northeast-2",
            "ap-south-1",
            "ap-southeast-1",
            "ap-southeast-2",
            "ca-central-1",
        ),
        *("eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1"),
        *("us-east-1", "us-east-2", "us-west-1", "us-west-2"),
    }
)
# What a topic of shared_log_topic_arns does not send, as terraform/ingest.tf has it.
FILTER_OF_SHARED_TOPICS: Mapping[str, Any] = {"messageType": [{"exists": False}]}


def check_configuration(deployment: Deployment, checks: Checks) -> None:
    """Add a row for each part of the deployment."""
    for name, check in (
        ("Search domain", check_search_domain),
        ("Log buckets", check_log_buckets),
        ("Pipe", check_pipe),
        ("Role of the Pipe", check_pipe_role),
        ("Ingest queue", check_ingest_queue),
        ("Dead-letter queue", check_dead_letter_queue),
        ("Rule for failed executions", check_rule),
        ("Key", check_key),
        ("Trail", check_trail),
        ("Topic", check_topic),
        ("Subscriptions", check_subscriptions),
    ):
        with checks.unless_it_cannot_be_read(name):
            check(name, deployment, checks)


def check_search_domain(name: str, deployment: Deployment, checks: Checks) -> None:
    """The domain is there, and does not change."""
    status = deployment.search_domain.status
    wrong = [None if status.endpoint else "it is still being created"]
    well = f"{deployment.prefix}: {status.instance_count} × {status.instance_type}"
    if status.processing:
        well += ", processing a change"
    checks.judge(name, wrong, well)


def check_log_buckets(name: str, deployment: Deployment, checks: Checks) -> None:
    """Fetch Logs may read the logs of some buckets."""
    buckets = deployment.log_buckets
    checks.judge(name, [None if buckets else "the role of Fetch Logs may read none"], ", ".join(buckets))


def check_pipe(name: str, deployment: Deployment, checks: Checks) -> None:
    """The Pipe runs, from the ingest queue to the workflow, in its role; its enrichment makes room for large messages."""
    pipe = deployment.pipe
    role = f"{deployment.prefix}-pipe"
    checks.judge(
        name,
        what_stops(deployment),
        f"{pipe['CurrentState']}, from {deployment.environment.ingest_queue_name} to "
        f"{deployment.prefix}-index-logs, as {role}",
    )


def what_stops(deployment: Deployment) -> list[str]:
    """Say why the Pipe would not start an execution of the workflow for a message; nothing if it would."""
    pipe = deployment.pipe
    reason = f": {pipe['StateReason']}" if pipe.get("StateReason") else ""
    expected = {
        "Source": deployment.ingest_queue.arn,
        "Enrichment": deployment.arn("lambda", f"function:{deployment.prefix}-admit-messages"),
        "Target": deployment.state_machine_arn,
        "RoleArn": f"arn:{deployment.partition}:iam::{deployment.account}:role/{deployment.prefix}-pipe",
    }
    return [
        *([f"it is {pipe['CurrentState']}{reason}"] if pipe["CurrentState"] != "RUNNING" else []),
        *(
            f"its {key} is {pipe.get(key)}, not {value}"
            for key, value in expected.items()
            if pipe.get(key) != value
        ),
    ]


def check_pipe_role(name: str, deployment: Deployment, checks: Checks) -> None:
    """The role trusts the Pipe, and may do what it has to."""
    iam = clients.iam()
    role = f"{deployment.prefix}-pipe"
    trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    policy = iam.get_role_policy(RoleName=role, PolicyName="pipe")["PolicyDocument"]
    pipe = deployment.arn("pipes", f"pipe/{deployment.environment.pipe_name}")
    queue, machine = deployment.ingest_queue.arn, deployment.state_machine_arn
    asked = [
        _of_role(f"sqs:{action}", queue)
        for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
    ]
    admits = deployment.arn("lambda", f"function:{deployment.prefix}-admit-messages")
    asked.append(_of_role("lambda:InvokeFunction", admits))
    asked.append(_of_role("states:StartExecution", machine))
    if key := _key_of(deployment):
        asked.append(_of_role("kms:Decrypt", key, {"kms:ViaService": deployment.via("sqs")}))
    trusted = _of_service(
        "pipes.amazonaws.com", "sts:AssumeRole", "", _on_behalf_of(pipe, deployment.account)
    )
    _judge_policies(
        checks,
        name,
        [*((policy, each, "it") for each in asked), (trust, trusted, "the Pipe")],
        f"{role} is trusted to the Pipe, and may receive, decrypt, delete, have messages admitted and start executions",
    )


def check_ingest_queue(name: str, deployment: Deployment, checks: Checks) -> None:
    """The queue lets in every source of logs, and moves what is received too often to the dead-letter queue."""
    attributes = deployment.ingest_attributes
    policy = json.loads(attributes.get("Policy") or _NO_POLICY)
    redrive = json.loads(attributes.get("RedrivePolicy") or "{}")
    moves = redrive.get("deadLetterTargetArn") == deployment.dead_letter_queue.arn
    asked = [
        (policy, _of_service(principal, "sqs:SendMessage", deployment.ingest_queue.arn, context), source)
        for principal, context, source in _sources(deployment)
    ]
    _judge_policies(
        checks,
        name,
        asked,
        f"lets in {counted(len(asked), 'source')}; after {redrive.get('maxReceiveCount')} "
        "receptions a message goes to the dead-letter queue",
        [
            None if moves else "its redrive policy does not name the dead-letter queue",
            None if asked else "nothing announces logs: it lets in no topic and no bucket",
        ],
    )


def check_dead_letter_queue(name: str, deployment: Deployment, checks: Checks) -> None:
    """The queue lets in the rule for failed executions, and topics that cannot deliver; it gives to the ingest queue alone."""
    attributes = deployment.dead_letter_attributes
    policy = json.loads(attributes.get("Policy") or _NO_POLICY)
    allowed = json.loads(attributes.get("RedriveAllowPolicy") or "{}")
    source = deployment.ingest_queue.arn
    takes = allowed.get("redrivePermission", "allowAll") == "allowAll" or source in allowed.get(
        "sourceQueueArns", []
    )
    asked = [
        (policy, _of_service(principal, "sqs:SendMessage", deployment.dead_letter_queue.arn, context), who)
        for principal, context, who in _senders_of_dead_letters(deployment)
    ]
    _judge_policies(
        checks,
        name,
        asked,
        f"lets in the rule and {counted(len(asked) - 1, 'topic')} that cannot deliver",
        [None if takes else "its redrive allow policy does not let the ingest queue use it"],
    )


def check_rule(name: str, deployment: Deployment, checks: Checks) -> None:
    """The rule is on, is about the workflow's executions, and sends to the dead-letter queue."""
    events = clients.events()
    rule = deployment.rule_arn.rpartition("/")[2]
    described = events.describe_rule(Name=rule)
    targets = [each["Arn"] for each in events.list_targets_by_rule(Rule=rule)["Targets"]]
    pattern = json.loads(described.get("EventPattern", "{}")).get("detail", {})
    checks.judge(
        name,
        [
            None if described["State"] == "ENABLED" else f"it is {described['State']}",
            None
            if deployment.state_machine_arn in pattern.get("stateMachineArn", [])
            else "it is not about the workflow",
            None
            if deployment.dead_letter_queue.arn in targets
            else "it does not send to the dead-letter queue",
        ],
        f"{rule} is ENABLED, and sends to the dead-letter queue",
    )


def check_key(name: str, deployment: Deployment, checks: Checks) -> None:
    """The key of the queues is enabled, and lets in all that send through it."""
    keys = {"ingest": deployment.ingest_attributes, "dead-letter": deployment.dead_letter_attributes}
    ids = {queue: attributes.get("KmsMasterKeyId") for queue, attributes in keys.items()}
    if missing := [queue for queue, key in ids.items() if not key]:
        checks.add(name, State.WRONG, f"not encrypted with a key: the {' and the '.join(missing)} queue")
        return
    kms = clients.kms()
    described = kms.describe_key(KeyId=ids["ingest"])["KeyMetadata"]
    policy = json.loads(kms.get_key_policy(KeyId=ids["ingest"], PolicyName="default")["Policy"])
    of_ingest, of_dead = (
        {"kms:EncryptionContext:aws:sqs:arn": queue.arn}
        for queue in (deployment.ingest_queue, deployment.dead_letter_queue)
    )
    # Of what AWS sends along for each, not all is documented: a policy may go by any of it.
    uses = [
        *((principal, {**context, **of_ingest}, who) for principal, context, who in _sources(deployment)),
        *(
            (principal, {**context, **of_dead}, who)
            for principal, context, who in _senders_of_dead_letters(deployment)
        ),
    ]
    if deployment.topic_policy is not None:
        uses.append((CLOUDTRAIL, _on_behalf_of(deployment.trail_arn, deployment.account), "CloudTrail"))
    _judge_policies(
        checks,
        name,
        [
            (policy, _of_service(principal, use, described["Arn"], context), who)
            for principal, context, who in uses
            for use in _USES_OF_KEY
        ],
        f"{described['KeyId']} is Enabled, and lets in all of them",
        [
            None
            if described["KeyState"] == "Enabled"
            else f"{described['KeyId']} is {described['KeyState']}",
            None if ids["ingest"] == ids["dead-letter"] else "the queues have different keys",
        ],
    )


def check_trail(name: str, deployment: Deployment, checks: Checks) -> None:
    """The environment's own trail, if it has one, logs into the bucket and announces on the topic."""
    cloudtrail = clients.cloudtrail()
    trails = cloudtrail.describe_trails(trailNameList=[deployment.trail_arn])["trailList"]
    if not trails:
        if deployment.topic_policy is not None:
            checks.add(
                name,
                State.WRONG,
                f"there is the topic {deployment.topic_arn}, and no trail that announces on it",
            )
        return
    (trail,) = trails
    status = cloudtrail.get_trail_status(Name=deployment.trail_arn)
    checks.judge(
        name,
        [
            None if status.get("IsLogging") else "it is not logging",
            *(
                f"{key}: {status[key]}"
                for key in ("LatestDeliveryError", "LatestNotificationError")
                if status.get(key)
            ),
            None
            if trail.get("SnsTopicARN") == deployment.topic_arn
            else f"it announces on {trail.get('SnsTopicARN')}",
            None
            if trail.get("S3BucketName") in deployment.log_buckets
            else "Fetch Logs may not read its bucket",
        ],
        f"{trail['Name']} is logging into {trail['S3BucketName']}",
    )


def check_topic(name: str, deployment: Deployment, checks: Checks) -> None:
    """The topic of the environment's own trail lets CloudTrail publish."""
    if deployment.topic_policy is None:
        return
    context = _on_behalf_of(deployment.trail_arn, deployment.account)
    asked = _of_service(CLOUDTRAIL, "sns:Publish", deployment.topic_arn, context)
    _judge_policies(
        checks,
        name,
        [(deployment.topic_policy, asked, "CloudTrail")],
        f"{deployment.prefix}-logs lets CloudTrail publish",
    )


def check_subscriptions(name: str, deployment: Deployment, checks: Checks) -> None:
    """Every topic has a subscription of the ingest queue that is confirmed, and raw; where it can, with a dead-letter queue."""
    for topic in deployment.topics:
        row = f"{name[:-1]} to {topic.rpartition(':')[2]} ({topic.split(':')[3]})"
        with checks.unless_it_cannot_be_read(row):
            arn = deployment.subscriptions.get(topic)
            if arn is None:
                command = (
                    "make plan shows it"
                    if topic.split(":")[3] == deployment.region
                    else ("see make output NAME=subscribe_commands")
                )
                checks.add(row, State.WRONG, f"the ingest queue is not subscribed to {topic}: {command}")
                continue
            if not arn.startswith("arn:"):
                checks.add(row, State.WRONG, f"it is not confirmed: {arn}")
                continue
            attributes = sns_in(arn.split(":")[3]).get_subscription_attributes(SubscriptionArn=arn)[
                "Attributes"
            ]
            checks.judge(
                row, wrong_with_subscription(attributes, deployment), "confirmed, raw message delivery"
            )


def wrong_with_subscription(attributes: Mapping[str, str], deployment: Deployment) -> Iterator[str]:
    """Say what is wrong with a subscription of the ingest queue, by its attributes."""
    if attributes.get("PendingConfirmation", "false") != "false":
        yield "it is not confirmed"
    if attributes.get("RawMessageDelivery", "false").lower() != "true":
        yield "it has no raw message delivery, so that fewer messages fit into an execution"
    filters = json.loads(attributes.get("FilterPolicy") or "{}")
    if filters and (filters, attributes.get("FilterPolicyScope")) != (FILTER_OF_SHARED_TOPICS, "MessageBody"):
        yield "it has a filter policy: what that does not let through is not announced"
    target = json.loads(attributes.get("RedrivePolicy") or "{}").get("deadLetterTargetArn")
    if target not in {None, deployment.dead_letter_queue.arn}:
        yield f"what it cannot deliver goes to {target}"


def _sources(deployment: Deployment) -> Iterator[tuple[str, Mapping[str, str], str]]:
    """Give what announces logs, each as the principal that sends, what AWS says of it, and its name."""
    for topic in deployment.topics:
        region = topic.split(":")[3]
        opt_in = deployment.partition == "aws" and region not in {*DEFAULT_REGIONS, deployment.region}
        principal = f"sns.{region}.amazonaws.com" if opt_in else SNS
        yield principal, _on_behalf_of(topic, topic.split(":")[4]), topic
    policy = json.loads(deployment.ingest_attributes.get("Policy") or _NO_POLICY)
    for bucket in dict.fromkeys([*deployment.notifying_buckets, *buckets_that_notify(deployment)]):
        # S3 says whose bucket it is, which the bucket's name does not: the account that the queue's policy has for it.
        arn = f"arn:{deployment.partition}:s3:::{bucket}"
        yield S3, _on_behalf_of(arn, _account_of(arn, policy) or deployment.account), arn


def buckets_that_notify(deployment: Deployment) -> Iterator[str]:
    """Give the log buckets with event notifications to the ingest queue, as far as these may be read."""
    for bucket in deployment.log_buckets:
        try:
            found = clients.s3().get_bucket_notification_configuration(Bucket=bucket)
        except (BotoCoreError, ClientError):
            continue
        if any(
            each["QueueArn"] == deployment.ingest_queue.arn for each in found.get("QueueConfigurations", [])
        ):
            yield bucket


def _account_of(bucket_arn: str, policy: Mapping[str, Any]) -> str | None:
    for statement in policy.get("Statement", []):
        conditions = {
            key.lower(): [values] if isinstance(values, str) else values
            for of_operator in statement.get("Condition", {}).values()
            for key, values in of_operator.items()
        }
        if bucket_arn in conditions.get("aws:sourcearn", []) and (
            accounts := conditions.get("aws:sourceaccount")
        ):
            return str(accounts[0])
    return None


def _senders_of_dead_letters(deployment: Deployment) -> Iterator[tuple[str, Mapping[str, str], str]]:
    yield EVENTS, _on_behalf_of(deployment.rule_arn, deployment.account), "the rule for failed executions"
    for topic in deployment.topics:
        # SNS wants the dead-letter queue of a subscription in the Region of its topic.
        # https://docs.aws.amazon.com/sns/latest/dg/sns-configure-dead-letter-queue.html
        if topic.split(":")[3:5] == [deployment.region, deployment.account]:
            yield SNS, _on_behalf_of(topic, deployment.account), topic


def _key_of(deployment: Deployment) -> str | None:
    return deployment.ingest_attributes.get("KmsMasterKeyId")


def _on_behalf_of(arn: str, account: str) -> dict[str, str]:
    return {"aws:SourceArn": arn, "aws:SourceAccount": account}


def _of_service(service: str, action: str, resource: str, context: Mapping[str, str]) -> Request:
    return Request("Service", service, action, resource, {**context, **_OVER_TLS})


def _of_role(action: str, resource: str, context: Mapping[str, str] = _OVER_TLS) -> Request:
    return Request(OWNER, "", action, resource, {**context, **_OVER_TLS})


def _judge_policies(
    checks: Checks,
    name: str,
    asked: Iterable[tuple[Mapping[str, Any], Request, str]],
    well: str,
    wrong: Iterable[str | None] = (),
) -> None:
    """Add a row about requests, each with the policy that is to let it through and who makes it."""
    denied: list[str] = []
    unknown: list[str] = []
    for policy, request, who in asked:
        answer = decide(policy, request)
        if answer is Answer.DENIED:
            denied.append(f"does not let {who} do {request.action}")
        elif answer is Answer.UNSURE:
            unknown.append(f"is not known to let {who} do {request.action}")
    checks.judge(name, [*wrong, *denied], well, unknown)

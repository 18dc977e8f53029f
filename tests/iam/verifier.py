"""What whoever runs `make verify` needs to do, and must not be able to: the statements in terraform/README.md are held against it."""

from collections.abc import Iterator

from tests.iam.account import (
    ACCOUNT,
    CLOUDSEARCH_DOMAIN,
    DEAD_LETTER,
    EXECUTION,
    INGEST,
    LOG_KEY,
    LOGS,
    OPENSEARCH_DOMAIN,
    PIPE,
    PIPELINE_KEY,
    PREFIX,
    REGION,
    RETENTION_MACHINE,
    RULE,
    STAGING,
    STATE_MACHINE,
    TOPIC,
    TRAIL,
    role,
)
from tests.iam.requests import FETCH, LOG, PIPE_ROLE, Request, via

VERIFIER = f"arn:aws:iam::{ACCOUNT}:role/release-engineer"
"""Somebody who may do what these statements say, and nothing else."""
NAMES = {
    "<log bucket>": LOGS.rpartition(":")[2],
    "<account>": ACCOUNT,
    "<region>": REGION,
    "<prefix>": PREFIX,
    "<topic>": TOPIC,
    "<key of the log bucket>": LOG_KEY,
    "<key of the pipeline>": PIPELINE_KEY,
}
"""What stands for the placeholders."""
DELETES_EVENTS = {
    "Sid": "VerifyDeletesEvents",
    "Effect": "Allow",
    "Action": "es:ESHttpDelete",
    "Resource": f"{OPENSEARCH_DOMAIN}/{PREFIX}-events-*/_doc/trailsearch-verify-*",
}
"""The statement that lets delete synthetic events from OpenSearch."""

_OWN_LOG = f"{LOGS}/AWSLogs/{ACCOUNT}/CloudTrail/trailsearch-verify/2026/11/26/log.json.gz"
_OWN_EXECUTION = EXECUTION.replace(":7c1d", ":trailsearch-verify-1")
_EVENTS = f"{OPENSEARCH_DOMAIN}/{PREFIX}-events-2026.11"
_ALARMS = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{PREFIX}-dead-letters"


def needed(backend: str) -> Iterator[Request]:
    """What has to be allowed, with that ``search_backend``; to search, ``search_principal_arns`` lets in."""
    yield from _looks()
    for action in ("PutObject", "DeleteObject", "DeleteObjectVersion"):
        yield Request(VERIFIER, f"s3:{action}", _OWN_LOG, "puts and deletes synthetic logs")
    yield Request(VERIFIER, "sns:Publish", TOPIC, "announces a log")
    yield Request(VERIFIER, "sqs:SendMessage", INGEST, "redrives a dead letter")
    for action in ("ReceiveMessage", "ChangeMessageVisibility", "DeleteMessage"):
        yield Request(VERIFIER, f"sqs:{action}", DEAD_LETTER, "finds its dead letters")
    for key, services in ((LOG_KEY, ("s3",)), (PIPELINE_KEY, ("sns", "sqs"))):
        for service in services:
            for action in ("GenerateDataKey", "Decrypt"):
                yield Request(VERIFIER, f"kms:{action}", key, "sends and receives", via(service))
    yield Request(VERIFIER, "states:StartExecution", STATE_MACHINE, "starts an execution to abort")
    yield Request(VERIFIER, "states:StopExecution", _OWN_EXECUTION, "aborts it")
    if backend == "opensearch":
        document = f"{_EVENTS}/_doc/trailsearch-verify-1"
        yield Request(VERIFIER, "es:ESHttpDelete", document, "deletes synthetic events")
    else:
        yield Request(VERIFIER, "cloudsearch:document", CLOUDSEARCH_DOMAIN, "deletes synthetic events")


def _looks() -> Iterator[Request]:
    for action, resource in (
        ("cloudsearch:DescribeDomains", CLOUDSEARCH_DOMAIN),
        ("cloudtrail:DescribeTrails", "*"),
        ("cloudtrail:GetTrailStatus", TRAIL),
        ("cloudwatch:DescribeAlarms", _ALARMS),
        ("cloudwatch:GetMetricData", "*"),
        ("cloudwatch:ListMetrics", "*"),
        ("es:DescribeDomain", OPENSEARCH_DOMAIN),
        ("events:DescribeRule", RULE),
        ("events:ListTargetsByRule", RULE),
        ("iam:GetRole", PIPE_ROLE),
        ("iam:GetRolePolicy", FETCH),
        ("kms:DescribeKey", PIPELINE_KEY),
        ("kms:GetKeyPolicy", PIPELINE_KEY),
        ("pipes:DescribePipe", PIPE),
        ("s3:GetBucketNotification", LOGS),
        ("sns:GetSubscriptionAttributes", "*"),
        ("sns:GetTopicAttributes", TOPIC),
        ("sns:ListSubscriptions", "*"),
        ("sns:ListSubscriptionsByTopic", TOPIC),
        ("sqs:GetQueueAttributes", INGEST),
        ("sqs:GetQueueUrl", DEAD_LETTER),
        ("states:DescribeExecution", EXECUTION),
        ("states:ListExecutions", STATE_MACHINE),
    ):
        yield Request(VERIFIER, action, resource, "looks at what is deployed")


def forbidden() -> Iterator[Request]:
    """What has to be denied."""
    for action, resource, why in (
        ("s3:PutObject", LOG, "puts no log where real ones are"),
        ("s3:DeleteObject", LOG, "deletes no real log"),
        ("s3:DeleteObjectVersion", LOG, "deletes no real log"),
        ("s3:GetObject", LOG, "reads no log"),
        ("s3:PutObject", f"{STAGING}/batches/1/1.json", "has nothing to do with what is staged"),
        ("sns:Subscribe", TOPIC, "only announces"),
        ("sqs:SendMessage", DEAD_LETTER, "only the pipeline dead-letters"),
        ("sqs:ReceiveMessage", INGEST, "only the Pipe takes messages"),
        ("sqs:PurgeQueue", DEAD_LETTER, "deletes its own dead letters only"),
        ("states:StopExecution", EXECUTION, "aborts its own executions only"),
        ("states:StartExecution", RETENTION_MACHINE, "deletes no real event"),
        ("es:ESHttpDelete", _EVENTS, "drops no month"),
        ("es:ESHttpDelete", f"{_EVENTS}/_doc/7c1d", "deletes no real event"),
        ("es:ESHttpPost", f"{OPENSEARCH_DOMAIN}/_bulk", "writes no event"),
        ("iam:PutRolePolicy", role("pipe"), "only looks at roles"),
        ("pipes:StopPipe", PIPE, "only looks at the Pipe"),
        ("kms:ScheduleKeyDeletion", PIPELINE_KEY, "only uses keys"),
        ("cloudtrail:StopLogging", TRAIL, "only looks at the trail"),
    ):
        yield Request(VERIFIER, action, resource, why)
    for key in (LOG_KEY, PIPELINE_KEY):
        yield Request(VERIFIER, "kms:Decrypt", key, "uses keys through services only")

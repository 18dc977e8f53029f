"""Who needs to do what, and who must not: the table that the rendered policies are held against.

What is asked of the search domain depends on its backend: ``search_domain.py``.

Each request is one that a function, the Pipe, the workflow, a service or a person makes of AWS, with the context keys
that AWS sets for it. What is not needed stays forbidden; the forbidden ones are those that a wrong statement, a missing
condition or a confused deputy would let through.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.iam.account import (
    ACCOUNT,
    AUDIT_MACHINE,
    AUDIT_SCHEDULE_GROUP,
    BACKFILL_EXECUTION,
    BACKFILL_ITEM,
    BACKFILL_MACHINE,
    CENTRAL_KEY,
    CENTRAL_LOGS,
    CENTRAL_TOPIC,
    DEAD_LETTER,
    EXECUTION,
    INGEST,
    LOG_KEY,
    LOGS,
    NOTIFYING_BUCKET,
    OPT_IN_TOPIC,
    OTHER_ACCOUNT,
    PIPE,
    PIPELINE_KEY,
    PREFIX,
    REGION,
    RETENTION_MACHINE,
    RULE,
    RULE_OF_STEP_FUNCTIONS,
    SCHEDULE_GROUP,
    STAGING,
    STATE_MACHINE,
    TOPIC,
    TRAIL,
    function,
    log_group,
    role,
)

Context = Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Request:
    """A role (by its ARN) or a service (by its principal) that asks for an action on a resource."""

    who: str
    action: str
    resource: str
    why: str
    context: Context = field(default_factory=dict)

    def __str__(self) -> str:
        keys = " ".join(f"{key}={value}" for key, value in self.context.items())
        return f"{self.who} {self.action} {self.resource} {keys} ({self.why})"


ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT}:role/administrator"
OTHER_ROLE = f"arn:aws:iam::{ACCOUNT}:role/somebody"
STRANGER = f"arn:aws:iam::{OTHER_ACCOUNT}:role/stranger"
OTHER_PREFIX = "trailsearch-prod"

FETCH, SPLIT, INDEX = role("fetch-logs"), role("split-records"), role("index-batch")
STEPS = {"fetch-logs": FETCH, "split-records": SPLIT, "index-batch": INDEX}
WORKFLOW, PIPE_ROLE = role("workflow"), role("pipe")
# Of the retention: its function, its state machine, and what starts that.
DELETE, RETENTION, SCHEDULE = role("delete-expired"), role("retention"), role("retention-schedule")
# Of the backfill: its function and its state machine.
PLAN, BACKFILL = role("plan-backfill"), role("backfill")
# Of the audit: its function, its state machine, and what starts that.
AUDIT_LOGS, AUDIT, AUDIT_SCHEDULE = role("audit-logs"), role("audit"), role("audit-schedule")
# The Pipe's own function.
ADMIT = role("admit-messages")
FUNCTIONS = {
    **STEPS,
    "admit-messages": ADMIT,
    "audit-logs": AUDIT_LOGS,
    "delete-expired": DELETE,
    "plan-backfill": PLAN,
}
ROLES = (
    *FUNCTIONS.values(),
    WORKFLOW,
    PIPE_ROLE,
    RETENTION,
    SCHEDULE,
    BACKFILL,
    AUDIT,
    AUDIT_SCHEDULE,
)

CLOUDTRAIL, SNS, S3, EVENTS = (f"{name}.amazonaws.com" for name in ("cloudtrail", "sns", "s3", "events"))
SCHEDULER = "scheduler.amazonaws.com"
SNS_OPT_IN, CLOUDWATCH_LOGS = "sns.af-south-1.amazonaws.com", f"logs.{REGION}.amazonaws.com"

LOG, CENTRAL_LOG = (
    f"{LOGS}/AWSLogs/{ACCOUNT}/CloudTrail/l.json.gz",
    f"arn:aws:s3:::{CENTRAL_LOGS}/AWSLogs/l.json.gz",
)
LOG_GROUPS = (
    *(f"/aws/lambda/{PREFIX}-{name}" for name in FUNCTIONS),
    f"/aws/vendedlogs/states/{PREFIX}-index-logs",
    f"/aws/vendedlogs/states/{PREFIX}-retention",
    f"/aws/vendedlogs/states/{PREFIX}-backfill",
    f"/aws/vendedlogs/states/{PREFIX}-audit",
    f"/aws/vendedlogs/pipes/{PREFIX}-ingest",
)
USES_OF_A_LOG_GROUP = (
    "Encrypt",
    "Decrypt",
    "ReEncryptFrom",
    "ReEncryptTo",
    "GenerateDataKey",
    "DescribeKey",
)
RECORDS, BATCH = f"{STAGING}/records/7c1d.ndjson", f"{STAGING}/batches/7c1d/00001.json"
PART, DONE = (f"{STAGING}/backfills/20261126T221500Z/{name}" for name in ("parts/0000.json", "done/0000"))
LEDGER = f"{STAGING}/ledger/2026/01/02/03/7c1d/fetched.json"
KEPT_AUDIT = f"{STAGING}/audits/7c1d/shares/0000.json"
EVIDENCE = f"{STAGING}/evidence/2026/01/02/03/7c1d/summary.json"
LARGE_MESSAGE = f"{STAGING}/messages/{'0' * 64}"
PLAIN_HTTP = {"aws:SecureTransport": "false"}
DELIVERED = {"s3:x-amz-acl": "bucket-owner-full-control"}


def via(service: str, region: str = REGION) -> Context:
    """A use of a key through a service."""
    return {"kms:ViaService": f"{service}.{region}.amazonaws.com"}


def on_behalf_of(arn: str, account: str = ACCOUNT) -> Context:
    """A service that acts for one of its resources."""
    return {"aws:SourceArn": arn, "aws:SourceAccount": account}


def encrypting(group: str) -> Context:
    """CloudWatch Logs that encrypts a log group."""
    return {"kms:EncryptionContext:aws:logs:arn": log_group(group)}


def encrypting_for(queue: str) -> Context:
    """SQS that encrypts what is sent to a queue, on behalf of whoever sends it."""
    return {"kms:EncryptionContext:aws:sqs:arn": queue}


def encrypting_logs(trail: str) -> Context:
    """CloudTrail that encrypts a log."""
    return {"kms:EncryptionContext:aws:cloudtrail:arn": trail}


def needed() -> Iterator[Request]:
    """What has to be allowed."""
    yield from _needed_by_functions()
    yield from _needed_of_staging()
    yield from _needed_by_workflow_and_pipe()
    yield from _needed_by_retention()
    yield from _needed_by_backfill()
    yield from _needed_by_audit()
    yield from _needed_by_state_machines()
    yield from _needed_by_services()
    for key in (PIPELINE_KEY, LOG_KEY):
        yield Request(ADMINISTRATOR, "kms:ScheduleKeyDeletion", key, "terraform destroy")


def _needed_by_functions() -> Iterator[Request]:
    for name, who in FUNCTIONS.items():
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            stream = f"{log_group(f'/aws/lambda/{PREFIX}-{name}')}:log-stream:2026/01/02/[$LATEST]0"
            yield Request(who, action, stream, "writes its log")
        for action in ("xray:PutTraceSegments", "xray:PutTelemetryRecords"):
            yield Request(who, action, "*", "sends traces")
        yield Request("lambda.amazonaws.com", "sts:AssumeRole", who, "runs the function")
    for who in STEPS.values():
        yield Request(who, "s3:PutObject", LEDGER, "writes down what it did")
    for bucket, log in ((LOGS, LOG), (f"arn:aws:s3:::{CENTRAL_LOGS}", CENTRAL_LOG)):
        yield Request(FETCH, "s3:GetObject", log, "fetches a log")
        yield Request(FETCH, "s3:ListBucket", bucket, "tells a deleted log from one that is denied")
    yield Request(FETCH, "kms:Decrypt", LOG_KEY, "decrypts a log", via("s3"))
    yield Request(
        FETCH, "kms:Decrypt", CENTRAL_KEY, "decrypts a log of another Region", via("s3", "eu-west-1")
    )
    yield Request(FETCH, "states:DescribeExecution", EXECUTION, "reads the messages of a failed execution")


def _needed_of_staging() -> Iterator[Request]:
    for who in (*STEPS.values(), ADMIT, PLAN, BACKFILL, AUDIT_LOGS):
        for action in ("kms:GenerateDataKey", "kms:Decrypt"):
            yield Request(who, action, PIPELINE_KEY, "uses the staging bucket", via("s3"))
    for who in (ADMIT, FETCH):
        for action in ("s3:PutObject", "s3:GetObject"):
            yield Request(who, action, LARGE_MESSAGE, "sets a large message aside, or reads one and keeps it")
    for action in ("s3:PutObject", "s3:AbortMultipartUpload"):
        yield Request(FETCH, action, RECORDS, "stages records")
    yield Request(SPLIT, "s3:GetObject", RECORDS, "reads records")
    for action in ("s3:PutObject", "s3:PutObjectTagging"):
        yield Request(SPLIT, action, BATCH, "stages a batch that expires soon")
    yield Request(INDEX, "s3:GetObject", BATCH, "reads a batch")
    yield Request(INDEX, "s3:PutObject", BATCH, "stages refused documents")
    for who in (ADMIT, FETCH, SPLIT, INDEX):
        yield Request(who, "s3:ListBucket", STAGING, "tells an expired object from one that is denied")


def _needed_by_workflow_and_pipe() -> Iterator[Request]:
    for name in STEPS:
        yield Request(WORKFLOW, "lambda:InvokeFunction", function(name), "runs a step")
    yield Request(WORKFLOW, "sqs:SendMessage", DEAD_LETTER, "dead-letters")
    for action in ("kms:GenerateDataKey", "kms:Decrypt"):
        yield Request(WORKFLOW, action, PIPELINE_KEY, "dead-letters", via("sqs"))
    yield Request(WORKFLOW, "s3:DeleteObjectTagging", BATCH, "keeps a batch for its dead letter")
    yield Request(WORKFLOW, "states:StartExecution", STATE_MACHINE, "starts executions for messages")
    for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"):
        yield Request(PIPE_ROLE, action, INGEST, "takes messages")
    yield Request(PIPE_ROLE, "kms:Decrypt", PIPELINE_KEY, "takes messages", via("sqs"))
    yield Request(PIPE_ROLE, "lambda:InvokeFunction", function("admit-messages"), "has messages admitted")
    yield Request(PIPE_ROLE, "states:StartExecution", STATE_MACHINE, "starts executions")
    yield Request("pipes.amazonaws.com", "sts:AssumeRole", PIPE_ROLE, "runs", on_behalf_of(PIPE))


def _needed_by_retention() -> Iterator[Request]:
    yield Request(RETENTION, "lambda:InvokeFunction", function("delete-expired"), "deletes expired events")
    yield Request(SCHEDULE, "states:StartExecution", RETENTION_MACHINE, "starts it once a day")
    yield Request(SCHEDULER, "sts:AssumeRole", SCHEDULE, "runs", on_behalf_of(SCHEDULE_GROUP))


def _needed_by_backfill() -> Iterator[Request]:
    for bucket in (LOGS, f"arn:aws:s3:::{CENTRAL_LOGS}"):
        yield Request(PLAN, "s3:ListBucket", bucket, "finds the logs of some days")
    yield Request(PLAN, "s3:ListBucket", STAGING, "finds what is done")
    for action in ("s3:GetObject", "s3:PutObject"):
        yield Request(PLAN, action, PART, "keeps the plan")
    yield Request(BACKFILL, "lambda:InvokeFunction", function("plan-backfill"), "plans")
    yield Request(BACKFILL, "states:StartExecution", STATE_MACHINE, "indexes a part")
    yield Request(BACKFILL, "states:StartExecution", BACKFILL_MACHINE, "runs an item of its Map Run")
    yield Request(BACKFILL, "states:DescribeExecution", EXECUTION, "waits for the end of a part")
    for execution in (BACKFILL_EXECUTION, BACKFILL_ITEM):
        for action in ("DescribeExecution", "StopExecution", "RedriveExecution"):
            yield Request(BACKFILL, f"states:{action}", execution, "controls its Map Run")
    for action in ("events:PutTargets", "events:PutRule", "events:DescribeRule"):
        yield Request(BACKFILL, action, RULE_OF_STEP_FUNCTIONS, "is told of the end of a part")
    yield Request(BACKFILL, "s3:GetObject", PART, "reads a part")
    yield Request(BACKFILL, "s3:PutObject", DONE, "marks a part as done")
    yield Request(BACKFILL, "cloudwatch:DescribeAlarms", "*", "looks whether live traffic is behind")


def _needed_by_audit() -> Iterator[Request]:
    yield Request(AUDIT, "lambda:InvokeFunction", function("audit-logs"), "audits")
    yield Request(AUDIT_SCHEDULE, "states:StartExecution", AUDIT_MACHINE, "starts it once an hour")
    yield Request(SCHEDULER, "sts:AssumeRole", AUDIT_SCHEDULE, "runs", on_behalf_of(AUDIT_SCHEDULE_GROUP))
    for bucket, log in ((LOGS, LOG), (f"arn:aws:s3:::{CENTRAL_LOGS}", CENTRAL_LOG)):
        yield Request(AUDIT_LOGS, "s3:ListBucket", bucket, "finds digests and logs")
        yield Request(AUDIT_LOGS, "s3:GetObject", log, "reads digests, and logs that nobody has read")
    yield Request(AUDIT_LOGS, "s3:ListBucket", STAGING, "finds the ledger")
    yield Request(AUDIT_LOGS, "kms:Decrypt", LOG_KEY, "decrypts a log", via("s3"))
    yield Request(
        AUDIT_LOGS, "kms:Decrypt", CENTRAL_KEY, "decrypts a log of another Region", via("s3", "eu-west-1")
    )
    yield Request(AUDIT_LOGS, "cloudtrail:ListPublicKeys", "*", "checks signatures")
    for action in ("s3:GetObject", "s3:PutObject"):
        yield Request(AUDIT_LOGS, action, LEDGER, "reads the ledger, and writes down what it announced")
        yield Request(AUDIT_LOGS, action, KEPT_AUDIT, "keeps what it has found")
    yield Request(AUDIT_LOGS, "s3:PutObject", EVIDENCE, "keeps evidence for others")
    yield Request(AUDIT_LOGS, "sqs:SendMessage", INGEST, "announces what nobody has read")
    for action in ("kms:GenerateDataKey", "kms:Decrypt"):
        yield Request(AUDIT_LOGS, action, PIPELINE_KEY, "announces what nobody has read", via("sqs"))


def _needed_by_state_machines() -> Iterator[Request]:
    for who, machine in (
        (WORKFLOW, STATE_MACHINE),
        (RETENTION, RETENTION_MACHINE),
        (BACKFILL, BACKFILL_MACHINE),
        (AUDIT, AUDIT_MACHINE),
    ):
        for action in (
            "logs:CreateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
            "logs:GetLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:UpdateLogDelivery",
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:PutTelemetryRecords",
            "xray:PutTraceSegments",
        ):
            yield Request(who, action, "*", "logs and traces executions")
        yield Request("states.amazonaws.com", "sts:AssumeRole", who, "runs", on_behalf_of(machine))


def _needed_by_services() -> Iterator[Request]:
    trail = on_behalf_of(TRAIL)
    yield Request(CLOUDTRAIL, "s3:GetBucketAcl", LOGS, "checks the bucket", trail)
    yield Request(CLOUDTRAIL, "s3:PutObject", LOG, "delivers a log", {**trail, **DELIVERED})
    yield Request(CLOUDTRAIL, "sns:Publish", TOPIC, "announces a log", trail)
    yield Request(
        CLOUDTRAIL, "kms:GenerateDataKey", LOG_KEY, "encrypts a log", {**trail, **encrypting_logs(TRAIL)}
    )
    for action in ("kms:GenerateDataKey", "kms:Decrypt"):
        yield Request(CLOUDTRAIL, action, LOG_KEY, "encrypts a log with the bucket key", trail)
    yield Request(CLOUDTRAIL, "kms:DescribeKey", LOG_KEY, "checks the key", trail)
    for action in ("kms:GenerateDataKey", "kms:Decrypt"):
        yield Request(CLOUDTRAIL, action, PIPELINE_KEY, "announces a log", trail)
        for who, topic in ((SNS, TOPIC), (SNS, CENTRAL_TOPIC), (SNS_OPT_IN, OPT_IN_TOPIC)):
            yield Request(who, action, PIPELINE_KEY, "delivers to the queue", on_behalf_of(topic))
        yield Request(S3, action, PIPELINE_KEY, "sends an event", _bucket_event(NOTIFYING_BUCKET))
        # Whether EventBridge says here which rule it acts for is documented both ways.
        for context in ({}, on_behalf_of(RULE)):
            yield Request(
                EVENTS,
                action,
                PIPELINE_KEY,
                "dead-letters an execution",
                {**context, **encrypting_for(DEAD_LETTER)},
            )
    for who, topic in ((SNS, TOPIC), (SNS, CENTRAL_TOPIC), (SNS_OPT_IN, OPT_IN_TOPIC)):
        yield Request(who, "sqs:SendMessage", INGEST, "delivers to the queue", on_behalf_of(topic))
    yield Request(S3, "sqs:SendMessage", INGEST, "sends an event", _bucket_event(NOTIFYING_BUCKET))
    yield Request(
        SNS, "sqs:SendMessage", DEAD_LETTER, "dead-letters what it cannot deliver", on_behalf_of(TOPIC)
    )
    yield Request(EVENTS, "sqs:SendMessage", DEAD_LETTER, "dead-letters an execution", on_behalf_of(RULE))
    for group in LOG_GROUPS:
        for action in USES_OF_A_LOG_GROUP:
            yield Request(
                CLOUDWATCH_LOGS, f"kms:{action}", PIPELINE_KEY, "encrypts log groups", encrypting(group)
            )


def _bucket_event(bucket: str, account: str = OTHER_ACCOUNT) -> Context:
    return on_behalf_of(f"arn:aws:s3:::{bucket}", account)


def forbidden() -> Iterator[Request]:
    """What has to be denied."""
    yield from _work_of_others()
    yield from _other_environments()
    yield from _confused_deputies()
    yield from _other_accounts()
    yield from _plain_http()
    yield from _keys_elsewhere()
    yield from _destruction()


def _work_of_others() -> Iterator[Request]:
    yield from _reading_by_others()
    yield from _sending_and_starting_by_others()
    yield from _staging_by_others()
    yield from _auditing_by_others()
    for who, name in (
        (FETCH, "split-records"),
        (SPLIT, "index-batch"),
        (INDEX, "fetch-logs"),
        (DELETE, "index-batch"),
        (PLAN, "fetch-logs"),
        (ADMIT, "fetch-logs"),
        (AUDIT_LOGS, "fetch-logs"),
    ):
        stream = f"{log_group(f'/aws/lambda/{PREFIX}-{name}')}:log-stream:0"
        yield Request(who, "logs:PutLogEvents", stream, "writes its own log only")
    for who in ROLES:
        for service in ("ec2.amazonaws.com", "states.amazonaws.com", "lambda.amazonaws.com", SCHEDULER):
            if not (service == "lambda.amazonaws.com" and who in FUNCTIONS.values()):
                yield Request(service, "sts:AssumeRole", who, "is no service for this role")


def _reading_by_others() -> Iterator[Request]:
    for who in ROLES:
        if who not in (FETCH, AUDIT_LOGS):
            yield Request(who, "s3:GetObject", LOG, "only fetch_logs and the audit read logs")
            yield Request(
                who, "kms:Decrypt", LOG_KEY, "only fetch_logs and the audit decrypt logs", via("s3")
            )
        if who not in (FETCH, BACKFILL):
            yield Request(who, "states:DescribeExecution", EXECUTION, "only fetch_logs reads inputs")


def _sending_and_starting_by_others() -> Iterator[Request]:
    for who in ROLES:
        yield Request(who, "sns:Publish", TOPIC, "only CloudTrail announces logs")
        if who != AUDIT_LOGS:
            yield Request(who, "sqs:SendMessage", INGEST, "only topics, buckets and the audit send messages")
    for who in (*FUNCTIONS.values(), WORKFLOW, RETENTION, SCHEDULE, BACKFILL, AUDIT, AUDIT_SCHEDULE):
        yield Request(
            who, "lambda:InvokeFunction", function("admit-messages"), "only the Pipe has messages admitted"
        )
    for who in (*FUNCTIONS.values(), PIPE_ROLE, RETENTION, SCHEDULE, BACKFILL, AUDIT, AUDIT_SCHEDULE):
        yield Request(who, "sqs:SendMessage", DEAD_LETTER, "only the workflow dead-letters")
        yield Request(who, "lambda:InvokeFunction", function("fetch-logs"), "only the workflow runs steps")
    for who in (*FUNCTIONS.values(), WORKFLOW, PIPE_ROLE, SCHEDULE, BACKFILL, AUDIT, AUDIT_SCHEDULE):
        yield Request(
            who,
            "lambda:InvokeFunction",
            function("delete-expired"),
            "only the state machine retention deletes",
        )
    for who in (*FUNCTIONS.values(), WORKFLOW, PIPE_ROLE, RETENTION, SCHEDULE, AUDIT, AUDIT_SCHEDULE):
        yield Request(
            who, "lambda:InvokeFunction", function("plan-backfill"), "only the state machine backfill plans"
        )
        yield Request(who, "states:StartExecution", BACKFILL_MACHINE, "only operators start it")
    for who in (*FUNCTIONS.values(), WORKFLOW, PIPE_ROLE, RETENTION, BACKFILL, AUDIT, AUDIT_SCHEDULE):
        yield Request(who, "states:StartExecution", RETENTION_MACHINE, "only the schedule starts it")
    for who in (*FUNCTIONS.values(), RETENTION, SCHEDULE, AUDIT, AUDIT_SCHEDULE):
        yield Request(
            who, "states:StartExecution", STATE_MACHINE, "only Pipe, workflow and backfill start executions"
        )
        yield Request(who, "sqs:ReceiveMessage", INGEST, "only the Pipe takes messages")
    yield Request(BACKFILL, "sqs:ReceiveMessage", INGEST, "only the Pipe takes messages")
    yield Request(BACKFILL, "events:PutRule", RULE, "makes the one rule of Step Functions alone")
    yield Request(BACKFILL, "states:RedriveExecution", EXECUTION, "redrives its own executions only")
    yield Request(WORKFLOW, "sqs:ReceiveMessage", DEAD_LETTER, "only operators read dead letters")


def _staging_by_others() -> Iterator[Request]:
    yield Request(FETCH, "s3:PutObject", BATCH, "stages records only")
    yield Request(FETCH, "s3:GetObject", BATCH, "stages records only")
    yield Request(FETCH, "s3:PutObject", LOG, "reads logs only")
    yield Request(SPLIT, "s3:PutObject", RECORDS, "reads records only")
    yield Request(INDEX, "s3:GetObject", RECORDS, "reads batches only")
    for who in (each for each in ROLES if each not in (PLAN, BACKFILL)):
        yield Request(who, "s3:GetObject", PART, "has nothing to do with backfills")
        yield Request(who, "s3:PutObject", DONE, "has nothing to do with backfills")
    for who in (PLAN, BACKFILL, AUDIT_LOGS, AUDIT, AUDIT_SCHEDULE):
        yield Request(who, "s3:GetObject", RECORDS, "has nothing to do with what is staged")
        yield Request(who, "s3:PutObject", BATCH, "has nothing to do with what is staged")
    yield Request(BACKFILL, "s3:PutObject", PART, "marks parts only")
    yield Request(BACKFILL, "s3:ListBucket", LOGS, "only the function lists logs")
    for who in (WORKFLOW, PIPE_ROLE):
        yield Request(who, "s3:GetObject", BATCH, "hands on pointers only")
        yield Request(who, "s3:PutObject", BATCH, "hands on pointers only")
    for staged in (RECORDS, BATCH):
        yield Request(ADMIT, "s3:GetObject", staged, "sets messages aside only")
        yield Request(ADMIT, "s3:PutObject", staged, "sets messages aside only")
    for who in (SPLIT, INDEX, WORKFLOW, PIPE_ROLE, DELETE, RETENTION, SCHEDULE):
        yield Request(who, "s3:GetObject", LARGE_MESSAGE, "only what reads messages reads large ones")
        yield Request(who, "s3:PutObject", LARGE_MESSAGE, "only what reads messages keeps large ones")
    for who in (DELETE, RETENTION, SCHEDULE):
        yield Request(who, "s3:GetObject", BATCH, "has nothing to do with what is staged")
        yield Request(who, "kms:Decrypt", PIPELINE_KEY, "has nothing to do with what is staged", via("s3"))
    for who in (ADMIT, FETCH, INDEX, WORKFLOW, PIPE_ROLE):
        yield Request(who, "s3:PutObjectTagging", BATCH, "only split_records lets batches expire soon")
    for who in (ADMIT, FETCH, SPLIT, INDEX, PIPE_ROLE):
        yield Request(who, "s3:DeleteObjectTagging", BATCH, "only the workflow keeps batches")
    yield Request(SPLIT, "s3:PutObjectTagging", RECORDS, "tags batches only")
    yield Request(WORKFLOW, "s3:DeleteObjectTagging", RECORDS, "keeps batches only")
    yield Request(WORKFLOW, "s3:DeleteObjectTagging", LOG, "has nothing to do with logs")
    for who in (SPLIT, INDEX):
        yield Request(who, "s3:ListBucket", LOGS, "has nothing to do with logs")


def _auditing_by_others() -> Iterator[Request]:
    for who in ROLES:
        if who != AUDIT:
            yield Request(
                who, "lambda:InvokeFunction", function("audit-logs"), "only the state machine audit audits"
            )
        if who != AUDIT_SCHEDULE:
            yield Request(who, "states:StartExecution", AUDIT_MACHINE, "only its schedule starts it")
    for who in ROLES:
        if who != AUDIT_LOGS:
            yield Request(who, "s3:GetObject", LEDGER, "only the audit reads the ledger")
            yield Request(who, "s3:GetObject", KEPT_AUDIT, "has nothing to do with audits")
            yield Request(who, "s3:PutObject", KEPT_AUDIT, "has nothing to do with audits")
            yield Request(who, "s3:PutObject", EVIDENCE, "only the audit writes evidence")
            yield Request(who, "cloudtrail:ListPublicKeys", "*", "only the audit checks signatures")
        if who not in (*STEPS.values(), AUDIT_LOGS):
            yield Request(who, "s3:PutObject", LEDGER, "only what indexes and the audit write the ledger")
        yield Request(who, "s3:GetObject", EVIDENCE, "evidence is for others to read")
    yield Request(AUDIT_LOGS, "s3:PutObject", LOG, "reads logs only")


def _other_environments() -> Iterator[Request]:
    def there(arn: str) -> str:
        return arn.replace(PREFIX, OTHER_PREFIX)

    for who, action, resource in (
        (FETCH, "s3:GetObject", there(LOG)),
        (FETCH, "s3:PutObject", there(RECORDS)),
        (FETCH, "states:DescribeExecution", there(EXECUTION)),
        (SPLIT, "s3:GetObject", there(RECORDS)),
        (SPLIT, "s3:PutObject", there(BATCH)),
        (SPLIT, "s3:PutObjectTagging", there(BATCH)),
        (INDEX, "s3:GetObject", there(BATCH)),
        (WORKFLOW, "lambda:InvokeFunction", there(function("index-batch"))),
        (WORKFLOW, "sqs:SendMessage", there(DEAD_LETTER)),
        (WORKFLOW, "s3:DeleteObjectTagging", there(BATCH)),
        (WORKFLOW, "states:StartExecution", there(STATE_MACHINE)),
        (PIPE_ROLE, "sqs:ReceiveMessage", there(INGEST)),
        (PIPE_ROLE, "states:StartExecution", there(STATE_MACHINE)),
        (RETENTION, "lambda:InvokeFunction", there(function("delete-expired"))),
        (SCHEDULE, "states:StartExecution", there(RETENTION_MACHINE)),
        (PLAN, "s3:ListBucket", there(LOGS)),
        (PLAN, "s3:PutObject", there(PART)),
        (BACKFILL, "lambda:InvokeFunction", there(function("plan-backfill"))),
        (BACKFILL, "states:StartExecution", there(STATE_MACHINE)),
        (BACKFILL, "states:DescribeExecution", there(EXECUTION)),
        (BACKFILL, "states:StopExecution", there(BACKFILL_EXECUTION)),
        (BACKFILL, "s3:GetObject", there(PART)),
        (BACKFILL, "s3:PutObject", there(DONE)),
        (AUDIT, "lambda:InvokeFunction", there(function("audit-logs"))),
        (AUDIT_SCHEDULE, "states:StartExecution", there(AUDIT_MACHINE)),
        (AUDIT_LOGS, "s3:ListBucket", there(LOGS)),
        (AUDIT_LOGS, "s3:GetObject", there(LOG)),
        (AUDIT_LOGS, "s3:PutObject", there(EVIDENCE)),
        (AUDIT_LOGS, "sqs:SendMessage", there(INGEST)),
    ):
        yield Request(who, action, resource, "belongs to another environment")
    for who, action, resource, source in (
        (SNS, "sqs:SendMessage", INGEST, TOPIC),
        (EVENTS, "sqs:SendMessage", DEAD_LETTER, RULE),
        (CLOUDTRAIL, "sns:Publish", TOPIC, TRAIL),
        ("states.amazonaws.com", "sts:AssumeRole", WORKFLOW, STATE_MACHINE),
        ("pipes.amazonaws.com", "sts:AssumeRole", PIPE_ROLE, PIPE),
        ("states.amazonaws.com", "sts:AssumeRole", RETENTION, RETENTION_MACHINE),
        ("states.amazonaws.com", "sts:AssumeRole", BACKFILL, BACKFILL_MACHINE),
        (SCHEDULER, "sts:AssumeRole", SCHEDULE, SCHEDULE_GROUP),
        ("states.amazonaws.com", "sts:AssumeRole", AUDIT, AUDIT_MACHINE),
        (SCHEDULER, "sts:AssumeRole", AUDIT_SCHEDULE, AUDIT_SCHEDULE_GROUP),
    ):
        yield Request(who, action, resource, "acts for another environment", on_behalf_of(there(source)))
    group = encrypting(f"/aws/lambda/{OTHER_PREFIX}-fetch-logs")
    yield Request(CLOUDWATCH_LOGS, "kms:Encrypt", PIPELINE_KEY, "encrypts a log group of another", group)


def _confused_deputies() -> Iterator[Request]:
    def elsewhere(arn: str) -> Context:
        return on_behalf_of(arn.replace(ACCOUNT, OTHER_ACCOUNT), OTHER_ACCOUNT)

    why = "acts for somebody of another account"
    trail = elsewhere(TRAIL)
    yield Request(CLOUDTRAIL, "s3:GetBucketAcl", LOGS, why, trail)
    yield Request(CLOUDTRAIL, "s3:PutObject", LOG, why, {**trail, **DELIVERED})
    yield Request(CLOUDTRAIL, "s3:PutObject", LOG, "would keep the log to itself", on_behalf_of(TRAIL))
    yield Request(CLOUDTRAIL, "sns:Publish", TOPIC, why, trail)
    yield Request(CLOUDTRAIL, "kms:GenerateDataKey", LOG_KEY, why, {**trail, **encrypting_logs(TRAIL)})
    yield Request(
        CLOUDTRAIL,
        "kms:GenerateDataKey",
        LOG_KEY,
        "encrypts logs of another account's trail",
        {**on_behalf_of(TRAIL), **encrypting_logs(TRAIL.replace(ACCOUNT, OTHER_ACCOUNT))},
    )
    yield Request(CLOUDTRAIL, "kms:DescribeKey", LOG_KEY, why, trail)
    for action in ("kms:GenerateDataKey", "kms:Decrypt"):
        yield Request(CLOUDTRAIL, action, LOG_KEY, why, trail)
        yield Request(CLOUDTRAIL, action, PIPELINE_KEY, why, trail)
        yield Request(SNS, action, PIPELINE_KEY, why, elsewhere(TOPIC))
        for queue in (
            INGEST,
            DEAD_LETTER.replace(PREFIX, OTHER_PREFIX),
            DEAD_LETTER.replace(ACCOUNT, OTHER_ACCOUNT),
        ):
            yield Request(EVENTS, action, PIPELINE_KEY, "sends to another queue", encrypting_for(queue))
        yield Request(EVENTS, action, PIPELINE_KEY, "sends to no queue", on_behalf_of(RULE))
        yield Request(S3, action, PIPELINE_KEY, why, _bucket_event("unknown-bucket"))
        yield Request(
            S3, action, PIPELINE_KEY, "took over the name", _bucket_event(NOTIFYING_BUCKET, ACCOUNT)
        )
    yield Request(SNS, "sqs:SendMessage", INGEST, why, elsewhere(TOPIC))
    yield Request(EVENTS, "sqs:SendMessage", DEAD_LETTER, why, elsewhere(RULE))
    yield Request(S3, "sqs:SendMessage", INGEST, why, _bucket_event("unknown-bucket"))
    yield Request(
        S3, "sqs:SendMessage", INGEST, "took over the name", _bucket_event(NOTIFYING_BUCKET, ACCOUNT)
    )
    for service, who, source in (
        ("states.amazonaws.com", WORKFLOW, STATE_MACHINE),
        ("pipes.amazonaws.com", PIPE_ROLE, PIPE),
        ("states.amazonaws.com", RETENTION, RETENTION_MACHINE),
        ("states.amazonaws.com", BACKFILL, BACKFILL_MACHINE),
        (SCHEDULER, SCHEDULE, SCHEDULE_GROUP),
        ("states.amazonaws.com", AUDIT, AUDIT_MACHINE),
        (SCHEDULER, AUDIT_SCHEDULE, AUDIT_SCHEDULE_GROUP),
    ):
        yield Request(service, "sts:AssumeRole", who, why, elsewhere(source))
        yield Request(
            service, "sts:AssumeRole", who, why, {**on_behalf_of(source), "aws:SourceAccount": OTHER_ACCOUNT}
        )
    for who in (EVENTS, S3, CLOUDTRAIL):
        yield Request(who, "sqs:SendMessage", INGEST, "does not announce logs", on_behalf_of(TOPIC))
    yield Request(SNS, "sqs:SendMessage", DEAD_LETTER, "does not dead-letter", on_behalf_of(RULE))
    yield Request(SNS, "sqs:SendMessage", DEAD_LETTER, why, elsewhere(TOPIC))
    yield Request(SNS, "sqs:SendMessage", DEAD_LETTER, "is not subscribed here", on_behalf_of(CENTRAL_TOPIC))


def _other_accounts() -> Iterator[Request]:
    """Principals of other accounts, whatever their own policies let them do."""
    for action, resource in (
        ("s3:GetObject", LOG),
        ("s3:PutObject", LOG),
        ("s3:ListBucket", LOGS),
        ("s3:GetObject", BATCH),
        ("s3:PutObject", BATCH),
        ("s3:ListBucket", STAGING),
        ("sqs:SendMessage", INGEST),
        ("sqs:ReceiveMessage", INGEST),
        ("sqs:SendMessage", DEAD_LETTER),
        ("sqs:ReceiveMessage", DEAD_LETTER),
        ("sns:Publish", TOPIC),
        ("sns:Subscribe", TOPIC),
        ("kms:Decrypt", PIPELINE_KEY),
        ("kms:Decrypt", LOG_KEY),
        *(("sts:AssumeRole", who) for who in ROLES),
    ):
        yield Request(STRANGER, action, resource, "is of another account")


def _plain_http() -> Iterator[Request]:
    why = "TLS only"
    yield Request(FETCH, "s3:GetObject", LOG, why, PLAIN_HTTP)
    yield Request(FETCH, "s3:PutObject", RECORDS, why, PLAIN_HTTP)
    yield Request(PIPE_ROLE, "sqs:ReceiveMessage", INGEST, why, PLAIN_HTTP)
    yield Request(WORKFLOW, "sqs:SendMessage", DEAD_LETTER, why, PLAIN_HTTP)
    yield Request(CLOUDTRAIL, "sns:Publish", TOPIC, why, {**on_behalf_of(TRAIL), **PLAIN_HTTP})


def _keys_elsewhere() -> Iterator[Request]:
    why = "uses the key only through its service"
    for who in (*STEPS.values(), ADMIT, PLAN, BACKFILL):
        yield Request(who, "kms:Decrypt", PIPELINE_KEY, why, via("sqs"))
        yield Request(who, "kms:GenerateDataKey", PIPELINE_KEY, why)
    for who in (WORKFLOW, PIPE_ROLE):
        yield Request(who, "kms:Decrypt", PIPELINE_KEY, why, via("s3"))
    yield Request(AUDIT_LOGS, "kms:Decrypt", PIPELINE_KEY, why)
    yield Request(AUDIT_LOGS, "kms:GenerateDataKey", PIPELINE_KEY, why)
    for who in (FETCH, AUDIT_LOGS):
        yield Request(who, "kms:Decrypt", LOG_KEY, why)
        yield Request(who, "kms:Decrypt", CENTRAL_KEY, why)
    for key in (PIPELINE_KEY, LOG_KEY):
        yield Request(OTHER_ROLE, "kms:Decrypt", key, "is nobody", via("s3"))


def _destruction() -> Iterator[Request]:
    for who in ROLES:
        for action, resource in (
            ("s3:DeleteObject", LOG),
            ("s3:DeleteObject", BATCH),
            ("s3:PutBucketPolicy", LOGS),
            ("s3:PutBucketPolicy", STAGING),
            ("sqs:PurgeQueue", DEAD_LETTER),
            ("sqs:DeleteMessage", DEAD_LETTER),
            ("kms:ScheduleKeyDeletion", LOG_KEY),
            ("cloudtrail:StopLogging", TRAIL),
            ("states:StopExecution", EXECUTION),
        ):
            yield Request(who, action, resource, "nothing of the pipeline deletes or changes anything")

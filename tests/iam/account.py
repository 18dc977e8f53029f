"""Who and what there is in the account and around it: names for the table of requests.

Everything of Trailsearch's has the names that ``terraform/locals.tf`` gives, in the local cloud's account.
"""

from typing import Any

ACCOUNT = "123456789012"
REGION = "us-east-1"
PREFIX = "trailsearch-local"

# Beside a new trail, the logs of others, so that every statement that Terraform can write is there.
OTHER_ACCOUNT = "444455556666"
CENTRAL_LOGS = "central-audit-logs"
CENTRAL_KEY = f"arn:aws:kms:eu-west-1:{OTHER_ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
CENTRAL_TOPIC = f"arn:aws:sns:eu-west-1:{OTHER_ACCOUNT}:cloudtrail"
OPT_IN_TOPIC = f"arn:aws:sns:af-south-1:{OTHER_ACCOUNT}:cloudtrail"
NOTIFYING_BUCKET = "audit-logs-with-events"
ANALYST = f"arn:aws:iam::{ACCOUNT}:role/security-analyst"

SETTINGS: dict[str, Any] = {
    "log_bucket_names": [CENTRAL_LOGS, NOTIFYING_BUCKET],
    "log_kms_key_arns": [CENTRAL_KEY],
    "log_topic_arns": [CENTRAL_TOPIC, OPT_IN_TOPIC],
    "log_bucket_notifications": [{"bucket": NOTIFYING_BUCKET, "account_id": OTHER_ACCOUNT}],
    "search_principal_arns": [ANALYST],
    # Sixteen years: of the events that other tests index, none is as old.
    "search_retention_days": 6000,
}

LOGS = f"arn:aws:s3:::{PREFIX}-logs-{ACCOUNT}-{REGION}"
STAGING = f"arn:aws:s3:::{PREFIX}-staging-{ACCOUNT}-{REGION}"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:{PREFIX}-logs"
INGEST = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{PREFIX}-ingest"
DEAD_LETTER = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{PREFIX}-dead-letter"
PIPE = f"arn:aws:pipes:{REGION}:{ACCOUNT}:pipe/{PREFIX}-ingest"
STATE_MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{PREFIX}-index-logs"
EXECUTION = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:{PREFIX}-index-logs:7c1d"
BACKFILL_MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{PREFIX}-backfill"
BACKFILL_EXECUTION = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:{PREFIX}-backfill:7c1d"
# An execution of an item of its Map Run, by the label of the state.
BACKFILL_ITEM = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:{PREFIX}-backfill/Parts:7c1d"
RETENTION_MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{PREFIX}-retention"
AUDIT_MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{PREFIX}-audit"
AUDIT_SCHEDULE_GROUP = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/{PREFIX}-audit"
SCHEDULE_GROUP = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/{PREFIX}"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{PREFIX}-failed-executions"
# Step Functions makes it by itself, under this name.
RULE_OF_STEP_FUNCTIONS = (
    f"arn:aws:events:{REGION}:{ACCOUNT}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
)
TRAIL = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{PREFIX}"
CLOUDSEARCH_DOMAIN = f"arn:aws:cloudsearch:{REGION}:{ACCOUNT}:domain/{PREFIX}"
OPENSEARCH_DOMAIN = f"arn:aws:es:{REGION}:{ACCOUNT}:domain/{PREFIX}"
OPENSEARCH_LOG = f"/aws/OpenSearchService/domains/{PREFIX}/application-logs"
# The ids of keys are drawn when they are made; these stand for them.
PIPELINE_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000001"
LOG_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000002"


def role(name: str, prefix: str = PREFIX) -> str:
    """The ARN of a role of an environment."""
    return f"arn:aws:iam::{ACCOUNT}:role/{prefix}-{name}"


def function(name: str, prefix: str = PREFIX) -> str:
    """The ARN of a function of an environment."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{prefix}-{name}"


def log_group(name: str) -> str:
    """The ARN of a log group, without the ``:*`` that stands for its streams."""
    return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"

"""What the queries of the READMEs ask for: logs that have something for each of them."""

import gzip
import json
import uuid
from datetime import UTC, datetime
from typing import Any

from tests.local_cloud.pipeline.cloudtrail_delivery import Log
from tests.log_generator import generate_logs

ACCOUNT = "111122223333"
# The folder that the READMEs index again.
PREFIX = f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2026/11"
# The story of the generated logs begins on the day that a query asks for, as in the demo.
STORY_FROM = datetime(2014, 9, 1, tzinfo=UTC)
# Who is asked for, beside those of the story.
ALICE = {
    "type": "AssumedRole",
    "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/alice@example.com",
    "accountId": ACCOUNT,
}
# As CloudTrail writes them: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html
RECORDS: list[dict[str, Any]] = [
    {
        "eventSource": "signin.amazonaws.com",
        "eventName": "ConsoleLogin",
        "errorMessage": "Failed authentication",
        "responseElements": {"ConsoleLogin": "Failure"},
    },
    {"eventSource": "cloudtrail.amazonaws.com", "eventName": "DeleteTrail"},
    {
        "eventSource": "s3.amazonaws.com",
        "eventName": "DeleteBucket",
        "errorCode": "AccessDenied",
        "requestParameters": {"bucketName": "my-bucket", "Host": "my-bucket.s3.amazonaws.com"},
    },
    {"eventSource": "sqs.amazonaws.com", "eventName": "CreateQueue"},
]


def searched_logs() -> list[Log]:
    """Give the story, and last the log with what else the queries ask for."""
    records = [
        {
            "eventVersion": "1.11",
            "eventID": str(uuid.uuid4()),
            "eventTime": f"2026-11-02T00:00:0{number}Z",
            "awsRegion": "us-east-1",
            "sourceIPAddress": "203.0.113.20",
            "userIdentity": ALICE,
            **record,
        }
        for number, record in enumerate(RECORDS)
    ]
    body = gzip.compress(json.dumps({"Records": records}, separators=(",", ":")).encode())
    key = f"{PREFIX}/02/{ACCOUNT}_CloudTrail_us-east-1_20261102T0005Z_Readme.json.gz"
    story = [Log(each.key, each.body) for each in generate_logs(seed=11, logs=20, start=STORY_FROM)]
    return [*story, Log(key, body)]

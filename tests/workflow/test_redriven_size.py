"""As many redriven messages as the Pipe may hand over together fit into the input of an execution.

Whatever they are about, and however they failed: with the longest names that AWS allows and the longest causes that the
functions give. A foreign message is as large as whoever sent it made it; here it is small.
"""

import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import REPOSITORY
from tests.local_cloud.services.pipes.records import to_record
from tests.workflow import definition
from trailsearch.aws.telemetry import observed
from trailsearch.contracts.errors import (
    DocumentRefused,
    ExecutionsUnavailable,
    LogUnreadable,
    MessageNotRecognized,
    StorageUnavailable,
)
from trailsearch.contracts.messages import (
    MAX_PAYLOAD_CHARACTERS,
    BatchRef,
    DeadLetter,
    Execution,
    Failures,
    Kind,
    LogRef,
    QueueMessage,
)

STATES = {state.name: state.fields for state in definition.states(definition.load())}
TERRAFORM = REPOSITORY / "terraform"
TIME = "2026-11-26T20:45:00.000Z"
REGION = "ap-northeast-1"
# "trailsearch" and an environment have 28 characters at most (terraform/variables.tf).
PREFIX = "trailsearch-" + "e" * 16
QUEUE = f"arn:aws-us-gov:sqs:{REGION}:123456789012:{PREFIX}-ingest"
# As the Pipe names executions: two UUIDs.
UUID = "3eab6845-0000-0000-0000-000000000000"
ARN = f"arn:aws-us-gov:states:{REGION}:123456789012:execution:{PREFIX}-index-logs:{UUID}_{UUID}"
BUCKET = "b" * 63
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-create-and-update-a-trail.html: a prefix of 200.
KEY = (
    f"{'p' * 200}/AWSLogs/o-{'o' * 32}/123456789012/CloudTrail-Insight/{REGION}/2026/11/26/"
    f"123456789012_CloudTrail-Insight_{REGION}_20260811T2215Z_kpaMYavMQA9Ahp7L.json.gz"
)
TOPIC = f"arn:aws-us-gov:sns:{REGION}:123456789012:{'t' * 256}"

S3_EVENT = {
    "eventVersion": "2.3",
    "eventSource": "aws:s3",
    "awsRegion": REGION,
    "eventTime": TIME,
    "eventName": "ObjectCreated:CompleteMultipartUpload",
    "userIdentity": {"principalId": f"AWS:{'A' * 21}:regionalDeliverySession"},
    "requestParameters": {"sourceIPAddress": "255.255.255.255"},
    "responseElements": {"x-amz-request-id": "C" * 16, "x-amz-id-2": "F" * 76},
    "s3": {
        "s3SchemaVersion": "1.0",
        "configurationId": "c" * 255,
        "bucket": {
            "name": BUCKET,
            "ownerIdentity": {"principalId": "A" * 14},
            "arn": f"arn:aws-us-gov:s3:::{BUCKET}",
        },
        "object": {
            "key": KEY,
            "size": 50_000_000,
            "eTag": "e" * 32,
            "versionId": "v" * 32,
            "sequencer": "0" * 18,
        },
    },
}
EVENTBRIDGE = {
    "version": "0",
    "id": UUID,
    "detail-type": "Object Created",
    "source": "aws.s3",
    "account": "123456789012",
    "time": TIME,
    "region": REGION,
    "resources": [f"arn:aws-us-gov:s3:::{BUCKET}"],
    "detail": {
        "version": "0",
        "bucket": {"name": BUCKET},
        "object": {"key": KEY, "size": 50_000_000, "etag": "e" * 32, "version-id": "v" * 32, "sequencer": "0" * 18},
        "request-id": "C" * 16,
        "requester": "cloudtrail.amazonaws.com",
        "source-ip-address": "255.255.255.255",
        "reason": "CompleteMultipartUpload",
    },
}  # fmt: skip


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def through_sns(message: str) -> str:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html, with its white space."""
    host = f"https://sns.{REGION}.amazonaws.com"
    envelope = {
        "Type": "Notification",
        "MessageId": UUID,
        "TopicArn": TOPIC,
        "Subject": "Amazon S3 Notification",
        "Message": message,
        "Timestamp": TIME,
        "SignatureVersion": "1",
        "Signature": "s" * 344,
        "SigningCertURL": f"{host}/SimpleNotificationService-{'9' * 32}.pem",
        "UnsubscribeURL": f"{host}/?Action=Unsubscribe&SubscriptionArn={TOPIC}:{UUID}",
    }
    return json.dumps(envelope, indent=2)


NOTIFICATIONS = {
    "CloudTrail": compact({"s3Bucket": BUCKET, "s3ObjectKey": [KEY]}),
    "S3": compact({"Records": [S3_EVENT]}),
    "EventBridge": compact(EVENTBRIDGE),
}
NOTIFICATIONS |= {f"{name} through SNS": through_sns(body) for name, body in NOTIFICATIONS.items()}

# What errors say, at length: any characters, and such as JSON has to escape.
characters = st.characters() | st.sampled_from('"\\\n\x00é😀x ')
said = st.text(characters, min_size=1, max_size=8).map(lambda text: (text * 700)[:700])
errors = st.builds(
    lambda kind, text: kind(text),
    st.sampled_from([StorageUnavailable, ExecutionsUnavailable, KeyError, ZeroDivisionError]),
    said,
)
FAILED = Failures(1_000_000, TIME)
MANY_TIMES = settings(max_examples=50, deadline=None)


def cause_of(error: Exception) -> dict[str, str]:
    """The error output of a function: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html."""

    def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
        raise error

    with pytest.raises(Exception) as raised:  # noqa: PT011  # Whatever it is.
        observed(handler)({}, None)
    answer = {
        "errorMessage": str(raised.value),
        "errorType": raised.type.__name__,
        "requestId": UUID,
        "stackTrace": [
            f'  File "/var/task/trailsearch/{module}.py", line 100, in answering\n    raise _in_short(error) from None\n'
            for module in frames_of(raised.value)
        ],
    }
    return {"Error": raised.type.__name__, "Cause": json.dumps(answer)}


def frames_of(error: BaseException) -> list[str]:
    """The modules of its traceback, but for the one that calls the handler."""
    frames, traceback = [], error.__traceback__
    while traceback:
        frames.append(traceback.tb_frame.f_globals["__name__"])
        traceback = traceback.tb_next
    return frames[1:]


def failed_as_a_whole(body: str, error: Exception) -> dict[str, Any]:
    """A message as the state machine dead-letters it, and SQS gives it again."""
    values = {
        "error": compact(cause_of(error)),
        "environment": "e" * 16,
        "state": max(STATES, key=len),
        "execution": ARN,
        "failed_at": TIME,
        "first_failed_at": TIME,
        "attempts": "1000000",
    }
    attributes = STATES["Send Message To Dead Letter Queue"]["Parameters"]["MessageAttributes"]
    assert attributes.keys() == values.keys()
    return record_of(
        body,
        {
            name: {"StringValue": values[name], "DataType": attributes[name]["DataType"]}
            for name in attributes
        },
    )


def record_of(body: str, attributes: dict[str, Any] | None = None) -> dict[str, Any]:
    """A message as the Pipe hands it over."""
    message = {
        "MessageId": UUID,
        "ReceiptHandle": "r" * 412,
        "Body": body,
        "MD5OfBody": "m" * 32,
        "Attributes": {
            "ApproximateReceiveCount": "1000",
            "SentTimestamp": "1" * 13,
            "SenderId": f"{'A' * 21}:{'s' * 64}",
            "ApproximateFirstReceiveTimestamp": "1" * 13,
            "DeadLetterQueueSourceArn": QUEUE,
        },
        "MessageAttributes": attributes or {},
    }
    return to_record(message, QUEUE) | {"md5OfMessageAttributes": "m" * 32}


def letter_of(kind: Kind, error: Exception) -> str:
    """A dead letter of a function, or of the state machine about a batch, which has the error output of a function."""
    execution = Execution(ARN, max(STATES, key=len), "e" * 16)
    staged = f"{PREFIX}-staging-123456789012-{REGION}", f"batches/{UUID}_{UUID}/too-large-{'9' * 16}.json"
    batch = BatchRef(*staged, 10**6, 10**7, TIME, TIME, *FAILED)
    text = str(error)
    match kind:
        case Kind.LOG:
            letter = execution.dead_letter(
                kind, LogUnreadable(text), earlier=FAILED, log=LogRef(BUCKET, KEY, *FAILED)
            )
        case Kind.DOCUMENTS:
            letter = execution.dead_letter(kind, DocumentRefused(text), earlier=FAILED, batch=batch)
        case Kind.MESSAGE:
            foreign = QueueMessage(UUID, compact({"text": "x" * 500})).having_failed(FAILED)
            letter = execution.dead_letter(kind, MessageNotRecognized(text), earlier=FAILED, message=foreign)
        case Kind.EXECUTION:
            letter = execution.dead_letter(kind, MessageNotRecognized("ABORTED"))
        case Kind.BATCH:
            body = STATES["Send Batch To Dead Letter Queue"]["Parameters"]["MessageBody"]
            empty = execution.dead_letter(kind, DocumentRefused(""), earlier=FAILED, batch=batch)
            written = msgspec.to_builtins(empty)
            assert {name.removesuffix(".$") for name in body} <= written.keys()
            return compact(written | {"error": cause_of(error)})
    return compact(msgspec.to_builtins(letter))


def largest_batch() -> int:
    """The largest ``pipe_batch_size`` that Terraform takes."""
    variables = (TERRAFORM / "variables.tf").read_text()
    allowed = re.search(r"var\.pipe_batch_size >= 1 && var\.pipe_batch_size <= (\d+)", variables)
    assert allowed
    return int(allowed[1])


def assert_fits(record: dict[str, Any]) -> None:
    """The limit is in characters or in bytes of UTF-8; JSON may have characters that are not ASCII, or their escapes."""
    records = [record] * largest_batch()
    texts = [
        json.dumps(records, separators=(",", ":"), ensure_ascii=ascii_only) for ascii_only in (True, False)
    ]
    assert max(len(text.encode(errors="surrogatepass")) for text in texts) <= MAX_PAYLOAD_CHARACTERS


@pytest.mark.filterwarnings("ignore:No application metrics to publish")
@MANY_TIMES
@given(errors)
@pytest.mark.parametrize("name", NOTIFICATIONS)
def test_notifications_whose_step_failed_fit(name: str, error: Exception) -> None:
    assert_fits(failed_as_a_whole(NOTIFICATIONS[name], error))


@MANY_TIMES
@given(errors)
@pytest.mark.parametrize("kind", Kind)
def test_dead_letters_of_every_kind_fit(kind: Kind, error: Exception) -> None:
    body = letter_of(kind, error)
    letter = DeadLetter.from_body(body)
    assert letter
    assert letter.kind is kind
    assert_fits(record_of(body))


@MANY_TIMES
@given(errors, errors)
@pytest.mark.parametrize("kind", Kind)
def test_dead_letters_of_every_kind_whose_step_failed_after_their_redrive_fit(
    kind: Kind, first: Exception, second: Exception
) -> None:
    assert_fits(failed_as_a_whole(letter_of(kind, first), second))

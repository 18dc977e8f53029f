"""What the tests of the steps share: names, messages, logs, a search index, and S3 answers that moto does not give."""

import gzip
import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import msgspec
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError

from tests.records import RECORD, encode
from trailsearch.contracts.errors import BatchRefused, SearchThrottled
from trailsearch.contracts.messages import DeadLetter, Execution, QueueMessage
from trailsearch.search.backend import Refused, SearchIndex

LOGS, STAGING = "trail-logs", "trail-staging"
ARN = "arn:aws:states:us-east-1:111122223333:execution:index-logs:run-1"


class LambdaContext:
    """What Powertools and the handlers read of the context that Lambda gives to a handler."""

    function_name = "step"
    memory_limit_in_mb = 1769
    invoked_function_arn = "arn:aws:lambda:us-east-1:111122223333:function:step"
    aws_request_id = "request-1"

    def __init__(self, remaining_seconds: float = 120) -> None:
        self.remaining_seconds = remaining_seconds

    def get_remaining_time_in_millis(self) -> int:
        return round(self.remaining_seconds * 1000)


def invoke(handler: Any, event: Any, context: LambdaContext) -> Any:
    """Call a handler as Lambda does: JSON in, JSON out."""
    return json.loads(json.dumps(handler(json.loads(json.dumps(event)), context)))


def execution(state: str = "Fetch Logs", name: str = "run-1") -> Execution:
    return Execution(ARN.replace("run-1", name), state, "test")


def log_key(name: str) -> str:
    return f"AWSLogs/111122223333/CloudTrail/eu-central-1/2023/07/10/{name}.json.gz"


def log_of(*records: Any) -> bytes:
    """A log object; a record that is bytes already stands in it as it is."""
    texts = [record if isinstance(record, bytes) else encode(record) for record in records]
    return gzip.compress(b'{"Records":[' + b",".join(texts) + b"]}", compresslevel=1)


def event(event_id: str, **changes: Any) -> dict[str, Any]:
    return RECORD | {"eventID": event_id} | changes


def message(body: str, message_id: str = "m-1") -> QueueMessage:
    return QueueMessage(message_id, body)


def announce(*names: str, bucket: str = LOGS) -> QueueMessage:
    """CloudTrail's notification of logs."""
    return message(json.dumps({"s3Bucket": bucket, "s3ObjectKey": [log_key(name) for name in names]}))


def s3_event(*keys: str) -> QueueMessage:
    """S3's notification of objects; keys need no URL encoding."""
    objects = [{"bucket": {"name": LOGS}, "object": {"key": key}} for key in keys]
    records = [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3} for s3 in objects]
    return message(json.dumps({"Records": records}))


def redrive(dead_letter: DeadLetter) -> QueueMessage:
    """A dead letter as it comes back: the state machine sends it as JSON, the queue gives it unchanged."""
    return message(json.dumps(msgspec.to_builtins(dead_letter)), "m-redriven")


class FakeIndex:
    """A search index that keeps documents by id, and may throttle one upload.

    It refuses batches with certain ids, or ``refuse_alone`` those documents.
    """

    def __init__(
        self,
        refuse: Collection[str] = (),
        throttle_upload: int | None = None,
        refuse_alone: Collection[str] = (),
    ) -> None:
        self.refuse = refuse
        self.refuse_alone = refuse_alone
        self.throttle_upload = throttle_upload
        self.documents: dict[str, dict[str, Any]] = {}
        self.uploads: list[bytes] = []

    def upload(self, batch: bytes) -> Sequence[Refused]:
        self.uploads.append(batch)
        if len(self.uploads) == self.throttle_upload:
            raise SearchThrottled("HTTP 507: slow down")
        adds = json.loads(batch)
        if refused := [add["id"] for add in adds if add["id"] in self.refuse]:
            raise BatchRefused(f"document {refused[0]} is bad")
        self.documents.update(
            {add["id"]: add["fields"] for add in adds if add["id"] not in self.refuse_alone}
        )
        return [
            Refused(at, add["id"], f"document {add['id']} is odd")
            for at, add in enumerate(adds)
            if add["id"] in self.refuse_alone
        ]


class FakeDomainClient:
    """The boto3 client of a CloudSearch domain that is another object."""

    def __init__(self, index: SearchIndex) -> None:
        self._index = index

    def upload_documents(self, documents: bytes, contentType: str) -> dict[str, Any]:  # noqa: N803  # boto3's name
        assert contentType == "application/json"
        try:
            self._index.upload(documents)
        except BatchRefused as error:
            raise ClientError(
                error_answer(400, "DocumentServiceException", str(error)), "UploadDocuments"
            ) from error
        except SearchThrottled as error:
            raise ClientError(error_answer(507, "507", str(error)), "UploadDocuments") from error
        return {"status": "success"}


def tags_of(client: Any, key: str) -> list[str]:
    """Give the tags of an object in the staging bucket, each as ``key=value``."""
    tags = client.get_object_tagging(Bucket=STAGING, Key=key)["TagSet"]
    return [f"{tag['Key']}={tag['Value']}" for tag in tags]


def error_answer(status: int, code: str, text: str = "") -> Any:
    return {"Error": {"Code": code, "Message": text}, "ResponseMetadata": {"HTTPStatusCode": status}}


@contextmanager
def s3_answers(client: Any, operation: str, status: int, code: str, key: str = "") -> Iterator[None]:
    """Let S3 answer one operation on one key (or on any) with an error."""

    def answer(params: Any, **_: Any) -> tuple[AWSResponse, Any] | None:
        if not params["url_path"].endswith(quote(key)):
            return None
        return AWSResponse("", status, HTTPHeaders(), None), error_answer(status, code, "Because.")

    client.meta.events.register(f"before-call.s3.{operation}", answer)
    try:
        yield
    finally:
        client.meta.events.unregister(f"before-call.s3.{operation}", answer)

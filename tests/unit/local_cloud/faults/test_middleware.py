"""Faults as boto3 meets them: the request is carried out or not, and the error is the one that AWS would cause."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from tests.local_cloud.faults import (
    AnswerLost,
    Delay,
    ErrorAnswer,
    Fault,
    FaultControl,
    Match,
    NoAnswer,
    Reset,
    Rule,
    Truncation,
)
from tests.local_cloud.process import LocalCloud
from tests.unit.local_cloud.conftest import Client

ONE_ATTEMPT = Config(retries={"total_max_attempts": 1}, read_timeout=1)


@pytest.fixture
def faults(cloud: LocalCloud) -> Iterator[FaultControl]:
    control = FaultControl(cloud.endpoint_url)
    yield control
    control.clear()


@pytest.fixture
def s3(client: Client) -> Any:
    s3 = client("s3", config=ONE_ATTEMPT)  # type: ignore[call-arg]
    s3.create_bucket(Bucket="faults")
    s3.put_object(Bucket="faults", Key="key", Body=b"x" * 1000)
    return s3


def injected(faults: FaultControl) -> Sequence[int]:
    return [count.injected for count in faults.counts()]


@pytest.mark.parametrize(
    ("service", "call", "status", "code"),
    [
        ("s3", lambda s3: s3.list_buckets(), 503, "SlowDown"),
        ("sqs", lambda sqs: sqs.list_queues(), 400, "ThrottlingException"),
        ("lambda", lambda functions: functions.invoke(FunctionName="f"), 429, "TooManyRequestsException"),
    ],
)
def test_an_error_answer_is_read_as_the_services_own(
    client: Client, faults: FaultControl, service: str, call: Any, status: int, code: str
) -> None:
    faults.set([Rule(ErrorAnswer(status, code))])
    with pytest.raises(ClientError) as raised:
        call(client(service, config=ONE_ATTEMPT))  # type: ignore[call-arg]
    assert raised.value.response["Error"]["Code"] == code
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert raised.value.response["ResponseMetadata"]["RequestId"]


@pytest.mark.parametrize(("fault", "carried_out"), [(Reset(), False), (AnswerLost(), True)])
def test_a_connection_is_reset(s3: Any, faults: FaultControl, fault: Fault, carried_out: bool) -> None:
    with (
        faults.inject([Rule(fault, Match(method="PUT"))]),
        pytest.raises(ConnectionClosedError),
    ):
        s3.put_object(Bucket="faults", Key=type(fault).__name__, Body=b"x")
    keys = {entry["Key"] for entry in s3.list_objects_v2(Bucket="faults")["Contents"]}
    assert (type(fault).__name__ in keys) == carried_out


def test_an_answer_is_truncated(s3: Any, faults: FaultControl) -> None:
    faults.set([Rule(Truncation())])
    body = s3.get_object(Bucket="faults", Key="key")["Body"]
    with pytest.raises(ResponseStreamingError, match="500 bytes read"):
        body.read()


def test_nothing_is_answered_until_the_client_gives_up(s3: Any, faults: FaultControl) -> None:
    faults.set([Rule(NoAnswer(seconds=30))])
    with pytest.raises(ReadTimeoutError):
        s3.get_object(Bucket="faults", Key="key")


def test_an_answer_comes_late(s3: Any, faults: FaultControl) -> None:
    faults.set([Rule(Delay(seconds=0.5))])
    began = time.monotonic()
    assert len(s3.get_object(Bucket="faults", Key="key")["Body"].read()) == 1000
    assert time.monotonic() - began >= 0.5


def test_only_matching_requests_fail_and_only_so_often(s3: Any, faults: FaultControl) -> None:
    faults.set(
        [Rule(ErrorAnswer(503, "SlowDown"), Match(method="GET", path="^/faults/key$"), skip=1, times=1)]
    )
    s3.list_objects_v2(Bucket="faults")
    s3.get_object(Bucket="faults", Key="key")
    with pytest.raises(ClientError, match="SlowDown"):
        s3.get_object(Bucket="faults", Key="key")
    s3.get_object(Bucket="faults", Key="key")
    assert [(count.matched, count.injected) for count in faults.clear()] == [(3, 1)]
    assert faults.counts() == []


def test_requests_are_told_apart_by_what_they_say(client: Client, faults: FaultControl) -> None:
    sqs = client("sqs", config=ONE_ATTEMPT)  # type: ignore[call-arg]
    urls = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("one", "two")]
    faults.set([Rule(ErrorAnswer(503, "ServiceUnavailable"), Match(target="SendMessage$", body="two"))])
    sqs.send_message(QueueUrl=urls[0], MessageBody="passes")
    with pytest.raises(ClientError, match="ServiceUnavailable"):
        sqs.send_message(QueueUrl=urls[1], MessageBody="fails")
    assert injected(faults) == [1]

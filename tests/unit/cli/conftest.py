"""A local cloud with the two queues and the state machine of an environment ``test``."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import boto3
import pytest

from tests.local_cloud.process import LocalCloud
from trailsearch.aws import clients

PREFIX = "trailsearch-test"
_DONE = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})


class Deployed(NamedTuple):
    """The environment, and how to look into it."""

    sqs: Any
    ingest: str
    dead_letters: str

    def waiting(self, queue: str) -> list[dict[str, Any]]:
        """Receive and delete everything in a queue."""
        found: list[dict[str, Any]] = []
        while messages := self.sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            for message in messages:
                self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            found.extend(messages)
        return found


@pytest.fixture(autouse=True)
def _new_clients() -> Iterator[None]:
    """Have every test make its clients anew, by the environment variables that it sets."""
    yield
    for made in vars(clients).values():
        if forget := getattr(made, "cache_clear", None):
            forget()


@pytest.fixture(scope="session")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud() as running:
        yield running


class _Clients(NamedTuple):
    sqs: Any
    stepfunctions: Any


@pytest.fixture(scope="session")
def _own_clients(cloud: LocalCloud) -> _Clients:
    """Those of the fixtures, which are made once: it takes longer than what they do."""
    session = boto3.Session("local", "local", region_name=cloud.region)
    return _Clients(
        session.client("sqs", endpoint_url=cloud.endpoint_url),
        session.client("stepfunctions", endpoint_url=cloud.endpoint_url),
    )


@pytest.fixture
def deployed(
    cloud: LocalCloud, _own_clients: _Clients, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Deployed]:
    for name, value in cloud.environment().items():
        if name.startswith(("AWS_", "NO_PROXY", "no_proxy")):
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    sqs = _own_clients.sqs
    dead_letters = sqs.create_queue(QueueName=f"{PREFIX}-dead-letter")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 5})
    ingest = sqs.create_queue(QueueName=f"{PREFIX}-ingest", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    _own_clients.stepfunctions.create_state_machine(
        name=f"{PREFIX}-index-logs", definition=_DONE, roleArn="arn:aws:iam::123456789012:role/r"
    )
    found = Deployed(sqs, ingest, dead_letters)
    yield found
    found.waiting(ingest)
    found.waiting(dead_letters)

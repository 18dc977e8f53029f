"""The surroundings of the steps: S3 by moto, settings, a search domain."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from tests.steps import LOGS, STAGING, FakeDomainClient, FakeIndex, LambdaContext
from trailsearch.aws import clients
from trailsearch.logs.log_bucket import LogBucket
from trailsearch.workflow.staging import Staging

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture(scope="session")
def s3_client() -> "S3Client":
    """One client for all tests, because making one takes longer than most of them."""
    return boto3.client("s3", config=Config(retries={"mode": "standard", "total_max_attempts": 1}))


@pytest.fixture
def s3(s3_client: "S3Client", monkeypatch: pytest.MonkeyPatch) -> Iterator["S3Client"]:
    """S3 with an empty log bucket and an empty staging bucket, for the handlers too."""
    with mock_aws():
        s3_client.create_bucket(Bucket=LOGS)
        s3_client.create_bucket(Bucket=STAGING)
        monkeypatch.setattr(clients, "s3", lambda: s3_client)
        yield s3_client


@pytest.fixture
def log_bucket(s3: "S3Client") -> LogBucket:
    return LogBucket(s3, {LOGS})


@pytest.fixture
def stage(s3: "S3Client") -> Staging:
    return Staging(s3, STAGING)


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> FakeIndex:
    """An empty search domain, for the handlers too."""
    index = FakeIndex()
    monkeypatch.setattr(clients, "cloudsearch_domain", lambda _endpoint: FakeDomainClient(index))
    return index


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch) -> LambdaContext:
    """The context of an invocation, with the environment variables that Terraform sets."""
    monkeypatch.setenv("ENVIRONMENT", "test")
    monkeypatch.setenv("STAGING_BUCKET", STAGING)
    monkeypatch.setenv("LOG_BUCKETS", LOGS)
    monkeypatch.setenv("SEARCH_BACKEND", "cloudsearch")
    monkeypatch.setenv("SEARCH_ENDPOINT", "doc-events.us-east-1.cloudsearch.amazonaws.com")
    return LambdaContext()

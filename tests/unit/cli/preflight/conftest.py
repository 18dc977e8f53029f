"""An account in place of AWS: what it answers is held to botocore's model of each service."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.validate import validate_parameters

from trailsearch.aws import clients
from trailsearch.cli.preflight.account import Account, Identity, make_clients
from trailsearch.cli.preflight.settings import Settings
from trailsearch.search import Backend

ACCOUNT, REGION, PREFIX = "123456789012", "us-east-1", "trailsearch-test"
ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/alice"
NO_ACTION = "User: alice is not authorized to perform this"


class Refused(NamedTuple):
    """An error in place of an answer."""

    code: str
    message: str = NO_ACTION
    status: int = 400


DENIED = Refused("AccessDeniedException", status=403)
HIDDEN, MISSING = Refused("403", "Forbidden", 403), Refused("404", "Not Found", 404)
Answer = Mapping[str, Any] | Refused


class Aws:
    """What AWS answers, by service and operation, and what it was asked.

    Its clients are made once, which takes longer than most tests, and have no account of their own: each test forgets what
    the one before it has set.
    """

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], Answer | Callable[[dict[str, Any]], Answer]] = {}
        self.asked: set[tuple[str, str]] = set()
        self._clients: dict[tuple[str, str], Any] = {}

    def forget(self) -> None:
        """Take the account for one that nobody has asked."""
        self.answers, self.asked = {}, set()

    def client(self, service: str, config: Config | None = None, _endpoint_url: str | None = None) -> Any:
        """Make a client, as ``clients`` does."""
        region = getattr(config, "region_name", None) or REGION
        if (service, region) not in self._clients:
            made: Any = boto3.client(service, region_name=region)  # type: ignore[call-overload]
            made.meta.events.register("provide-client-params.*", self._note(service))
            made.meta.events.register("before-call.*", self._answer(service, region))
            self._clients[service, region] = made
        return self._clients[service, region]

    def _note(self, service: str) -> Callable[..., None]:
        def note(params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
            self.asked.add((service, model.name))
            context["asked"] = params

        return note

    def _answer(self, service: str, region: str) -> Callable[..., Any]:
        def answer(model: Any, context: dict[str, Any], **_: Any) -> Any:
            given = self.answers[service, model.name]
            if callable(given):
                given = given({**context["asked"], "region": region})
            if isinstance(given, Refused):
                error = {"Code": given.code, "Message": given.message}
                return AWSResponse("", given.status, HTTPHeaders(), None), {
                    "Error": error,
                    "ResponseMetadata": {},
                }
            validate_parameters(given, model.output_shape)
            return AWSResponse("", 200, HTTPHeaders(), None), dict(given)

        return answer


@pytest.fixture(scope="session")
def any_account() -> Aws:
    """An account of which nothing is said."""
    return Aws()


@pytest.fixture
def aws(any_account: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """An account in which nothing is deployed yet, and all is well."""
    account = any_account
    account.forget()
    account.answers = {
        ("sts", "GetCallerIdentity"): {"Account": ACCOUNT, "Arn": ARN, "UserId": "AROA:alice"},
        ("s3", "HeadBucket"): {"BucketRegion": REGION},
        ("s3", "GetBucketVersioning"): {"Status": "Enabled"},
        ("s3", "HeadObject"): MISSING,
        ("lambda", "GetAccountSettings"): concurrency(1_000, 1_000),
        ("lambda", "GetFunctionConcurrency"): Refused("ResourceNotFoundException", "Function not found"),
        ("cloudtrail", "DescribeTrails"): {"trailList": []},
        ("cloudtrail", "ListTrails"): {"Trails": []},
        ("opensearch", "ListDomainNames"): {"DomainNames": []},
        ("opensearch", "ListInstanceTypeDetails"): offered("t3.small.search"),
        ("cloudsearch", "DescribeDomains"): {"DomainStatusList": []},
        ("logs", "DescribeResourcePolicies"): {"resourcePolicies": []},
    }
    forget()
    monkeypatch.setattr(clients, "_client", account.client)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    yield account
    forget()


def forget() -> None:
    """Have clients made anew."""
    for made in vars(clients).values():
        if clear := getattr(made, "cache_clear", None):
            clear()


@pytest.fixture
def account(aws: Aws) -> Account:
    return Account(Identity(ACCOUNT, ARN), REGION, make_clients(REGION, REGION, {REGION, "eu-west-1"}))


def concurrency(total: int, unreserved: int) -> dict[str, Any]:
    return {
        "AccountLimit": {"ConcurrentExecutions": total, "UnreservedConcurrentExecutions": unreserved},
        "AccountUsage": {},
    }


def offered(instance_type: str, zones: int = 3) -> dict[str, Any]:
    details = {
        "InstanceType": instance_type,
        "AvailabilityZones": [f"{REGION}{zone}" for zone in "abcdef"[:zones]],
    }
    return {"InstanceTypeDetails": [details] if zones else []}


def settings(**changes: Any) -> Settings:
    """The settings of an environment that has no logs of others, and nobody to tell."""
    usual: dict[str, Any] = {
        "environment": "test",
        "region": REGION,
        "search_backend": Backend.OPENSEARCH,
        "create_trail": True,
        "log_bucket_names": (),
        "log_topic_arns": (),
        "log_bucket_notifications": (),
        "access_log_bucket_name": None,
        "reserved_concurrency": {},
        "alarm_topic_arns": (),
        "opensearch_engine_version": "OpenSearch_3.5",
        "opensearch_instance_type": "t3.small.search",
        "opensearch_instance_count": 1,
        "opensearch_zone_count": 1,
        "opensearch_master_instance_type": None,
    }
    return Settings(**usual | changes)

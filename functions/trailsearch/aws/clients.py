"""The clients of AWS, made here and nowhere else, once for each process.

By botocore, which boto3's clients are from: to import boto3 as well takes a quarter longer, and its own part of them
(resources, uploads of files) is not needed here.
"""

from functools import cache
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    NoRegionError,
)
from botocore.exceptions import ConnectionError as NoConnection
from botocore.parsers import ResponseParserError

if TYPE_CHECKING:
    from mypy_boto3_cloudsearch import CloudSearchClient
    from mypy_boto3_cloudsearchdomain import CloudSearchDomainClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_pipes import EventBridgePipesClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_sts import STSClient

    from trailsearch.aws.signed_http import SignedHttp

NO_ANSWER = (NoConnection, HTTPClientError, IncompleteReadError, FlexibleChecksumError, ResponseParserError)
"""What botocore raises where no answer came, or a part or a damaged copy of one."""

IMPATIENT = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})
"""For whoever looks at a status, and does not wait for a service that does not answer."""

# A few quick attempts against S3 save a state transition; what they do not cure, the workflow retries.
_S3_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 4},
    connect_timeout=5,
    read_timeout=30,
    max_pool_connections=32,
)
# The workflow retries uploads, where it can be seen and where waiting costs nothing.
_SEARCH_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=5, read_timeout=60
)
# What a profile may have its credentials from; a message names those that it has.
# https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
_CREDENTIAL_SETTINGS = (
    "credential_process",
    "web_identity_token_file",
    "sso_session",
    "sso_start_url",
    "login_session",
    "role_arn",
    "source_profile",
    "credential_source",
)

_NO_REGION = "No Region: set AWS_REGION, or region in the profile"


class AwsNotConfigured(Exception):
    """What this machine is configured with (profile, credentials, Region) cannot be used to ask AWS: says why in one line."""


@cache
def _session() -> botocore.session.Session:
    """Make the session, with credentials that are there: botocore gets them only when it makes a client, or a request.

    Raises:
        AwsNotConfigured: there are none, or they cannot be had.
    """
    session = botocore.session.get_session()
    try:
        credentials = session.get_credentials()
        if credentials is None:
            raise NoCredentialsError  # noqa: TRY301  # one place says what is wrong, whatever it is
        credentials.get_frozen_credentials()
    # A profile's program, files and roles fail in any way: botocore passes on what they raise.
    except Exception as error:
        raise AwsNotConfigured(f"No credentials{_source(session)}: {_said(error)}") from error
    return session


def _source(session: botocore.session.Session) -> str:
    """Say which profile the credentials are to come from, and how, where one is named."""
    profile = session.get_config_variable("profile")
    if not profile:
        return ""
    try:
        settings = [name for name in _CREDENTIAL_SETTINGS if name in session.get_scoped_config()]
    except BotoCoreError:
        settings = []
    return f" of the profile {profile}" + (f" ({', '.join(settings)})" if settings else "")


def _said(error: Exception) -> str:
    named = isinstance(error, BotoCoreError | ClientError)
    return " ".join((str(error) if named else f"{type(error).__name__}: {error}").split())


def own_region() -> str | None:
    """Give the Region that the caller has chosen, by an environment variable or a profile; None, where there is none.

    Raises:
        AwsNotConfigured: there are no credentials.
    """
    return cast("str | None", _session().get_config_variable("region"))


def _client(service: str, config: Config | None, endpoint_url: str | None = None) -> Any:
    """Make a client; its Region is that of ``config``, or else the caller's.

    Raises:
        AwsNotConfigured: there are no credentials or no Region, or what AWS_ENDPOINT_URL or the profile says is no setting.
    """
    try:
        return _session().create_client(service, endpoint_url=endpoint_url, config=config)
    except NoRegionError as error:
        raise AwsNotConfigured(_NO_REGION) from error
    except (BotoCoreError, ValueError) as error:
        raise AwsNotConfigured(f"There is no client of {service}: {_said(error)}") from error


@cache
def s3(config: Config | None = None) -> "S3Client":
    """Client of S3."""
    return cast("S3Client", _client("s3", config or _S3_CONFIG))


@cache
def stepfunctions(config: Config | None = None) -> "SFNClient":
    """Client of Step Functions."""
    return cast("SFNClient", _client("stepfunctions", config))


@cache
def sqs(config: Config | None = None) -> "SQSClient":
    """Client of SQS."""
    return cast("SQSClient", _client("sqs", config))


@cache
def sts(config: Config | None = None) -> "STSClient":
    """Client of STS, which says who is asking."""
    return cast("STSClient", _client("sts", config))


@cache
def pipes(config: Config | None = None) -> "EventBridgePipesClient":
    """Client of EventBridge Pipes."""
    return cast("EventBridgePipesClient", _client("pipes", config))


@cache
def cloudwatch(config: Config | None = None) -> "CloudWatchClient":
    """Client of CloudWatch."""
    return cast("CloudWatchClient", _client("cloudwatch", config))


@cache
def sns(config: Config | None = None) -> "SNSClient":
    """Client of SNS."""
    return cast("SNSClient", _client("sns", config))


@cache
def events() -> "EventBridgeClient":
    """Client of EventBridge."""
    return cast("EventBridgeClient", _client("events", None))


@cache
def iam() -> Any:
    """Client of IAM."""
    return _client("iam", None)


@cache
def kms(config: Config | None = None) -> Any:
    """Client of KMS."""
    return _client("kms", config)


@cache
def cloudtrail(config: Config | None = None) -> Any:
    """Client of CloudTrail."""
    return _client("cloudtrail", config)


@cache
def cloudsearch(config: Config | None = None) -> "CloudSearchClient":
    """Client of CloudSearch's configuration service."""
    return cast("CloudSearchClient", _client("cloudsearch", config))


@cache
def cloudsearch_domain(endpoint: str, config: Config | None = None) -> "CloudSearchDomainClient":
    """Client of one CloudSearch domain; its endpoint is a host name, or a URL that has a scheme already."""
    client = _client("cloudsearchdomain", config or _SEARCH_CONFIG, _url(endpoint))
    return cast("CloudSearchDomainClient", client)


@cache
def opensearch(config: Config | None = None) -> Any:
    """Client of OpenSearch Service's configuration service."""
    return _client("opensearch", config)


@cache
def lambda_functions(config: Config | None = None) -> "LambdaClient":
    """Client of Lambda."""
    return cast("LambdaClient", _client("lambda", config))


@cache
def logs(config: Config | None = None) -> Any:
    """Client of CloudWatch Logs."""
    return _client("logs", config)


@cache
def service_quotas(config: Config | None = None) -> Any:
    """Client of Service Quotas."""
    return _client("service-quotas", config)


@cache
def opensearch_domain(endpoint: str, config: Config | None = None) -> "SignedHttp":
    """Client of one OpenSearch domain; its endpoint is a host name, or a URL that has a scheme already.

    Of ``config``, the time-outs count.

    Raises:
        AwsNotConfigured: there are no credentials to sign with, or no Region to sign for.
    """
    # Only where an OpenSearch domain is used.
    from botocore.httpsession import URLLib3Session  # noqa: PLC0415
    from botocore.utils import get_environ_proxies  # noqa: PLC0415

    from trailsearch.aws.signed_http import SignedHttp  # noqa: PLC0415

    session, url = _session(), _url(endpoint)
    settings: Any = config or _SEARCH_CONFIG
    if not (region := session.get_config_variable("region")):
        raise AwsNotConfigured(_NO_REGION)
    http = URLLib3Session(
        verify=session.get_config_variable("ca_bundle") or True,
        proxies=get_environ_proxies(url),
        # In seconds, to connect and to read; botocore's type stubs know a single one.
        timeout=cast("Any", (settings.connect_timeout, settings.read_timeout)),
    )
    return SignedHttp(url, "es", region, session.get_credentials(), http)


def _url(endpoint: str) -> str:
    return endpoint if "://" in endpoint else f"https://{endpoint}"

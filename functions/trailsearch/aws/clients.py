"""The clients of AWS, made here and nowhere else, once for each process.

By botocore, which boto3's clients are from: to import boto3 as well takes a quarter longer, and its own part of them
(resources, uploads of files) is not needed here.
"""

from functools import cache
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.config import Config
from botocore.exceptions import ConnectionError as NoConnection
from botocore.exceptions import FlexibleChecksumError, HTTPClientError, IncompleteReadError, NoRegionError
from botocore.parsers import ResponseParserError

if TYPE_CHECKING:
    from mypy_boto3_cloudsearch import CloudSearchClient
    from mypy_boto3_cloudsearchdomain import CloudSearchDomainClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_events import EventBridgeClient
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


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


@cache
def s3() -> "S3Client":
    """Client of S3."""
    return cast("S3Client", _session().create_client("s3", config=_S3_CONFIG))


@cache
def stepfunctions(config: Config | None = None) -> "SFNClient":
    """Client of Step Functions."""
    return cast("SFNClient", _session().create_client("stepfunctions", config=config))


@cache
def sqs(config: Config | None = None) -> "SQSClient":
    """Client of SQS."""
    return cast("SQSClient", _session().create_client("sqs", config=config))


@cache
def sts() -> "STSClient":
    """Client of STS, which says who is asking."""
    return cast("STSClient", _session().create_client("sts"))


@cache
def pipes(config: Config | None = None) -> "EventBridgePipesClient":
    """Client of EventBridge Pipes."""
    return cast("EventBridgePipesClient", _session().create_client("pipes", config=config))


@cache
def cloudwatch(config: Config | None = None) -> "CloudWatchClient":
    """Client of CloudWatch."""
    return cast("CloudWatchClient", _session().create_client("cloudwatch", config=config))


@cache
def sns(config: Config | None = None) -> "SNSClient":
    """Client of SNS."""
    return cast("SNSClient", _session().create_client("sns", config=config))


@cache
def events() -> "EventBridgeClient":
    """Client of EventBridge."""
    return cast("EventBridgeClient", _session().create_client("events"))


@cache
def iam() -> Any:
    """Client of IAM."""
    return _session().create_client("iam")


@cache
def kms(config: Config | None = None) -> Any:
    """Client of KMS."""
    return _session().create_client("kms", config=config)


@cache
def cloudtrail(config: Config | None = None) -> Any:
    """Client of CloudTrail."""
    return _session().create_client("cloudtrail", config=config)


@cache
def cloudsearch(config: Config | None = None) -> "CloudSearchClient":
    """Client of CloudSearch's configuration service."""
    return cast("CloudSearchClient", _session().create_client("cloudsearch", config=config))


@cache
def cloudsearch_domain(endpoint: str, config: Config | None = None) -> "CloudSearchDomainClient":
    """Client of one CloudSearch domain; its endpoint is a host name, or a URL that has a scheme already."""
    client = _session().create_client(
        "cloudsearchdomain", endpoint_url=_url(endpoint), config=config or _SEARCH_CONFIG
    )
    return cast("CloudSearchDomainClient", client)


@cache
def opensearch(config: Config | None = None) -> Any:
    """Client of OpenSearch Service's configuration service."""
    return _session().create_client("opensearch", config=config)


@cache
def opensearch_domain(endpoint: str, config: Config | None = None) -> "SignedHttp":
    """Client of one OpenSearch domain; its endpoint is a host name, or a URL that has a scheme already.

    Of ``config``, the time-outs count.

    Raises:
        NoRegionError: there is no Region to sign for.
    """
    # Only where an OpenSearch domain is used.
    from botocore.httpsession import URLLib3Session  # noqa: PLC0415
    from botocore.utils import get_environ_proxies  # noqa: PLC0415

    from trailsearch.aws.signed_http import SignedHttp  # noqa: PLC0415

    session, url = _session(), _url(endpoint)
    settings: Any = config or _SEARCH_CONFIG
    if not (region := session.get_config_variable("region")):
        raise NoRegionError
    http = URLLib3Session(
        verify=session.get_config_variable("ca_bundle") or True,
        proxies=get_environ_proxies(url),
        # In seconds, to connect and to read; botocore's type stubs know a single one.
        timeout=cast("Any", (settings.connect_timeout, settings.read_timeout)),
    )
    return SignedHttp(url, "es", region, session.get_credentials(), http)


def _url(endpoint: str) -> str:
    return endpoint if "://" in endpoint else f"https://{endpoint}"

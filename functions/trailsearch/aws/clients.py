"""The clients of AWS, made here and nowhere else, once for each execution environment.

By botocore, which boto3's clients are from: to import boto3 as well takes a quarter longer, and its own part of them
(resources, uploads of files) is not needed here.
"""

from functools import cache
from typing import TYPE_CHECKING, cast

import botocore.session
from botocore.config import Config
from botocore.exceptions import ConnectionError as NoConnection
from botocore.exceptions import FlexibleChecksumError, HTTPClientError, IncompleteReadError
from botocore.parsers import ResponseParserError

if TYPE_CHECKING:
    from mypy_boto3_cloudsearchdomain import CloudSearchDomainClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient

NO_ANSWER = (NoConnection, HTTPClientError, IncompleteReadError, FlexibleChecksumError, ResponseParserError)
"""What botocore raises where no answer came, or a part or a damaged copy of one."""

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
def stepfunctions() -> "SFNClient":
    """Client of Step Functions."""
    return cast("SFNClient", _session().create_client("stepfunctions"))


@cache
def cloudsearch_domain(endpoint: str, config: Config = _SEARCH_CONFIG) -> "CloudSearchDomainClient":
    """Client of one CloudSearch domain; its endpoint is a host name, or a URL that has a scheme already."""
    url = endpoint if "://" in endpoint else f"https://{endpoint}"
    client = _session().create_client("cloudsearchdomain", endpoint_url=url, config=config)
    return cast("CloudSearchDomainClient", client)

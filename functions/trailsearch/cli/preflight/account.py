"""The account that is looked into, as whoever asks: identity and clients."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.config import Config

from trailsearch.aws import clients

if TYPE_CHECKING:
    from mypy_boto3_cloudsearch import CloudSearchClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient


class Identity(NamedTuple):
    """Who asks, and in which account and partition."""

    account: str
    arn: str

    @property
    def partition(self) -> str:
        """Of AWS: aws, aws-cn, aws-us-gov."""
        return self.arn.split(":")[1]


class Clients(NamedTuple):
    """The clients that are asked, of the Region that is deployed to. They are made one after the other: making them is not thread-safe.

    ``state`` is in the Region of the state's bucket; ``sns`` gives the client of a topic's Region.
    """

    s3: "S3Client"
    state: "S3Client | None"
    lambda_functions: "LambdaClient"
    cloudtrail: Any
    opensearch: Any
    service_quotas: Any
    cloudsearch: "CloudSearchClient"
    logs: Any
    kms: Any
    sns: "Callable[[str], SNSClient]"


class Account(NamedTuple):
    """The account and Region that are deployed to."""

    identity: Identity
    region: str
    clients: Clients


@cache
def in_region(region: str) -> Config:
    """Give what a client is made with to ask in a Region, whatever that of the caller is."""
    return clients.IMPATIENT.merge(Config(region_name=region))


def who_asks(region: str) -> Identity:
    """Ask STS of a Region who is asking.

    Raises:
        AwsNotConfigured: there are no credentials.
        BotoCoreError, ClientError: it does not answer, or does not know them.
    """
    answer = clients.sts(in_region(region)).get_caller_identity()
    return Identity(answer["Account"], answer["Arn"])


def make_clients(region: str, state_region: str | None, topic_regions: set[str]) -> Clients:
    """Make the clients; ``topic_regions`` are those that topics may be asked for in.

    Raises:
        AwsNotConfigured: there are no credentials, or a Region has no name that one can have.
    """
    here = in_region(region)
    sns = {each: clients.sns(in_region(each)) for each in sorted(topic_regions | {region})}
    return Clients(
        s3=clients.s3(here),
        state=clients.s3(in_region(state_region)) if state_region else None,
        lambda_functions=clients.lambda_functions(here),
        cloudtrail=clients.cloudtrail(here),
        opensearch=clients.opensearch(here),
        service_quotas=clients.service_quotas(here),
        cloudsearch=clients.cloudsearch(here),
        logs=clients.logs(here),
        kms=clients.kms(here),
        sns=sns.__getitem__,
    )

"""One deployed environment, found by the names that Terraform gives its resources (``terraform/locals.tf``)."""

from typing import TYPE_CHECKING, NamedTuple

import boto3
import click
from botocore.exceptions import BotoCoreError, ClientError

from trailsearch.aws import clients

if TYPE_CHECKING:
    from mypy_boto3_cloudsearchdomain import CloudSearchDomainClient
    from mypy_boto3_sqs import SQSClient


class EnvironmentNotFound(click.ClickException):
    """There is no such environment in this account and region."""


class Queue(NamedTuple):
    """An SQS queue, and the client to use it with."""

    client: "SQSClient"
    url: str
    arn: str


class Environment:
    """The resources of one environment, in the account and region of the AWS credentials in use."""

    def __init__(self, environment: str) -> None:
        self.environment = environment
        self.prefix = f"trailsearch-{environment}"
        self.ingest_queue_name = self.pipe_name = f"{self.prefix}-ingest"
        self.dead_letter_queue_name = f"{self.prefix}-dead-letter"
        self.search_domain_name = self.prefix

    def ingest_queue(self) -> "Queue":
        """The ingest queue.

        Raises:
            EnvironmentNotFound: there is no such queue, or AWS cannot be asked.
        """
        return self._queue(self.ingest_queue_name)

    def dead_letter_queue(self) -> "Queue":
        """The dead-letter queue. Raises as ``ingest_queue`` does."""
        return self._queue(self.dead_letter_queue_name)

    def state_machine_arn(self) -> str:
        """The ARN of the workflow's state machine, in the account and Region of the credentials, there or not.

        Raises:
            EnvironmentNotFound: AWS cannot be asked: no Region, no credentials, or they have expired.
        """
        try:
            sts = boto3.client("sts")
            identity = sts.get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            raise EnvironmentNotFound(f"Cannot ask AWS who is asking: {error}") from error
        partition = identity["Arn"].split(":")[1]
        place = f"{sts.meta.region_name}:{identity['Account']}"
        return f"arn:{partition}:states:{place}:stateMachine:{self.prefix}-index-logs"

    def _queue(self, name: str) -> "Queue":
        try:
            sqs = boto3.client("sqs")
            url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
            answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        except (BotoCoreError, ClientError) as error:
            raise EnvironmentNotFound(
                f"Cannot find the queue {name}: {error}\nDeploy it with: make apply ENV={self.environment}"
            ) from error
        return Queue(sqs, url, answer["Attributes"]["QueueArn"])

    def search_domain(self) -> "CloudSearchDomainClient":
        """Client of the environment's search domain.

        Raises:
            EnvironmentNotFound: there is no such domain, or it is not ready to be searched, or AWS cannot be
                asked: no Region, no credentials, no permission.
        """
        try:
            cloudsearch = boto3.client("cloudsearch")
            domains = cloudsearch.describe_domains(DomainNames=[self.search_domain_name])["DomainStatusList"]
        except (BotoCoreError, ClientError) as error:
            raise EnvironmentNotFound(f"Cannot look for the search domain {self.prefix}: {error}") from error
        endpoint = domains[0].get("SearchService", {}).get("Endpoint") if domains else None
        if not endpoint:
            state = "is still being created" if domains else "does not exist"
            raise EnvironmentNotFound(
                f"The search domain {self.prefix} {state} in {cloudsearch.meta.region_name}."
                f" Deploy it with: make apply ENV={self.environment}"
            )
        return clients.cloudsearch_domain(endpoint)

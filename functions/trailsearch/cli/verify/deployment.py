"""What is deployed of an environment, as AWS tells it: names, ARNs, sources of logs."""

import json
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import ClientError

from trailsearch.aws import clients
from trailsearch.cli.environment import Environment, FoundDomain, Queue

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

_FETCH_LOGS = ("fetch-logs", "fetch_logs", "ReadLogs")
_SOURCE_ARN = "aws:sourcearn"


def sns_in(region: str) -> "SNSClient":
    """Give the client of SNS in a Region: a topic is to be asked in its own."""
    return clients.sns(_in_region(region))


@cache
def _in_region(region: str) -> Config:
    return Config(region_name=region)


class Deployment:
    """One environment in the account and Region of the AWS credentials in use.

    What is read only once is a property, and raises what boto3's clients do: BotoCoreError, ClientError.
    """

    def __init__(self, environment: Environment) -> None:
        """Find the environment.

        Raises:
            EnvironmentNotFound: it has no queues here, or AWS cannot be asked.
        """
        self.environment = environment
        self.prefix = environment.prefix
        self.ingest_queue = environment.ingest_queue()
        self.dead_letter_queue = environment.dead_letter_queue()
        self.state_machine_arn = environment.state_machine_arn()
        _, self.partition, _, self.region, self.account, *_ = self.state_machine_arn.split(":")

    def arn(self, service: str, name: str) -> str:
        """Give the ARN of something of the environment, by the name that Terraform gives it (``terraform/locals.tf``)."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{name}"

    @property
    def rule_arn(self) -> str:
        """The rule that dead-letters failed executions."""
        return self.arn("events", f"rule/{self.prefix}-failed-executions")

    @property
    def trail_arn(self) -> str:
        """The environment's own trail, there or not."""
        return self.arn("cloudtrail", f"trail/{self.prefix}")

    @property
    def topic_arn(self) -> str:
        """The topic of the environment's own trail, there or not."""
        return self.arn("sns", f"{self.prefix}-logs")

    def via(self, service: str) -> str:
        """What ``kms:ViaService`` says of a use of a key through a service."""
        suffix = "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"
        return f"{service}.{self.region}.{suffix}"

    @cached_property
    def search_domain(self) -> FoundDomain:
        """The search domain. Raises as ``Environment.find_search_domain`` does."""
        return self.environment.find_search_domain()

    @cached_property
    def ingest_attributes(self) -> Mapping[str, str]:
        """The attributes of the ingest queue."""
        return _attributes(self.ingest_queue)

    @cached_property
    def dead_letter_attributes(self) -> Mapping[str, str]:
        """The attributes of the dead-letter queue."""
        return _attributes(self.dead_letter_queue)

    @cached_property
    def pipe(self) -> Mapping[str, Any]:
        """The Pipe."""
        return clients.pipes().describe_pipe(Name=self.environment.pipe_name)

    @cached_property
    def topic_policy(self) -> Mapping[str, Any] | None:
        """The policy of the topic of the environment's own trail; None if it has none."""
        try:
            answer = clients.sns().get_topic_attributes(TopicArn=self.topic_arn)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in {"NotFound", "NotFoundException"}:
                return None
            raise
        policy: Mapping[str, Any] = json.loads(answer["Attributes"]["Policy"])
        return policy

    @cached_property
    def log_buckets(self) -> list[str]:
        """The buckets that logs are read from: those that the role of *Fetch Logs* may read."""
        role, policy, sid = _FETCH_LOGS
        document = clients.iam().get_role_policy(RoleName=f"{self.prefix}-{role}", PolicyName=policy)[
            "PolicyDocument"
        ]
        found = [each["Resource"] for each in document["Statement"] if each.get("Sid") == sid]
        arns = [arn for each in found for arn in ([each] if isinstance(each, str) else each)]
        return [arn.rpartition(":::")[2].partition("/")[0] for arn in arns]

    @cached_property
    def subscriptions(self) -> Mapping[str, str]:
        """The topics that the ingest queue is subscribed to, in every Region that may be one of them: topic → subscription."""
        regions = {self.region, *(arn.split(":")[3] for arn in self._permitted("sns"))}
        return {
            subscription["TopicArn"]: subscription["SubscriptionArn"]
            for region in sorted(regions)
            for page in sns_in(region).get_paginator("list_subscriptions").paginate()
            for subscription in page["Subscriptions"]
            if subscription["Endpoint"] == self.ingest_queue.arn
        }

    @cached_property
    def topics(self) -> list[str]:
        """The topics that announce logs: that of the own trail, those subscribed to, those that the queue lets in."""
        own = [self.topic_arn] if self.topic_policy is not None else []
        return list(dict.fromkeys([*own, *self.subscriptions, *self._permitted("sns")]))

    @cached_property
    def notifying_buckets(self) -> list[str]:
        """The buckets whose event notifications the ingest queue lets in."""
        return [arn.rpartition(":::")[2] for arn in self._permitted("s3")]

    def _permitted(self, service: str) -> list[str]:
        """Give the sources of a service that the policy of the ingest queue names."""
        policy = json.loads(self.ingest_attributes.get("Policy") or "{}")
        return [arn for arn in _sources(policy) if arn.split(":")[2] == service]


def _attributes(queue: Queue) -> Mapping[str, str]:
    answer = queue.client.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["All"])
    return {str(name): value for name, value in answer["Attributes"].items()}


def _sources(policy: Mapping[str, Any]) -> Iterator[str]:
    for statement in policy.get("Statement", []):
        for conditions in statement.get("Condition", {}).values():
            for key, values in conditions.items():
                if key.lower() == _SOURCE_ARN:
                    yield from [values] if isinstance(values, str) else values

"""One deployed environment, found by the names that Terraform gives its resources (``terraform/locals.tf``)."""

from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from trailsearch.aws import clients
from trailsearch.cli.console import CommandFailed
from trailsearch.cli.terraform_settings import environments
from trailsearch.search import Backend, SearchSettings, search_backend
from trailsearch.search.backend import SearchBackend
from trailsearch.search.queries import DomainStatus, SearchDomain, SearchDomainNotFound

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_sqs import SQSClient

# By the query protocol's name, which botocore gives, and by that of the JSON protocol:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueUrl.html#API_GetQueueUrl_Errors
_NO_QUEUE = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})
# New accounts have the first alone.
_BACKENDS = (Backend.OPENSEARCH, Backend.CLOUDSEARCH)


def is_no_queue(error: Exception) -> bool:
    """Say whether an error of SQS says that there is no such queue, and not that it could not be asked."""
    return isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") in _NO_QUEUE


class EnvironmentNotFound(CommandFailed):
    """There is no such environment in this account and region."""


class Queue(NamedTuple):
    """An SQS queue, and the client to use it with."""

    client: "SQSClient"
    url: str
    arn: str


class FoundDomain(NamedTuple):
    """An environment's search domain: of which backend it is, and what is known of it."""

    backend: SearchBackend
    status: DomainStatus
    name: Backend


class Environment:
    """The resources of one environment, in the account and region of the AWS credentials in use."""

    def __init__(self, environment: str) -> None:
        self.environment = environment
        self.prefix = f"trailsearch-{environment}"
        self.ingest_queue_name = self.pipe_name = f"{self.prefix}-ingest"
        self.dead_letter_queue_name = f"{self.prefix}-dead-letter"
        self.search_domain_name = self.prefix

    def what_to_do(self) -> str:
        """Say what to do where nothing of it is there: its name may be a slip, or the Region not its own."""
        known = environments()
        otherwise = (
            f"Or is it in another Region than {clients.sts().meta.region_name}?"
            if self.environment in known
            else f"Or is it one of {', '.join(known)}?"
        )
        return f"Deploy it with: make apply ENV={self.environment}. {otherwise}"

    def ingest_queue(self) -> "Queue":
        """The ingest queue.

        Raises:
            EnvironmentNotFound: there is no such queue, or AWS cannot be asked.
        """
        return self._queue(self.ingest_queue_name)

    def dead_letter_queue(self) -> "Queue":
        """The dead-letter queue. Raises as ``ingest_queue`` does."""
        return self._queue(self.dead_letter_queue_name)

    def state_machine_arn(self, name: str = "index-logs") -> str:
        """The ARN of a state machine, the workflow's or another, in the account and Region of the credentials, there or not.

        Raises:
            EnvironmentNotFound: AWS cannot be asked: no Region, no credentials, or they have expired.
        """
        try:
            sts = clients.sts()
            identity = sts.get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            raise EnvironmentNotFound(f"Cannot ask AWS who is asking: {error}") from error
        partition = identity["Arn"].split(":")[1]
        place = f"{sts.meta.region_name}:{identity['Account']}"
        return f"arn:{partition}:states:{place}:stateMachine:{self.prefix}-{name}"

    def _queue(self, name: str) -> "Queue":
        try:
            sqs = clients.sqs()
            url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
            answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        except (BotoCoreError, ClientError) as error:
            if not is_no_queue(error):
                raise EnvironmentNotFound(f"Cannot look for the queue {name}: {error}") from error
            raise EnvironmentNotFound(
                f"Cannot find the queue {name}: {error}\n{self.what_to_do()}"
            ) from error
        return Queue(sqs, url, answer["Attributes"]["QueueArn"])

    def find_search_domain(self, config: "Config | None" = None) -> FoundDomain:
        """Find the environment's search domain, in every backend that it may be of; ``config`` is that of the clients.

        Raises:
            SearchDomainNotFound: there is none.
            BotoCoreError, ClientError: a backend cannot be asked, and the others have none.
        """
        errors: list[SearchDomainNotFound | BotoCoreError | ClientError] = []
        for name in _BACKENDS:
            backend = search_backend(SearchSettings(name, self.prefix))
            try:
                return FoundDomain(backend, backend.describe(self.search_domain_name, config), name)
            except (SearchDomainNotFound, BotoCoreError, ClientError) as error:
                errors.append(error)
        # Who may not ask one backend is told so, unless the domain is in another.
        raise next((error for error in errors if not isinstance(error, SearchDomainNotFound)), errors[0])

    def deployed_search_domain(self) -> FoundDomain:
        """Find the environment's search domain.

        Raises:
            EnvironmentNotFound: there is no such domain, or AWS cannot be asked: no Region, no credentials, no permission.
        """
        try:
            return self.find_search_domain()
        except SearchDomainNotFound as error:
            raise EnvironmentNotFound(f"{error}. {self.what_to_do()}") from error
        except (BotoCoreError, ClientError) as error:
            raise EnvironmentNotFound(f"Cannot look for the search domain {self.prefix}: {error}") from error

    def search_domain(self) -> SearchDomain:
        """The environment's search domain, to ask it.

        Raises:
            EnvironmentNotFound: it is not ready to be searched; and as ``deployed_search_domain``.
        """
        return self.asked(self.deployed_search_domain())

    def asked(self, found: FoundDomain) -> SearchDomain:
        """Give the environment's search domain as it was found, to ask it.

        Raises:
            EnvironmentNotFound: it is not ready to be searched.
        """
        backend, status, _ = found
        if status.endpoint is None:
            raise EnvironmentNotFound(
                f"The search domain {self.prefix} is still being created. {self.what_to_do()}"
            )
        return backend.domain(status.endpoint)

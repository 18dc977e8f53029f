"""The inputs of executions that failed: the messages that they were about."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from trailsearch.aws.clients import NO_ANSWER
from trailsearch.aws.tracing import subsegment
from trailsearch.contracts.errors import ExecutionNotFound, ExecutionsAccessDenied, ExecutionsUnavailable

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

# https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html#API_DescribeExecution_Errors,
# and of what no execution can be called. Whoever may not see an execution gets HTTP 400, too.
_NOT_FOUND = frozenset({"ExecutionDoesNotExist", "InvalidArn", "ValidationException"})
_THROTTLED = frozenset({"KmsThrottlingException", "ThrottlingException"})


class ExecutionInputs:
    """Reads inputs of executions. Step Functions keeps an execution for 90 days after its end."""

    def __init__(self, make_client: Callable[[], "SFNClient"]) -> None:
        """Take what gives the client: few executions need it, and to make it takes a while."""
        self._make_client = make_client

    def get(self, execution: str) -> str:
        """Give the input of an execution, by its ARN: JSON.

        Raises:
            ExecutionNotFound: there is no such execution (any more).
            ExecutionsAccessDenied: this role may not see it: its policy is not as it should be, or this is an execution
                of another state machine.
            ExecutionsUnavailable: Step Functions is throttling, failing or out of reach.
        """
        try:
            with subsegment("Describe execution", execution=execution):
                return self._make_client().describe_execution(executionArn=execution)["input"]
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status >= 500 or status == 429 or code in _THROTTLED:
                raise ExecutionsUnavailable(f"{execution}: {error}") from error
            raise (ExecutionNotFound if code in _NOT_FOUND else ExecutionsAccessDenied)(
                f"{execution}: {error}"
            ) from error
        except NO_ANSWER as error:
            raise ExecutionsUnavailable(f"{execution}: {error}") from error

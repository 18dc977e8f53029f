"""The document service of a CloudSearch domain, which takes batches.

Its answers: https://docs.aws.amazon.com/cloudsearch/latest/developerguide/error-handling.html.
"""

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from trailsearch.aws.clients import NO_ANSWER
from trailsearch.contracts.errors import (
    BatchRefused,
    SearchAccessDenied,
    SearchThrottled,
    SearchUnavailable,
    TrailsearchError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_cloudsearchdomain import CloudSearchDomainClient

    from trailsearch.search.backend import Refused


class CloudSearchIndex:
    """The document service of one CloudSearch domain."""

    def __init__(self, client: "CloudSearchDomainClient") -> None:
        self._client = client

    def upload(self, batch: bytes) -> "Sequence[Refused]":
        """Index one batch, all or nothing. See ``SearchIndex.upload``.

        CloudSearch refuses a whole batch for one bad document, so that it never names one.
        """
        try:
            answer: Any = self._client.upload_documents(documents=batch, contentType="application/json")
        except ClientError as error:
            raise _refused(error) or failure(error, "Uploading a batch") from error
        except NO_ANSWER as error:
            raise SearchUnavailable(f"No answer from the search domain: {error}") from error
        if "status" not in answer:  # botocore passes over JSON that is cut short.
            raise SearchUnavailable("The answer of the search domain is cut short, or no JSON")
        if answer["status"] != "success":
            raise BatchRefused(f"The search domain answers {answer['status']}: {answer.get('warnings', '')}")
        return ()

    def delete(self, document_id: str, event_time: str) -> None:  # noqa: ARG002
        """Delete one document by a batch of its own. See ``Removal.delete``."""
        self.upload(json.dumps([{"type": "delete", "id": document_id}]).encode())


def _refused(error: ClientError) -> BatchRefused | None:
    code = error.response.get("Error", {}).get("Code", "")
    if _status(error) in {400, 413} and code in {"DocumentServiceException", "400", "413"}:
        return BatchRefused(f"The search domain refuses the batch. HTTP {_status(error)}: {error}")
    return None


def failure(error: ClientError, doing: str) -> TrailsearchError:
    """Say what it means that a request failed; ``doing`` says what it was about.

    Returns:
        SearchThrottled, SearchAccessDenied or, whatever it is else, SearchUnavailable.
    """
    what = f"{doing}: HTTP {_status(error)}: {error}"
    match _status(error):
        case 401 | 403:
            return SearchAccessDenied(f"The search domain does not let this role do this. {what}")
        # 507 and 509 are overload by the guide above, and AWS's own clients know 504 with them, by experience:
        # https://github.com/aws/aws-sdk-php (CloudSearchDomainClient).
        case 429 | 503 | 504 | 507 | 509:
            return SearchThrottled(f"The search domain asks for fewer requests. {what}")
        case _:
            return SearchUnavailable(f"The search domain is failing. {what}")


def _status(error: ClientError) -> int:
    status: int = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status

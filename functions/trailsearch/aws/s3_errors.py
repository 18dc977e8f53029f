"""S3's errors under Trailsearch's names, in one place."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from botocore.exceptions import ClientError, EndpointProviderError, ParamValidationError

from trailsearch.aws.clients import NO_ANSWER
from trailsearch.contracts.errors import StorageUnavailable, TrailsearchError
from trailsearch.contracts.messages import Pointer

# What passes by itself in spite of its 4xx status. botocore keeps such a list to itself (botocore.retries.standard);
# to it come, from S3's error list, requests damaged or held up on their way, and what KMS says through S3.
_PASSING = frozenset(
    {
        "BadDigest",
        "BandwidthLimitExceeded",
        "DependencyTimeoutException",
        "IncompleteBody",
        "KMSInternalException",
        "LimitExceededException",
        "OperationAborted",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "RequestTimeTooSkewed",  # The next attempt is signed anew.
        "SlowDown",
        "Throttling",
        "ThrottledException",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_PASSING_STATUS = frozenset({408, 429})


class StorageErrors(NamedTuple):
    """Which errors to raise where an object is missing or S3 refuses to hand it out."""

    not_found: type[TrailsearchError]
    refused: type[TrailsearchError]


@contextmanager
def storage_errors(pointer: Pointer, errors: StorageErrors) -> Iterator[None]:
    """Translate what botocore raises for one object.

    https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList. Without
    ``s3:ListBucket`` S3 answers 403 for an object that does not exist.

    Raises:
        StorageUnavailable: throttling (of S3 or of KMS), a 5xx answer, no answer, or an error that passes
            by itself by its code; worth another attempt.
        TrailsearchError: one of ``errors``, naming the object and S3's code.
    """
    try:
        yield
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        answer = error.response.get("Error", {})
        code = answer.get("Code", str(status))
        what = f"{pointer.uri}: {code} {answer.get('Message', '')}".rstrip()
        if status >= 500 or status in _PASSING_STATUS or code.removeprefix("KMS.") in _PASSING:
            raise StorageUnavailable(what) from error
        raise (errors.not_found if status == 404 else errors.refused)(what) from error
    except (ParamValidationError, EndpointProviderError) as error:
        # botocore asks S3 for nothing that cannot exist; a message from anybody may name such a bucket.
        raise errors.not_found(f"{pointer.uri}: {' '.join(str(error).split())}") from error
    except NO_ANSWER as error:
        raise StorageUnavailable(f"{pointer.uri}: {error}") from error

"""S3's errors under Trailsearch's names, in one place."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from botocore.exceptions import ClientError, EndpointProviderError, ParamValidationError

from trailsearch.clients import NO_ANSWER
from trailsearch.errors import StorageUnavailable, TrailsearchError
from trailsearch.messages import Pointer


class StorageErrors(NamedTuple):
    """Which errors to raise where an object is missing or S3 refuses to hand it out."""

    not_found: type[TrailsearchError]
    refused: type[TrailsearchError]


@contextmanager
def storage_errors(pointer: Pointer, errors: StorageErrors) -> Iterator[None]:
    """Translate what boto3 raises for one object.

    https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList. Without
    ``s3:ListBucket`` S3 answers 403 for an object that does not exist.

    Raises:
        StorageUnavailable: throttling, a 5xx answer or no answer; worth another attempt.
        TrailsearchError: one of ``errors``, naming the object and S3's code.
    """
    try:
        yield
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        answer = error.response["Error"]
        what = f"{pointer.uri}: {answer.get('Code', status)} {answer.get('Message', '')}".rstrip()
        if status >= 500 or status in {408, 429}:
            raise StorageUnavailable(what) from error
        raise (errors.not_found if status == 404 else errors.refused)(what) from error
    except (ParamValidationError, EndpointProviderError) as error:
        # boto3 asks S3 for nothing that cannot exist; a message from anybody may name such a bucket.
        raise errors.not_found(f"{pointer.uri}: {' '.join(str(error).split())}") from error
    except NO_ANSWER as error:
        raise StorageUnavailable(f"{pointer.uri}: {error}") from error

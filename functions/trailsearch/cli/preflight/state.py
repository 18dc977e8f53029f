"""The bucket that Terraform keeps its state in: ``terraform init`` fails without it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from trailsearch.cli.preflight.findings import Finding, failure, warning, well
from trailsearch.cli.preflight.settings import StateBackend

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHECK = "State bucket"
_PLACEHOLDER = "<"


def check_state(s3: "S3Client | None", state: StateBackend | None) -> Iterator[Finding]:
    """Look whether the bucket is there, where it is, whether the state may be read, and whether older ones are kept.

    Raises:
        ClientError, BotoCoreError: S3 does not say.
    """
    if s3 is None or state is None:
        yield well(CHECK, "none: Terraform keeps this state in a file")
        return
    if state.bucket.startswith(_PLACEHOLDER):
        yield failure(CHECK, "none is named", 'Make one, and name it: README.md, "Deploy to AWS"')
        return
    if problem := _unreachable(s3, state):
        yield problem
        return
    if s3.get_bucket_versioning(Bucket=state.bucket).get("Status") != "Enabled":
        yield warning(
            CHECK,
            f"{state.bucket} keeps no older versions: a state that is lost or damaged cannot be restored",
            f"aws s3api put-bucket-versioning --bucket {state.bucket} --versioning-configuration Status=Enabled",
        )
        return
    yield well(CHECK, f"{state.bucket} is there, and versioned")


def _unreachable(s3: "S3Client", state: StateBackend) -> Finding | None:
    bucket = state.bucket
    try:
        region = s3.head_bucket(Bucket=bucket).get("BucketRegion")
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code")
        if code == "404":
            make = f"aws s3api create-bucket --bucket {bucket} --region {state.region}"
            place = f" --create-bucket-configuration LocationConstraint={state.region}"
            to_do = make if state.region == "us-east-1" else f"{make}{place}"
            return failure(CHECK, f"{bucket} does not exist", to_do)
        if code == "403":
            return failure(
                CHECK,
                f"{bucket} is another account's, or these credentials may not list it",
                "Let them s3:ListBucket, or name a bucket of your own in the environment's .s3.tfbackend",
            )
        raise
    # S3's clients follow a bucket to its Region; Terraform's backend does not.
    if region is not None and region != state.region:
        return failure(
            CHECK,
            f"{bucket} is in {region}, not in {state.region}",
            f'region = "{region}" in the .s3.tfbackend',
        )
    try:
        s3.head_object(Bucket=bucket, Key=state.key)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code")
        if code == "403":
            return failure(
                CHECK,
                f"s3://{bucket}/{state.key} may not be read",
                "Let these credentials s3:GetObject and s3:PutObject it, and use the bucket's key",
            )
        if code != "404":  # Nothing is deployed yet.
            raise
    return None

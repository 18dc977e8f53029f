"""Existing buckets: those with logs, and the one for S3's access logs."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from trailsearch.cli.preflight.account import Account
from trailsearch.cli.preflight.findings import Finding, failure, unknown, warning, well
from trailsearch.cli.preflight.settings import Settings

LOG_BUCKET, ACCESS_LOG_BUCKET = "Log bucket", "Access log bucket"


def check_log_bucket(account: Account, settings: Settings, bucket: str) -> Iterator[Finding]:
    """Look whether an existing log bucket is there, and where, if it is to send event notifications.

    The apply only permits it: without the bucket, no log ever comes.

    Raises:
        ClientError, BotoCoreError: S3 does not say.
    """
    check = f"{LOG_BUCKET} {bucket}"
    region = _region_of(account, bucket)
    notifies = any(each.bucket == bucket for each in settings.log_bucket_notifications)
    if region == "404":
        yield warning(check, "does not exist", "Change log_bucket_names")
    elif region == "403":
        yield _not_seen(check)
    elif notifies and region and region != account.region:
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
        yield warning(
            check,
            f"is in {region}: S3 only notifies queues of its own Region",
            "Announce its logs by a topic (log_topic_arns), or deploy to that Region",
        )
    else:
        yield well(check, "is there")


def check_access_log_bucket(account: Account, settings: Settings) -> Iterator[Finding]:
    """Look whether the bucket for access logs is there: S3 refuses to log to one that is not, or is elsewhere.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html

    Raises:
        ClientError, BotoCoreError: S3 does not say.
    """
    bucket = settings.access_log_bucket_name
    if bucket is None:
        return
    check = f"{ACCESS_LOG_BUCKET} {bucket}"
    region = _region_of(account, bucket)
    if region == "404":
        yield failure(check, "does not exist", "Make it, or access_log_bucket_name = null")
    elif region == "403":
        yield _not_seen(check)
    elif region and region != account.region:
        yield failure(check, f"is in {region}, not in {account.region}", "Name one of this Region")
    else:
        yield well(check, "is there")


def _region_of(account: Account, bucket: str) -> str | None:
    """Give a bucket's Region, if S3 says it; "404" if there is none, "403" if these credentials may not know."""
    try:
        return account.clients.s3.head_bucket(Bucket=bucket).get("BucketRegion")
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code")
        if code in {"403", "404"}:
            return code
        raise


def _not_seen(check: str) -> Finding:
    return unknown(
        check,
        "is another account's, or may not be seen by these credentials",
        "Ask whoever owns it whether it is there",
    )

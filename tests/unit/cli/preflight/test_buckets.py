import pytest

from tests.unit.cli.preflight.conftest import HIDDEN, MISSING, Answer, Aws, settings
from trailsearch.cli.preflight.account import Account
from trailsearch.cli.preflight.buckets import check_access_log_bucket, check_log_bucket
from trailsearch.cli.preflight.findings import Verdict
from trailsearch.cli.preflight.settings import Notifications

HERE, ELSEWHERE = {"BucketRegion": "us-east-1"}, {"BucketRegion": "eu-west-1"}


@pytest.mark.parametrize(
    ("answer", "notifies", "verdict"),
    [
        (HERE, False, Verdict.WELL),
        (HERE, True, Verdict.WELL),
        (ELSEWHERE, False, Verdict.WELL),
        (ELSEWHERE, True, Verdict.WARNING),
        ({}, True, Verdict.WELL),
        (MISSING, False, Verdict.WARNING),
        (HIDDEN, False, Verdict.UNKNOWN),
    ],
)
def test_a_log_bucket_is_there_and_near_enough_to_notify(
    aws: Aws, account: Account, answer: Answer, *, notifies: bool, verdict: Verdict
) -> None:
    aws.answers["s3", "HeadBucket"] = answer
    notifications = (Notifications("audit-logs" if notifies else "other"),)
    (finding,) = check_log_bucket(account, settings(log_bucket_notifications=notifications), "audit-logs")
    assert (finding.check, finding.verdict) == ("Log bucket audit-logs", verdict)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (HERE, Verdict.WELL),
        (ELSEWHERE, Verdict.FAILURE),
        (MISSING, Verdict.FAILURE),
        (HIDDEN, Verdict.UNKNOWN),
    ],
)
def test_access_logs_go_to_a_bucket_of_the_region(
    aws: Aws, account: Account, answer: Answer, verdict: Verdict
) -> None:
    aws.answers["s3", "HeadBucket"] = answer
    (finding,) = check_access_log_bucket(account, settings(access_log_bucket_name="access-logs"))
    assert (finding.check, finding.verdict) == ("Access log bucket access-logs", verdict)


def test_without_access_logs_no_bucket_is_looked_for(account: Account) -> None:
    assert list(check_access_log_bucket(account, settings())) == []

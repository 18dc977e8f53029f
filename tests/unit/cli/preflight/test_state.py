import pytest

from tests.unit.cli.preflight.conftest import DENIED, HIDDEN, MISSING, Answer, Aws
from trailsearch.cli.preflight.account import Account
from trailsearch.cli.preflight.findings import Finding, Verdict
from trailsearch.cli.preflight.settings import StateBackend
from trailsearch.cli.preflight.state import check_state

STATE = StateBackend("state", "trailsearch/test.tfstate", "us-east-1")


def found(account: Account, state: StateBackend | None = STATE) -> Finding:
    (finding,) = check_state(account.clients.state, state)
    return finding


@pytest.mark.parametrize("head", [MISSING, {"ContentLength": 1}])
def test_a_versioned_bucket_is_well_with_a_state_or_without(aws: Aws, account: Account, head: Answer) -> None:
    aws.answers["s3", "HeadObject"] = head
    assert found(account) == Finding("State bucket", Verdict.WELL, "state is there, and versioned")


@pytest.mark.parametrize(
    ("operation", "answer", "verdict", "says", "to_do"),
    [
        ("HeadBucket", MISSING, Verdict.FAILURE, "state does not exist", "aws s3api create-bucket --bucket state "),
        ("HeadBucket", HIDDEN, Verdict.FAILURE, "another account's", "s3:ListBucket"),
        ("HeadBucket", {"BucketRegion": "eu-west-3"}, Verdict.FAILURE, "in eu-west-3, not in us-east-1", 'region = "eu-west-3"'),
        ("HeadObject", HIDDEN, Verdict.FAILURE, "s3://state/trailsearch/test.tfstate may not be read", "s3:GetObject"),
        ("GetBucketVersioning", {}, Verdict.WARNING, "keeps no older versions", "Status=Enabled"),
        ("GetBucketVersioning", {"Status": "Suspended"}, Verdict.WARNING, "keeps no older versions", "Status=Enabled"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_bucket_is_said_with_what_to_do(
    aws: Aws, account: Account, operation: str, answer: Answer, verdict: Verdict, says: str, to_do: str
) -> None:
    aws.answers["s3", operation] = answer
    finding = found(account)
    assert (finding.verdict, says in finding.found, to_do in str(finding.to_do)) == (verdict, True, True)


def test_a_bucket_elsewhere_than_in_the_first_region_is_made_with_its_place(
    aws: Aws, account: Account
) -> None:
    aws.answers["s3", "HeadBucket"] = MISSING
    made = found(account, StateBackend("state", "key", "eu-west-3")).to_do
    assert str(made).endswith("--region eu-west-3 --create-bucket-configuration LocationConstraint=eu-west-3")


def test_what_else_s3_refuses_is_no_finding_of_the_bucket(aws: Aws, account: Account) -> None:
    aws.answers["s3", "GetBucketVersioning"] = DENIED
    with pytest.raises(account.clients.s3.exceptions.ClientError):
        found(account)


def test_the_placeholder_is_no_bucket(account: Account) -> None:
    finding = found(account, StateBackend("<your-state-bucket>", "key", "us-east-1"))
    assert (finding.verdict, finding.found) == (Verdict.FAILURE, "none is named")


def test_a_state_in_a_file_needs_no_bucket(account: Account) -> None:
    assert found(account, None).verdict is Verdict.WELL

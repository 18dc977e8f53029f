from typing import Any

import pytest

from tests.unit.cli.preflight.conftest import ACCOUNT, DENIED, REGION, Aws, concurrency, settings
from trailsearch.cli.preflight.account import Account
from trailsearch.cli.preflight.findings import Verdict
from trailsearch.cli.preflight.quotas import check_concurrency, check_log_policies, check_trails
from trailsearch.search import Backend


@pytest.mark.parametrize(
    ("total", "unreserved", "wanted", "held", "verdict"),
    [
        (1_000, 1_000, {}, 0, Verdict.WELL),
        (1_000, 1_000, {"index_batch": 8}, 0, Verdict.WELL),
        # What is left may be 100, and no less.
        (1_000, 108, {"index_batch": 8}, 0, Verdict.WELL),
        (1_000, 107, {"index_batch": 8}, 0, Verdict.FAILURE),
        (1_000, 107, {"index_batch": 4, "fetch_logs": 4}, 0, Verdict.FAILURE),
        # What is reserved already is not taken again.
        (1_000, 100, {"index_batch": 8}, 8, Verdict.WELL),
        (1_000, 107, {"index_batch": 16}, 8, Verdict.FAILURE),
        (1_000, 50, {"index_batch": 4}, 8, Verdict.WELL),
        # New accounts.
        (10, 10, {"index_batch": 1}, 0, Verdict.FAILURE),
        (50, 50, {"index_batch": 8}, 0, Verdict.FAILURE),
        (10, 10, {}, 0, Verdict.WARNING),
        (100, 100, {}, 0, Verdict.WELL),
    ],
)
def test_concurrency_is_reserved_where_lambda_leaves_it(
    aws: Aws,
    account: Account,
    total: int,
    unreserved: int,
    wanted: dict[str, int],
    held: int,
    verdict: Verdict,
) -> None:
    aws.answers["lambda", "GetAccountSettings"] = concurrency(total, unreserved)
    if held:
        aws.answers["lambda", "GetFunctionConcurrency"] = {"ReservedConcurrentExecutions": held}
    (finding,) = check_concurrency(account, settings(reserved_concurrency=wanted))
    assert finding.verdict is verdict


def test_it_says_how_much_concurrency_to_ask_for(aws: Aws, account: Account) -> None:
    aws.answers["lambda", "GetAccountSettings"] = concurrency(50, 50)
    (finding,) = check_concurrency(account, settings(reserved_concurrency={"index_batch": 8}))
    assert finding.to_do == (
        "reserved_concurrency = {}, or ask Service Quotas for 108 concurrent executions of Lambda"
    )


def test_the_functions_are_asked_for_by_their_names(aws: Aws, account: Account) -> None:
    names: list[str] = []

    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        names.append(asked["FunctionName"])
        return {}

    aws.answers["lambda", "GetFunctionConcurrency"] = answer
    list(check_concurrency(account, settings(reserved_concurrency={"index_batch": 1, "fetch_logs": 1})))
    assert sorted(names) == ["trailsearch-test-fetch-logs", "trailsearch-test-index-batch"]


def trail(name: str, region: str = REGION, *, everywhere: bool = True) -> dict[str, Any]:
    arn = f"arn:aws:cloudtrail:{region}:{ACCOUNT}:trail/{name}"
    return {"Name": name, "HomeRegion": region, "TrailARN": arn, "IsMultiRegionTrail": everywhere}


def listed(aws: Aws, *trails: dict[str, Any]) -> None:
    """Have an account with trails, of which a Region sees its own, and those of all Regions."""
    here = [each for each in trails if each["HomeRegion"] == REGION or each["IsMultiRegionTrail"]]
    aws.answers["cloudtrail", "DescribeTrails"] = {"trailList": here}
    names = ("Name", "HomeRegion", "TrailARN")
    aws.answers["cloudtrail", "ListTrails"] = {
        "Trails": [{name: each[name] for name in names} for each in trails]
    }


ORGANIZATION = trail("organization", "eu-west-1")
REGIONAL = [trail(f"regional-{number}", everywhere=False) for number in range(4)]
ELSEWHERE = [trail(f"elsewhere-{number}", "eu-west-1", everywhere=False) for number in range(5)]
OWN = trail("trailsearch-test")


@pytest.mark.parametrize(
    ("trails", "verdict", "says"),
    [
        ([], Verdict.WELL, "none of 5 in us-east-1 yet"),
        ([*REGIONAL, ORGANIZATION], Verdict.FAILURE, "us-east-1 has 5 of 5 trails: organization, regional-0"),
        (REGIONAL, Verdict.WARNING, "each copy beyond the first costs $2 per 100,000"),
        ([ORGANIZATION], Verdict.WARNING, "each copy beyond the first costs $2 per 100,000"),
        (ELSEWHERE, Verdict.WARNING, "eu-west-1: 5 trails already"),
        ([ORGANIZATION, *ELSEWHERE[:4]], Verdict.WARNING, "eu-west-1: 5 trails already"),
        ([ORGANIZATION, *ELSEWHERE[:3]], Verdict.WARNING, "1 of 5 in us-east-1"),
        ([OWN, *REGIONAL], Verdict.WELL, "trailsearch-test is there, one of 5 in us-east-1"),
        ([trail("trailsearch-test", "eu-west-1"), *REGIONAL], Verdict.FAILURE, "5 of 5 trails"),
    ],
)
def test_a_region_has_five_trails_at_most(
    aws: Aws, account: Account, trails: list[dict[str, Any]], verdict: Verdict, says: str
) -> None:
    listed(aws, *trails)
    (finding,) = check_trails(account, settings())
    assert (finding.verdict, says in finding.found) == (verdict, True)
    if verdict is not Verdict.WELL:
        assert "create_trail = false" in str(finding.to_do)


def test_whoever_brings_a_trail_needs_no_room_for_one(aws: Aws, account: Account) -> None:
    aws.answers["cloudtrail", "DescribeTrails"] = DENIED
    (finding,) = check_trails(account, settings(create_trail=False))
    assert finding.verdict is Verdict.WELL


@pytest.mark.parametrize(
    ("names", "verdict"),
    [
        ([], Verdict.WELL),
        ([f"policy-{number}" for number in range(9)], Verdict.WELL),
        ([f"policy-{number}" for number in range(10)], Verdict.FAILURE),
        ([*(f"policy-{number}" for number in range(9)), "trailsearch-test-search-domain"], Verdict.WELL),
    ],
)
def test_a_region_has_ten_resource_policies_of_logs_at_most(
    aws: Aws, account: Account, names: list[str], verdict: Verdict
) -> None:
    policies = [{"policyName": name} for name in names]
    aws.answers["logs", "DescribeResourcePolicies"] = {"resourcePolicies": policies}
    (finding,) = check_log_policies(account, settings())
    assert finding.verdict is verdict


def test_cloudsearch_needs_no_resource_policy(account: Account) -> None:
    assert list(check_log_policies(account, settings(search_backend=Backend.CLOUDSEARCH))) == []

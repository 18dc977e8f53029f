from typing import Any

import pytest

from tests.unit.cli.preflight.conftest import Answer, Aws, Refused, offered, settings
from trailsearch.cli.environment import Environment, EnvironmentNotFound
from trailsearch.cli.preflight.account import Account
from trailsearch.cli.preflight.findings import Finding, Verdict
from trailsearch.cli.preflight.search_domain import check_search_domain
from trailsearch.search import Backend

# As aws-sdk-go-v2's own test got it on 25 July 2024: https://github.com/aws/aws-sdk-go-v2/pull/2725
CLOSED = Refused(
    "NotAuthorized",
    "New domain creation not supported on this account. Please reach out to AWS Support for assistance.",
    401,
)


def found(account: Account, **changes: Any) -> Finding:
    (finding,) = check_search_domain(account, settings(**changes))
    return finding


def named(*names: str) -> dict[str, Any]:
    return {"DomainNames": [{"DomainName": name, "EngineType": "OpenSearch"} for name in names]}


def described(asked: dict[str, Any], *names: str) -> dict[str, Any]:
    wanted = asked.get("DomainNames", names)
    return {
        "DomainStatusList": [
            {"DomainId": f"1/{name}", "DomainName": name, "RequiresIndexDocuments": False}
            for name in names
            if name in wanted
        ]
    }


@pytest.mark.parametrize(
    ("domains", "verdict", "says"),
    [
        (["trailsearch-test"], Verdict.WELL, "trailsearch-test is there, on CloudSearch"),
        (["movies", "books"], Verdict.WELL, "none yet; CloudSearch has 2 of this account"),
        ([], Verdict.WARNING, "has no domain of this account here"),
    ],
)
def test_cloudsearch_takes_whom_it_has(
    aws: Aws, account: Account, domains: list[str], verdict: Verdict, says: str
) -> None:
    aws.answers["cloudsearch", "DescribeDomains"] = lambda asked: described(asked, *domains)
    finding = found(account, search_backend=Backend.CLOUDSEARCH)
    assert (finding.verdict, says in finding.found) == (verdict, True)


def test_an_account_that_cloudsearch_does_not_take_is_told_by_a_read(aws: Aws, account: Account) -> None:
    aws.answers["cloudsearch", "DescribeDomains"] = CLOSED
    finding = found(account, search_backend=Backend.CLOUDSEARCH)
    assert (finding.verdict, finding.to_do) == (Verdict.FAILURE, 'search_backend = "opensearch"')


def test_such_an_account_is_told_by_every_command_that_there_is_no_domain(aws: Aws) -> None:
    aws.answers["opensearch", "DescribeDomain"] = Refused("ResourceNotFoundException", "not found", 409)
    aws.answers["cloudsearch", "DescribeDomains"] = CLOSED
    with pytest.raises(
        EnvironmentNotFound, match=r"trailsearch-test does not exist in us-east-1\. Deploy it"
    ):
        Environment("test").search_domain()


def test_a_domain_of_opensearch_that_is_there_needs_nothing(aws: Aws, account: Account) -> None:
    aws.answers["opensearch", "ListDomainNames"] = named("trailsearch-test")
    aws.answers["opensearch", "ListInstanceTypeDetails"] = offered("t3.small.search", zones=0)
    assert found(account).found == "trailsearch-test is there, on OpenSearch"


@pytest.mark.parametrize(
    ("answer", "changes", "verdict", "says"),
    [
        (offered("t3.small.search"), {}, Verdict.WELL, "OpenSearch offers 1 × t3.small.search in us-east-1"),
        (offered("t3.small.search", zones=0), {}, Verdict.FAILURE, "us-east-1 has no t3.small.search with OpenSearch_3.5"),
        # Others than the one that was asked for say nothing of it.
        (offered("t3.medium.search"), {}, Verdict.FAILURE, "us-east-1 has no t3.small.search"),
        (offered("t3.small.search", zones=2), {"opensearch_zone_count": 3}, Verdict.FAILURE, "in 2 Availability Zones"),
        (offered("t3.small.search", zones=2), {"opensearch_zone_count": 2}, Verdict.WELL, "offers"),
        ({"InstanceTypeDetails": [{"InstanceType": "t3.small.search"}]}, {"opensearch_zone_count": 3}, Verdict.WELL, "offers"),
        (Refused("ValidationException", "Invalid engine version"), {}, Verdict.FAILURE, "Invalid engine version"),
        (offered("t3.small.search"), {"opensearch_master_instance_type": "m9.x.search"}, Verdict.FAILURE, "no m9.x.search"),
    ],
)  # fmt: skip
def test_the_instance_type_is_one_that_the_region_has(
    aws: Aws, account: Account, answer: Answer, changes: dict[str, Any], verdict: Verdict, says: str
) -> None:
    aws.answers["opensearch", "ListInstanceTypeDetails"] = answer
    finding = found(account, **changes)
    assert (finding.verdict, says in finding.found) == (verdict, True), finding


def test_an_instance_type_is_found_on_a_later_page(aws: Aws, account: Account) -> None:
    def page(asked: dict[str, Any]) -> dict[str, Any]:
        assert asked["RetrieveAZs"]  # It is not answered otherwise.
        if "NextToken" in asked:
            return offered("t3.small.search")
        return {**offered("t3.medium.search"), "NextToken": "more"}

    aws.answers["opensearch", "ListInstanceTypeDetails"] = page
    assert found(account).verdict is Verdict.WELL


@pytest.mark.parametrize(
    ("count", "quota", "verdict"),
    [(99, 100, Verdict.WELL), (100, 100, Verdict.FAILURE), (100, 120, Verdict.WELL)],
)
def test_the_region_has_room_for_a_domain(
    aws: Aws, account: Account, count: int, quota: float, verdict: Verdict
) -> None:
    aws.answers["opensearch", "ListDomainNames"] = named(*(f"domain-{number}" for number in range(count)))
    aws.answers["service-quotas", "GetServiceQuota"] = {"Quota": {"Value": float(quota)}}
    assert found(account).verdict is verdict

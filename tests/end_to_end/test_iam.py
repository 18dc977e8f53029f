"""The policies that Terraform rendered allow what is needed, and nothing that is forbidden."""

import json
import re
from collections.abc import Iterable, Sequence
from itertools import chain

import pytest
from parliament import analyze_policy_string

from tests.end_to_end.conftest import Pipeline
from tests.iam.account import LOG_KEY, PIPELINE_KEY
from tests.iam.policies import Policies, Policy, rendered
from tests.iam.requests import FETCH, Request, forbidden, needed
from tests.iam.simulator import INSTALLED, allowed, owner_of

NEEDED, FORBIDDEN = tuple(needed()), tuple(forbidden())
REQUESTS = NEEDED + FORBIDDEN

Location = tuple[str, str]
"""``identity`` or ``resource``, and the ARN of the role or resource whose policy it is."""


@pytest.fixture(scope="module")
def policies(pipeline: Pipeline) -> Policies:
    if not INSTALLED.is_dir():
        pytest.skip("needs the npm tools: make setup")
    return rendered(pipeline.deployment.resources())


def wrong(policies: Policies, requests: Sequence[Request] = REQUESTS) -> list[Request]:
    """The needed requests that are denied, and the forbidden ones that are allowed."""
    results = zip(requests, allowed((policies, request) for request in requests), strict=True)
    return [request for request, is_allowed in results if is_allowed != (request in NEEDED)]


def unnoticed(variants: Iterable[tuple[str, Location, Policies]]) -> list[str]:
    """The variants, each different in one policy, for which no request that the policy is about ends otherwise."""
    asked = [
        (name, variant, request)
        for name, (kind, arn), variant in variants
        for request in REQUESTS
        if arn == (request.who if kind == "identity" else owner_of(request.resource))
    ]
    results = allowed((variant, request) for _, variant, request in asked)
    names = {name for name, *_ in asked}
    return sorted(
        names
        - {
            name
            for (name, _, request), is_allowed in zip(asked, results, strict=True)
            if is_allowed != (request in NEEDED)
        }
    )


def test_what_is_needed_is_allowed_and_what_is_forbidden_is_not(policies: Policies) -> None:
    assert [str(request) for request in wrong(policies)] == []


def test_every_policy_is_in_the_table(policies: Policies) -> None:
    asked = {request.who for request in REQUESTS} | {owner_of(request.resource) for request in REQUESTS}
    assert {*policies.identity, *policies.resource} <= asked


def test_no_statement_can_be_taken_out(policies: Policies) -> None:
    variants = (
        (
            f"{kind} policy of {arn}: {statement.get('Sid', at)}",
            (kind, arn),
            policies.without_statement(kind, arn, at),
        )
        for kind, arn, at, statement in policies.statements()
    )
    assert unnoticed(variants) == []


def test_no_condition_can_be_taken_out(policies: Policies) -> None:
    variants = (
        (
            f"{kind} policy of {arn}: {statement.get('Sid', at)}, {operator} {key}",
            (kind, arn),
            policies.without_condition(kind, arn, at, operator, key),
        )
        for kind, arn, at, statement in policies.statements()
        for operator, conditions in statement.get("Condition", {}).items()
        for key in conditions
    )
    assert unnoticed(variants) == []


@pytest.mark.parametrize("action", ["s3:*", "kms:*", "sqs:*", "states:*", "*"])
def test_no_role_can_be_given_more(policies: Policies, action: str) -> None:
    more = {"Effect": "Allow", "Action": action, "Resource": "*"}
    variants = (
        (arn, ("identity", arn), policies.with_statement("identity", arn, more)) for arn in policies.identity
    )
    assert unnoticed(variants) == []


def test_no_resource_can_be_opened(policies: Policies) -> None:
    def everybody(arn: str) -> Policy:
        service = "sts" if arn in policies.identity else arn.split(":")[2]
        opened = {"Effect": "Allow", "Principal": "*", "Action": f"{service}:*"}
        return opened if service == "sts" else {**opened, "Resource": "*"}

    variants = (
        (arn, ("resource", arn), policies.with_statement("resource", arn, everybody(arn)))
        for arn in policies.resource
    )
    assert unnoticed(variants) == []


# What parliament finds and is not so: the issue, whose policy, the actions that it is about; and the reason.
NOT_SO = {
    ("RESOURCE_STAR", PIPELINE_KEY, r"kms:\w+"): "the resource of a key policy is the key: no narrower one",
    ("RESOURCE_STAR", LOG_KEY, r"kms:\w+"): "the resource of a key policy is the key: no narrower one",
    ("UNKNOWN_CONDITION_FOR_ACTION", PIPELINE_KEY, r"kms:DescribeKey|kms:EncryptionContext"): (
        "CloudWatch Logs' documented key policy has the condition for this action too"
    ),
    ("RESOURCE_MISMATCH", FETCH, r"states:DescribeExecution"): (
        "it takes executions of Standard workflows too, which parliament does not know"
    ),
}


def test_parliament_finds_nothing(policies: Policies) -> None:
    """Trust policies name no resource, which parliament takes for a mistake; the simulator has checked them."""
    found = [
        (finding.issue, arn, set(re.findall(r"\b[a-z]+:[A-Z]\w+", json.dumps(finding.detail))))
        for kind, arn, policy in policies.all()
        if not (kind == "resource" and arn in policies.identity)
        for finding in analyze_policy_string(json.dumps(policy)).findings
    ]
    excused = {
        (issue, arn, about): [
            (issue, arn, actions)
            for issue_found, arn_found, actions in found
            if (issue_found, arn_found) == (issue, arn)
            and actions
            and all(re.fullmatch(about, action) for action in actions)
        ]
        for issue, arn, about in NOT_SO
    }
    assert [each for each in found if each not in chain.from_iterable(excused.values())] == []
    assert [excuse for excuse, findings in excused.items() if not findings] == []

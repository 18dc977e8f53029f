"""The policies that Terraform rendered allow what is needed, and nothing that is forbidden: on each search backend."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import pytest
from parliament import analyze_policy_string

from tests.end_to_end.conftest import Pipeline
from tests.iam import requests, search_domain
from tests.iam.account import LOG_KEY, PIPELINE_KEY
from tests.iam.policies import Policies, Policy, rendered
from tests.iam.requests import BACKFILL, DELETE, FETCH, INDEX, Request
from tests.iam.simulator import INSTALLED, allowed, owner_of

Location = tuple[str, str]
"""``identity`` or ``resource``, and the ARN of the role or resource whose policy it is."""


@dataclass(frozen=True)
class Proof:
    """The policies of an environment, and the table that they are held against."""

    policies: Policies
    needed: tuple[Request, ...]
    forbidden: tuple[Request, ...]

    @property
    def requests(self) -> tuple[Request, ...]:
        return self.needed + self.forbidden

    def wrong(self) -> list[Request]:
        """The needed requests that are denied, and the forbidden ones that are allowed."""
        results = allowed((self.policies, request) for request in self.requests)
        return [
            request
            for request, is_allowed in zip(self.requests, results, strict=True)
            if is_allowed != (request in self.needed)
        ]

    def about(
        self, variants: Iterable[tuple[str, Location, Policies]]
    ) -> Iterator[tuple[str, Policies, Request]]:
        """The variants, each different in one policy, with the requests that this policy is asked about."""
        for name, (kind, arn), variant in variants:
            for request in self.requests:
                if arn == (request.who if kind == "identity" else owner_of(request.resource)):
                    yield name, variant, request

    def unnoticed(self, variants: Iterable[tuple[str, Location, Policies]]) -> list[str]:
        """The variants, each different in one policy, for which no request that it is about ends otherwise."""
        asked = list(self.about(variants))
        results = allowed((variant, request) for _, variant, request in asked)
        names = {name for name, *_ in asked}
        return sorted(
            names
            - {
                name
                for (name, _, request), is_allowed in zip(asked, results, strict=True)
                if is_allowed != (request in self.needed)
            }
        )


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
    ("RESOURCE_MISMATCH", BACKFILL, r"states:DescribeExecution"): "as of fetch_logs",
    ("RESOURCE_STAR", BACKFILL, r"cloudwatch:DescribeAlarms"): (
        "a list of alarms is authorized by all of them, whatever it names"
    ),
}


class IamTests:
    """A class of tests for each backend is a subclass of this one; `pipeline` is the deployment beside it."""

    @pytest.fixture(scope="class")
    @classmethod
    def proof(cls, pipeline: Pipeline) -> Proof:
        """The policies of the deployment, and the table for its backend."""
        if not INSTALLED.is_dir():
            pytest.skip("needs the npm tools: make setup")
        backend: str = pipeline.outputs["search_backend"]
        return Proof(
            rendered(pipeline.deployment.resources()),
            (*requests.needed(), *search_domain.needed(backend)),
            (*requests.forbidden(), *search_domain.forbidden(backend)),
        )

    def test_what_is_needed_is_allowed_and_what_is_forbidden_is_not(self, proof: Proof) -> None:
        assert [str(request) for request in proof.wrong()] == []

    def test_every_policy_is_in_the_table(self, proof: Proof) -> None:
        asked = {request.who for request in proof.requests} | {
            owner_of(request.resource) for request in proof.requests
        }
        assert {*proof.policies.identity, *proof.policies.resource} <= asked

    def test_no_statement_can_be_taken_out(self, proof: Proof) -> None:
        """Of what is said twice, not both."""

        def without(kind: str, arn: str, at: int) -> Policies:
            twin = proof.policies.twin(kind, at, arn)
            alone = proof.policies.without_statement(*twin) if twin else proof.policies
            return alone.without_statement(kind, arn, at)

        variants = (
            (
                f"{kind} policy of {arn}: {statement.get('Sid', at)}",
                (kind, arn),
                without(kind, arn, at),
            )
            for kind, arn, at, statement in proof.policies.statements()
        )
        assert proof.unnoticed(variants) == []

    def test_the_functions_may_use_the_search_domain_by_either_of_two_policies(self, proof: Proof) -> None:
        """By its own alone while the domain's is on its way, and by the domain's alone."""
        said_twice = [
            (kind, arn, at)
            for kind, arn, at, _ in proof.policies.statements()
            if proof.policies.twin(kind, at, arn)
        ]
        assert {(kind, arn) for kind, arn, _ in said_twice if kind == "identity"} == {
            ("identity", INDEX),
            ("identity", DELETE),
        }
        variants = (
            (str(where), (where[0], where[1]), proof.policies.without_statement(*where))
            for where in said_twice
        )
        asked = list(proof.about(variants))
        results = allowed((left, request) for _, left, request in asked)
        assert [
            (where, str(request))
            for (where, _, request), is_allowed in zip(asked, results, strict=True)
            if is_allowed != (request in proof.needed)
        ] == []

    def test_no_condition_can_be_taken_out(self, proof: Proof) -> None:
        variants = (
            (
                f"{kind} policy of {arn}: {statement.get('Sid', at)}, {operator} {key}",
                (kind, arn),
                proof.policies.without_condition(kind, arn, at, operator, key),
            )
            for kind, arn, at, statement in proof.policies.statements()
            for operator, conditions in statement.get("Condition", {}).items()
            for key in conditions
        )
        assert proof.unnoticed(variants) == []

    @pytest.mark.parametrize("action", ["s3:*", "kms:*", "sqs:*", "states:*", "*"])
    def test_no_role_can_be_given_more(self, proof: Proof, action: str) -> None:
        more = {"Effect": "Allow", "Action": action, "Resource": "*"}
        variants = (
            (arn, ("identity", arn), proof.policies.with_statement("identity", arn, more))
            for arn in proof.policies.identity
        )
        assert proof.unnoticed(variants) == []

    def test_no_resource_can_be_opened(self, proof: Proof) -> None:
        def everybody(arn: str) -> Policy:
            service = "sts" if arn in proof.policies.identity else arn.split(":")[2]
            opened = {"Effect": "Allow", "Principal": "*", "Action": f"{service}:*"}
            return opened if service == "sts" else {**opened, "Resource": "*"}

        variants = (
            (arn, ("resource", arn), proof.policies.with_statement("resource", arn, everybody(arn)))
            for arn in proof.policies.resource
        )
        assert proof.unnoticed(variants) == []

    def test_parliament_finds_nothing(self, proof: Proof) -> None:
        """Trust policies name no resource, which parliament takes for a mistake; the simulator has checked them."""
        found = [
            (finding.issue, arn, set(re.findall(r"\b[a-z]+:[A-Z]\w+", json.dumps(finding.detail))))
            for kind, arn, policy in proof.policies.all()
            if not (kind == "resource" and arn in proof.policies.identity)
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

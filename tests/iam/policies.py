"""The policies that Terraform rendered, and what happens if one of their statements or conditions were not there."""

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.iam.account import (
    CLOUDSEARCH_DOMAIN,
    LOG_KEY,
    OPENSEARCH_DOMAIN,
    OPENSEARCH_LOG,
    PIPELINE_KEY,
    PREFIX,
    log_group,
)

Policy = dict[str, Any]


@dataclass(frozen=True)
class Policies:
    """All policies: those of roles, by the role's ARN, and those of resources (trust policies too), by theirs."""

    identity: Mapping[str, Policy]
    resource: Mapping[str, Policy]

    def without_statement(self, kind: str, arn: str, at: int) -> "Policies":
        """Give the policies without one statement."""
        changed = copy.deepcopy(self)
        del changed.of(kind)[arn]["Statement"][at]
        return changed

    def twin(self, kind: str, at: int, arn: str) -> tuple[str, str, int] | None:
        """Give where the same is said once more: what a function may ask of the search domain, its role's policy and the domain's say.

        Both statements have one name (``Sid``).
        """
        name = self.of(kind)[arn]["Statement"][at].get("Sid")
        other = "resource" if kind == "identity" else "identity"
        return next(
            (
                (other, twin_arn, twin_at)
                for twin_arn, policy in self.of(other).items()
                for twin_at, statement in enumerate(policy["Statement"])
                if name and statement.get("Sid") == name
            ),
            None,
        )

    def without_condition(self, kind: str, arn: str, at: int, operator: str, key: str) -> "Policies":
        """Give the policies without one condition of a statement."""
        changed = copy.deepcopy(self)
        conditions = changed.of(kind)[arn]["Statement"][at]["Condition"]
        del conditions[operator][key]
        if not conditions[operator]:
            del conditions[operator]
        return changed

    def with_statement(self, kind: str, arn: str, statement: Policy) -> "Policies":
        """Give the policies with one more statement in one of them."""
        changed = copy.deepcopy(self)
        changed.of(kind)[arn]["Statement"].append(statement)
        return changed

    def of(self, kind: str) -> Mapping[str, Policy]:
        """Give the policies of one kind, ``identity`` or ``resource``."""
        return self.identity if kind == "identity" else self.resource

    def all(self) -> Iterator[tuple[str, str, Policy]]:
        """Give each policy with its kind and the ARN that it belongs to."""
        for kind in ("identity", "resource"):
            for arn, policy in self.of(kind).items():
                yield kind, arn, policy

    def statements(self) -> Iterator[tuple[str, str, int, Policy]]:
        """Give each statement with its kind, the ARN that its policy belongs to, and its place there."""
        for kind, arn, policy in self.all():
            for at, statement in enumerate(policy["Statement"]):
                yield kind, arn, at, statement


def rendered(resources: Mapping[str, Mapping[str, Any]], prefix: str = PREFIX) -> Policies:
    """Read the policies from the values of a deployment's resources (``Deployment.resources``).

    They are given as those of the environment that the table is about, whatever the deployment's own ``prefix`` is.
    """
    text = json.dumps(resources).replace(prefix, PREFIX)
    for address, name in (("aws_kms_key.pipeline", PIPELINE_KEY), ("aws_kms_key.logs[0]", LOG_KEY)):
        text = text.replace(resources[address]["arn"], name)
    values: dict[str, dict[str, Any]] = json.loads(text)
    roles = {each["name"]: each["arn"] for address, each in _of_type(values, "aws_iam_role")}
    identity = {
        roles[each["role"]]: _policy(each["policy"]) for _, each in _of_type(values, "aws_iam_role_policy")
    }
    resource = {
        each["arn"]: _policy(each["assume_role_policy"]) for _, each in _of_type(values, "aws_iam_role")
    }
    for kind in ("aws_kms_key", "aws_sqs_queue"):
        resource |= {each["arn"]: _policy(each["policy"]) for _, each in _of_type(values, kind)}
    resource |= {each["arn"]: _policy(each["policy"]) for _, each in _of_type(values, "aws_sns_topic_policy")}
    resource |= {
        f"arn:aws:s3:::{each['bucket']}": _policy(each["policy"])
        for _, each in _of_type(values, "aws_s3_bucket_policy")
    }
    for _, each in _of_type(values, "aws_cloudsearch_domain_service_access_policy"):
        resource[CLOUDSEARCH_DOMAIN] = _policy(each["access_policy"])
        # It is about the domain that it belongs to, and names none; the simulator wants to be told.
        for statement in resource[CLOUDSEARCH_DOMAIN]["Statement"]:
            statement["Resource"] = CLOUDSEARCH_DOMAIN
    for _, each in _of_type(values, "aws_opensearch_domain"):
        resource[OPENSEARCH_DOMAIN] = _policy(each["access_policies"])
    # It belongs to the account, and is about one log group.
    for _, each in _of_type(values, "aws_cloudwatch_log_resource_policy"):
        resource[log_group(OPENSEARCH_LOG)] = _policy(each["policy_document"])
    return Policies(identity, resource)


def _of_type(values: Mapping[str, dict[str, Any]], kind: str) -> list[tuple[str, dict[str, Any]]]:
    return [(address, each) for address, each in values.items() if address.startswith(f"{kind}.")]


def _policy(text: str) -> Policy:
    policy: Policy = json.loads(text)
    if isinstance(policy["Statement"], dict):
        policy["Statement"] = [policy["Statement"]]
    return policy

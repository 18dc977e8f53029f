"""The statements in terraform/README.md for the owner of the logs let in who needs to, and nobody else."""

from typing import Any

import pytest

from tests.documentation.statements import BUCKET, TOPIC, statements
from tests.end_to_end.conftest import Pipeline
from tests.iam import simulator
from tests.iam.account import ACCOUNT, CENTRAL_KEY, CENTRAL_LOGS, CENTRAL_TOPIC, OTHER_ACCOUNT
from tests.iam.policies import Policies, Policy, rendered
from tests.iam.requests import ADMINISTRATOR, AUDIT_LOGS, FETCH, PLAN, Request, needed

NAMES = {
    BUCKET: CENTRAL_LOGS,
    TOPIC: CENTRAL_TOPIC,
    "<fetch_logs_role_arn>": FETCH,
    "<plan_backfill_role_arn>": PLAN,
    "<audit_logs_role_arn>": AUDIT_LOGS,
    "<this account>": ACCOUNT,
}
OF_OTHERS = {f"arn:aws:s3:::{CENTRAL_LOGS}", CENTRAL_KEY}
SUBSCRIBES = Request(ADMINISTRATOR, "sns:Subscribe", CENTRAL_TOPIC, "subscribes the ingest queue")
NEEDED = [request for request in needed() if simulator.owner_of(request.resource) in OF_OTHERS]


@pytest.fixture
def policies(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Policies:
    """The policies that Terraform rendered, and for what is the owner's the statements of the README."""
    if not simulator.INSTALLED.is_dir():
        pytest.skip("needs the npm tools: make setup")
    shown = statements(NAMES)
    owners = {
        f"arn:aws:s3:::{CENTRAL_LOGS}": policy(shown["TrailsearchReadsLogs"]),
        CENTRAL_KEY: policy(shown["TrailsearchDecryptsLogs"]),
        CENTRAL_TOPIC: policy(shown["TrailsearchSubscribes"]),
    }
    assert len(shown) == len(owners)
    monkeypatch.setattr(simulator, "_account_of", lambda _: OTHER_ACCOUNT)
    monkeypatch.setattr(
        simulator, "_resource_policy", lambda _, request: owners[simulator.owner_of(request.resource)]
    )
    return rendered(pipeline.deployment.resources())


def policy(statement: Any) -> Policy:
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_who_needs_to_is_let_in(policies: Policies) -> None:
    assert {simulator.owner_of(request.resource) for request in NEEDED} == OF_OTHERS
    requests = [*NEEDED, SUBSCRIBES]
    assert simulator.allowed((policies, request) for request in requests) == [True] * len(requests)


def test_nobody_else_is_let_in_whatever_their_own_policies_say(policies: Policies) -> None:
    """An administrator of this account may do everything, as far as this account is asked."""
    others = [
        Request(ADMINISTRATOR, each.action, each.resource, "is another role", each.context) for each in NEEDED
    ]
    others += [Request(ADMINISTRATOR, "sns:Publish", CENTRAL_TOPIC, "is more than subscribing")]
    assert simulator.allowed((policies, request) for request in others) == [False] * len(others)

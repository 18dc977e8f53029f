"""S3: conditions of bucket policies.

moto treats a statement whose Condition does not hold, or that it cannot evaluate, as a denial, whatever the Effect of
the statement. On AWS such a statement does not apply. A policy that denies requests without TLS, the usual one, thus
denies every request.
"""

import json
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket

from .patching import replace

# The local cloud speaks HTTP on the loopback interface only; TLS is taken as given, so that a policy that
# demands it can be applied as it is. Other condition keys are not known here.
REQUEST_CONTEXT = {"aws:SecureTransport": "true"}


def close_gaps() -> None:
    """Make bucket policies apply only the statements whose conditions hold."""
    replace(FakeBucket, "get_permission", _get_permission)


def _get_permission(self: FakeBucket, action: str, resource: str) -> PermissionResult:
    if self.policy is None:
        return PermissionResult.NEUTRAL
    policy = json.loads(self.policy)
    policy["Statement"] = applicable_statements(policy["Statement"])
    return IAMPolicy({"policy_document": json.dumps(policy)}).is_action_permitted(action, resource)


def applicable_statements(statements: dict[str, Any] | list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return those of a policy's statements whose conditions hold for a local request, without their conditions.

    A condition on a key other than those of `REQUEST_CONTEXT`, or with an operator other than Bool, does not hold.
    """
    if isinstance(statements, dict):
        statements = [statements]
    return [
        {element: value for element, value in statement.items() if element != "Condition"}
        for statement in statements
        if all(_holds(operator, keys) for operator, keys in statement.get("Condition", {}).items())
    ]


def _holds(operator: str, keys: dict[str, str | list[str]]) -> bool:
    if operator not in {"Bool", "BoolIfExists"}:
        return False
    return all(
        REQUEST_CONTEXT.get(key) in ([expected] if isinstance(expected, str) else expected)
        for key, expected in keys.items()
    )

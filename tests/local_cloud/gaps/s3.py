"""S3: conditions of bucket policies, and tags of objects that do not exist.

moto treats a statement whose Condition does not hold, or that it cannot evaluate, as a denial, whatever the Effect of
the statement. On AWS such a statement does not apply. A policy that denies requests without TLS, the usual one, thus
denies every request.

Taking the tags off an object that does not exist is an internal error of moto's. On AWS the key is not found.
"""

import functools
import json
from collections.abc import Callable
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.exceptions import MissingKey
from moto.s3.models import FakeBucket, S3Backend

from ..patching import replace

# The local cloud speaks HTTP on the loopback interface only; TLS is taken as given, so that a policy that
# demands it can be applied as it is. Other condition keys are not known here.
REQUEST_CONTEXT = {"aws:SecureTransport": "true"}


def close_gaps() -> None:
    """Make bucket policies apply only the statements whose conditions hold, and find no tags where there is no object."""
    replace(FakeBucket, "get_permission", _get_permission)
    replace(S3Backend, "delete_object_tagging", _of_an_object(S3Backend.delete_object_tagging))


def _get_permission(self: FakeBucket, action: str, resource: str) -> PermissionResult:
    if self.policy is None:
        return PermissionResult.NEUTRAL
    policy = json.loads(self.policy)
    policy["Statement"] = applicable_statements(policy["Statement"])
    return IAMPolicy({"policy_document": json.dumps(policy)}).is_action_permitted(action, resource)


def _of_an_object(delete_object_tagging: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(delete_object_tagging)
    def delete_tagging_of_an_object(
        self: S3Backend, bucket_name: str, key_name: str, version_id: str | None = None
    ) -> None:
        if self.get_object(bucket_name, key_name, version_id=version_id) is None:
            raise MissingKey(key=key_name)
        delete_object_tagging(self, bucket_name, key_name, version_id=version_id)

    return delete_tagging_of_an_object


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

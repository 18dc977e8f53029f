"""A domain's access policy, and the policies of whoever asks: which methods on which paths they allow.

https://docs.aws.amazon.com/opensearch-service/latest/developerguide/ac.html. Within an account, either is enough:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

The local cloud has one user, who is every role: a statement for any identity of the account is for whoever has signed. If
IAM has a user of that name, what its inline policies allow is allowed, too.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

from ...gaps.s3 import applicable_statements


def refusal(policy: str, user: str, method: str, resource: str, of_user: Iterable[str] = ()) -> str | None:
    """Give AWS's message if no policy allows a request, or None if one does.

    Args:
        policy: The domain's access policy; none ("") leaves it to IAM, which allows the local user everything.
        user: The ARN of whoever has signed.
        method: The HTTP method.
        resource: The ARN of the domain, with the request's path.
        of_user: The inline policies of that user.
    """
    if not policy:
        return None
    action = f"es:ESHttp{method.capitalize()}"
    statements = [
        *filter(_is_for_an_identity, applicable_statements(json.loads(policy)["Statement"])),
        *(
            statement
            for document in of_user
            for statement in applicable_statements(json.loads(document)["Statement"])
        ),
    ]
    effects = {
        statement["Effect"]
        for statement in statements
        if _concerns(statement, "Action", action) and _concerns(statement, "Resource", resource)
    }
    refused = f"User: {user} is not authorized to perform: {action}"
    if "Deny" in effects:
        return f"{refused} with an explicit deny in a resource-based policy"
    if "Allow" not in effects:
        return f"{refused} because no resource-based policy allows the {action} action"
    return None


def _is_for_an_identity(statement: dict[str, Any]) -> bool:
    principal = statement.get("Principal")
    return principal == "*" or (isinstance(principal, dict) and "AWS" in principal)


def _concerns(statement: dict[str, Any], element: str, value: str) -> bool:
    if element in statement:
        return _matches(statement[element], value)
    return f"Not{element}" in statement and not _matches(statement[f"Not{element}"], value)


def _matches(patterns: str | Iterable[str], value: str) -> bool:
    """Whether a value matches a pattern: ``*`` is any text, ``?`` any character; actions have no case."""
    flags = re.DOTALL | (re.IGNORECASE if value.startswith("es:") else 0)
    return any(
        re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), value, flags)
        for pattern in ([patterns] if isinstance(patterns, str) else patterns)
    )

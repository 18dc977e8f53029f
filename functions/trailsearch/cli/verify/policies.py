"""Does a policy let a request through? Policies of resources, of roles, and those that say who may assume a role.

As far as IAM's evaluation is that of one policy
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html). IAM's own simulator knows
no service as who is asking (https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html,
``CallerArn``). What a policy has that is not known here decides nothing: the answer is that it is not known.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

_Policy = Mapping[str, Any]


class Asked(NamedTuple):
    """A request: a service by its principal, or a role with a policy of its own (None), does something.

    ``context`` are the condition keys that AWS sets for it; it is over TLS.
    """

    principal: str | None
    action: str
    resource: str
    context: Mapping[str, str]


def lets(policy: _Policy, asked: Asked) -> bool | None:
    """Tell whether a policy lets a request through; None where that is not known here."""
    verdicts = [
        (statement.get("Effect"), _concerns(statement, asked))
        for statement in _list(policy.get("Statement", []))
    ]
    for effect, maybe in (("Deny", False), ("Allow", True)):
        applies = [applies for of, applies in verdicts if of == effect]
        if True in applies:
            return maybe
        if None in applies:
            return None
    return False


def _concerns(statement: _Policy, asked: Asked) -> bool | None:
    parts = [
        _is_for(statement, asked.principal),
        _names(statement, "Action", asked.action, ignore_case=True),
        _names(statement, "Resource", asked.resource),
        *(
            _holds(operator, key, _list(values), asked.context)
            for operator, conditions in statement.get("Condition", {}).items()
            for key, values in conditions.items()
        ),
    ]
    return False if False in parts else None if None in parts else True


def _is_for(statement: _Policy, principal: str | None) -> bool | None:
    if "NotPrincipal" in statement:
        return None
    named = statement.get("Principal")
    if principal is None or named == "*":
        return True
    if not isinstance(named, Mapping):
        return False
    # "*" as an AWS principal is everybody, services too.
    return principal in _list(named.get("Service", [])) or "*" in _list(named.get("AWS", []))


def _names(statement: _Policy, element: str, value: str, *, ignore_case: bool = False) -> bool:
    """Whether a statement is about a value; one without the element, as in a trust policy, is about all."""
    for name, found in ((element, True), (f"Not{element}", False)):
        if name in statement:
            return found == any(
                _like(each, value, ignore_case=ignore_case) for each in _list(statement[name])
            )
    return True


def _like(pattern: str, value: str, *, ignore_case: bool = False) -> bool:
    """``*`` is any text, ``?`` any character."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return bool(re.fullmatch(expression, value, re.DOTALL | (re.IGNORECASE if ignore_case else 0)))


def _equal(expected: str, value: str) -> bool:
    return expected == value


def _equal_without_case(expected: str, value: str) -> bool:
    return expected.lower() == value.lower()


# ArnEquals and ArnLike are the same; a colon is not matched by their wildcards, which no ARN here would be.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": _equal,
    "StringEqualsIgnoreCase": _equal_without_case,
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": _equal_without_case,
}
_SECURE = {"aws:securetransport": "true"}


def _holds(operator: str, key: str, values: Iterable[Any], context: Mapping[str, str]) -> bool | None:
    name = operator.removesuffix("IfExists")
    positive = name.replace("Not", "", 1)
    if (matches := _OPERATORS.get(positive)) is None:
        return None
    given = _SECURE | {known.lower(): value for known, value in context.items()}
    value = given.get(key.lower())
    if value is None:
        return name != operator or name != positive
    found = any(matches(str(each), value) for each in values)
    return found if name == positive else not found


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]

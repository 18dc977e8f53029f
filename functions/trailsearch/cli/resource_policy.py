"""What a policy lets somebody do, that of a resource or that of a role, as far as one can tell from here.

IAM's own rules (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html), for one
policy alone. AWS's simulators take no service as the one who asks. Where a condition asks for what is not
known here, the answer is that it cannot be told.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum, auto
from typing import Any, NamedTuple

OWNER = "Owner"


class Answer(Enum):
    """Whether a policy lets it be done."""

    ALLOWED = auto()
    DENIED = auto()
    UNSURE = auto()


class Request(NamedTuple):
    """Who (``Service`` or ``AWS``, and the name or ARN) asks for what, and what AWS knows of the request.

    The policy of a role names nobody: ``kind`` is ``OWNER`` then, who has it.
    """

    kind: str
    who: str
    action: str
    resource: str
    context: Mapping[str, str]


def decide(policy: Mapping[str, Any], request: Request) -> Answer:
    """Say whether a policy lets a request pass."""
    found = [
        (statement["Effect"], _holds(statement.get("Condition", {}), request.context))
        for statement in _list(policy["Statement"])
        if _concerns(statement, request)
    ]
    if ("Deny", True) in found:
        return Answer.DENIED
    if ("Allow", True) in found:
        return Answer.UNSURE if ("Deny", None) in found else Answer.ALLOWED
    return Answer.UNSURE if ("Allow", None) in found else Answer.DENIED


def _concerns(statement: Mapping[str, Any], request: Request) -> bool:
    action, resource = request.action.lower(), request.resource
    return (
        _named(statement, "Action", lambda pattern: _like(pattern.lower(), action))
        and _named(statement, "Resource", lambda pattern: _like(pattern, resource))
        and _principal(statement, request)
    )


def _named(statement: Mapping[str, Any], element: str, fits: Callable[[str], bool]) -> bool:
    if f"Not{element}" in statement:
        return not any(map(fits, _list(statement[f"Not{element}"])))
    # Without a resource, it is the one that the policy belongs to.
    return element not in statement or any(map(fits, _list(statement[element])))


def _principal(statement: Mapping[str, Any], request: Request) -> bool:
    if request.kind == OWNER:
        return True
    if "NotPrincipal" in statement:
        return not _among(statement["NotPrincipal"], request)
    return "Principal" in statement and _among(statement["Principal"], request)


def _among(principals: "str | Mapping[str, Any]", request: Request) -> bool:
    if isinstance(principals, str):
        return principals == "*"
    # Everybody: services, too. SNS's own default policy lets the services of its owner's account publish by it.
    if "*" in _list(principals.get("AWS", [])):
        return True
    names = {request.who}
    if request.kind == "AWS":
        account = request.who.split(":")[4]
        names |= {account, ":".join((*request.who.split(":")[:4], account, "root"))}
    return not names.isdisjoint(_list(principals.get(request.kind, [])))


def _holds(conditions: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool | None:
    """Say whether all conditions hold; None, where that is not known."""
    known = {key.lower(): value for key, value in context.items()}
    answers = [
        _one_holds(operator, _list(values), known.get(key.lower()))
        for operator, keys in conditions.items()
        for key, values in keys.items()
    ]
    if False in answers:
        return False
    return None if None in answers else True


def _one_holds(operator: str, values: Iterable[Any], actual: str | None) -> bool | None:
    name = operator.rpartition(":")[2].removesuffix("IfExists")
    texts = [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
    if actual is None or name not in _OPERATORS:
        return None
    return _OPERATORS[name](texts, actual)


def _any(fits: Callable[[str, str], bool], *, negated: bool = False) -> Callable[[list[str], str], bool]:
    return lambda values, actual: any(fits(value, actual) for value in values) is not negated


def _equal(value: str, actual: str) -> bool:
    return value == actual


def _equal_in_any_case(value: str, actual: str) -> bool:
    return value.lower() == actual.lower()


def _like(pattern: str, actual: str) -> bool:
    """Tell whether a text fits a pattern with ``*`` and ``?``, as IAM has them."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, actual, re.DOTALL) is not None


# ArnEquals is ArnLike: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
_OPERATORS: Mapping[str, Callable[[list[str], str], bool]] = {
    "StringEquals": _any(_equal),
    "StringNotEquals": _any(_equal, negated=True),
    "StringEqualsIgnoreCase": _any(_equal_in_any_case),
    "StringNotEqualsIgnoreCase": _any(_equal_in_any_case, negated=True),
    "StringLike": _any(_like),
    "StringNotLike": _any(_like, negated=True),
    "ArnEquals": _any(_like),
    "ArnLike": _any(_like),
    "ArnNotEquals": _any(_like, negated=True),
    "ArnNotLike": _any(_like, negated=True),
    "Bool": _any(_equal_in_any_case),
}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]

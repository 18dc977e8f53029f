"""What an OpenSearch domain says where it does not do what it is asked.

OpenSearch says it in ``error``, the access control of Amazon's service in ``Message``; what stands before either says
something else, or nothing.
"""

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from trailsearch.contracts.errors import (
    SearchAccessDenied,
    SearchThrottled,
    SearchUnavailable,
    TrailsearchError,
)

if TYPE_CHECKING:
    from trailsearch.aws.signed_http import HttpAnswer

BLOCKS = frozenset({"cluster_block_exception", "index_create_block_exception"})
"""Nobody may write or read for now, whatever the access policy says."""
_SHOWN_CHARACTERS = 500


class Said(NamedTuple):
    """An error: its type, where it has one, and its reason, each of them in the domain's own words."""

    type: str
    reason: str

    def __str__(self) -> str:
        return f"{self.type}: {self.reason}" if self.type else self.reason


def said_in(body: bytes) -> Said:
    """Read the body of an answer; any bytes do."""
    text = body.decode(errors="replace").strip()
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return Said("", text[:_SHOWN_CHARACTERS] or "It says nothing")
    error = answer.get("error") if isinstance(answer, dict) else None
    if isinstance(error, dict):
        roots, cause = error.get("root_cause"), error.get("caused_by")
        # The error itself says no more than "all shards failed", where it is about shards.
        root = roots[0] if isinstance(roots, list) and roots else error
        if isinstance(root, dict) and isinstance(cause, dict) and root.get("reason") == cause.get("reason"):
            root = cause  # The same, with what caused it in turn.
        return said_of(root)
    if isinstance(error, str):
        return Said("", error[:_SHOWN_CHARACTERS])
    if isinstance(answer, dict) and isinstance(message := answer.get("Message", answer.get("message")), str):
        return Said("", message[:_SHOWN_CHARACTERS])
    return Said("", text[:_SHOWN_CHARACTERS])


def said_of(error: Any) -> Said:
    """Read an error as OpenSearch writes it: with what caused it, as far as that says more."""
    if not isinstance(error, dict):
        return Said("", str(error)[:_SHOWN_CHARACTERS])
    reasons: list[str] = []
    cause: Any = error
    while isinstance(cause, dict):
        reason = str(cause.get("reason") or "").splitlines()[:1]
        if reason and not any(reason[0] in earlier for earlier in reasons):
            reasons += reason
        cause = cause.get("caused_by")
    return Said(str(error.get("type") or ""), ": ".join(reasons)[:_SHOWN_CHARACTERS])


def failure(answer: "HttpAnswer", doing: str) -> TrailsearchError:
    """Say what it means that a request failed; ``doing`` says what it was about.

    Returns:
        SearchThrottled, SearchAccessDenied or, whatever it is else, SearchUnavailable.
    """
    said = said_in(answer.body)
    what = f"{doing}: HTTP {answer.status}: {said}"
    match answer.status:
        case 401 | 403 if said.type not in BLOCKS:
            return SearchAccessDenied(f"The search domain does not let this role do this. {what}")
        case 429:
            return SearchThrottled(f"The search domain asks for fewer requests. {what}")
        case _:
            return SearchUnavailable(f"The search domain is failing. {what}")

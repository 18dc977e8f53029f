"""What is found: one line for each thing that is looked at."""

from enum import StrEnum
from typing import Final

import msgspec


class Verdict(StrEnum):
    """What is to be thought of it."""

    WELL = "well"
    UNKNOWN = "unknown"
    """It could not be looked at, or only AWS can tell."""
    WARNING = "warning"
    """The apply goes through, but something of what it makes does not work, or is dear."""
    FAILURE = "failure"
    """The apply fails, or Terraform refuses to plan it."""


class Finding(msgspec.Struct, frozen=True):
    """What was looked at, what was found, and what to do about it, each in a line; nothing, where it is well."""

    check: str
    verdict: Verdict
    found: str
    to_do: str | None = None


def well(check: str, found: str) -> Finding:
    """It is as it should be."""
    return Finding(check, Verdict.WELL, found)


def unknown(check: str, found: str, to_do: str) -> Finding:
    """It could not be told."""
    return Finding(check, Verdict.UNKNOWN, found, to_do)


def warning(check: str, found: str, to_do: str) -> Finding:
    """The apply goes through, and then something does not work."""
    return Finding(check, Verdict.WARNING, found, to_do)


def failure(check: str, found: str, to_do: str) -> Finding:
    """The apply fails."""
    return Finding(check, Verdict.FAILURE, found, to_do)


DENIED: Final = frozenset(
    {
        "403",
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "Forbidden",
        "UnauthorizedOperation",
    }
)
"""How AWS's services say that somebody may not do something."""

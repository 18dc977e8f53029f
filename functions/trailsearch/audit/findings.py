"""What an audit can find about a digest, about a log, and about the time between digests."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from trailsearch.audit.digests import Digest


class Finding(StrEnum):
    """One name for each thing that can be found."""

    VALID = "valid"
    """A digest that CloudTrail has signed; a log that is as it was delivered."""
    MISSING = "missing"
    """A digest or a log that a signed digest names, and that is not where it says."""
    ALTERED = "altered"
    """A digest or a log whose content is not what was signed."""
    BAD_SIGNATURE = "bad_signature"
    """A digest that its signature is not of: one of both was changed."""
    UNKNOWN_KEY = "unknown_key"
    """A digest that says it is signed with a key which CloudTrail does not list for its Region and time."""
    GAP = "gap"
    """A time that no digest is about: validation was off, the trail was stopped, or digests were deleted."""
    UNREADABLE = "unreadable"
    """A log bucket that cannot be looked into."""
    VALIDATION_OFF = "validation_off"
    """Logs were delivered for an account and Region that have no digests at all."""


class DigestFinding(NamedTuple):
    """What was found about one digest, or about the time before it (``GAP``).

    ``begin`` and ``end`` are the time that it is about, as far as that is known. ``why`` says more about what is wrong.
    ``digest`` is what it says, if that is ``VALID``.
    """

    finding: Finding
    bucket: str
    key: str
    begin: datetime | None = None
    end: datetime | None = None
    why: str = ""
    digest: Digest | None = None


class LogFinding(NamedTuple):
    """What was found about one log; ``why`` says more about what is wrong."""

    finding: Finding
    why: str = ""

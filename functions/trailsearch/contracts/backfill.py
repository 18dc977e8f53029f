"""The contracts of a backfill: what it is to index, and what its plan says."""

import re
from datetime import date, timedelta
from typing import Self

import msgspec

# Folders are dated by delivery, in UTC: what happened late in a day is delivered in the next one.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
_DELIVERED_LATER = timedelta(days=1)
_ACCOUNT = re.compile(r"\d{12}")


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What a backfill is to index: events from the first day to the last one (UTC), this one included.

    Without ``accounts``, ``regions`` or ``buckets``, those of all. ``prefix`` is what keys have before ``AWSLogs/``; without
    one, it is looked for.
    """

    first: date
    last: date
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    buckets: tuple[str, ...] = ()
    prefix: str = ""

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise ValueError(f"a backfill from {self.first} to {self.last}, which is before")
        if wrong := [account for account in self.accounts if not _ACCOUNT.fullmatch(account)]:
            raise ValueError(f"no account, which has 12 digits: {', '.join(wrong)}")

    @property
    def last_folder(self) -> date:
        """The last day whose folders may have events of the last day."""
        return self.last + _DELIVERED_LATER


class Days(msgspec.Struct, frozen=True):
    """The days of one account × Region: its bucket and folder, the first day and the last one."""

    bucket: str
    folder: str
    first: date
    last: date


class PartRef(msgspec.Struct, frozen=True):
    """A part, by its name within its backfill: how many logs it has, and how many bytes they have in their bucket.

    ``events`` is how many events these have, as reckoned from their sizes.
    """

    name: str
    logs: int
    bytes: int
    events: int = 0


class Counted(msgspec.Struct, frozen=True):
    """How many logs there are, and how many bytes they have as they lie in the bucket (gzip).

    ``archived`` logs are in storage classes from which S3 hands out nothing before it is restored: they are left out of
    the others. ``parts`` is how many executions of the workflow index them, and ``events`` how many events they have, as
    reckoned from their sizes.
    """

    logs: int = 0
    bytes: int = 0
    archived_logs: int = 0
    archived_bytes: int = 0
    parts: int = 0
    events: int = 0

    def __add__(self, other: Self) -> Self:
        """Add two counts, field by field."""
        return type(self)(
            *map(sum, zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True))
        )


class Round(msgspec.Struct, frozen=True):
    """How far Plan Backfill has come with a task: so many of its days in so many rounds, and whether there are ``more``."""

    days: int = 0
    rounds: int = 0
    more: bool = True


class Planned(msgspec.Struct, frozen=True):
    """What a round of Plan Backfill has found: the parts, and what is archived."""

    parts: tuple[PartRef, ...]
    archived_logs: int = 0
    archived_bytes: int = 0


class Plan(msgspec.Struct, frozen=True):
    """The plan of a backfill; ``planned_at`` (ISO 8601, UTC) is when it was ready."""

    backfill: str
    scope: Scope
    counted: Counted
    planned_at: str

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

    Without ``accounts`` or ``regions``, those of all. ``prefix`` is what keys have before ``AWSLogs/``; without one, it is
    looked for.
    """

    first: date
    last: date
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
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


class Counted(msgspec.Struct, frozen=True):
    """How many logs there are, and how many bytes they have as they lie in the bucket (gzip).

    ``archived`` logs are in storage classes from which S3 hands out nothing before it is restored: they are left out of
    the others. ``parts`` is how many executions of the workflow index them.
    """

    logs: int = 0
    bytes: int = 0
    archived_logs: int = 0
    archived_bytes: int = 0
    parts: int = 0

    def __add__(self, other: Self) -> Self:
        """Add two counts, field by field."""
        return type(self)(
            *map(sum, zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True))
        )

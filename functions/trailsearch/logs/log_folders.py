"""Where the logs of some days lie: found folder by folder, and never by listing a whole bucket. Pure.

The keys of a trail are ``[prefix/]AWSLogs/[o-organization/]account/CloudTrail[-Insight|…]/Region/year/month/day/….json.gz``
(https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html). Control Tower's prefix is
the id of the organization, which stands twice in the keys then, or once in those of before landing zone 3.0
(https://docs.aws.amazon.com/controltower/latest/userguide/about-logging.html).

Each folder is listed by its delimiter, so that a day without logs takes no request. Keys do not arrive in their order: one
that is after the last key seen may be delivered before it, so that nothing is ever left out for what its name is.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain
from typing import NamedTuple, Protocol

from trailsearch.aws.concurrency import map_ahead
from trailsearch.contracts.backfill import Days, Scope
from trailsearch.logs.notifications import is_log

# A request takes S3 some 30 ms, most of which nobody computes in.
LISTED_AT_ONCE = 8
# Where AWSLogs/ may be that nobody has named: in folders of folders of the bucket, but not behind any number of them.
_MAX_DEPTH = 3
_MAX_SEARCHED = 1_000
_AWS_LOGS = "AWSLogs/"
_ACCOUNT = re.compile(r"\d{12}")
_ORGANIZATION = re.compile(r"o-[a-z0-9]+")
_SERVICE = re.compile(r"CloudTrail(?!-Digest$)(-[A-Za-z]+)?")
_DATED = re.compile(r"\d{4}(/\d{2}){0,2}")


class StoredLog(NamedTuple):
    """A log as it lies in a bucket; an ``archived`` one has to be restored before S3 hands it out."""

    key: str
    bytes: int
    archived: bool


class Page(NamedTuple):
    """Some objects of a folder, and the token that the rest is asked with; None if there is no more."""

    objects: list[StoredLog]
    token: str | None


class Folders(Protocol):
    """A bucket, to look into its folders. The name of a folder is all of its key, and ends with a slash."""

    def folders(self, prefix: str) -> list[str]:
        """Give the folders that are directly in one, in the order of their names."""

    def page(self, prefix: str, token: str | None) -> Page:
        """Give some of the objects in a folder, or in folders within."""


def find_regions(bucket: Folders, scope: Scope) -> Iterator[str]:
    """Give the folder of each account × Region in a bucket, of every kind of log but digest files."""
    wanted = set(scope.accounts)
    accounts = (
        account
        for folder in find_aws_logs(bucket, scope.prefix)
        for account in _accounts(bucket, folder)
        if not wanted or _name(account) in wanted
    )
    find = partial(_regions, bucket, scope)
    return chain.from_iterable(map_ahead(find, accounts, LISTED_AT_ONCE))


def find_aws_logs(bucket: Folders, prefix: str) -> Iterator[str]:
    """Give the folders ``AWSLogs/`` of a bucket: that of a prefix, or if it has none itself, those of its folders.

    Of folders that hold something else, no more than a thousand are looked into, and none of more than three levels.
    """
    begin = prefix.rstrip("/") + "/" if prefix.strip("/") else ""
    if begin.endswith(_AWS_LOGS) and begin.rstrip("/").rpartition("/")[2] == _AWS_LOGS.rstrip("/"):
        yield begin
        return
    pending, searched = deque([(begin, 0)]), 0
    while pending and searched < _MAX_SEARCHED:
        folder, depth = pending.popleft()
        searched += 1
        inner = bucket.folders(folder)
        if folder + _AWS_LOGS in inner:
            yield folder + _AWS_LOGS
        if depth < _MAX_DEPTH:
            pending.extend((each, depth + 1) for each in inner if each != folder + _AWS_LOGS)


def _accounts(bucket: Folders, aws_logs: str) -> Iterator[str]:
    for folder in bucket.folders(aws_logs):
        if _ACCOUNT.fullmatch(_name(folder)):
            yield folder
        elif _ORGANIZATION.fullmatch(_name(folder)):
            yield from (each for each in bucket.folders(folder) if _ACCOUNT.fullmatch(_name(each)))


def _regions(bucket: Folders, scope: Scope, account: str) -> list[str]:
    services = [each for each in bucket.folders(account) if _SERVICE.fullmatch(_name(each))]
    regions = [each for service in services for each in bucket.folders(service)]
    return [each for each in regions if not scope.regions or _name(each) in scope.regions]


def find_days(bucket: Folders, days: Days) -> Iterator[str]:
    """Give the folder of each day that has one."""
    return _find_dated(bucket, days.folder, "", f"{days.first:%Y/%m/%d}", f"{days.last:%Y/%m/%d}")


def _find_dated(bucket: Folders, folder: str, dated: str, first: str, last: str) -> Iterator[str]:
    """Give the folders of days in a folder that is ``dated`` by year, or year and month."""
    for inner in bucket.folders(folder):
        day = f"{dated}/{_name(inner)}".lstrip("/")
        if not (_DATED.fullmatch(day) and first[: len(day)] <= day <= last[: len(day)]):
            continue
        if len(day) == len(first):
            yield inner
        else:
            yield from _find_dated(bucket, inner, day, first, last)


def find_logs(bucket: Folders, regions: Iterable[Days]) -> Iterator[StoredLog]:
    """Give each log of some days, day by day.

    Memory is bounded by ``LISTED_AT_ONCE`` pages, however many logs a day has.
    """

    def first_page(folder: str) -> tuple[str, Page]:
        return folder, bucket.page(folder, None)

    folders = (folder for days in regions for folder in find_days(bucket, days))
    for folder, first in map_ahead(first_page, folders, LISTED_AT_ONCE):
        page = first
        while True:
            yield from (each for each in page.objects if is_log(each.key))
            if page.token is None:
                break
            page = bucket.page(folder, page.token)


def _name(folder: str) -> str:
    return folder.rstrip("/").rpartition("/")[2]

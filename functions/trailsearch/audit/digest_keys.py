"""The keys of digests, which say whose they are.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html#cloudtrail-log-file-validation-digest-file-location
"""

import re
from datetime import UTC, datetime
from typing import NamedTuple

_END = "%Y%m%dT%H%M%SZ"
# A trail's name may have underscores in it, a Region has none. The organization's folder is that of its trails alone.
_KEY = re.compile(
    r"(?P<prefix>(?:.*/)?)AWSLogs/(?:(?P<organization>o-[a-z0-9]+)/)?(?P<account>\d{12})/CloudTrail-Digest/"
    r"(?P<region>[a-z0-9-]+)/\d{4}/\d{2}/\d{2}/"
    r"(?P=account)_CloudTrail-Digest_(?P=region)_(?P<trail>[^/]+)_(?P<home_region>[a-z0-9-]+)_"
    r"(?P<end>\d{8}T\d{6}Z)(?P<backfill>_backfill)?\.json\.gz"
)


class Chain(NamedTuple):
    """What the digests have in common of which each names the one before it.

    ``prefix`` is what stands before ``AWSLogs``, with its slash; ``home_region`` is that of the trail, ``region`` that
    of the logs. Digests of logs that were too late for that of their hour (``backfill``) are apart from the others.
    """

    prefix: str
    organization: str | None
    account: str
    region: str
    trail: str
    home_region: str
    backfill: bool


class DigestKey(NamedTuple):
    """The key of a digest: its chain, and the end of the time that it is about."""

    key: str
    chain: Chain
    end: datetime


def read_key(key: str) -> DigestKey | None:
    """Read the key of an object; None, if it is not that of a digest."""
    if not (match := _KEY.fullmatch(key)):
        return None
    try:
        end = datetime.strptime(match["end"], _END).replace(tzinfo=UTC)
    except ValueError:
        return None
    chain = Chain(
        match["prefix"],
        match["organization"],
        match["account"],
        match["region"],
        match["trail"],
        match["home_region"],
        match["backfill"] is not None,
    )
    return DigestKey(key, chain, end)


def folder_of(chain: Chain) -> str:
    """Give what the keys of a chain begin with, before the folder of the day."""
    organization = f"{chain.organization}/" if chain.organization else ""
    return f"{chain.prefix}AWSLogs/{organization}{chain.account}/CloudTrail-Digest/{chain.region}/"

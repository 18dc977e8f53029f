"""What an audit looks at, shared out: some accounts and Regions, with what the ledger knows of their logs."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

import msgspec

from trailsearch.audit.reckoning import KnownLog, Reckoning

# The name of a log says whose it is, whatever folder it lies in, and that of a digest, too.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
_LOG = re.compile(r".*/(?P<account>\d{12})_CloudTrail_(?P<region>[a-z0-9-]+)_[^/]*")
# Of one account and Region, a run takes four digests and two listings, a quarter of a second; of 1,700 of them, 34 shares.
MOST_PLACES = 50


class Place(msgspec.Struct, frozen=True, order=True):
    """An account and Region that a bucket has logs or digests of, below a folder that ends with the account and a slash."""

    bucket: str
    folder: str
    region: str

    @property
    def account(self) -> str:
        """The account, by its folder."""
        return self.folder.removesuffix("/").rpartition("/")[2]


class Share(msgspec.Struct, frozen=True):
    """Some places, and what the ledger knows of their logs, by their ``s3://`` URIs."""

    places: tuple[Place, ...]
    known: dict[str, KnownLog]


def share_out(places: Iterable[Place], ledger: Reckoning) -> Iterator[Share]:
    """Share out places, all of an account and Region together, with what the ledger knows of each.

    A log whose name does not say whose it is, is in no share: CloudTrail has signed none of that name.
    """
    of_owner: dict[tuple[str, str], list[Place]] = defaultdict(list)
    for place in sorted(places):
        of_owner[place.account, place.region].append(place)
    known: dict[tuple[str, str], dict[str, KnownLog]] = defaultdict(dict)
    for log in ledger.logs():
        found = ledger.known(log)
        if found and (match := _LOG.fullmatch(log)):
            known[match["account"], match["region"]][log] = found
    owners = sorted(of_owner)
    at = 0
    while at < len(owners):
        taken = owners[at : at + MOST_PLACES]
        yield Share(
            tuple(place for owner in taken for place in of_owner[owner]),
            {log: found for owner in taken for log, found in known[owner].items()},
        )
        at += len(taken)

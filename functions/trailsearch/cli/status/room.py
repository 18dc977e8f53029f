"""When the search domain will be full, at the pace at which it has grown on a usual day. Pure.

OpenSearch takes no writes once a data node has no storage free
(``FreeStorageSpace``, https://docs.aws.amazon.com/opensearch-service/latest/developerguide/managedomains-cloudwatchmetrics.html).
CloudSearch grows by itself, until it has as many partitions of the largest instance type as it may.

A usual day is the median one of up to two weeks: a day on which a month was dropped, or logs were indexed again, is none.
"""

from itertools import pairwise
from statistics import median
from typing import NamedTuple

import msgspec

from trailsearch.cli.capacity import GB_OF_DOCUMENTS, LARGEST, MAX_PARTITIONS

# Of fewer days, one that is unlike the others counts too much.
LEAST_DAYS = 3
# Below that, a percentage says little about how large the index is.
_LEAST_UTILIZATION = 1
_NEVER_DAYS = 3_650
_MANY_HOURS_DAYS = 3


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """What CloudWatch knows of the last two weeks: values a day apart, the newest first, each with how many days ago it was.

    ``free_storage_mib`` is that of the fullest data node of OpenSearch, ``documents`` those of CloudSearch.
    ``events_deleted`` is None where no retention has measured what it deletes.
    """

    free_storage_mib: tuple[tuple[int, float], ...] = ()
    documents: tuple[tuple[int, float], ...] = ()
    events_deleted: float | None = None


class Room(NamedTuple):
    """When the search domain will be full: in a few words, and in days. None where it will not, or nobody can tell."""

    said: str
    days: float | None = None


class _Usual(NamedTuple):
    """A usual day's change, and of how many days it is the median."""

    change: float
    days: int


def room_of_opensearch(growth: Growth) -> Room:
    """Reckon when the fullest data node has no storage left."""
    usual = _usual_day(growth.free_storage_mib)
    if not usual:
        return Room(_too_early(growth.free_storage_mib))
    if usual.change >= 0:
        return Room(
            f"not filling up: on a usual day of the last {usual.days} it has as much free as the day before"
        )
    left = growth.free_storage_mib[0][1] / -usual.change
    pace = f"{-usual.change / 1024:,.1f} GiB of the fullest disk on a usual day of the last {usual.days}"
    freed = ", unless the retention drops a month before" if growth.events_deleted is not None else ""
    return _filling(left, f"{pace}{freed}")


def room_of_cloudsearch(
    growth: Growth, instance_type: str, partitions: int, utilization: float | None
) -> Room:
    """Reckon when the largest domain is full that CloudSearch grows to; ``utilization`` is the index's now, in percent."""
    if instance_type not in GB_OF_DOCUMENTS:
        return Room(f"cannot be told: AWS does not say what an instance {instance_type} holds")
    if partitions > MAX_PARTITIONS:
        return Room(
            f"cannot be told: AWS has granted more than {MAX_PARTITIONS} partitions, and only you know how many"
        )
    usual = _usual_day(growth.documents)
    if not usual:
        return Room(_too_early(growth.documents))
    if usual.change <= 0:
        return Room(
            f"not filling up: on a usual day of the last {usual.days} it has as many documents as the day before"
        )
    if utilization is None or utilization < _LEAST_UTILIZATION:
        return Room(
            "cannot be told yet: less than one percent of the index is used, or CloudWatch does not say how much"
        )
    documents = growth.documents[0][1]
    largest = GB_OF_DOCUMENTS[LARGEST] * MAX_PARTITIONS
    most = documents * 100 / utilization * largest / (GB_OF_DOCUMENTS[instance_type] * max(1, partitions))
    pace = f"{usual.change:,.0f} documents more on a usual day of the last {usual.days}"
    return _filling(
        (most - documents) / usual.change, f"{pace}, and about {most:,.0f} in {MAX_PARTITIONS} partitions"
    )


def _usual_day(values: tuple[tuple[int, float], ...]) -> _Usual | None:
    """Give the median change from a day to the next; None if there are too few days."""
    changes = [
        newer - older
        for (newer_ago, newer), (older_ago, older) in pairwise(values)
        if older_ago - newer_ago == 1
    ]
    return _Usual(median(changes), len(changes)) if len(changes) >= LEAST_DAYS else None


def _too_early(values: tuple[tuple[int, float], ...]) -> str:
    return f"cannot be told yet: it takes {LEAST_DAYS} days of measurements in a row" if values else "no data"


def _filling(days: float, pace: str) -> Room:
    if days > _NEVER_DAYS:
        return Room(f"for more than ten years, at {pace}", days)
    hours = f"{days * 24:,.0f} hours"
    return Room(f"full in about {hours if days < _MANY_HOURS_DAYS else f'{days:,.0f} days'}, at {pace}", days)

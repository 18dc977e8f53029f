"""The search domain that a traffic needs, and what it costs: it has to hold all events that are kept. Pure.

Nobody starts with a domain for events that are yet to come: what is reckoned is the domain as it is once the oldest events
expire. It never has less than what Terraform deploys. CloudSearch grows to that by itself; OpenSearch has to be given it,
by the variables that ``fit`` gives. ``room`` says how many days of events all of these hold.
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from trailsearch.cli.capacity import GB_OF_DOCUMENTS, LARGEST, MAX_PARTITIONS
from trailsearch.cli.cost.inputs import CostUnknown, Model, Price, Settings, Traffic
from trailsearch.search import Backend, SearchSettings, search_backend

HOURS_PER_MONTH = 730  # as AWS reckons
MASTERS = 3
# What Terraform lets Split Records write (terraform/opensearch.tf): the least for instances that have credits, else this.
LARGE_BATCH_BYTES = 5_000_000
_BURSTABLE = re.compile(r"t\d")
# Of these, OpenSearch keeps one copy of the index in S3, beside those on the volumes.
_IN_S3 = re.compile(r"(or|om)\d")
_GIB = 2**30


def max_batch_bytes(settings: Settings) -> int:
    """Give the limit on a batch."""
    backend = settings.search_backend
    large = backend is Backend.OPENSEARCH and not _BURSTABLE.match(settings.opensearch_instance_type)
    chosen = SearchSettings(backend, "trailsearch", LARGE_BATCH_BYTES if large else None)
    return search_backend(chosen).batch_format.max_batch_bytes


def fit(settings: Settings, traffic: Traffic, model: Model) -> Settings:
    """Let the search domain grow until it holds all events that are kept.

    Raises:
        CostUnknown: nothing is known of its instance type.
    """
    if settings.search_retention_days is None:
        return settings
    if settings.search_backend is Backend.CLOUDSEARCH:
        return _fit_cloudsearch(settings, traffic, model)
    return _fit_opensearch(settings, traffic, model)


def shards(traffic: Traffic, model: Model) -> int:
    """Give ``opensearch_shards``: parts of a month's index, none of them too large."""
    sizes = model.assumptions.opensearch
    gb = traffic.events_per_day * sizes.longest_month_days * _index_bytes(traffic, model) / 1e9
    return max(1, math.ceil(gb / sizes.shard_gb))


def size(settings: Settings) -> str:
    """Say in a few words what the search domain runs on."""
    if settings.search_backend is Backend.CLOUDSEARCH:
        return f"{_instances(settings):,} × {settings.search_instance_type}"
    kind = settings.opensearch_instance_type.removesuffix(".search")
    return f"{settings.opensearch_instance_count:,} × {kind}, {settings.opensearch_volume_gib:,} GiB"


def is_granted(settings: Settings) -> bool:
    """Tell whether AWS lets a domain grow as large without being asked."""
    partitions = settings.search_partition_count or 1
    return settings.search_backend is Backend.OPENSEARCH or partitions <= MAX_PARTITIONS


class Room(NamedTuple):
    """How many days of events a search domain holds, if none is deleted, until its alarm rings, or AWS advises more instances.

    ``deployed`` is for the domain that Terraform makes, ``reckoned`` for the one that holds all that is kept, and ``granted``
    for the largest that AWS lets it grow to by itself: None where it does not grow by itself.
    """

    deployed: float
    reckoned: float
    granted: float | None


def room(deployed: Settings, reckoned: Settings, traffic: Traffic, model: Model) -> Room:
    """Give how many days fit.

    Raises:
        CostUnknown: nothing is known of an instance type.
    """
    largest = None
    if deployed.search_backend is Backend.CLOUDSEARCH:
        largest = msgspec.structs.replace(
            deployed, search_instance_type=LARGEST, search_partition_count=MAX_PARTITIONS
        )
    return Room(
        days(deployed, traffic, model),
        days(reckoned, traffic, model),
        days(largest, traffic, model) if largest else None,
    )


def days(settings: Settings, traffic: Traffic, model: Model) -> float:
    """Give how many days of events a search domain with these settings holds.

    Raises:
        CostUnknown: nothing is known of its instance type.
    """
    if settings.search_backend is Backend.CLOUDSEARCH:
        kind = _from(settings.search_instance_type, GB_OF_DOCUMENTS)[0]
        gb = GB_OF_DOCUMENTS[kind] * (settings.search_partition_count or 1)
        return gb / (traffic.events_per_day * _document_gb(traffic, model))
    sizes = model.assumptions.opensearch
    node = sizes.node_types[_from(settings.opensearch_instance_type, sizes.node_types)[0]]
    held = min(
        _held_gib(settings.opensearch_volume_gib, model), node.memory_gib * sizes.index_gib_per_memory_gib
    )
    copies = 1 + settings.opensearch_replicas
    gib = held * settings.opensearch_instance_count / copies
    return gib / (traffic.events_per_day * _index_bytes(traffic, model) / _GIB)


def monthly_dollars(settings: Settings, traffic: Traffic, model: Model) -> dict[str, float]:
    """Price a month of the search domain.

    Raises:
        CostUnknown: there is no price of its instance type.
    """

    def dollars(name: str, number: float) -> float:
        price = _known(name, model.prices)
        return price.dollars / price.per * number

    def hours(kind: str, number: int) -> float:
        return dollars(kind, number * HOURS_PER_MONTH)

    if settings.search_backend is Backend.CLOUDSEARCH:
        return {"Search domain: instances": hours(settings.search_instance_type, _instances(settings))}
    nodes, masters = settings.opensearch_instance_count, settings.opensearch_master_instance_type
    storage = dollars("opensearch_volume_gb_month", nodes * settings.opensearch_volume_gib)
    if _IN_S3.match(settings.opensearch_instance_type):
        storage += dollars("opensearch_managed_gb_month", _index_gib(settings, traffic, model))
    instances = hours(settings.opensearch_instance_type, nodes)
    return {
        "Search domain: instances": instances + (hours(masters, MASTERS) if masters else 0.0),
        "Search domain: storage": storage,
    }


def _known(name: str, prices: Mapping[str, Price]) -> Price:
    if name not in prices:
        raise CostUnknown(f"prices.toml has no price of {name}")
    return prices[name]


def _instances(settings: Settings) -> int:
    zones = 2 if settings.search_multi_az else 1
    return settings.search_replication_count * (settings.search_partition_count or 1) * zones


def _fit_cloudsearch(settings: Settings, traffic: Traffic, model: Model) -> Settings:
    """Give the smallest instances that hold the documents, and of the largest as many as it takes."""
    gb = traffic.events_per_day * (settings.search_retention_days or 0) * _document_gb(traffic, model)
    kinds = _from(settings.search_instance_type, GB_OF_DOCUMENTS)
    kind = next((each for each in kinds if GB_OF_DOCUMENTS[each] >= gb), kinds[-1])
    needed = max(1, math.ceil(gb / GB_OF_DOCUMENTS[kind]))
    partitions = max(needed, settings.search_partition_count or 1)
    return msgspec.structs.replace(
        settings, search_instance_type=kind, search_partition_count=partitions if partitions > 1 else None
    )


def _fit_opensearch(settings: Settings, traffic: Traffic, model: Model) -> Settings:
    """Give the cheapest nodes and volumes that hold the index, and of equally cheap ones the fewest."""
    fitting = list(_fitting(settings, traffic, model))
    return min(
        fitting,
        key=lambda each: (
            round(math.fsum(monthly_dollars(each, traffic, model).values()), 6),
            each.opensearch_instance_count,
        ),
    )


def _fitting(settings: Settings, traffic: Traffic, model: Model) -> Iterator[Settings]:
    """Give the instance types from the one that is set on, once with each number of nodes, that hold the index."""
    sizes = model.assumptions.opensearch
    gib = _index_gib(settings, traffic, model) * (1 + settings.opensearch_replicas)
    kinds = _from(settings.opensearch_instance_type, sizes.node_types)
    # However much there is, enough of the largest hold it.
    largest = sizes.node_types[kinds[-1]].memory_gib * sizes.index_gib_per_memory_gib
    most = max(sizes.more_nodes, math.ceil(gib / largest))
    for kind in kinds:
        node = sizes.node_types[kind]
        for times in range(1, (most if kind == kinds[-1] else sizes.more_nodes) + 1):
            count = settings.opensearch_instance_count * times
            held = gib / count
            volume = max(settings.opensearch_volume_gib, _volume_gib(held, model))
            if volume <= node.max_volume_gib and held <= node.memory_gib * sizes.index_gib_per_memory_gib:
                yield msgspec.structs.replace(
                    settings,
                    opensearch_instance_type=kind,
                    opensearch_instance_count=count,
                    opensearch_volume_gib=volume,
                )
                break


def _volume_gib(held: float, model: Model) -> int:
    """Give the volume of a node that holds so many GiB, and rings no alarm.

    Linux and OpenSearch keep a part for themselves, OpenSearch at most so many GiB; and the alarm about a disk that is
    nearly full rings when less than a share of the volume is free beside these.
    """
    sizes = model.assumptions.opensearch
    usable = 1 - sizes.linux_reserved_share - sizes.free_share
    volume = min(held / (usable - sizes.service_reserved_share), (held + sizes.service_reserved_gib) / usable)
    return math.ceil(volume / sizes.volume_step_gib) * sizes.volume_step_gib


def _held_gib(volume_gib: float, model: Model) -> float:
    """Give what a node holds on its volume, so that no alarm rings: the reverse of ``_volume_gib``."""
    sizes = model.assumptions.opensearch
    usable = 1 - sizes.linux_reserved_share - sizes.free_share
    reserved = min(sizes.service_reserved_share * volume_gib, sizes.service_reserved_gib)
    return usable * volume_gib - reserved


def _index_gib(settings: Settings, traffic: Traffic, model: Model) -> float:
    """Give the size of one copy of all indices, just before the oldest is dropped: a month goes as a whole."""
    kept = (settings.search_retention_days or 0) + model.assumptions.opensearch.longest_month_days
    return traffic.events_per_day * kept * _index_bytes(traffic, model) / _GIB


def _index_bytes(traffic: Traffic, model: Model) -> float:
    growth = _event_bytes(traffic, model) / model.measured.events.staged_bytes
    return model.assumptions.opensearch.index_bytes * growth


def _document_gb(traffic: Traffic, model: Model) -> float:
    """Give the size of an event as a document of CloudSearch."""
    events = model.measured.events
    return (
        _event_bytes(traffic, model) / events.staged_bytes * events.document_bytes[Backend.CLOUDSEARCH] / 1e9
    )


def _event_bytes(traffic: Traffic, model: Model) -> float:
    return traffic.event_bytes or model.measured.events.staged_bytes


def _from(kind: str, kinds: Mapping[str, object]) -> list[str]:
    """Give the instance types from one on, the smallest first."""
    names = list(kinds)
    if kind not in names:
        raise CostUnknown(f"It is not known what an instance {kind} holds")
    return names[names.index(kind) :]

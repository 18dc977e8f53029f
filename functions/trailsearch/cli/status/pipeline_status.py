"""The state of one environment as values, and the judgement whether all is well. Nothing here asks AWS."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

import msgspec

from trailsearch.cli.status.room import Growth, Room, room_of_cloudsearch, room_of_opensearch
from trailsearch.contracts.wording import counted

# Where the alarms cannot be read, what alarm_oldest_message_seconds and alarm_lag_seconds are unless they are set.
OLD_MESSAGE_SECONDS = 15 * 60
HIGH_LAG_SECONDS = 30 * 60
# Those of the alarms of an OpenSearch domain (terraform/alarms.tf), in percent: what is still free of a volume, how much
# memory is taken, and how many requests fail.
LEAST_FREE_STORAGE, HIGH_MEMORY, MANY_ERRORS = 25, 92, 10
# A node of OpenSearch has so many shards at most; from nine tenths on it is time to do something.
# https://docs.aws.amazon.com/opensearch-service/latest/developerguide/bp-sharding.html
SHARDS_OF_A_NODE, MANY_SHARDS = 1_000, 90
# Larger volumes are there after hours; more partitions are asked of AWS, which takes days.
FULL_SOON_DAYS = 14
MAX_LISTED = 1_000
"""How many executions of one status Step Functions lists at once."""

_T = TypeVar("_T")


class Unreadable(msgspec.Struct, frozen=True, omit_defaults=True):
    """In place of what AWS would not tell, or did not tell in time: what it said instead."""

    cannot_be_read: str
    is_not_there: bool = False
    """AWS told that there is no such thing, which is known of queues alone; JSON has it only then."""


class Queue(msgspec.Struct, frozen=True):
    """How many messages of a queue wait, are being handled and are delayed; SQS counts them approximately."""

    waiting: int
    in_flight: int
    delayed: int

    @property
    def messages(self) -> int:
        """All of them."""
        return self.waiting + self.in_flight + self.delayed


class Pipe(msgspec.Struct, frozen=True):
    """What the Pipe does, what it should do, and why it does something else if EventBridge says so."""

    current_state: str
    desired_state: str
    reason: str | None = None


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """One execution. ``started_at`` is ISO 8601 in UTC.

    ``messages`` are those in its input, ``events`` those in its batches if it succeeded. ``error`` is a name,
    ``cause`` a sentence.
    """

    name: str
    status: str
    started_at: str
    seconds: float | None = None
    messages: int | None = None
    events: int | None = None
    error: str | None = None
    cause: str | None = None


class Executions(msgspec.Struct, frozen=True):
    """How many executions ended within the last hour, by status, or are running.

    ``last`` are the last that started, the newest first, and the last that failed, if these are not among them.
    """

    statuses: Mapping[str, int]
    last: tuple[Execution, ...]

    @property
    def failed(self) -> int:
        """How many ended in the last hour otherwise than well."""
        return sum(n for status, n in self.statuses.items() if status not in {"SUCCEEDED", "RUNNING"})


class Percentiles(msgspec.Struct, frozen=True):
    """Of a metric over the last hour."""

    p50: float
    p99: float


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """What CloudWatch knows; None where it has no data. Ages and lags are in seconds.

    ``events_indexed``, what was ignored and the lags are those of the last hour, the others the newest values. The lag of a batch
    is that of its oldest event: from when CloudTrail delivered its log, or from when it happened, to when it
    was indexed.

    Those from ``cluster_red`` on are OpenSearch's. ``cluster_red``, ``cluster_yellow``, ``writes_blocked`` and
    ``key_inaccessible`` are 1 or 0. ``free_storage_mib`` is that of the data node that has the least, without what
    OpenSearch keeps for itself; ``memory_pressure`` is a percentage of the heap. ``writes_rejected`` were in the last
    quarter of an hour, ``domain_requests`` and ``domain_errors`` in the last hour.
    """

    oldest_in_ingest_queue: float | None = None
    oldest_in_dead_letter_queue: float | None = None
    events_indexed: float | None = None
    objects_ignored: float | None = None
    messages_ignored: float | None = None
    lag_from_delivery: Percentiles | None = None
    lag_from_event: Percentiles | None = None
    searchable_documents: float | None = None
    index_utilization: float | None = None
    cluster_red: float | None = None
    cluster_yellow: float | None = None
    writes_blocked: float | None = None
    free_storage_mib: float | None = None
    memory_pressure: float | None = None
    active_shards: float | None = None
    writes_rejected: float | None = None
    domain_requests: float | None = None
    domain_errors: float | None = None
    key_errors: float | None = None
    key_inaccessible: float | None = None


class SearchDomain(msgspec.Struct, frozen=True, kw_only=True):
    """The search domain; ``documents`` is None where these credentials may not search.

    The others are those of ``DomainStatus``.
    """

    documents: int | Unreadable | None
    instance_type: str
    instance_count: int
    partition_count: int | None
    processing: bool
    requires_index_documents: bool
    volume_gib: int | None = None

    def free_share(self, metrics: Metrics) -> float | None:
        """Give how much of the fullest volume is free, in percent; None where that is not known."""
        if self.volume_gib is None or metrics.free_storage_mib is None:
            return None
        return 100 * metrics.free_storage_mib / (1024 * self.volume_gib)


class Alarms(msgspec.Struct, frozen=True):
    """How many CloudWatch alarms the environment has, and the names of those in state ALARM.

    ``oldest_message_seconds`` and ``lag_seconds`` are the thresholds of the alarms about a message's age and the
    lag from delivery; None where there is no such alarm.
    """

    count: int
    ringing: tuple[str, ...]
    oldest_message_seconds: float | None = None
    lag_seconds: float | None = None


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """What the latest hourly audit has found of the hours that it looked at; ``measured_at`` (ISO 8601) is the hour of it."""

    measured_at: str
    logs_signed: int = 0
    logs_indexed: int = 0
    logs_missing: int = 0
    logs_healed: int = 0
    logs_not_healed: int = 0
    logs_altered: int = 0
    digests_altered: int = 0
    digest_gaps: int = 0
    not_validated: int = 0


class PipelineStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one environment that AWS told; ``audit`` is None where none has measured anything for a day."""

    environment: str
    ingest_queue: Queue | Unreadable
    dead_letter_queue: Queue | Unreadable
    pipe: Pipe | Unreadable
    executions: Executions | Unreadable
    metrics: Metrics | Unreadable
    search_domain: SearchDomain | Unreadable
    growth: Growth | Unreadable
    alarms: Alarms | Unreadable
    audit: Audit | Unreadable | None = None

    @property
    def nothing_is_there(self) -> bool:
        """Whether nothing that Terraform makes for an environment can be read."""
        made = (self.ingest_queue, self.pipe, self.executions, self.search_domain)
        return all(isinstance(part, Unreadable) for part in made)


def known(part: _T | Unreadable) -> _T | None:
    """Give what was read, or None."""
    return None if isinstance(part, Unreadable) else part


def problems(status: PipelineStatus) -> list[str]:
    """Say what is not well, in sentences, the worst first. Nothing at all means that all is well."""
    return [
        *_of_writes(status),
        *_of_dead_letters(status),
        *_of_pipe(status),
        *_of_ingest_queue(status),
        *_of_executions(status),
        *_of_search_domain(status),
        *_of_data_nodes(status),
        *_of_room(status),
        *_of_lag(status),
        *_of_audit(status),
        *_of_alarms(status),
        *_of_unreadable(status),
    ]


def duration(seconds: float) -> str:
    """Say how long, with two units at most: ``0.8 s``, ``45 s``, ``12 min``, ``3 h 5 min``, ``2 d 4 h``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(int(seconds) // 60, 60)
    if hours >= 24:
        return f"{hours // 24} d {hours % 24} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _of_writes(status: PipelineStatus) -> Iterator[str]:
    """What loses events that were searchable, or keeps all others from becoming so."""
    metrics = known(status.metrics) or Metrics()
    prefix = f"trailsearch-{status.environment}"
    if metrics.key_errors or metrics.key_inaccessible:
        yield (
            f"The search domain cannot use its key, and is lost without it. Enable the key alias/{prefix}, or cancel "
            "its deletion, at once"
        )
    if metrics.cluster_red:
        yield (
            "The search domain is red: a part of an index is on no data node, so searches are incomplete. Wait for a "
            f"node that is replaced; if it stays so, follow the alarm {prefix}-domain-red"
        )
    if metrics.writes_blocked:
        if _is_nearly_full(status):
            do = "its disk is full. Raise opensearch_volume_gib, or delete the indices of old months"
        elif _is_short_of_memory(metrics):
            do = "its memory is short. Raise opensearch_instance_type"
        else:
            do = f"follow the alarm {prefix}-domain-writes-blocked"
        yield f"The search domain takes no writes, and nothing more becomes searchable: {do}"


def _is_nearly_full(status: PipelineStatus) -> bool:
    domain, metrics = known(status.search_domain), known(status.metrics)
    free = domain.free_share(metrics) if domain and metrics else None
    return free is not None and free < LEAST_FREE_STORAGE


def _is_short_of_memory(metrics: Metrics) -> bool:
    return (metrics.memory_pressure or 0) > HIGH_MEMORY


def _of_dead_letters(status: PipelineStatus) -> Iterator[str]:
    queue, metrics = known(status.dead_letter_queue), known(status.metrics)
    if queue and queue.messages:
        age = metrics and metrics.oldest_in_dead_letter_queue
        since = f", the oldest for {duration(age)}" if age else ""
        what = "dead letter waits" if queue.messages == 1 else "dead letters wait"
        yield f"{queue.messages:,} {what}{since}. See why: make dlq ENV={status.environment}"


def _of_pipe(status: PipelineStatus) -> Iterator[str]:
    pipe = known(status.pipe)
    if pipe and pipe.current_state != "RUNNING":
        should = "" if pipe.desired_state == pipe.current_state else f" and should be {pipe.desired_state}"
        why = f": {pipe.reason}" if pipe.reason else ""
        yield f"The Pipe is {pipe.current_state}{should}, so messages wait in the ingest queue{why}"


def _of_ingest_queue(status: PipelineStatus) -> Iterator[str]:
    queue, metrics = known(status.ingest_queue), known(status.metrics)
    age = metrics and metrics.oldest_in_ingest_queue
    alarms = known(status.alarms)
    too_old = (alarms and alarms.oldest_message_seconds) or OLD_MESSAGE_SECONDS
    if queue and queue.messages and age and age > too_old:
        yield f"The oldest message has been in the ingest queue for {duration(age)}"


def _of_executions(status: PipelineStatus) -> Iterator[str]:
    executions = known(status.executions)
    if executions and executions.failed:
        ended = sum(executions.statuses.values()) - executions.statuses.get("RUNNING", 0)
        yield f"{executions.failed:,} of {counted(ended, 'execution')} of the last hour failed"


def _of_search_domain(status: PipelineStatus) -> Iterator[str]:
    domain = known(status.search_domain)
    if domain is None:
        return
    if isinstance(domain.documents, Unreadable):
        yield f"The search domain cannot be searched: {domain.documents.cannot_be_read}"
    if domain.requires_index_documents:
        yield "The search domain's index fields have changed, and it has not been told to index its documents again"
    if domain.processing:
        yield "The search domain is processing changes of its configuration"


def _of_data_nodes(status: PipelineStatus) -> Iterator[str]:
    """What will stop a domain of OpenSearch unless something is done."""
    domain, metrics = known(status.search_domain), known(status.metrics) or Metrics()
    if not metrics.writes_blocked and _is_nearly_full(status) and domain:
        yield (
            f"A disk of the search domain is nearly full, {(metrics.free_storage_mib or 0) / 1024:.1f} of "
            f"{domain.volume_gib} GiB are free. Raise opensearch_volume_gib, or delete the indices of old months"
        )
    if not metrics.writes_blocked and _is_short_of_memory(metrics):
        yield (
            f"The memory of a data node is {metrics.memory_pressure:.0f} % full, and after half an hour the search "
            "domain takes no more writes. Raise opensearch_instance_type"
        )
    most = SHARDS_OF_A_NODE * domain.instance_count if domain else None
    if most and metrics.active_shards and 100 * metrics.active_shards >= MANY_SHARDS * most:
        yield (
            f"The search domain has {metrics.active_shards:,.0f} shards, and takes no new index beyond {most:,}. Delete "
            "the indices of old months, lower opensearch_shards, or raise opensearch_instance_count"
        )
    if metrics.cluster_yellow:
        yield (
            "The search domain is yellow: a copy of a part of an index is on no data node, and one more failure may lose "
            "it. A node that is down is replaced; if it stays so, raise opensearch_instance_count"
        )
    if metrics.writes_rejected:
        yield (
            f"Data nodes have rejected {metrics.writes_rejected:,.0f} writes in the last 15 min, which are retried. If "
            "it goes on, lower map_concurrency, or raise opensearch_instance_type"
        )
    requests, errors = metrics.domain_requests, metrics.domain_errors
    if requests and errors and 100 * errors > MANY_ERRORS * requests:
        yield (
            f"The search domain failed to answer {errors:,.0f} of {requests:,.0f} requests of the last hour. Its own log "
            "says why"
        )


def room(status: PipelineStatus) -> Room | None:
    """Reckon when the search domain will be full; None where what that takes could not be read."""
    domain, growth = known(status.search_domain), known(status.growth)
    if domain is None or growth is None:
        return None
    if domain.partition_count is None:
        return room_of_opensearch(growth)
    metrics = known(status.metrics) or Metrics()
    return room_of_cloudsearch(
        growth, domain.instance_type, domain.partition_count, metrics.index_utilization
    )


def _of_room(status: PipelineStatus) -> Iterator[str]:
    metrics, found, domain = known(status.metrics), room(status), known(status.search_domain)
    if (
        found is None
        or found.days is None
        or found.days > FULL_SOON_DAYS
        or (metrics and metrics.writes_blocked)
    ):
        return
    of_opensearch = domain and domain.partition_count is None
    do = "Raise opensearch_volume_gib" if of_opensearch else "Ask AWS for more partitions"
    yield f"The search domain will be {found.said}. {do}, or lower search_retention_days"


def _of_lag(status: PipelineStatus) -> Iterator[str]:
    metrics, alarms = known(status.metrics), known(status.alarms)
    lag = metrics and metrics.lag_from_delivery
    too_high = (alarms and alarms.lag_seconds) or HIGH_LAG_SECONDS
    # Not the 99th percentile, which rings the alarm: what is redriven was delivered long ago, and its lag says
    # nothing about the pipeline.
    if lag and lag.p50 > too_high:
        yield f"Half of the batches are indexed later than {duration(lag.p50)} after CloudTrail delivered their logs"


def _of_audit(status: PipelineStatus) -> Iterator[str]:
    audit = status.audit
    if not isinstance(audit, Audit):
        return
    found = {
        "signed logs or digests that are altered": audit.logs_altered + audit.digests_altered,
        "times without digests": audit.digest_gaps,
        "signed logs that nobody reads though they were announced": audit.logs_not_healed,
    }
    if said := [f"{count:,} {what}" for what, count in found.items() if count]:
        yield f"The audit of {audit.measured_at} has found {', '.join(said)}: make audit says which"


def _of_alarms(status: PipelineStatus) -> Iterator[str]:
    alarms = known(status.alarms)
    if alarms and alarms.ringing:
        yield f"In state ALARM: {', '.join(alarms.ringing)}"


def _of_unreadable(status: PipelineStatus) -> Iterator[str]:
    names = [
        name.replace("_", " ")
        for name in status.__struct_fields__
        if isinstance(getattr(status, name), Unreadable)
    ]
    if names:
        yield f"Cannot be read, and may be well or not: {', '.join(names)}"

"""What the cost model is given: settings, prices, measurements, assumptions, and the traffic; all of it values."""

from datetime import date
from typing import Literal, NamedTuple

import msgspec

from trailsearch.cli.console import CommandFailed
from trailsearch.search import Backend


class CostUnknown(CommandFailed):
    """There is no such environment, or the files do not say what the model needs."""


class Settings(msgspec.Struct, frozen=True):
    """The settings of an environment that its bill depends on; the names are those of Terraform's variables.

    ``search_retention_days`` is None where events are kept for ever, and the search domain is reckoned as it is
    deployed. ``staged_days`` is when what is indexed expires in the staging bucket, ``ledger_retention_days`` when the
    ledger does.
    """

    pipe_batch_size: int
    pipe_batching_window_seconds: int
    staged_days: int
    log_group_retention_days: int
    create_trail: bool
    search_backend: Backend
    search_instance_type: str
    search_replication_count: int
    search_multi_az: bool
    search_partition_count: int | None
    opensearch_instance_type: str
    opensearch_instance_count: int
    opensearch_zone_count: int
    opensearch_master_instance_type: str | None
    opensearch_volume_gib: int
    opensearch_replicas: int
    alarm_no_logs_hours: int | None
    memory_mb: dict[str, int]
    storage_mb: dict[str, int]
    workflow_logged: bool
    traced: bool
    search_retention_days: int | None = None
    keep_ledger: bool = False
    ledger_retention_days: int = 90
    audit_hourly: bool = False
    evidence_retention_days: int | None = None


class Price(msgspec.Struct, frozen=True):
    """``dollars`` for ``per`` of a unit, and where that is from; see ``prices.toml``."""

    dollars: float
    per: int
    unit: str
    source: str
    checked: date
    evidence: Literal["source", "secondary", "list", "known"]
    seen: str | None = None
    read: date | None = None


class Duration(msgspec.Struct, frozen=True):
    """What a function takes on one vCPU, in milliseconds; MB are those of the staged records, or of the batch."""

    ms_per_invocation: float
    ms_per_log: float
    ms_per_mb: float


class EventSizes(msgspec.Struct, frozen=True):
    """Bytes of an average event: staged as JSON, and as a document of each backend's batches."""

    staged_bytes: float
    document_bytes: dict[Backend, float]


class WorkflowLog(msgspec.Struct, frozen=True):
    """Bytes that Step Functions logs, with level ALL and execution data."""

    per_execution: float
    per_message: float
    per_batch: float


class Resources(msgspec.Struct, frozen=True):
    """How many there are of what costs by the month, as Terraform made them with a trail and all alarms."""

    alarm_metrics: dict[Backend, int]
    dashboards: int
    kms_keys: int
    custom_metrics: int


class Measured(msgspec.Struct, frozen=True):
    """What ``make cost-measure`` found; see ``measured.toml``."""

    events: EventSizes
    functions: dict[str, Duration]
    log_bytes: dict[str, float]
    workflow_log_bytes: WorkflowLog
    resources: Resources


class Upload(msgspec.Struct, frozen=True):
    """What an upload takes: the search domain to answer, and the function beside what was measured."""

    answer_ms_per_batch: float
    answer_ms_per_mb: float
    compute_ms_per_mb: float


class AdmissionCosts(msgspec.Struct, frozen=True):
    """What the function takes that the Pipe asks about each batch, and what it logs; see ``assumptions.toml``."""

    memory_mb: int
    compute_ms: float
    compute_ms_per_message: float
    log_bytes: int


class RetentionCosts(msgspec.Struct, frozen=True):
    """What the deletion of expired events takes, round by round, and what it logs; see ``assumptions.toml``."""

    memory_mb: int
    deleted_at_once: int
    deletion_bytes: float
    most_rounds: int
    searches: int
    search_ms: float
    compute_ms: float
    log_bytes_per_round: float
    workflow_log_bytes_per_execution: float
    workflow_log_bytes_per_round: float


class AuditCosts(msgspec.Struct, frozen=True):
    """What an audit takes, share by share, and what it logs and keeps; see ``assumptions.toml``."""

    memory_mb: int
    places_in_a_share: int
    regions_of_an_account: int
    ledger_hours: float
    lists_of_a_bucket: int
    lists_of_an_account: int
    requests_at_once: int
    compute_ms_per_request: float
    compute_ms_per_log: float
    compute_ms_per_invocation: float
    evidence_bytes_per_digest: float
    evidence_bytes_per_log: float
    evidence_days: int
    log_bytes_per_invocation: float
    workflow_log_bytes_per_execution: float
    workflow_log_bytes_per_share: float


class BackfillCosts(msgspec.Struct, frozen=True):
    """How fast a domain takes batches; see ``assumptions.toml``."""

    cloudsearch_seconds_per_batch: float


class NodeType(msgspec.Struct, frozen=True):
    """An instance type of OpenSearch: its memory, and the largest volume that it may have."""

    memory_gib: float
    max_volume_gib: int


class OpenSearchSizes(msgspec.Struct, frozen=True):
    """What a data node takes; ``node_types`` has the smallest first. See ``assumptions.toml``."""

    index_bytes: float
    shard_gb: float
    linux_reserved_share: float
    service_reserved_share: float
    service_reserved_gib: float
    free_share: float
    index_gib_per_memory_gib: float
    more_nodes: int
    volume_step_gib: int
    longest_month_days: int
    node_types: dict[str, NodeType]


class Assumptions(msgspec.Struct, frozen=True):
    """What is neither configured nor measured; see ``assumptions.toml`` for units and reasons."""

    s3_request_ms: float
    uploads: dict[Backend, Upload]
    memory_mb_per_vcpu: float
    pipe_pollers: int
    long_poll_seconds: float
    data_key_seconds: float
    kms_requests_per_data_key: int
    encrypted_channels: int
    bucket_key_share: float
    traces_per_second: float
    trace_share: float
    log_compression: float
    admission: AdmissionCosts
    retention: RetentionCosts
    audit: AuditCosts
    backfill: BackfillCosts
    opensearch: OpenSearchSizes


class States(NamedTuple):
    """States that an execution enters while nothing fails: once, and for each batch."""

    per_execution: int
    per_batch: int


class Traffic(msgspec.Struct, frozen=True):
    """What CloudTrail delivers. ``event_bytes`` of JSON is None for events as large as the measured ones.

    ``account_regions`` is of how many accounts × Regions it delivers logs and digests.
    """

    events_per_day: float
    events_per_log: float
    event_bytes: float | None = None
    account_regions: int = 17


class Model(msgspec.Struct, frozen=True):
    """Everything that does not differ between environments."""

    states: States
    measured: Measured
    assumptions: Assumptions
    prices: dict[str, Price]

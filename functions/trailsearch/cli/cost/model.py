"""What a deployment costs: Traffic → Delivery → Counts → Dollars. Pure; ``inputs`` is what it is given.

A *delivery* is what the Pipe hands to one execution. ``count`` says what an execution in which nothing fails does with
it: an end-to-end test holds it against executions that ran. A month is that many times what the average delivery
causes, because every count is linear in what a delivery has.

The average delivery is an approximation. Logs arrive independently of each other (Poisson), one in a message. The
Pipe's window begins with its first message, so a delivery has that one and those that arrive in the window, at most
``pipe_batch_size``. CloudTrail delivers some logs together, which fills executions and batches better than this. Sizes of
logs vary as an exponential distribution does; CloudTrail's own vary more. There are no retries, no duplicates, no dead
letters, no cold starts, no free tiers.
"""

import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

import msgspec

from fetch_logs import FETCHED_AT_ONCE
from split_records import STAGED_AT_ONCE
from trailsearch.cli.cost.audit import count_audit
from trailsearch.cli.cost.counts import DAYS_PER_MONTH, Counts
from trailsearch.cli.cost.inputs import Assumptions, Model, Price, Settings, Traffic
from trailsearch.cli.cost.retention import count_retention
from trailsearch.cli.cost.search_domain import Room, fit, max_batch_bytes, monthly_dollars, room
from trailsearch.search import Backend
from trailsearch.workflow.staging import PART_BYTES, PUT_AT_ONCE_BYTES

FUNCTIONS = ("fetch_logs", "split_records", "index_batch")
LOG_EVENT_OVERHEAD_BYTES = 26  # https://aws.amazon.com/cloudwatch/pricing/
_SECONDS_PER_DAY = 86_400
_DELETED_AT_ONCE = 10  # messages, by one request to SQS
_FREE_STORAGE_MB = 512
# Of retention-failed, and EventsDeleted: neither is there without a retention.
_RETENTION_ALARM_METRICS, _RETENTION_METRICS = 4, 1
# Of the five alarms of the audit, what it measures, and its dashboard.
AUDIT_ALARM_METRICS, AUDIT_METRICS, AUDIT_DASHBOARDS = 9, 11, 1
_NEGLIGIBLE = 1e-12
# More than logs of one size ask for, in deliveries of whatever number: much of a bill is reckoned again with other traffic.
_REMEMBERED = 2**12
# S3 expires objects at midnight UTC: half a day later on average.
_TO_MIDNIGHT_DAYS = 0.5
# What the ledger takes of processor time, by functions/README.md, and of room: its JSON has some 650 bytes about a log, and 400
# about a batch.
_HASH_MS_PER_MB = 0.9
_LEDGER_BYTES_PER_LOG, _LEDGER_BYTES_PER_BATCH = 650, 400
# What a batch costs by itself. OpenSearch is paid by its instances alone.
_BATCH_PRICES: Mapping[Backend, str] = {Backend.CLOUDSEARCH: "search_batch"}


class Delivery(msgspec.Struct, frozen=True):
    """What one execution gets, and how it is staged: real numbers of an execution, or the averages of many."""

    messages: float
    logs: float
    batches: float
    staging_puts: float
    staged_bytes: float
    batch_bytes: float


class Month(NamedTuple):
    """A month: how many events and what is counted; dollars by component, those of events and those of the month.

    ``settings`` are those of the search domain that holds the events, as it has grown for them; ``room`` is how many days of
    events it has room for. ``second_copy`` is in no sum: what CloudTrail asks for besides, if the account has a trail
    already.
    """

    events: float
    settings: Settings
    room: Room
    delivery: Delivery
    counts: Counts
    variable: dict[str, float]
    fixed: dict[str, float]
    second_copy: float

    @property
    def dollars_per_million(self) -> float:
        """Pipeline cost of a million events, without what is fixed."""
        return math.fsum(self.variable.values()) * 1e6 / self.events

    @property
    def seconds_per_batch(self) -> float:
        """How often a batch is uploaded to the search domain."""
        return DAYS_PER_MONTH * _SECONDS_PER_DAY / self.counts.search_batches

    @property
    def dollars(self) -> float:
        """The whole month."""
        return math.fsum(self.variable.values()) + math.fsum(self.fixed.values())


def staging_puts(size: int) -> int:
    """Requests that stage ``size`` bytes of records: one, or those of a multipart upload with its begin and end."""
    if size <= PUT_AT_ONCE_BYTES:
        return 1
    return math.ceil(size / PART_BYTES) + 2


def count(delivery: Delivery, settings: Settings, model: Model) -> Counts:
    """Count what one execution causes in which nothing fails, from the notification of its logs on."""
    measured, assumed = model.measured, model.assumptions
    messages, logs, batches = delivery.messages, delivery.logs, delivery.batches
    s3_gets, s3_puts = logs + 1 + batches, delivery.staging_puts + batches
    invoked = _invoked(delivery)
    ledger_gb = 0.0
    if settings.keep_ledger:
        # Each invocation writes one entry.
        s3_puts += sum(invoked.values())
        ledger_gb = (_LEDGER_BYTES_PER_LOG * logs + _LEDGER_BYTES_PER_BATCH * batches) / 1e9
    gb_seconds = storage_gb_seconds = log_bytes = 0.0
    for name, seconds in function_seconds(delivery, settings, model).items():
        gb_seconds += seconds * settings.memory_mb[name] / 1024
        storage_gb_seconds += seconds * max(0, settings.storage_mb[name] - _FREE_STORAGE_MB) / 1024
        log_bytes += measured.log_bytes[name] * invoked[name]
    admission = assumed.admission
    admitted_ms = admission.compute_ms + admission.compute_ms_per_message * messages
    slower = max(1.0, assumed.memory_mb_per_vcpu / admission.memory_mb)
    gb_seconds += admitted_ms * slower / 1000 * admission.memory_mb / 1024
    log_bytes += admission.log_bytes
    if settings.workflow_logged:
        logged = measured.workflow_log_bytes
        log_bytes += logged.per_execution + logged.per_message * messages + logged.per_batch * batches
    # Whether somebody else's log bucket has a bucket key is not known.
    log_decrypts = logs * (assumed.bucket_key_share if settings.create_trail else 1)
    stored_months = assumed.log_compression * settings.log_group_retention_days / DAYS_PER_MONTH
    staged_gb = (delivery.staged_bytes + delivery.batch_bytes) / 1e9
    return Counts(
        executions=1,
        state_transitions=model.states.per_execution + model.states.per_batch * batches,
        # One more by the Pipe, for each batch.
        invocations=sum(invoked.values()) + 1,
        gb_seconds=gb_seconds,
        storage_gb_seconds=storage_gb_seconds,
        s3_gets=s3_gets,
        s3_puts=s3_puts,
        staged_gb_months=(
            staged_gb * (settings.staged_days + _TO_MIDNIGHT_DAYS)
            + ledger_gb * (settings.ledger_retention_days + _TO_MIDNIGHT_DAYS)
        )
        / DAYS_PER_MONTH,
        sns_publishes=messages if settings.create_trail else 0,
        # At most: SNS sends each message, the Pipe receives each alone, and deletes ten at once, or a rest.
        sqs_requests=2 * messages + 1 + messages / _DELETED_AT_ONCE,
        # Whether a batch of messages is one request or several is not documented: the dearer reading.
        pipe_requests=messages,
        kms_requests=log_decrypts + assumed.bucket_key_share * (s3_gets - logs + s3_puts),
        search_batches=batches,
        log_gb=log_bytes / 1e9,
        log_gb_months=log_bytes / 1e9 * stored_months,
        traces=1 if settings.traced else 0,
    )


def _invoked(delivery: Delivery) -> dict[str, float]:
    return {"fetch_logs": 1.0, "split_records": 1.0, "index_batch": delivery.batches}


def function_seconds(delivery: Delivery, settings: Settings, model: Model) -> dict[str, float]:
    """Give how long all invocations of each function run for one execution, one after the other."""
    measured, assumed = model.measured, model.assumptions
    invoked, batches = _invoked(delivery), delivery.batches
    staged_mb, batch_mb = delivery.staged_bytes / 1e6, delivery.batch_bytes / 1e6
    upload = assumed.uploads[settings.search_backend]
    megabytes = {"fetch_logs": staged_mb, "split_records": staged_mb, "index_batch": batch_mb}
    waited_ms = {
        "fetch_logs": assumed.s3_request_ms * (delivery.logs / FETCHED_AT_ONCE + delivery.staging_puts),
        "split_records": assumed.s3_request_ms * (1 + batches / STAGED_AT_ONCE),
        "index_batch": batches * (assumed.s3_request_ms + upload.answer_ms_per_batch)
        + batch_mb * upload.answer_ms_per_mb,
    }
    beside_ms = {"index_batch": batch_mb * upload.compute_ms_per_mb}
    found = {}
    for name in FUNCTIONS:
        takes = measured.functions[name]
        computed_ms = takes.ms_per_invocation * invoked[name] + takes.ms_per_mb * megabytes[name]
        computed_ms += takes.ms_per_log * delivery.logs + beside_ms.get(name, 0.0)
        written_ms = 0.0
        if settings.keep_ledger:
            computed_ms += _HASH_MS_PER_MB * staged_mb if name == "fetch_logs" else 0.0
            written_ms = assumed.s3_request_ms * invoked[name]
        slower = max(1.0, assumed.memory_mb_per_vcpu / settings.memory_mb[name])
        found[name] = (computed_ms * slower + waited_ms[name] + written_ms) / 1000
    return found


def average_delivery(traffic: Traffic, settings: Settings, model: Model) -> Delivery:
    """Give the averages of what executions get; see the module's docstring for what is approximated."""
    staged_bytes = traffic.event_bytes or model.measured.events.staged_bytes
    growth = (
        model.measured.events.document_bytes[settings.search_backend] / model.measured.events.staged_bytes
    )
    batch_bytes = max_batch_bytes(settings)
    log_bytes = traffic.events_per_log * staged_bytes
    per_second = traffic.events_per_day / traffic.events_per_log / _SECONDS_PER_DAY
    in_window = per_second * settings.pipe_batching_window_seconds
    messages = batches = puts = 0.0
    for number, probability in _messages(in_window, settings.pipe_batch_size):
        multipart = _exceeds(number, log_bytes, PUT_AT_ONCE_BYTES)
        parts = _parts(number, log_bytes, PART_BYTES, PUT_AT_ONCE_BYTES)
        messages += probability * number
        batches += probability * _parts(number, log_bytes * growth, batch_bytes)
        puts += probability * (1 - multipart + parts + 2 * multipart)
    staged = messages * log_bytes
    return Delivery(messages, messages, batches, puts, staged, staged * growth)


def _messages(in_window: float, limit: int) -> Iterator[tuple[int, float]]:
    """Give how many messages a delivery can have, each with its probability."""
    rest = 1.0
    for more in range(limit - 1):
        probability = _poisson(more, in_window)
        yield more + 1, probability
        rest -= probability
    yield limit, max(0.0, rest)


def _poisson(number: int, mean: float) -> float:
    return math.exp(number * math.log(mean) - mean - math.lgamma(number + 1)) if mean else float(number == 0)


def _exceeds(logs: int, log_bytes: float, size: float) -> float:
    """Give the probability that some logs of exponentially distributed size have together more than ``size`` bytes."""
    return min(1.0, math.fsum(_poisson(number, size / log_bytes) for number in range(logs)))


@lru_cache(_REMEMBERED)
def _parts(logs: int, log_bytes: float, part_bytes: float, more_than: float = 0) -> float:
    """Give into how many parts some logs are cut on average, all but the last one full.

    Logs that have together no more than ``more_than`` bytes are not cut, and count for no part.
    """
    parts, begun = 0.0, 0
    while (probability := _exceeds(logs, log_bytes, max(begun * part_bytes, more_than))) > _NEGLIGIBLE:
        parts, begun = parts + probability, begun + 1
    return parts


def month(traffic: Traffic, settings: Settings, model: Model) -> Month:
    """Reckon a month of 30 days of this traffic, once the search domain holds all events that it keeps.

    Raises:
        CostUnknown: nothing is known of an instance type.
    """
    deployed, settings = settings, fit(settings, traffic, model)
    events = traffic.events_per_day * DAYS_PER_MONTH
    delivery = average_delivery(traffic, settings, model)
    executions = events / traffic.events_per_log / delivery.logs
    counts = count(delivery, settings, model).times(executions)
    counts = msgspec.structs.replace(counts, traces=_sampled(counts.traces, model.assumptions))
    return Month(
        events,
        settings,
        room(deployed, settings, traffic, model),
        delivery,
        counts,
        variable_dollars(counts, model.prices, settings.search_backend),
        monthly_dollars(settings, traffic, model)
        | fixed_dollars(settings, model)
        | {
            "Retention": retention_dollars(settings, traffic, model),
            "Audit": audit_dollars(settings, traffic, executions * (2 + delivery.batches), model),
        },
        second_copy_dollars(events, settings, model),
    )


def retention_dollars(settings: Settings, traffic: Traffic, model: Model) -> float:
    """Price what the deletion of expired events takes in a month."""
    counted = count_retention(settings, traffic, model)
    return math.fsum(variable_dollars(counted, model.prices, settings.search_backend).values())


def audit_dollars(settings: Settings, traffic: Traffic, steps: float, model: Model) -> float:
    """Price what the hourly audits take in a month in which the ledger gets so many entries."""
    counted = count_audit(settings, traffic, steps / (DAYS_PER_MONTH * 24), model)
    return math.fsum(variable_dollars(counted, model.prices, settings.search_backend).values())


def second_copy_dollars(events: float, settings: Settings, model: Model) -> float:
    """Price what a second trail costs, if all events are management events.

    The first copy of these is free in each Region, whichever trail makes it; each further one is paid.
    """
    price = model.prices["management_event_copy"]
    return events * price.dollars / price.per if settings.create_trail else 0.0


def _sampled(requests: float, assumed: Assumptions) -> float:
    first = min(requests, assumed.traces_per_second * _SECONDS_PER_DAY * DAYS_PER_MONTH)
    return first + assumed.trace_share * (requests - first)


def variable_dollars(counts: Counts, prices: Mapping[str, Price], backend: Backend) -> dict[str, float]:
    """Price what is counted, by component of the pipeline."""
    batches = {name: counts.search_batches for each, name in _BATCH_PRICES.items() if each is backend}

    def dollars(**priced: float) -> float:
        return math.fsum(prices[name].dollars / prices[name].per * number for name, number in priced.items())

    return {
        "Step Functions transitions": dollars(step_functions_transition=counts.state_transitions),
        "Batches to the search domain": dollars(**batches),
        "Lambda": dollars(
            lambda_request=counts.invocations,
            lambda_gb_second=counts.gb_seconds,
            lambda_storage_gb_second=counts.storage_gb_seconds,
        ),
        "S3 requests": dollars(s3_get=counts.s3_gets, s3_put=counts.s3_puts),
        "S3 storage (staging)": dollars(s3_gb_month=counts.staged_gb_months),
        "SNS, SQS, Pipe": dollars(
            sns_publish=counts.sns_publishes,
            sqs_request=counts.sqs_requests,
            pipe_request=counts.pipe_requests,
        ),
        "KMS requests": dollars(kms_request=counts.kms_requests),
        "CloudWatch Logs": dollars(logs_gb=counts.log_gb, logs_gb_month=counts.log_gb_months),
        "X-Ray traces": dollars(trace=counts.traces),
    }


def fixed_dollars(settings: Settings, model: Model) -> dict[str, float]:
    """Price what an environment costs in a month without a single event, beside its search domain."""
    there, assumed = model.measured.resources, model.assumptions
    seconds = DAYS_PER_MONTH * _SECONDS_PER_DAY
    alarm_metrics = there.alarm_metrics[settings.search_backend] - (settings.alarm_no_logs_hours is None)
    alarm_metrics -= _RETENTION_ALARM_METRICS * (settings.search_retention_days is None)
    alarm_metrics += AUDIT_ALARM_METRICS * settings.audit_hourly

    def dollars(name: str, number: float) -> float:
        return model.prices[name].dollars / model.prices[name].per * number

    return {
        "Alarms": dollars("alarm_metric_month", alarm_metrics),
        "Dashboard": dollars("dashboard_month", there.dashboards + AUDIT_DASHBOARDS * settings.audit_hourly),
        "Custom metrics": dollars(
            "custom_metric_month",
            there.custom_metrics
            + _RETENTION_METRICS * (settings.search_retention_days is not None)
            + AUDIT_METRICS * settings.audit_hourly,
        ),
        "KMS keys": dollars("kms_key_month", there.kms_keys - (not settings.create_trail)),
        "Polling, data keys": dollars(
            "sqs_request", assumed.pipe_pollers * seconds / assumed.long_poll_seconds
        )
        + dollars(
            "kms_request",
            assumed.encrypted_channels
            * assumed.kms_requests_per_data_key
            * seconds
            / assumed.data_key_seconds,
        ),
    }

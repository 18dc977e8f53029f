"""What it takes to delete expired events, once a day: Traffic → Counts. Pure.

Reckoned is the day on which as many events expire as come in. The first round only counts, and the last one finds nothing
more (``functions/delete_expired.py``). There are no retries, and a domain shows at once what was deleted. That a schedule
starts it costs a dollar for a million times.
"""

import math

from trailsearch.cli.cost.counts import DAYS_PER_MONTH, Counts
from trailsearch.cli.cost.inputs import Model, Settings, Traffic
from trailsearch.search import Backend


def count_retention(settings: Settings, traffic: Traffic, model: Model) -> Counts:
    """Count what the deletion of expired events causes in a month; nothing, where everything is kept."""
    if settings.search_retention_days is None:
        return Counts()
    deletions = _deletions(settings, traffic, model)
    if settings.search_backend is Backend.CLOUDSEARCH:
        return _days(DAYS_PER_MONTH, deletions, settings, model)
    # A whole month is dropped at once, on one day of the month.
    quiet, dropping = _days(DAYS_PER_MONTH - 1, 0, settings, model), _days(1, deletions, settings, model)
    return quiet + dropping


def keeps_up(settings: Settings, traffic: Traffic, model: Model) -> bool:
    """Tell whether what expires in a day is deleted by one execution, and none is left to the next."""
    taken = model.assumptions.retention
    return (
        settings.search_backend is Backend.OPENSEARCH
        or math.ceil(traffic.events_per_day / taken.deleted_at_once) + 2 <= taken.most_rounds
    )


def _deletions(settings: Settings, traffic: Traffic, model: Model) -> int:
    """Give how many rounds of an execution delete something: on CloudSearch, those that the events of a day take."""
    if settings.search_backend is Backend.OPENSEARCH:
        return 1
    taken = model.assumptions.retention
    return min(math.ceil(traffic.events_per_day / taken.deleted_at_once), taken.most_rounds - 1)


def _days(days: int, deletions: int, settings: Settings, model: Model) -> Counts:
    """Count so many executions, each of which deletes in so many rounds."""
    taken = model.assumptions.retention
    # Where nothing has expired, the round that counts is the last one. The most are as many as there may be.
    rounds = min(deletions + 2, taken.most_rounds) if deletions else 1
    uploads = deletions if settings.search_backend is Backend.CLOUDSEARCH else 0
    upload = model.assumptions.uploads[settings.search_backend]
    slower = max(1.0, model.assumptions.memory_mb_per_vcpu / taken.memory_mb)
    upload_mb = taken.deleted_at_once * taken.deletion_bytes / 1e6
    computed_ms = taken.compute_ms * slower
    ms = rounds * (taken.searches * taken.search_ms + computed_ms)
    ms += uploads * (upload.answer_ms_per_batch + upload.answer_ms_per_mb * upload_mb)
    log_bytes = taken.log_bytes_per_round * rounds
    if settings.workflow_logged:
        log_bytes += taken.workflow_log_bytes_per_execution + taken.workflow_log_bytes_per_round * rounds
    stored_months = model.assumptions.log_compression * settings.log_group_retention_days / DAYS_PER_MONTH
    return Counts(
        executions=1,
        # Begin and the end; in each round Delete Expired and Anything Left?, and Leave Domain Time between two.
        state_transitions=3 * rounds + 1,
        invocations=rounds,
        gb_seconds=ms / 1000 * taken.memory_mb / 1024,
        search_batches=uploads,
        log_gb=log_bytes / 1e9,
        log_gb_months=log_bytes / 1e9 * stored_months,
        traces=1 if settings.traced else 0,
    ).times(days)

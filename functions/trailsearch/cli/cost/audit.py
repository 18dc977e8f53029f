"""What the hourly audits take: Traffic → Counts. Pure.

An execution looks at three hours, of which it lists and fetches the digests of each account and Region, and lists the folder of the
day that their logs are in (``functions/audit_logs.py``). The ledger is read once for all, from five hours before it to now. Logs that
were read before are not fetched. S3 asks as much for a list as for a PUT; CloudTrail's keys cost nothing.
"""

import math

from trailsearch.cli.cost.counts import DAYS_PER_MONTH, Counts
from trailsearch.cli.cost.inputs import Model, Settings, Traffic

AUDITS_PER_MONTH = 24 * DAYS_PER_MONTH
# Those that end in the three hours, and the one that may name their last logs.
DIGESTS_LOOKED_AT = 4
# Of a day, four hours have their digests, or their logs, in the folders of two days.
_FOLDERS = 1 + DIGESTS_LOOKED_AT / 24
_LISTED_AT_ONCE = 1_000


def count_audit(settings: Settings, traffic: Traffic, steps_per_hour: float, model: Model) -> Counts:
    """Count what the audits of a month cause; nothing, where there are none.

    Args:
        settings: those of the environment.
        traffic: what CloudTrail delivers.
        steps_per_hour: how many entries the ledger gets in an hour.
        model: what is assumed.
    """
    if not settings.audit_hourly:
        return Counts()
    taken, assumed = model.assumptions.audit, model.assumptions
    places = traffic.account_regions
    shares = math.ceil(places / taken.places_in_a_share)
    accounts = math.ceil(places / taken.regions_of_an_account)
    logs_per_hour = traffic.events_per_day / traffic.events_per_log / 24
    entries = steps_per_hour * taken.ledger_hours
    pages = math.ceil(logs_per_hour * 24 / places / _LISTED_AT_ONCE)
    lists = places * _FOLDERS * (1 + pages) + taken.lists_of_a_bucket + math.ceil(taken.ledger_hours)
    lists += taken.lists_of_an_account * accounts
    gets = entries + places * DIGESTS_LOOKED_AT + 2 * shares
    puts = 3 * shares + 1
    computed_ms = taken.compute_ms_per_request * (lists + gets + puts) + taken.compute_ms_per_invocation * (
        2 + shares
    )
    computed_ms += taken.compute_ms_per_log * logs_per_hour * DIGESTS_LOOKED_AT
    waited_ms = assumed.s3_request_ms * (lists + gets + puts) / taken.requests_at_once
    evidence = places * DIGESTS_LOOKED_AT * taken.evidence_bytes_per_digest
    evidence += logs_per_hour * DIGESTS_LOOKED_AT * taken.evidence_bytes_per_log
    kept_days = settings.evidence_retention_days or taken.evidence_days
    log_bytes = taken.log_bytes_per_invocation * (2 + shares)
    if settings.workflow_logged:
        log_bytes += taken.workflow_log_bytes_per_execution + taken.workflow_log_bytes_per_share * shares
    stored_months = assumed.log_compression * settings.log_group_retention_days / DAYS_PER_MONTH
    return Counts(
        executions=1,
        # Plan Audit, Audit Shares, Sum Up, All Well? and the end; and Audit Share for each.
        state_transitions=5 + shares,
        invocations=2 + shares,
        gb_seconds=(computed_ms + waited_ms) / 1000 * taken.memory_mb / 1024,
        s3_gets=gets,
        s3_puts=lists + puts,
        staged_gb_months=evidence / 1e9 * kept_days / DAYS_PER_MONTH,
        kms_requests=assumed.bucket_key_share * (entries + 2 * shares + puts),
        log_gb=log_bytes / 1e9,
        log_gb_months=log_bytes / 1e9 * stored_months,
        traces=1 if settings.traced else 0,
    ).times(AUDITS_PER_MONTH)

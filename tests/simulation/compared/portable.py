"""What of a plan can be played in the simulated world and in the local cloud alike."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.local_cloud.terraform.deployment import OVERRIDES
from tests.simulation import deployed
from tests.simulation.deployed import LOG_BUCKET, Deployed
from tests.simulation.faults import ANY, Fault, How
from tests.simulation.plan import Delivery, Log, Plan
from trailsearch.cli import terraform_settings
from trailsearch.cli.terraform_settings import TERRAFORM
from trailsearch.workflow.room import encoded_characters

ENVIRONMENT = "local"
LASTING_SECONDS = 12 * 3600.0
"""By then, everything has come to rest, whatever fails: what lasts ends then, and what is late comes then."""
PASSING_SECONDS = 10.0
"""Retries last longer than this; in the local cloud, which has another clock, such a fault is met twice."""
_SHORT_SECONDS = 120.0
_BETWEEN_SECONDS = 0.01
# What is larger may be set aside somewhere (trailsearch.workflow.room): its execution has no more than where that is.
_SMALL_CHARACTERS = 3_000
_ACCOUNT = "AWSLogs/111122223333/"
_OF_THE_WORKFLOW = frozenset({"fetch_logs", "split_records", "index_batch"})
_UPLOADING = frozenset({ANY, "index_batch"})
_ANSWERS = frozenset({How.FAILING, How.THROTTLED, How.DENIED})
_LOST = frozenset({How.NO_CONNECTION, How.ANSWER_LOST})
_HOWS: Mapping[str, frozenset[How]] = {
    "s3": _ANSWERS | _LOST,
    "search": _ANSWERS | _LOST,
    "lambda": frozenset({How.FAILING, How.THROTTLED}),
}


def deployed_locally(settings: Mapping[str, Any], log_buckets: list[str]) -> Deployed:
    """Give what Terraform deploys into the local cloud, with these settings beside those of every deployment there."""
    values = {**terraform_settings.variables(TERRAFORM, [OVERRIDES / "local.tfvars"]), **settings}
    found = deployed.deployed(values)
    buckets = {"LOG_BUCKETS": ",".join(log_buckets)}
    functions = {
        name: replace(function, environment={**function.environment, **buckets})
        if "LOG_BUCKETS" in function.environment
        else function
        for name, function in found.functions.items()
    }
    return replace(found, functions=functions)


def folder_of(seed: int) -> str:
    """What the keys of a seed's logs begin with: one deployment serves many seeds."""
    return f"seed-{seed}/"


def portable(plan: Plan, log_bucket: str) -> Plan:
    """Restrict a plan to what both can play, and name in it what is there in the local cloud.

    Args:
        plan: as it was drawn.
        log_bucket: the bucket of logs there, in place of the one that plans are drawn with.
    """
    names = _Names(plan, log_bucket)
    faults = [_portable_fault(fault) for fault in plan.of(Fault) if _is_portable(fault)]
    small_alone = any(fault.service == "s3" and fault.caller == "fetch_logs" for fault in faults)
    deliveries = [
        each
        for each in sorted(plan.of(Delivery), key=lambda delivery: delivery.at)
        if _is_small(each) or not (small_alone or any(log.deadly for log in each.logs))
    ]
    parts = [
        names.in_delivery(replace(delivery, at=at * _BETWEEN_SECONDS))
        for at, delivery in enumerate(deliveries)
    ]
    return Plan(
        plan.seed,
        plan.backend,
        ENVIRONMENT,
        (*parts, *faults),
        ensure_ascii=False,  # So the local Pipe writes.
    )


def is_passing(fault: Fault) -> bool:
    """Tell whether a portable fault passes before retries end; else it lasts until all is at rest."""
    return fault.end <= PASSING_SECONDS


class _Names:
    """What is called otherwise in the local cloud than in a plan."""

    def __init__(self, plan: Plan, log_bucket: str) -> None:
        self._log_bucket = log_bucket
        self._prefixes = (f"trailsearch-{plan.environment}", f"trailsearch-{ENVIRONMENT}")
        self._accounts = (_ACCOUNT, folder_of(plan.seed) + _ACCOUNT)

    def in_delivery(self, delivery: Delivery) -> Delivery:
        return replace(
            delivery, body=self._in_text(delivery.body), logs=tuple(map(self._in_log, delivery.logs))
        )

    def _in_log(self, log: Log) -> Log:
        return replace(
            log,
            bucket=self._log_bucket if log.bucket == LOG_BUCKET else log.bucket,
            key=log.key.replace(*self._accounts),
            late=LASTING_SECONDS if log.late else 0.0,
            # Nobody lays hands on it there: it is as it is at first, or refused for ever.
            restored=None,
            deleted=None,
            altered=None,
        )

    def _in_text(self, body: str) -> str:
        # A text of JSON within JSON has backslashes before its quotes.
        named = re.sub(rf'(\\*"){LOG_BUCKET}(\\*")', rf"\g<1>{self._log_bucket}\g<2>", body)
        return named.replace(*self._accounts).replace(*self._prefixes)


def _is_small(delivery: Delivery) -> bool:
    return encoded_characters(delivery.body) <= _SMALL_CHARACTERS and "large_message" not in delivery.body


def _is_portable(fault: Fault) -> bool:
    if fault.how not in _HOWS.get(fault.service, ()):
        return False
    return fault.caller in (_UPLOADING if fault.service == "search" else _OF_THE_WORKFLOW)


def _portable_fault(fault: Fault) -> Fault:
    # No retry cures what is denied.
    passes = fault.end - fault.begin <= _SHORT_SECONDS and fault.how is not How.DENIED
    operation = ANY if fault.service == "search" else fault.operation
    end = PASSING_SECONDS if passes else LASTING_SECONDS
    return fault._replace(begin=0.0, end=end, operation=operation, chance=1.0)

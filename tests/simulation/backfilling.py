"""The operator of a backfill: what ``make backfill``, ``make backfill RESUME=1`` and ``make backfill-stop`` do, beside asking."""

from datetime import date

from botocore.exceptions import BotoCoreError, ClientError

from trailsearch.cli.backfill.backfills import Backfills
from trailsearch.cli.console import CommandFailed
from trailsearch.cli.environment import Environment
from trailsearch.contracts.backfill import Scope
from trailsearch.contracts.errors import TrailsearchError

TOLD = (CommandFailed, TrailsearchError, BotoCoreError, ClientError)
"""What a person is told, and no crash."""


def begin(environment: str, first: str, last: str) -> int:
    """Plan a backfill, and start to index what there is; gives how many parts that is."""
    backfills = Backfills(Environment(environment))
    plan = backfills.plan(Scope(first=date.fromisoformat(first), last=date.fromisoformat(last)))
    if plan.counted.parts:
        backfills.index(plan.backfill)
    return plan.counted.parts


def stop(environment: str) -> str:
    """Stop what runs; gives the names."""
    return ", ".join(Backfills(Environment(environment)).stop())


def resume(environment: str) -> str:
    """Resume the backfill that was started last; says how."""
    backfills = Backfills(Environment(environment))
    resumed = backfills.resume(backfills.latest_started())
    return f"{resumed.execution}, {'redriven' if resumed.redriven else f'anew, as {resumed.reason}'}"


def go_on(environment: str, first: str, last: str) -> bool:
    """Do what is needed for a backfill to end; tells whether it has ended well."""
    backfills = Backfills(Environment(environment))
    try:
        name = backfills.latest_started()
    except CommandFailed:
        return not begin(environment, first, last)
    indexing = backfills.indexing(name)
    if indexing is not None and indexing.status == "SUCCEEDED":
        return True
    backfills.resume(name)
    return False

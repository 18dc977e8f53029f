"""The operator of a backfill: ``make backfill``, ``make backfill RESUME=1`` and ``make backfill-stop``, the product's own commands."""

from botocore.exceptions import BotoCoreError, ClientError

from tests.simulation.operator import run_command
from trailsearch.cli.backfill.backfill import backfill
from trailsearch.cli.backfill.backfills import Backfills
from trailsearch.cli.backfill.stop import backfill_stop
from trailsearch.cli.console import CommandFailed
from trailsearch.cli.environment import Environment
from trailsearch.contracts.errors import TrailsearchError

TOLD = (CommandFailed, TrailsearchError, BotoCoreError, ClientError)
"""What a person is told, and no crash."""


def begin(environment: str, first: str, last: str) -> None:
    """Plan a backfill, and start to index what there is."""
    run_command(backfill, environment, "--from", first, "--to", last, "--yes")


def stop(environment: str) -> None:
    """Stop what runs."""
    run_command(backfill_stop, environment)


def resume(environment: str) -> None:
    """Resume the backfill that was started last."""
    run_command(backfill, environment, "--resume", "1")


def go_on(environment: str, first: str, last: str) -> bool:
    """Do what is needed for a backfill to end; tells whether it has ended well."""
    backfills = Backfills(Environment(environment))
    try:
        name = backfills.latest_started()
    except CommandFailed:
        begin(environment, first, last)
        # Of none that there is, nothing is started.
        return not backfills.store(backfills.latest()).plan().counted.parts
    indexing = backfills.indexing(name)
    if indexing is not None and indexing.status == "SUCCEEDED":
        return True
    resume(environment)
    return False

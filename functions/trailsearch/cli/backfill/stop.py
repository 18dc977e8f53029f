"""Stop a backfill: what is done stays done, and it can be resumed."""

import click
from rich.table import Table

from trailsearch.cli.backfill.backfills import Backfills
from trailsearch.cli.command import AwsCommand
from trailsearch.cli.console import make_console, outside
from trailsearch.cli.environment import Environment


@click.command(cls=AwsCommand)
@click.option("--env", "environment", envvar="ENV", required=True, help="The environment, as dev.")
def backfill_stop(environment: str) -> None:
    """Stop the backfill of an environment, or its planning. The part that is at hand is indexed to its end."""
    stopped = Backfills(Environment(environment)).stop()
    console = make_console()
    if not stopped:
        console.print("No backfill is running.")
        return
    rows = Table.grid(padding=(0, 3))
    rows.add_column(style="bold", no_wrap=True)
    rows.add_column(overflow="fold")
    for name in stopped:
        rows.add_row("Stopped", outside(name))
    rows.add_row("Go on", f"what is done stays done: make backfill ENV={environment} RESUME=1")
    console.print(rows)


if __name__ == "__main__":
    backfill_stop()

"""What is said of a backfill before it starts."""

from collections.abc import Iterator

from rich.table import Table

from trailsearch.cli.backfill.estimate import Estimate
from trailsearch.cli.console import Console, outside
from trailsearch.contracts import wording
from trailsearch.contracts.backfill import Counted, Plan

_RESTORE = "restore them first (https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html), then plan again"


def print_plan(plan: Plan, estimated: Estimate, kept_days: int | None, console: Console) -> None:
    """Print what a plan has counted, and what it will take.

    ``kept_days`` is after how many days events expire, if some of these have already.
    """
    scope = plan.scope
    console.print(
        f"[bold]Backfill {plan.backfill}[/], from {scope.first} to {scope.last} (UTC)", highlight=False
    )
    console.print()
    parts = Table.grid(padding=(0, 3))
    parts.add_column(style="bold", no_wrap=True)
    parts.add_column(overflow="fold")
    for name, said in _rows(plan.counted, estimated, kept_days):
        parts.add_row(name, outside(said))
    console.print(parts)


def _rows(counted: Counted, estimated: Estimate, kept_days: int | None) -> Iterator[tuple[str, str]]:
    yield "Logs", f"{counted.logs:,} in {wording.counted(counted.parts, 'part')}, {gigabytes(counted.bytes)}"
    if counted.archived_logs:
        archived = f"{wording.counted(counted.archived_logs, 'log')}, {gigabytes(counted.archived_bytes)}"
        yield "Left out", f"{archived}, archived: {_RESTORE}"
    if not counted.logs:
        yield "Nothing", "to index: is the bucket's PREFIX another, or are there no logs of these days?"
        return
    yield "Events", f"about {_rounded(estimated.events)}"
    yield "In the domain", f"about {estimated.domain_gb:,.3g} GB, in each copy"
    yield "Costs", f"about {estimated.dollars:,.2f} dollars, beside the search domain"
    yield "Takes", f"about {hours(estimated.hours)}"
    if kept_days is not None:
        yield (
            "But",
            f"search_retention_days deletes events of more than {wording.counted(kept_days, 'day')}: some of these at once",
        )


def gigabytes(size: float) -> str:
    """Say a size in GB, or where it has less than one in MB."""
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.1f} MB"


def hours(number: float) -> str:
    """Say some hours, or where it is less than one, minutes."""
    return f"{number:,.1f} hours" if number >= 1 else wording.counted(round(number * 60), "minute")


def _rounded(number: float) -> str:
    """Say a number that is reckoned with two digits."""
    return f"{float(f'{number:.2g}'):,.0f}"

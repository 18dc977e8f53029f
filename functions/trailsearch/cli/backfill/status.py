"""Show how far the latest backfill has come: progress, rate, time left, what failed, what it waits for."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import click
from rich.progress_bar import ProgressBar
from rich.table import Table

from trailsearch.aws import clients
from trailsearch.cli.backfill.backfills import Backfills, Indexing
from trailsearch.cli.backfill.progress import Progress, progress
from trailsearch.cli.backfill.report import gigabytes, hours
from trailsearch.cli.command import AwsCommand
from trailsearch.cli.console import CommandFailed, Console, make_console, outside, say
from trailsearch.cli.environment import Environment
from trailsearch.contracts.backfill import Plan
from trailsearch.contracts.errors import TrailsearchError
from trailsearch.contracts.wording import counted

_BAR_CELLS = 40
_RUNNING = "RUNNING"


@click.command(cls=AwsCommand)
@click.option("--env", "environment", envvar="ENV", required=True, help="The environment, as dev.")
@click.option("--json", "as_json", envvar="JSON", is_flag=True, help="Print everything as JSON.")
def backfill_status(environment: str, as_json: bool) -> None:
    """Show how far the backfill has come that was started last, or if there is none, which was planned last."""
    backfills = Backfills(Environment(environment))
    try:
        name = backfills.latest_started()
    except CommandFailed:
        name = backfills.latest()
    store = backfills.store(name)
    try:
        plan, parts, done = store.plan(), store.parts(), store.done()
    except TrailsearchError as error:
        raise CommandFailed(f"{type(error).__name__}: {error}") from error
    indexing = backfills.indexing(name)
    running = indexing is not None and indexing.status == _RUNNING
    started = indexing.began if indexing and running else None
    known = progress(parts, done, started, datetime.now(UTC))
    waits_for = _ringing(backfills.deployed.prefix) if running else []
    if as_json:
        say(json.dumps(as_builtins(plan, known, indexing, waits_for), indent=2))
    else:
        print_backfill(environment, plan, known, indexing, waits_for, make_console())


def as_builtins(
    plan: Plan, known: Progress, indexing: Indexing | None, waits_for: list[str]
) -> dict[str, object]:
    """Give everything as plain values."""
    return {
        "backfill": plan.backfill,
        "from": str(plan.scope.first),
        "to": str(plan.scope.last),
        "state": _state(known, indexing),
        "complete": known.complete,
        "waits_for": waits_for,
        **known._asdict(),
        "cause": indexing.cause if indexing else "",
        "execution": indexing.name if indexing else "",
        "redrives": indexing.redrives if indexing else 0,
    }


def print_backfill(
    environment: str,
    plan: Plan,
    known: Progress,
    indexing: Indexing | None,
    waits_for: list[str],
    console: Console,
) -> None:
    """Print how far a backfill has come."""
    console.print(
        f"[bold]Backfill {plan.backfill}[/], from {plan.scope.first} to {plan.scope.last} (UTC)",
        highlight=False,
    )
    console.print()
    if known.parts:
        console.print(ProgressBar(total=known.parts, completed=known.parts_done, width=_BAR_CELLS))
        # The bar ends no line by itself.
        console.print()
    rows = Table.grid(padding=(0, 3))
    rows.add_column(style="bold", no_wrap=True)
    rows.add_column(overflow="fold")
    for name, said in _rows(environment, plan, known, indexing, waits_for):
        rows.add_row(name, outside(said))
    console.print(rows)


def _rows(
    environment: str, plan: Plan, known: Progress, indexing: Indexing | None, waits_for: list[str]
) -> Iterator[tuple[str, str]]:
    yield "State", _state(known, indexing)
    if indexing and indexing.redrives:
        yield "Redriven", f"{counted(indexing.redrives, 'time')}, {indexing.name}"
    done = f"{known.logs_done:,} of {counted(known.logs, 'log')}, {gigabytes(known.bytes_done)} of {gigabytes(known.bytes)}"
    yield "Done", f"{done}, {known.parts_done:,} of {counted(known.parts, 'part')}"
    if known.logs_per_hour:
        yield "Rate", f"{counted(round(known.logs_per_hour), 'log')} an hour"
    if known.hours_left is not None and not known.complete:
        yield "Left", f"about {hours(known.hours_left)}"
    if waits_for:
        yield "Waits", f"live traffic is behind: {', '.join(waits_for)}"
    if known.dead_lettered:
        yield (
            "Failed",
            f"something of {counted(known.dead_lettered, 'part')} is in the dead-letter queue: make dlq ENV={environment}",
        )
    if indexing and indexing.cause:
        yield "Why", indexing.cause
    if not known.complete and (indexing is None or indexing.status != _RUNNING):
        yield "Go on", f"make backfill ENV={environment} RESUME={plan.backfill}"


def _state(known: Progress, indexing: Indexing | None) -> str:
    if known.complete:
        return "complete"
    return "planned, not started" if indexing is None else indexing.status


def _ringing(prefix: str) -> list[str]:
    """Give which of the alarms ring that the state machine looks at (statemachine/backfill.asl.json)."""
    names = [f"{prefix}-lag", f"{prefix}-oldest-message"]
    answer = clients.cloudwatch().describe_alarms(AlarmNames=names)
    return [alarm["AlarmName"] for alarm in answer["MetricAlarms"] if alarm["StateValue"] == "ALARM"]


if __name__ == "__main__":
    backfill_status()

"""Prove that a deployed environment works: from a log in its bucket to its events, by way of the dead-letter queue, too."""

import json
import sys
from datetime import UTC, datetime, timedelta

import click
import msgspec
from rich.table import Table

from trailsearch.aws import clients
from trailsearch.cli.command import AwsCommand
from trailsearch.cli.console import Console, make_console, outside, say
from trailsearch.cli.environment import Environment
from trailsearch.cli.verify.alarm_metrics import check_alarms
from trailsearch.cli.verify.checks import Checks, State
from trailsearch.cli.verify.configuration import check_configuration
from trailsearch.cli.verify.deployment import Deployment
from trailsearch.cli.verify.expected_metrics import Used
from trailsearch.cli.verify.round_trip import RoundTrip

# CloudWatch may have what SQS measures only after 15 minutes.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/monitoring-using-cloudwatch.html
_WAIT_MINUTES = 20.0
_MARKS = {
    State.WELL: ("✓", "green"),
    State.WRONG: ("✗", "bold red"),
    State.UNPROVEN: ("?", "yellow"),
    State.NOTHING_YET: ("·", "dim"),
}


@click.command(cls=AwsCommand)
@click.option("--env", "environment", envvar="ENV", required=True, help="The environment, as dev.")
@click.option("--json", "as_json", envvar="JSON", is_flag=True, help="Print everything as JSON.")
@click.option(
    "--dry-run", envvar="DRY_RUN", is_flag=True, help="Send nothing: only look at what is deployed."
)
@click.option(
    "--wait",
    envvar="WAIT",
    type=click.FloatRange(0),
    default=_WAIT_MINUTES,
    show_default=True,
    help="Minutes to wait for whatever takes AWS its time: events, dead letters, metrics.",
)
@click.option(
    "--others",
    envvar="OTHERS",
    is_flag=True,
    help="Send, even if others are subscribed to the same topics and buckets, and get the announcements, too.",
)
def verify(environment: str, as_json: bool, dry_run: bool, wait: float, others: bool) -> None:
    """Prove that a deployed environment works.

    Looks at what is deployed; puts marked logs into the log buckets, one of them corrupt, and aborts an execution; finds
    the events and the dead letters, mends and redrives, and deletes all of it, even if it is interrupted. Then looks
    whether every metric that an alarm watches has data. The alarms dead-letters and executions-failed ring meanwhile.

    Exits with 0 if all is proven, and else with 1.
    """
    deployment = Deployment(Environment(environment))
    checks = Checks()
    with _Waiting(Console(stderr=True)) as waiting:
        try:
            _verify(deployment, checks, None if dry_run else wait * 60, waiting, others=others)
        except KeyboardInterrupt:
            checks.add("Interrupted", State.UNPROVEN, "what is not in this table was not looked at")
    if as_json:
        say(json.dumps(as_builtins(checks), indent=2))
    else:
        print_checks(environment, checks, make_console())
    sys.exit(0 if checks.well else 1)


def _verify(
    deployment: Deployment,
    checks: Checks,
    wait_seconds: float | None,
    waiting: "_Waiting",
    *,
    others: bool,
) -> None:
    waiting("Looking at what is deployed")
    check_configuration(deployment, checks)
    # Without a run, what was measured in the last hours counts.
    used = Used(datetime.now(UTC) - timedelta(hours=3), frozenset(), frozenset(), complete=False)
    if wait_seconds is not None:
        with checks.unless_it_cannot_be_read("Round trip"):
            trip = RoundTrip(deployment, checks, wait_seconds, waiting, others=others)
            try:
                trip.prove()
            finally:
                if trip.made.anything:
                    left = trip.made.delete_all(min(wait_seconds, trip.settle_seconds), waiting)
                    wrong = f"left: {'; '.join(left)}" if left else None
                    checks.judge("Deleted again", [wrong], "all that was made")
            used = trip.used
    with checks.unless_it_cannot_be_read("Alarms"):
        cloudwatch = clients.cloudwatch()
        seconds = wait_seconds if wait_seconds and used.complete else 0
        check_alarms(cloudwatch, deployment.prefix, used, checks, seconds, waiting)


def as_builtins(checks: Checks) -> dict[str, object]:
    """Give everything as plain values: ``well``, ``checks`` (each with ``name``, ``state``, ``said``)."""
    return {"well": checks.well, "checks": msgspec.to_builtins(list(checks))}


def print_checks(environment: str, checks: Checks, console: Console) -> None:
    """Print whether all is proven, what is not, and then every row."""
    if checks.well:
        console.print(f"[bold green]{environment} works.[/]")
    for check in sorted(checks, key=lambda each: each.state is not State.WRONG):
        if check.state in {State.WRONG, State.UNPROVEN}:
            mark, style = _MARKS[check.state]
            console.print(outside(f"{mark} {check.name}: {check.said}", style))
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(style="bold", overflow="fold", max_width=console.width // 3)
    table.add_column(overflow="fold")
    for check in checks:
        mark, style = _MARKS[check.state]
        table.add_row(outside(mark, style), outside(check.name), outside(check.said))
    console.print()
    console.print(table)


class _Waiting:
    """Shows what is waited for, on standard error: the table may go elsewhere."""

    def __init__(self, console: Console) -> None:
        self._status = console.status("")

    def __enter__(self) -> "_Waiting":
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def __call__(self, what: str) -> None:
        self._status.update(outside(f"{what} …"))


if __name__ == "__main__":
    verify()

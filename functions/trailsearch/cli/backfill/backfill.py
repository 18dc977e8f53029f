"""Index the logs of days gone by: plan first, say what it will take, and ask."""

import json
from datetime import UTC, datetime, timedelta

import click
import msgspec

from trailsearch.cli.backfill.backfills import Backfills, Resumed
from trailsearch.cli.backfill.estimate import Estimate, estimate
from trailsearch.cli.backfill.report import print_plan
from trailsearch.cli.command import AwsCommand
from trailsearch.cli.console import CommandFailed, make_console, say
from trailsearch.cli.cost.cost import PRODUCTION
from trailsearch.cli.cost.inputs import Model, Settings
from trailsearch.cli.cost.settings import (
    read_assumptions,
    read_measured,
    read_prices,
    read_settings,
    read_states,
    read_states_per_part,
)
from trailsearch.cli.environment import Environment
from trailsearch.cli.terraform_settings import environments
from trailsearch.contracts.backfill import Plan, Scope
from trailsearch.contracts.errors import TrailsearchError
from trailsearch.search import Backend

_DAY = click.DateTime(["%Y-%m-%d"])
_LATEST = "1"


class Asked(msgspec.Struct, frozen=True):
    """The command's options."""

    environment: str
    first: datetime | None
    last: datetime | None
    accounts: str
    regions: str
    buckets: str
    prefix: str
    resume: str
    dry_run: bool
    yes: bool
    as_json: bool

    def scope(self) -> Scope:
        """Give what is to be indexed.

        Raises:
            CommandFailed: the options do not say it.
        """
        if self.first is None or self.last is None:
            raise CommandFailed("Say from which day to which: FROM=2026-01-01 TO=2026-03-31")
        try:
            return Scope(
                first=self.first.date(),
                last=self.last.date(),
                accounts=_list(self.accounts),
                regions=_list(self.regions),
                buckets=_list(self.buckets),
                prefix=self.prefix,
            )
        except ValueError as error:
            raise CommandFailed(str(error)) from error


@click.command(cls=AwsCommand)
@click.option("--env", "environment", envvar="ENV", required=True, help="The environment, as dev.")
@click.option("--from", "first", envvar="FROM", type=_DAY, help="The first day (UTC), as 2026-01-01.")
@click.option("--to", "last", envvar="TO", type=_DAY, help="The last day (UTC), this one included.")
@click.option("--accounts", envvar="ACCOUNTS", default="", help="Accounts, with commas between; all.")
@click.option("--regions", envvar="REGIONS", default="", help="Regions, with commas between; all.")
@click.option(
    "--log-buckets",
    "buckets",
    envvar="LOG_BUCKETS",
    default="",
    help="Log buckets, with commas between; all.",
)
@click.option("--prefix", envvar="PREFIX", default="", help="What is before AWSLogs/; it is looked for.")
@click.option(
    "--resume",
    envvar="RESUME",
    default="",
    help="1: go on with the one that was started last; or the name of another.",
)
@click.option("--dry-run", envvar="DRY_RUN", is_flag=True, help="Only plan, and say what it would take.")
@click.option("--yes", envvar="YES", is_flag=True, help="Start without asking.")
@click.option("--json", "as_json", envvar="JSON", is_flag=True, help="Print the plan as JSON.")
def backfill(**options: object) -> None:
    """Index the logs of days gone by.

    The state machine backfill lists them, which may take minutes; then this says what it will take to index them, and
    asks. It goes on by itself: make backfill-status says how far it is.
    """
    asked = msgspec.convert(options, Asked)
    backfills = Backfills(Environment(asked.environment))
    if asked.resume:
        name = backfills.latest_started() if asked.resume == _LATEST else asked.resume
        said = _resumed(backfills.resume(_planned(backfills, name).backfill))
    else:
        backend = backfills.deployed.deployed_search_domain().name
        scope = asked.scope()
        console = make_console()
        with console.status("Listing logs …"):
            plan = backfills.plan(scope)
        settings = _settings(asked.environment, backend)
        estimated = estimate(plan.counted, settings, _model(), read_states_per_part())
        if asked.as_json:
            say(json.dumps(as_builtins(plan, estimated), indent=2))
        else:
            print_plan(plan, estimated, _expired(scope, settings), console)
        if asked.dry_run or not plan.counted.parts:
            return
        if not asked.yes and not click.confirm("Start it?", err=True):
            say(f"Not started. Later: make backfill ENV={asked.environment} RESUME={plan.backfill}", err=True)
            return
        backfills.index(plan.backfill)
        said = "Started."
    say(f"{said} See how far it is: make backfill-status ENV={asked.environment}", err=True)


def as_builtins(plan: Plan, estimated: Estimate) -> dict[str, object]:
    """Give a plan and what it takes as plain values."""
    return {**msgspec.to_builtins(plan), "estimated": estimated._asdict()}


def _resumed(resumed: Resumed) -> str:
    if resumed.redriven:
        return f"Redriven: {resumed.execution} goes on with the parts that it has not done."
    return f"Started: {resumed.execution}, over the parts that are not done. No redrive, as {resumed.reason}."


def _planned(backfills: Backfills, name: str) -> Plan:
    try:
        return backfills.store(name).plan()
    except TrailsearchError as error:
        raise CommandFailed(f"{type(error).__name__}: {error}") from error


def _expired(scope: Scope, settings: Settings) -> int | None:
    """Give after how many days events expire, if some of the scope's have expired already."""
    days = settings.search_retention_days
    kept_from = None if days is None else datetime.now(UTC).date() - timedelta(days=days)
    return days if kept_from and scope.first < kept_from else None


def _list(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


def _settings(environment: str, backend: Backend) -> Settings:
    """Read the settings of an environment; one that has none, as the local cloud, is reckoned with those of prod."""
    known = environment if environment in environments() else PRODUCTION
    return msgspec.structs.replace(read_settings(known), search_backend=backend)


def _model() -> Model:
    return Model(read_states(), read_measured(), read_assumptions(), read_prices())


if __name__ == "__main__":
    backfill()

"""Index the logs of days gone by: plan first, say what it will take, and ask."""

import json
from datetime import datetime

import click
import msgspec

from trailsearch.cli.backfill.estimate import Estimate, estimate
from trailsearch.cli.backfill.planning import planned
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
)
from trailsearch.cli.environment import Environment
from trailsearch.cli.terraform_settings import environments
from trailsearch.contracts.backfill import Counted, Scope
from trailsearch.contracts.errors import TrailsearchError
from trailsearch.search import Backend

_DAY = click.DateTime(["%Y-%m-%d"])


class Asked(msgspec.Struct, frozen=True):
    """The command's options."""

    environment: str
    first: datetime | None
    last: datetime | None
    accounts: str
    regions: str
    prefix: str
    dry_run: bool
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
@click.option("--prefix", envvar="PREFIX", default="", help="What is before AWSLogs/; it is looked for.")
@click.option("--dry-run", envvar="DRY_RUN", is_flag=True, help="Only plan, and say what it would take.")
@click.option("--json", "as_json", envvar="JSON", is_flag=True, help="Print the plan as JSON.")
def backfill(**options: object) -> None:
    """Index the logs of days gone by."""
    asked = msgspec.convert(options, Asked)
    deployed = Environment(asked.environment)
    backend = deployed.deployed_search_domain().name
    scope = asked.scope()
    try:
        counted = planned(deployed, scope)
    except TrailsearchError as error:
        raise CommandFailed(f"{type(error).__name__}: {error}") from error
    estimated = estimate(counted, _settings(asked.environment, backend), _model())
    if asked.as_json:
        say(json.dumps(as_builtins(scope, counted, estimated), indent=2))
    else:
        print_plan(scope, counted, estimated, make_console())
    if not asked.dry_run:
        raise CommandFailed("Nothing is started: this version only plans (DRY_RUN=1)")


def as_builtins(scope: Scope, counted: Counted, estimated: Estimate) -> dict[str, object]:
    """Give the plan as plain values."""
    return {
        "scope": msgspec.to_builtins(scope),
        "counted": msgspec.to_builtins(counted),
        "estimated": estimated._asdict(),
    }


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

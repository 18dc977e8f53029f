"""Show what a deployment costs: dollars for a million events by component, and by the month.

Without options: three usual accounts with the settings of prod. With EVENTS or EVENTS_PER_LOG: that traffic, in every
environment. In both cases: which variable moves the bill.
"""

import json
from collections.abc import Mapping
from typing import Any

import click
import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from trailsearch.cli.console import make_console
from trailsearch.cli.cost.model import Model, Month, Settings, Traffic, month
from trailsearch.cli.cost.report import PROFILES, Change, Grid, changes, compare, sensitivity
from trailsearch.cli.cost.settings import (
    CostUnknown,
    environments,
    read_assumptions,
    read_measured,
    read_prices,
    read_settings,
    read_states,
)

PRODUCTION, USUAL_PROFILE = "prod", "Busy account"
POSITIVE = click.FloatRange(min=0, min_open=True)


@click.command()
@click.option("--events", envvar="EVENTS", type=POSITIVE, help="Events a day; none: three usual accounts.")
@click.option("--events-per-log", envvar="EVENTS_PER_LOG", type=POSITIVE, help="Events of an average log.")
@click.option("--event-bytes", envvar="EVENT_BYTES", type=POSITIVE, help="JSON of an average event.")
@click.option(
    "--batch-size", envvar="BATCH_SIZE", type=click.IntRange(1), help="In place of pipe_batch_size."
)
@click.option(
    "--window", envvar="WINDOW", type=click.IntRange(0), help="In place of pipe_batching_window_seconds."
)
@click.option("--json", "as_json", envvar="JSON", is_flag=True, help="Print everything as JSON.")
@click.option("--markdown", envvar="MARKDOWN", is_flag=True, help="Print the tables as Markdown.")
def cost(
    events: float | None,
    events_per_log: float | None,
    event_bytes: float | None,
    batch_size: int | None,
    window: int | None,
    as_json: bool,
    markdown: bool,
) -> None:
    """Show what a deployment costs, by the prices of us-east-1 in prices.toml."""
    model = Model(read_states(), read_measured(), read_assumptions(), read_prices())
    changed = {"pipe_batch_size": batch_size, "pipe_batching_window_seconds": window}
    what_if = {name: value for name, value in changed.items() if value is not None}
    settings = {
        environment: msgspec.structs.replace(read_settings(environment), **what_if)
        for environment in environments()
    }
    if PRODUCTION not in settings:
        raise CostUnknown(f"There is no environment {PRODUCTION}")
    traffics = asked_for(events, events_per_log, event_bytes)
    name = USUAL_PROFILE if USUAL_PROFILE in traffics else next(iter(traffics))
    traffic = traffics[name]
    months = {each: month(traffics[each], settings[PRODUCTION], model) for each in traffics}
    by_environment = {each: month(traffic, settings[each], model) for each in settings}
    found = changes(traffic, settings[PRODUCTION], model)
    if as_json:
        click.echo(json.dumps(as_builtins(traffics, settings, months, by_environment, found), indent=2))
        return
    first = (
        compare(f"Settings of {PRODUCTION}", months)
        if len(months) > 1
        else compare(f"{name}, {described(traffic)}", by_environment)
    )
    title = f"{name}, {PRODUCTION}: dollars for a million events more or less, if one variable changes"
    grids = [first, sensitivity(title, found)]
    if markdown:
        click.echo("\n\n".join(grid.to_markdown() for grid in grids))
    else:
        print_grids(grids, make_console())


def asked_for(
    events: float | None, events_per_log: float | None, event_bytes: float | None
) -> dict[str, Traffic]:
    """Give the traffic that the options describe, or else that of usual accounts."""
    if events is None and events_per_log is None:
        return {
            name: msgspec.structs.replace(traffic, event_bytes=event_bytes)
            for name, traffic in PROFILES.items()
        }
    usual = PROFILES[USUAL_PROFILE]
    return {
        "Your account": Traffic(
            usual.events_per_day if events is None else events,
            usual.events_per_log if events_per_log is None else events_per_log,
            event_bytes,
        )
    }


def described(traffic: Traffic) -> str:
    """Say in a few words what traffic it is."""
    return f"{traffic.events_per_day:,.0f} events a day, {traffic.events_per_log:,.0f} in a log"


def as_builtins(
    traffics: Mapping[str, Traffic],
    settings: Mapping[str, Settings],
    months: Mapping[str, Month],
    by_environment: Mapping[str, Month],
    found: list[Change],
) -> dict[str, Any]:
    """Give everything as plain values."""

    def plain(each: Month) -> dict[str, Any]:
        return {
            "dollars_per_million_events": each.dollars_per_million,
            "dollars_per_month": each.dollars,
            **msgspec.to_builtins(each._asdict()),
        }

    return {
        "traffic": msgspec.to_builtins(traffics),
        "settings": msgspec.to_builtins(settings),
        "profiles": {name: plain(each) for name, each in months.items()},
        "environments": {name: plain(each) for name, each in by_environment.items()},
        "changes": [each._asdict() for each in found],
    }


def print_grids(grids: list[Grid], console: Console) -> None:
    """Print tables below each other."""
    for grid in grids:
        table = Table(title=grid.title, title_justify="left", box=box.SIMPLE_HEAD)
        for at, head in enumerate(grid.heads):
            table.add_column(head, justify="right" if at else "left", no_wrap=not at)
        for number, row in enumerate(grid.rows):
            table.add_row(*row, style="bold" if number in grid.bold else None)
        console.print(table)


if __name__ == "__main__":
    cost()

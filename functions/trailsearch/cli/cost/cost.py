"""Show what a deployment costs, with either backend: the whole bill, and dollars for a million events by component.

Without options: three usual accounts with the settings of prod. With EVENTS or EVENTS_PER_LOG: that traffic, in every
environment. In both cases: for events that are kept for a month, a quarter and a year, and which variable moves the bill.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import click
import msgspec
from rich import box
from rich.padding import Padding
from rich.table import Table

from trailsearch.cli.console import Console, make_console, say
from trailsearch.cli.cost.inputs import CostUnknown, Model, Settings, Traffic
from trailsearch.cli.cost.model import Month, month
from trailsearch.cli.cost.report import (
    LABELS,
    PROFILES,
    RETENTION_DAYS,
    Bill,
    Change,
    Grid,
    changes,
    compare,
    sensitivity,
    whole_bills,
)
from trailsearch.cli.cost.search_domain import size
from trailsearch.cli.cost.settings import (
    read_assumptions,
    read_measured,
    read_prices,
    read_settings,
    read_states,
)
from trailsearch.cli.terraform_settings import environments
from trailsearch.search import Backend

PRODUCTION, USUAL_PROFILE = "prod", "Busy account"
BOTH: Final = "both"
# So many columns have room for both backends side by side with what they run on.
_WIDE = 118
POSITIVE = click.FloatRange(min=0, min_open=True)


class Asked(msgspec.Struct, frozen=True):
    """The command's options; None where one is not given."""

    events: float | None
    events_per_log: float | None
    event_bytes: float | None
    batch_size: int | None
    window: int | None
    retention: int | None
    backend: str
    as_json: bool
    markdown: bool

    def traffics(self) -> dict[str, Traffic]:
        """Give the traffic that the options describe, or else that of usual accounts."""
        if self.events is None and self.events_per_log is None:
            return {
                name: msgspec.structs.replace(traffic, event_bytes=self.event_bytes)
                for name, traffic in PROFILES.items()
            }
        usual = PROFILES[USUAL_PROFILE]
        return {
            "Your account": Traffic(
                usual.events_per_day if self.events is None else self.events,
                usual.events_per_log if self.events_per_log is None else self.events_per_log,
                self.event_bytes,
            )
        }


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
@click.option(
    "--retention",
    envvar="RETENTION",
    type=click.IntRange(1),
    help="Days for which events are kept; none: 30, 90 and 365.",
)
@click.option(
    "--backend",
    envvar="BACKEND",
    type=click.Choice([BOTH, *(each.value for each in Backend)]),
    default=BOTH,
    help="One search backend alone.",
)
@click.option("--json", "as_json", envvar="JSON", is_flag=True, help="Print everything as JSON.")
@click.option("--markdown", envvar="MARKDOWN", is_flag=True, help="Print the tables as Markdown.")
def cost(**options: object) -> None:
    """Show what a deployment costs, by the prices of us-east-1 in prices.toml."""
    asked = msgspec.convert(options, Asked)
    model = Model(read_states(), read_measured(), read_assumptions(), read_prices())
    changed = {"pipe_batch_size": asked.batch_size, "pipe_batching_window_seconds": asked.window}
    what_if = {name: value for name, value in changed.items() if value is not None}
    settings = {
        environment: msgspec.structs.replace(read_settings(environment), **what_if)
        for environment in environments()
    }
    if PRODUCTION not in settings:
        raise CostUnknown(f"There is no environment {PRODUCTION}")
    traffics = asked.traffics()
    name = USUAL_PROFILE if USUAL_PROFILE in traffics else next(iter(traffics))
    retentions = RETENTION_DAYS if asked.retention is None else (asked.retention,)
    backends = list(LABELS) if asked.backend == BOTH else [Backend(asked.backend)]
    reckoned = {each: reckon(each, traffics, name, settings, retentions, model) for each in backends}
    if asked.as_json:
        say(json.dumps(as_builtins(traffics, settings, reckoned), indent=2))
        return
    console = make_console()
    wide = asked.markdown or console.width >= _WIDE
    grids = tables(reckoned, traffics, name, model, wide=wide)
    if asked.markdown:
        say("\n\n".join(grid.to_markdown() for grid in grids))
    else:
        print_grids(grids, console)


class Reckoned(NamedTuple):
    """What is reckoned of one backend.

    ``profiles`` and ``environments`` are bills, of each traffic in prod and of the usual traffic in each environment,
    for every retention. ``changes`` are those of the usual traffic in prod.
    """

    profiles: Sequence[Bill]
    environments: Sequence[Bill]
    changes: Sequence[Change]


def reckon(
    backend: Backend,
    traffics: Mapping[str, Traffic],
    usual: str,
    settings: Mapping[str, Settings],
    retentions: Sequence[int],
    model: Model,
) -> Reckoned:
    """Reckon everything with one backend; ``usual`` is the traffic that all environments are reckoned with."""
    chosen = {name: msgspec.structs.replace(each, search_backend=backend) for name, each in settings.items()}

    def bill(name: str, traffic: Traffic, environment: str, days: int) -> Bill:
        kept = msgspec.structs.replace(chosen[environment], search_retention_days=days)
        return Bill(name, backend, days, month(traffic, kept, model))

    return Reckoned(
        [bill(name, each, PRODUCTION, days) for name, each in traffics.items() for days in retentions],
        [bill(name, traffics[usual], name, days) for name in settings for days in retentions],
        changes(traffics[usual], chosen[PRODUCTION], model),
    )


def tables(
    reckoned: Mapping[Backend, Reckoned],
    traffics: Mapping[str, Traffic],
    usual: str,
    model: Model,
    *,
    wide: bool = True,
) -> list[Grid]:
    """Give the whole bills, the shortest retention's by component, and what moves them.

    The whole bills of the backends are side by side if there is a ``wide`` place for them, else below each other.
    """
    profiles = len(traffics) > 1
    bills = {each: found.profiles if profiles else found.environments for each, found in reckoned.items()}
    what = f"Settings of {PRODUCTION}" if profiles else f"{usual}, {described(traffics[usual])}"
    whole = f"{what}: dollars a month, all in all"
    beside = [[bill for each in bills.values() for bill in each]] if wide else bills.values()
    grids = [whole_bills(whole, each, model.prices) for each in beside]
    for backend, each in bills.items():
        days = each[0].retention_days
        months = {bill.name: bill.month for bill in each if bill.retention_days == days}
        of = {name: traffics[name if profiles else usual] for name in months}
        grids.append(compare(f"{what}, {LABELS[backend]}, events kept for {days} days", months, of, model))
    grids += [
        sensitivity(
            f"{usual}, {PRODUCTION}, {LABELS[backend]}: dollars for a million events more or less, if one variable changes",
            found.changes,
        )
        for backend, found in reckoned.items()
    ]
    return grids


def described(traffic: Traffic) -> str:
    """Say in a few words what traffic it is."""
    return f"{traffic.events_per_day:,.0f} events a day, {traffic.events_per_log:,.0f} in a log"


def as_builtins(
    traffics: Mapping[str, Traffic], settings: Mapping[str, Settings], reckoned: Mapping[Backend, Reckoned]
) -> dict[str, Any]:
    """Give everything as plain values: ``traffic`` and ``settings`` as they were given, and what is reckoned by backend."""

    def plain(each: Month) -> dict[str, Any]:
        return {
            "dollars_per_million_events": each.dollars_per_million,
            "dollars_per_month": each.dollars,
            "search_domain": size(each.settings),
            "days_that_fit": each.room._asdict(),
            "second_copy_dollars_per_month": each.second_copy,
            **msgspec.to_builtins(each._asdict()),
        }

    def by_name(bills: Sequence[Bill]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for bill in bills:
            found.setdefault(bill.name, {})[str(bill.retention_days)] = plain(bill.month)
        return found

    return {
        "traffic": msgspec.to_builtins(traffics),
        "settings": msgspec.to_builtins(settings),
        "backends": {
            backend: {
                "profiles": by_name(each.profiles),
                "environments": by_name(each.environments),
                "changes": [change._asdict() for change in each.changes],
            }
            for backend, each in reckoned.items()
        },
    }


def print_grids(grids: list[Grid], console: Console) -> None:
    """Print tables below each other."""
    for grid in grids:
        table = Table(title=grid.title, title_justify="left", box=box.SIMPLE_HEAD)
        for at, head in enumerate(grid.heads):
            table.add_column(
                head,
                justify="left" if at in grid.texts else "right",
                no_wrap=not at,
                min_width=max(map(len, head.split())),
            )
        for number, row in enumerate(grid.rows):
            table.add_row(*row, style="bold" if number in grid.bold else None)
        console.print(table)
        for note in grid.notes:
            console.print(Padding(note, (0, 0, 1, 2)), highlight=False)


if __name__ == "__main__":
    cost()

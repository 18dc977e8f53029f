"""Tables of what deployments cost. Pure: rows of text from months of the model."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from trailsearch.cli.capacity import MAX_PARTITIONS
from trailsearch.cli.cost.inputs import Model, Price, Settings, Traffic
from trailsearch.cli.cost.model import FUNCTIONS, Month, month
from trailsearch.cli.cost.retention import keeps_up
from trailsearch.cli.cost.search_domain import is_granted, shards, size
from trailsearch.search import Backend

LABELS: Mapping[Backend, str] = {Backend.OPENSEARCH: "OpenSearch", Backend.CLOUDSEARCH: "CloudSearch"}
RETENTION_DAYS = (30, 90, 365)
SECOND_COPY = "If the account has a trail already, more"
WITH_AUDIT = "With keep_ledger and audit_hourly, more"
_NOT_GRANTED = "*"
_MANY_DAYS = 100

PROFILES: Mapping[str, Traffic] = {
    # CloudTrail writes a log for each account and Region about every 5 minutes, and a small one has about 12 events.
    "Small account": Traffic(events_per_day=100_000, events_per_log=12),
    # 17,400 events in 5 minutes, most of them of a few Regions, in some 35 logs.
    "Busy account": Traffic(events_per_day=5_000_000, events_per_log=500),
    # Most accounts of an organization are small: 40 is the mean that tests/log_generator reproduces, about.
    "Organization of 100 accounts": Traffic(
        events_per_day=20_000_000, events_per_log=40, account_regions=1_700
    ),
}


class Grid(NamedTuple):
    """A table: its title, the heads of its columns, and its rows.

    ``bold`` are the numbers of rows that sum up, ``texts`` those of columns that are no numbers, ``notes`` stand below.
    """

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    bold: frozenset[int] = frozenset()
    texts: frozenset[int] = frozenset({0})
    notes: Sequence[str] = ()

    def to_markdown(self) -> str:
        """Give it as a table of Markdown, numbers to the right."""

        def line(cells: Sequence[str]) -> str:
            return f"| {' | '.join(cells)} |"

        rows = [
            [f"**{cell}**" if number in self.bold and cell else cell for cell in row]
            for number, row in enumerate(self.rows)
        ]
        rule = line(["---" if at in self.texts else "--:" for at, _ in enumerate(self.heads)])
        notes = [line for note in self.notes for line in ("", note.replace("*", r"\*"))]
        return "\n".join([f"**{self.title}**", "", line(self.heads), rule, *map(line, rows), *notes])


class Change(NamedTuple):
    """What one variable does to the pipeline cost of a million events: its value, halved and doubled."""

    name: str
    value: str
    halved: float | None
    doubled: float | None


class Bill(NamedTuple):
    """A month of one traffic in one environment with one backend, whose events are kept for so many days."""

    name: str
    backend: Backend
    retention_days: int
    month: Month


def whole_bills(title: str, bills: Sequence[Bill], prices: Mapping[str, Price]) -> Grid:
    """Set the backends side by side: what a month costs in all, and on what the search domain runs by then."""
    backends = list(dict.fromkeys(bill.backend for bill in bills))
    found = {(bill.name, bill.retention_days, bill.backend): bill.month for bill in bills}
    granted = {key: is_granted(each.settings) for key, each in found.items()}

    def cells(key: tuple[str, int, Backend]) -> tuple[str, str]:
        star = "" if granted[key] else _NOT_GRANTED
        return f"{found[key].dollars:,.0f}", size(found[key].settings) + star

    rows = [
        [f"{name}, {days:,}", *(cell for backend in backends for cell in cells((name, days, backend)))]
        for name, days in dict.fromkeys((bill.name, bill.retention_days) for bill in bills)
    ]
    heads = [
        "Account, days of events kept",
        *(head for each in backends for head in (LABELS[each], "runs on")),
    ]
    notes = (
        []
        if all(granted.values())
        else [
            f"{_NOT_GRANTED} More than the {MAX_PARTITIONS} partitions that CloudSearch has unless AWS grants more."
        ]
    )
    notes += _of_second_copies(bills)
    notes.append(_of_prices(prices))
    return Grid(title, heads, rows, texts=frozenset({0, *range(2, len(heads), 2)}), notes=notes)


def _of_second_copies(bills: Sequence[Bill]) -> Iterator[str]:
    """Say what is in no bill: that an account which has a trail pays for what another one delivers."""
    more = {bill.name: bill.month.second_copy for bill in bills if bill.month.second_copy}
    if more:
        dollars = ", ".join(f"{name} {each:,.0f}" for name, each in more.items())
        yield (
            "Not in it: where the account has a trail already, the one that create_trail = true makes is a second copy of all "
            f"management events. Dollars a month more: {dollars}."
        )


def _of_audit(found: Month, traffic: Traffic, model: Model) -> float:
    """Reckon how much more a month costs with the ledger and the hourly audits."""
    audited = msgspec.structs.replace(found.settings, keep_ledger=True, audit_hourly=True)
    return month(traffic, audited, model).dollars - found.dollars


def _of_prices(prices: Mapping[str, Price]) -> str:
    """Say from when the prices are, and which of them nothing confirms."""
    checked = sorted(price.checked for price in prices.values())
    unconfirmed = [name for name, price in prices.items() if price.evidence == "known"]
    doubt = f" No page was found that confirms {', '.join(unconfirmed)}." if unconfirmed else ""
    return f"Prices of us-east-1, each with its source in prices.toml, looked up from {checked[0]} to {checked[-1]}.{doubt}"


def compare(title: str, months: Mapping[str, Month], traffics: Mapping[str, Traffic], model: Model) -> Grid:
    """Set months of one backend beside each other: dollars for a million events by component, and by the month."""
    some = next(iter(months.values()))
    rows = [
        [name, *(f"{each.variable[name] * 1e6 / each.events:.4f}" for each in months.values())]
        for name in some.variable
    ]
    bold = {len(rows)}
    rows.append(
        ["Pipeline, for a million events", *(f"{each.dollars_per_million:.3f}" for each in months.values())]
    )
    rows.append(
        ["Pipeline, a month", *_by_month(math.fsum(each.variable.values()) for each in months.values())]
    )
    rows += [
        [f"{name}, a month", *_by_month(each.fixed[name] for each in months.values())] for name in some.fixed
    ]
    bold.add(len(rows))
    rows.append(["Total, a month", *_by_month(each.dollars for each in months.values())])
    rows.append(
        [WITH_AUDIT, *_by_month(_of_audit(each, traffics[name], model) for name, each in months.items())]
    )
    rows.append([SECOND_COPY, *_by_month(each.second_copy for each in months.values())])
    rows.append(["Days that fit as deployed", *_days(each.room.deployed for each in months.values())])
    rows.append(["Days that fit as reckoned", *_days(each.room.reckoned for each in months.values())])
    if some.settings.search_backend is Backend.CLOUDSEARCH:
        rows.append(
            [
                f"Days that fit in {MAX_PARTITIONS} partitions",
                *_days(each.room.granted or 0 for each in months.values()),
            ]
        )
    rows.append(
        ["Seconds from batch to batch", *(f"{each.seconds_per_batch:.1f}" for each in months.values())]
    )
    if some.settings.search_backend is Backend.OPENSEARCH:
        rows.append(
            ["opensearch_shards for them", *(f"{shards(traffics[name], model):,}" for name in months)]
        )
    behind = [name for name, each in months.items() if not keeps_up(each.settings, traffics[name], model)]
    notes = [f"More expires each day than one execution of the retention deletes: {', '.join(behind)}."]
    return Grid(title, ["Dollars", *months], rows, frozenset(bold), notes=notes if behind else ())


def _days(days: Iterator[float]) -> list[str]:
    return [f"{each:,.1f}" if each < _MANY_DAYS else f"{each:,.0f}" for each in days]


def _by_month(dollars: Iterator[float]) -> list[str]:
    return [f"{each:,.2f}" for each in dollars]


def changes(traffic: Traffic, settings: Settings, model: Model) -> list[Change]:
    """Halve and double one variable at a time; the one with the largest effect comes first."""

    def per_million(**changed: object) -> float:
        of_traffic = {name: value for name, value in changed.items() if name in Traffic.__struct_fields__}
        of_settings = {name: value for name, value in changed.items() if name not in of_traffic}
        varied = (
            msgspec.structs.replace(traffic, **of_traffic),
            msgspec.structs.replace(settings, **of_settings),
        )
        return month(*varied, model).dollars_per_million

    base = per_million()
    whole = {name: getattr(settings, name) for name in _VARIED_SETTINGS}
    found = [
        Change(
            name,
            f"{value:,}",
            per_million(**{name: max(1, value // 2)}) - base if value > 1 else None,
            per_million(**{name: value * 2}) - base if value else None,
        )
        for name, value in whole.items()
    ]
    event_bytes = traffic.event_bytes or model.measured.events.staged_bytes
    real = {
        "events_per_day": traffic.events_per_day,
        "events_per_log": traffic.events_per_log,
        "event_bytes": event_bytes,
    }
    found += [
        Change(
            name,
            f"{value:,.0f}",
            per_million(**{name: value / 2}) - base,
            per_million(**{name: value * 2}) - base,
        )
        for name, value in real.items()
    ]
    for function in FUNCTIONS:
        memory = settings.memory_mb
        halved, doubled = (
            per_million(memory_mb={**memory, function: round(memory[function] * factor)}) - base
            for factor in (0.5, 2)
        )
        found.append(Change(f"memory_mb of {function}", f"{memory[function]:,}", halved, doubled))
    off = per_million(workflow_logged=False) - base
    found.append(Change("log of the workflow (halved: errors only)", "ALL", off, None))
    return sorted(found, key=lambda change: -max(abs(change.halved or 0), abs(change.doubled or 0)))


_VARIED_SETTINGS = (
    "pipe_batch_size",
    "pipe_batching_window_seconds",
    "log_group_retention_days",
)


def sensitivity(title: str, found: Sequence[Change]) -> Grid:
    """Set changes below each other."""
    rows = [[each.name, each.value, _signed(each.halved), _signed(each.doubled)] for each in found]
    return Grid(title, ["Variable", "Is", "Halved", "Doubled"], rows)


def _signed(dollars: float | None) -> str:
    return "" if dollars is None else f"{dollars:+.4f}"

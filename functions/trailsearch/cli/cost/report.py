"""Tables of what deployments cost. Pure: rows of text from months of the model."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from trailsearch.cli.cost.model import FUNCTIONS, Model, Month, Settings, Traffic, month

PROFILES: Mapping[str, Traffic] = {
    # CloudTrail writes a log for each account and Region about every 5 minutes, and a small one has about 12 events.
    "Small account": Traffic(events_per_day=100_000, events_per_log=12),
    # 17,400 events in 5 minutes, most of them of a few Regions, in some 35 logs.
    "Busy account": Traffic(events_per_day=5_000_000, events_per_log=500),
    # Most accounts of an organization are small: 40 is the mean that tests/log_generator reproduces, about.
    "Organization of 100 accounts": Traffic(events_per_day=20_000_000, events_per_log=40),
}


class Grid(NamedTuple):
    """A table: its title, the heads of its columns, and its rows; ``bold`` are the numbers of rows that sum up."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    bold: frozenset[int] = frozenset()

    def to_markdown(self) -> str:
        """Give it as a table of Markdown, numbers to the right."""

        def line(cells: Sequence[str]) -> str:
            return f"| {' | '.join(cells)} |"

        rows = [
            [f"**{cell}**" if number in self.bold and cell else cell for cell in row]
            for number, row in enumerate(self.rows)
        ]
        rule = line(["---", *("--:" for _ in self.heads[1:])])
        return "\n".join([f"**{self.title}**", "", line(self.heads), rule, *map(line, rows)])


class Change(NamedTuple):
    """What one variable does to the pipeline cost of a million events: its value, halved and doubled."""

    name: str
    value: str
    halved: float | None
    doubled: float | None


def compare(title: str, months: Mapping[str, Month]) -> Grid:
    """Set months beside each other: dollars for a million events by component, and by the month."""
    some = next(iter(months.values()))
    rows = [
        [name, *(f"{each.variable[name] * 1e6 / each.events:.4f}" for each in months.values())]
        for name in some.variable
    ]
    bold = {len(rows)}
    rows.append(
        ["Pipeline, for a million events", *(f"{each.dollars_per_million:.3f}" for each in months.values())]
    )
    rows.append(["Pipeline, a month", *_by_month(sum(each.variable.values()) for each in months.values())])
    rows += [
        [f"{name}, a month", *_by_month(each.fixed[name] for each in months.values())] for name in some.fixed
    ]
    bold.add(len(rows))
    rows.append(["Total, a month", *_by_month(each.dollars for each in months.values())])
    # A domain takes about one batch every 10 seconds: traffic that needs more is throttled, whatever it costs.
    # https://docs.aws.amazon.com/cloudsearch/latest/developerguide/limits.html
    rows.append(
        ["Seconds from batch to batch", *(f"{each.seconds_per_batch:.1f}" for each in months.values())]
    )
    return Grid(title, ["Dollars", *months], rows, frozenset(bold))


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

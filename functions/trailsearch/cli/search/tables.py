"""What is found as tables: events, how often each value is there, and events over time."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from rich import box
from rich.cells import cell_len, set_cell_size
from rich.columns import Columns
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from trailsearch.cli.console import Console, outside
from trailsearch.contracts.times import to_seconds
from trailsearch.contracts.wording import counted
from trailsearch.search.highlights import Excerpt
from trailsearch.search.queries import MAX_DISTINCT, Answer, Event

_MESSAGE_CHARACTERS = 120
_SHORTEST_BAR, _LONGEST_BAR = 10, 50
_BESIDE_A_BAR = 40
_ARN = "arn:"
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_RESOURCE = "Resource"
_COLUMNS = ("Time", "Who", "What", _RESOURCE, "Where", "Error")
# Of what is no event of its own, but sums up or compares many calls.
_NO_CALLS = frozenset({"Aggregated", "Insight"})


def print_answer(answer: Answer, console: Console, columns: Sequence[str] = ()) -> None:
    """Print found events by when, who, what, on what, where and error, and a table for each facet.

    Events are a table, or, with excerpts, a line each, and its excerpts below it; ``columns`` names the fields of another
    table.
    """
    if answer.highlights:
        _print_with_highlights(answer, console)
    elif answer.events:
        console.print(_field_table(answer.events, columns) if columns else _event_table(answer.events))
    facets = [
        _facet_table(field, buckets, answer.distinct.get(field))
        for field, buckets in answer.facets.items()
        if buckets
    ]
    if facets:
        console.print(Columns(facets))
    shown = len(answer.events)
    console.print(f"{counted(answer.found, 'event')} found, {shown:,} shown.", highlight=False)


def _event_table(events: Sequence[Event]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    rows = [_row(event) for event in events]
    shown = [at for at, name in enumerate(_COLUMNS) if name != _RESOURCE or any(row[at] for row in rows)]
    for at in shown:
        name = _COLUMNS[at]
        style = "red" if name == "Error" else ""
        table.add_column(name, no_wrap=name == "Time", overflow="fold", style=style)
    for row in rows:
        table.add_row(*(outside(row[at]) for at in shown))
    return table


def _field_table(events: Sequence[Event], fields: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    shown = [field for field in fields if any(event.get(field) for event in events)]
    for field in shown:
        table.add_column(field, overflow="fold", no_wrap=field == "event_time")
    for event in events:
        values = [event.get(field, "") for field in shown]
        table.add_row(*(outside(value if isinstance(value, str) else " ".join(value)) for value in values))
    return table


def _print_with_highlights(answer: Answer, console: Console) -> None:
    rows = [[outside(cell).plain for cell in _row(event)] for event in answer.events]
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row, highlights in zip(rows, answer.highlights, strict=True):
        excerpts = [_marked(field, one, console) for field, found in highlights.items() for one in found]
        if console.is_narrow:
            first, *others = filter(None, row)
            console.print(Text(first, "bold"))
            for text in (*(Text(cell, "bold") for cell in others), *excerpts):
                text.overflow = "fold"
                console.print(Padding(text, (0, 0, 0, 2)))
        else:
            cells = (set_cell_size(cell, width) for cell, width in zip(row, widths, strict=True))
            console.print(Text("  ".join(cells).rstrip(), "bold"), soft_wrap=True)
            for text in excerpts:
                console.print(Text.assemble("  ", text), soft_wrap=True)
    console.print()


def _marked(field: str, excerpt: Excerpt, console: Console) -> Text:
    """Mark matches by their style, or by asterisks where there are no styles."""
    has_styles = console.is_terminal and not console.is_dumb_terminal
    text = Text.assemble((f"{field}: ", "dim"))
    for piece in excerpt:
        shown = outside(piece.text).plain
        if not piece.is_match:
            text.append(shown)
        elif has_styles:
            text.append(shown, "bold reverse")
        else:
            text.append(f"*{shown}*")
    return text


def _row(event: Event) -> tuple[str, ...]:
    return (
        event.get("event_time", ""),
        event.get("actor", ""),
        _what(event),
        _resource(event),
        " ".join(filter(None, (event.get("aws_region"), event.get("source_ip_address")))),
        event.get("error_code") or _beginning(event.get("error_message", "")),
    )


def _what(event: Event) -> str:
    service = event.get("event_source", "").removesuffix(".amazonaws.com")
    called = ":".join(filter(None, (service, event.get("event_name"))))
    category = event.get("event_category")
    return " ".join(filter(None, (called, f"({category})" if category in _NO_CALLS else None)))


def _resource(event: Event) -> str:
    """Name the first thing that it was done to, and say how many others are named."""
    arns = event.get("resource_arns", ())
    names = [name for name in event.get("resource_names", ()) if not name.startswith(_ARN)]
    # What has a name of somebody's own is told by that.
    names.sort(key=lambda name: bool(_UUID.fullmatch(name)))
    # Of an ARN all but partition, service, Region and account.
    names = names or [arn.split(":", 5)[-1] for arn in arns]
    return f"{names[0]} +{len(names) - 1}" if len(names) > 1 else "".join(names)


def _beginning(message: str) -> str:
    """Give as much of an error message, which there is without a code of sign-ins that failed, as a column has room for."""
    line = " ".join(message.split())
    return line if len(line) <= _MESSAGE_CHARACTERS else f"{line[:_MESSAGE_CHARACTERS]}…"


def _facet_table(field: str, buckets: Mapping[str, int], distinct: int | None) -> Table:
    """Show how often each value is there, and, if those are not all, of how many."""
    some = "" if distinct == len(buckets) else f", top {len(buckets)} of {_number(distinct)}"
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(outside(f"{field}{some}"))
    table.add_column("Events", justify="right")
    for value, count in buckets.items():
        table.add_row(outside(value), f"{count:,}")
    return table


def _number(distinct: int | None) -> str:
    return f"more than {MAX_DISTINCT:,}" if distinct is None else f"{distinct:,}"


def print_histogram(edges: Sequence[datetime], counts: Sequence[int], console: Console) -> None:
    """Print how many events there are from each edge to the next, as a row of bars, each as long as there are many."""
    longest = max(_SHORTEST_BAR, min(_LONGEST_BAR, console.width - _BESIDE_A_BAR))
    most = max(counts, default=0) or 1
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("From", no_wrap=True)
    table.add_column("Events", justify="right")
    table.add_column("", no_wrap=True)
    for edge, count in zip(edges, counts, strict=False):
        bar = "█" * -(-count * longest // most)
        table.add_row(to_seconds(edge), f"{count:,}", bar)
    console.print(table)

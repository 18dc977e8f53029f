"""Every event that matches, however many there are, to a file or another program: as CSV, or as JSON, one a line."""

import csv
import io
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Final

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from trailsearch.cli.console import CommandFailed, Console, outside, say, say_json
from trailsearch.cli.search.as_json import to_json_line
from trailsearch.contracts.wording import counted
from trailsearch.events.fields import SCHEMA
from trailsearch.search.queries import Event, Query, SearchDomain

PAGE: Final = 1_000
COLUMNS: Final = tuple(name for name, field in SCHEMA.items() if name != "raw" and not field.of)
# What a spreadsheet takes for the beginning of a formula: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class Format(StrEnum):
    """How events are written."""

    CSV = "csv"
    JSON = "json"


def export(domain: SearchDomain, query: Query, written: Format, console: Console) -> None:
    """Write every event that a query finds to the standard output, and show on a console how far it is.

    Raises:
        CommandFailed: there were fewer of them than were counted before.
        QueryRefused, SearchError: as ``SearchDomain.scan`` does.
    """
    found = domain.search(query._replace(start=0, size=0, facets=(), highlight=False)).found
    events = domain.scan(query._replace(size=PAGE))
    if written is Format.CSV:
        say(csv_line({name: name for name in COLUMNS}))
    write: Callable[[Event], None] = _say_csv if written is Format.CSV else _say_json
    done = 0
    for event in _watched(events, found, console):
        write(event)
        done += 1
    console.print(f"{counted(found, 'event')} found, {done:,} written.", highlight=False)
    if done < found:
        raise CommandFailed(
            "Fewer events were written than found: some have gone meanwhile, or were not given"
        )


def csv_line(event: Event) -> str:
    """Write an event as a line of CSV, with the columns ``COLUMNS``. Nothing in it is a formula to a spreadsheet.

    Of a list, the values stand one after the other with a space between them; a line break is shown as one.
    """
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([_cell(event.get(name, "")) for name in COLUMNS])
    return line.getvalue()


def _cell(value: str | list[str]) -> str:
    text = value if isinstance(value, str) else " ".join(value)
    return outside(f"'{text}" if text.startswith(_FORMULA) else text).plain


def _say_csv(event: Event) -> None:
    say(csv_line(event))


def _say_json(event: Event) -> None:
    say_json(to_json_line(event))


def _watched(events: Iterator[Event], found: int, console: Console) -> Iterator[Event]:
    """Give events, and show on a terminal how many of them have been given, unless they go there themselves."""
    columns = (TextColumn("{task.description}"), BarColumn(30), MofNCompleteColumn(), TimeRemainingColumn())
    shown = console.is_terminal and not sys.stdout.isatty()
    # What is written goes past the bar, not above it.
    with Progress(
        *columns,
        console=console,
        disable=not shown,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as bar:
        task = bar.add_task("Events", total=found)
        for event in events:
            yield event
            bar.advance(task)

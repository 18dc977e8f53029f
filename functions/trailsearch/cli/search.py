"""Search the events of an environment, and print them for people or for machines."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import NoReturn
from uuid import uuid4

import click
import msgspec
from rich import box
from rich.cells import cell_len, set_cell_size
from rich.columns import Columns
from rich.table import Table
from rich.text import Text

from trailsearch.cli.command import AwsCommand
from trailsearch.cli.console import CommandFailed, Console, make_console, outside, printable_json, say_json
from trailsearch.cli.environment import Environment
from trailsearch.search.highlights import Excerpt
from trailsearch.search.queries import (
    EVERYTHING,
    MAX_PAGE,
    Answer,
    Event,
    Query,
    QueryRefused,
    SearchError,
    Syntax,
)

# The native syntaxes under the names that CloudSearch and OpenSearch have for them.
_SYNTAXES = {"structured": Syntax.NATIVE, "query_string": Syntax.NATIVE, "simple": Syntax.SIMPLE}
_INDENTATION_OF_A_RECORD = " " * 6
# In JSON these are between tokens alone.
_SPACES = dict.fromkeys(map(ord, "\t\r"), " ")
_MESSAGE_CHARACTERS = 120
# How deep a decoder reads before it gives up is another matter in every Python, and an indented record grows with the
# square of its depth.
_DEEPEST_RECORD = 500
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"?|[][{}]')
# Of what is no event of its own, but sums up or compares many calls.
_NO_CALLS = frozenset({"Aggregated", "Insight"})


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_json_decoder = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse)


class NotFound(CommandFailed):
    """The search domain did not answer the query; says why, in its own words where it has any."""


@click.command(cls=AwsCommand)
@click.option("--env", "environment", envvar="ENV", required=True, help="The environment, for example dev.")
@click.option("--query", envvar="QUERY", default=EVERYTHING, show_default=True, help="What to search for.")
@click.option(
    "--parser",
    type=click.Choice(list(_SYNTAXES)),
    envvar="PARSER",
    help="How the query is written: structured (CloudSearch) or query_string (OpenSearch), or simple.  "
    "[default: the search domain's own]",
)
@click.option("--facets", envvar="FACETS", default="", help="Fields to count values of, separated by commas.")
@click.option("--size", envvar="SIZE", type=click.IntRange(0, MAX_PAGE), default=20, show_default=True)
@click.option("--sort", envvar="SORT", default="event_time desc", show_default=True)
@click.option(
    "--highlight", envvar="HIGHLIGHT", is_flag=True, help="Show where in its texts an event matches."
)
@click.option("--json", "as_json", envvar="JSON", is_flag=True, help="Print the answer as JSON.")
def search(  # noqa: PLR0913, PLR0917 - one parameter for each option
    environment: str,
    query: str,
    parser: str | None,
    facets: str,
    size: int,
    sort: str,
    highlight: bool,
    as_json: bool,
) -> None:
    """Search the events of an environment."""
    fields = [field for field in facets.replace(" ", "").split(",") if field]
    syntax = _SYNTAXES[parser] if parser else Syntax.NATIVE
    asked = Query(query, syntax, size=size, sort=sort, facets=fields, highlight=highlight)
    answer = ask(Environment(environment), asked, parser)
    if as_json:
        say_json(to_json(answer))
    else:
        print_answer(answer, make_console())


def ask(environment: Environment, query: Query, parser: str | None = None) -> Answer:
    """Ask the search domain of an environment.

    Args:
        environment: which one.
        query: what to search for.
        parser: the name of the query's syntax, where somebody has named it.

    Raises:
        EnvironmentNotFound: there is none, or it is not ready.
        NotFound: it does not take the query, or does not answer.
    """
    domain = environment.search_domain()
    takes = {Syntax.NATIVE: domain.native_syntax, Syntax.SIMPLE: "simple"}
    if parser not in {None, *takes.values()}:
        raise NotFound(f"{environment.prefix} takes the parsers {' and '.join(takes.values())}, not {parser}")
    try:
        return domain.search(query)
    except QueryRefused as error:
        parser = takes[query.syntax]
        raise NotFound(
            f"{environment.prefix} does not take this query: {error}\nQuery ({parser} parser): {query.text}"
        ) from error
    except SearchError as error:
        raise NotFound(f"{environment.prefix} cannot be searched: {error}") from error


def to_json(answer: Answer) -> str:
    """Write found events as JSON, with each record as the JSON that it is.

    No record is decoded, as that would change numbers and fail on what JSON allows and Python does not. A record
    that is no JSON, or is nested too deep to tell, stays text. Excerpts are texts with ``<em>`` and ``</em>`` around
    matches, under ``highlights`` of their event.
    """
    records: list[str] = []
    mark = uuid4()

    def marked(event: Event) -> Event:
        record = _record(event["raw"]) if "raw" in event else None
        if record is None:
            return event
        records.append(record)
        return {**event, "raw": f"{mark}-{len(records) - 1}"}

    events = [marked(event) for event in answer.events]
    if answer.highlights:
        events = [
            {
                **event,
                "highlights": {
                    field: [_emphasized(each) for each in found] for field, found in each_field.items()
                },
            }
            for event, each_field in zip(events, answer.highlights, strict=True)
        ]
    text = json.dumps({"found": answer.found, "events": events, "facets": answer.facets}, indent=2)
    return printable_json(re.sub(rf'"{mark}-(\d+)"', lambda found: records[int(found[1])], text))


def _emphasized(excerpt: Excerpt) -> str:
    return "".join(f"<em>{piece.text}</em>" if piece.is_match else piece.text for piece in excerpt)


def print_answer(answer: Answer, console: Console) -> None:
    """Print found events by when, who, what, where and error, and a table for each facet.

    Events are a table, or, with excerpts, a line each, and its excerpts below it.
    """
    if answer.highlights:
        _print_with_highlights(answer, console)
    elif answer.events:
        console.print(_event_table(answer.events))
    facets = [_facet_table(field, buckets) for field, buckets in answer.facets.items() if buckets]
    if facets:
        console.print(Columns(facets))
    shown = len(answer.events)
    console.print(f"{answer.found:,} events found, {shown:,} shown.", highlight=False)


def _event_table(events: Sequence[Event]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Time", no_wrap=True)
    table.add_column("Who", overflow="fold")
    table.add_column("What", overflow="fold")
    table.add_column("Where", overflow="fold")
    table.add_column("Error", overflow="fold", style="red")
    for event in events:
        table.add_row(*map(outside, _row(event)))
    return table


def _print_with_highlights(answer: Answer, console: Console) -> None:
    rows = [[outside(cell).plain for cell in _row(event)] for event in answer.events]
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row, highlights in zip(rows, answer.highlights, strict=True):
        cells = (set_cell_size(cell, width) for cell, width in zip(row, widths, strict=True))
        console.print(Text("  ".join(cells).rstrip(), "bold"), soft_wrap=True)
        for field, found in highlights.items():
            for excerpt in found:
                console.print(_marked(field, excerpt, console), soft_wrap=True)
    console.print()


def _marked(field: str, excerpt: Excerpt, console: Console) -> Text:
    """Mark matches by their style, or by asterisks where there are no styles."""
    has_styles = console.is_terminal and not console.is_dumb_terminal
    text = Text.assemble((f"  {field}: ", "dim"))
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
        " ".join(filter(None, (event.get("aws_region"), event.get("source_ip_address")))),
        event.get("error_code") or _beginning(event.get("error_message", "")),
    )


def _what(event: Event) -> str:
    service = event.get("event_source", "").removesuffix(".amazonaws.com")
    called = ":".join(filter(None, (service, event.get("event_name"))))
    category = event.get("event_category")
    return " ".join(filter(None, (called, f"({category})" if category in _NO_CALLS else None)))


def _beginning(message: str) -> str:
    """Give as much of an error message, which there is without a code of sign-ins that failed, as a column has room for."""
    line = " ".join(message.split())
    return line if len(line) <= _MESSAGE_CHARACTERS else f"{line[:_MESSAGE_CHARACTERS]}…"


def _facet_table(field: str, buckets: Mapping[str, int]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(outside(field))
    table.add_column("Events", justify="right")
    for value, count in buckets.items():
        table.add_row(outside(value), f"{count:,}")
    return table


def _record(raw: str) -> str | None:
    """Indent the JSON text of a record for its place in an answer; None if it is no JSON, or nested too deep."""
    if _is_nested_too_deep(raw):
        return None
    try:
        return msgspec.json.format(raw, indent=2).replace("\n", f"\n{_INDENTATION_OF_A_RECORD}")
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        pass
    try:
        _json_decoder.decode(raw)  # which reads lone surrogates, as msgspec does not.
    except (ValueError, RecursionError):
        return None
    return raw.translate(_SPACES)


def _is_nested_too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= _DEEPEST_RECORD:
        return False
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(text):
        depth += (found[0] in "[{") - (found[0] in "]}")
        if depth > _DEEPEST_RECORD:
            return True
    return False


if __name__ == "__main__":
    search()

"""Search the events of an environment, and print them for people or for machines."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn
from uuid import uuid4

import click
import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from rich import box
from rich.columns import Columns
from rich.console import Console
from rich.table import Table
from rich.text import Text

from trailsearch.cli.console import make_console
from trailsearch.cli.environment import Environment
from trailsearch.events.documents import Fields

# What CloudSearch gives in one answer; more would need a cursor.
MAX_SIZE = 10_000
# How many values of a facet to show: the most frequent ones.
BUCKETS = 10
_INDENTATION_OF_A_RECORD = " " * 6


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_json_decoder = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse)


class QueryRefused(click.ClickException):
    """The search domain does not take the query; says what it said."""


@click.command()
@click.option("--env", "environment", envvar="ENV", required=True, help="The environment, for example dev.")
@click.option("--query", envvar="QUERY", default="matchall", show_default=True, help="What to search for.")
@click.option("--parser", type=click.Choice(["structured", "simple"]), envvar="PARSER", default="structured")
@click.option("--facets", envvar="FACETS", default="", help="Fields to count values of, separated by commas.")
@click.option("--size", envvar="SIZE", type=click.IntRange(0, MAX_SIZE), default=20, show_default=True)
@click.option("--sort", envvar="SORT", default="event_time desc", show_default=True)
@click.option("--json", "as_json", envvar="JSON", is_flag=True, help="Print the answer as JSON.")
def search(
    environment: str, query: str, parser: str, facets: str, size: int, sort: str, as_json: bool
) -> None:
    """Search the events of an environment."""
    fields = [field for field in facets.replace(" ", "").split(",") if field]
    answer = search_events(Environment(environment), query, parser, fields, size, sort)
    if as_json:
        click.echo(to_json(answer).encode(errors="backslashreplace"))
    else:
        print_answer(answer, make_console())


def search_events(
    environment: Environment, query: str, parser: str, facets: Sequence[str], size: int, sort: str
) -> dict[str, Any]:
    """Ask the search domain.

    Returns:
        ``found`` (how many events match), ``events`` (the first ``size``, each a mapping of field names;
        ``raw`` is the record's JSON text) and ``facets`` (for each field its values and how many events have
        them, the most frequent first).

    Raises:
        QueryRefused: the search domain does not take the query.
    """
    domain = environment.search_domain()
    request: dict[str, Any] = {"query": query, "queryParser": parser, "size": size, "sort": sort}
    if facets:
        request["facet"] = json.dumps({field: {"sort": "count", "size": BUCKETS} for field in facets})
    try:
        answer: Any = domain.search(**request)
    except ClientError as error:
        raise QueryRefused(
            f"{environment.prefix} does not take this query: {error.response['Error']['Message']}\n"
            f"Query ({parser} parser): {query}"
        ) from error
    except BotoCoreError as error:
        raise QueryRefused(f"{environment.prefix} cannot be searched: {error}") from error
    return {
        "found": answer["hits"]["found"],
        "events": [_event(hit) for hit in answer["hits"]["hit"]],
        "facets": {
            field: {bucket["value"]: bucket["count"] for bucket in facet["buckets"]}
            for field, facet in answer.get("facets", {}).items()
        },
    }


def to_json(answer: Mapping[str, Any]) -> str:
    """Write found events as JSON, with each record as the JSON that it is.

    No record is decoded, as that would change numbers and fail on what JSON allows and Python does not. A record
    that is no JSON, or is nested too deep to tell, stays text.
    """
    records: list[str] = []
    mark = uuid4()

    def marked(event: Mapping[str, Any]) -> Mapping[str, Any]:
        record = _record(event["raw"]) if "raw" in event else None
        if record is None:
            return event
        records.append(record)
        return {**event, "raw": f"{mark}-{len(records) - 1}"}

    text = json.dumps({**answer, "events": [marked(event) for event in answer["events"]]}, indent=2)
    return re.sub(rf'"{mark}-(\d+)"', lambda found: records[int(found[1])], text)


def print_answer(answer: Mapping[str, Any], console: Console) -> None:
    """Print found events as a table of when, who, what, where and error, and a table for each facet."""
    if answer["events"]:
        table = Table(box=box.SIMPLE_HEAD)
        table.add_column("Time", no_wrap=True)
        table.add_column("Who", overflow="fold")
        table.add_column("What", overflow="fold")
        table.add_column("Where", overflow="fold")
        table.add_column("Error", overflow="fold", style="red")
        for event in answer["events"]:
            table.add_row(*map(Text, _row(event)))
        console.print(table)
    facets = [_facet_table(field, buckets) for field, buckets in answer["facets"].items() if buckets]
    if facets:
        console.print(Columns(facets))
    shown = len(answer["events"])
    console.print(f"{answer['found']:,} events found, {shown:,} shown.", highlight=False)


def _row(event: Mapping[str, Any]) -> tuple[str, ...]:
    service = event.get("event_source", "").removesuffix(".amazonaws.com")
    return (
        event.get("event_time", ""),
        event.get("actor", ""),
        f"{service}:{event.get('event_name', '')}",
        " ".join(filter(None, (event.get("aws_region"), event.get("source_ip_address")))),
        event.get("error_code", ""),
    )


def _facet_table(field: str, buckets: Mapping[str, int]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(Text(field))
    table.add_column("Events", justify="right")
    for value, count in buckets.items():
        table.add_row(Text(value), f"{count:,}")
    return table


def _event(hit: Mapping[str, Any]) -> dict[str, Any]:
    """Give the fields of a hit: boto3 has every value as a list, whether the field is an array or not."""
    arrays = {"resource_arns", "resource_types", "account_ids"} & set(Fields.__struct_fields__)
    fields = hit.get("fields", {}).items()
    return {"id": hit["id"], **{name: values if name in arrays else values[0] for name, values in fields}}


def _record(raw: str) -> str | None:
    """Indent the JSON text of a record for its place in an answer; None if it is no JSON."""
    try:
        return msgspec.json.format(raw, indent=2).replace("\n", f"\n{_INDENTATION_OF_A_RECORD}")
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        pass
    try:
        _json_decoder.decode(raw)  # which reads lone surrogates, as msgspec does not.
    except (ValueError, RecursionError):
        return None
    return raw


if __name__ == "__main__":
    search()

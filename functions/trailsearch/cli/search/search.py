"""Search the events of an environment, and print them for people or for machines."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click

from trailsearch.cli.command import AwsCommand
from trailsearch.cli.console import CommandFailed, Console, make_console, say, say_json
from trailsearch.cli.environment import Environment
from trailsearch.cli.search.as_json import to_json
from trailsearch.cli.search.export import COLUMNS, Format, csv_line, export
from trailsearch.cli.search.native import missing_quote, unknown_field
from trailsearch.cli.search.over_time import edges_of
from trailsearch.cli.search.sessions import with_sessions
from trailsearch.cli.search.tables import print_answer, print_histogram
from trailsearch.cli.search.typed import OptionNotUnderstood, choosing, chosen, fields_of
from trailsearch.search.queries import (
    EVERYTHING,
    MAX_PAGE,
    Answer,
    Query,
    QueryRefused,
    SearchDomain,
    SearchError,
    Syntax,
)

# The native syntaxes under the names that CloudSearch and OpenSearch have for them.
_SYNTAXES = {"structured": Syntax.NATIVE, "query_string": Syntax.NATIVE, "simple": Syntax.SIMPLE}
# What a text is put in, in each of them.
_QUOTES = {"structured": "'", "query_string": '"', "simple": '"'}


class NotFound(CommandFailed):
    """The search domain did not answer the query; says why, in its own words where it has any."""


@click.command(cls=AwsCommand)
@click.option("--env", "environment", envvar="ENV", required=True, help="The environment, for example dev.")
@choosing
@click.option(
    "--query",
    envvar="QUERY",
    default=EVERYTHING,
    help="What to search for in the search domain's own language.",
)
@click.option(
    "--parser",
    type=click.Choice(list(_SYNTAXES)),
    envvar="PARSER",
    help="How the query is written: structured (CloudSearch) or query_string (OpenSearch), or simple.  "
    "[default: the search domain's own]",
)
@click.option("--facets", envvar="FACETS", default="", help="Fields to count values of, separated by commas.")
@click.option(
    "--buckets", envvar="BUCKETS", default="", help="Count events over time: 15m, 1h or 1d each, or how many."
)
@click.option("--size", envvar="SIZE", type=click.IntRange(0, MAX_PAGE), default=20, show_default=True)
@click.option("--sort", envvar="SORT", default="event_time desc", show_default=True)
@click.option(
    "--highlight", envvar="HIGHLIGHT", is_flag=True, help="Show where in its texts an event matches."
)
@click.option("--all", "every", envvar="ALL", is_flag=True, help="Write every event, as CSV or JSON.")
@click.option("--csv", "as_csv", envvar="CSV", is_flag=True, help="Print events as CSV.")
@click.option(
    "--json",
    "as_json",
    envvar="JSON",
    is_flag=True,
    help="Print the answer as JSON; of ALL, one event a line.",
)
def search(  # noqa: PLR0913, PLR0917 - one parameter for each option
    environment: str,
    query: str,
    parser: str | None,
    facets: str,
    buckets: str,
    size: int,
    sort: str,
    highlight: bool,
    every: bool,
    as_csv: bool,
    as_json: bool,
    **typed: str,
) -> None:
    """Search the events of an environment."""
    now = datetime.now(UTC)
    syntax = _SYNTAXES[parser] if parser else Syntax.NATIVE
    for key in sort.split(","):
        fields_of("SORT", key.split()[0] if key.strip() else "")
    asked = Query(
        query, syntax, size=size, sort=sort, facets=fields_of("FACETS", facets), highlight=highlight
    )
    asked = chosen(asked, typed, now)
    _see_what_goes_together(every=every, as_csv=as_csv, as_json=as_json, counted=bool(facets or buckets))
    found = Environment(environment)
    domain = domain_for(found, asked, parser)
    with said_well(found, domain, asked):
        asked = with_sessions(domain, asked)
        if every:
            export(domain, asked, Format.CSV if as_csv else Format.JSON, Console(stderr=True))
            return
        edges = edges_of(domain, asked, buckets, now) if buckets else []
        answer = domain.search(asked)
        counts = domain.histogram(asked, edges) if edges else []
    if as_csv:
        for line in (dict(zip(COLUMNS, COLUMNS, strict=True)), *answer.events):
            say(csv_line(line))
    elif as_json:
        over_time = [
            {"from": edge.isoformat(), "events": count} for edge, count in zip(edges, counts, strict=False)
        ]
        say_json(to_json(answer, {"histogram": over_time} if buckets else None))
    else:
        console = make_console()
        if counts:
            print_histogram(edges, counts, console)
        print_answer(answer, console)


def _see_what_goes_together(*, every: bool, as_csv: bool, as_json: bool, counted: bool) -> None:
    if as_csv and as_json:
        raise OptionNotUnderstood("CSV=1 and JSON=1 do not go together")
    if every and not (as_csv or as_json):
        raise OptionNotUnderstood("ALL=1 writes CSV or JSON: say which, by CSV=1 or JSON=1")
    if counted and (every or as_csv):
        raise OptionNotUnderstood("FACETS and BUCKETS count, which neither ALL=1 nor CSV=1 has room for")


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
    domain = domain_for(environment, query, parser)
    with said_well(environment, domain, query):
        return domain.search(query)


def domain_for(environment: Environment, query: Query, parser: str | None = None) -> SearchDomain:
    """Give the search domain of an environment, to ask it this.

    Raises:
        EnvironmentNotFound: there is none, or it is not ready.
        NotFound: it does not know the parser, or a field that the query names.
    """
    domain = environment.search_domain()
    takes = _parsers_of(domain)
    if parser not in {None, *takes.values()}:
        raise NotFound(f"{environment.prefix} takes the parsers {' and '.join(takes.values())}, not {parser}")
    native = takes[Syntax.NATIVE]
    if query.syntax is Syntax.SIMPLE or missing_quote(query.text, _QUOTES[native]):
        return domain
    if unknown := unknown_field(query.text):
        raise NotFound(f"{unknown}\nQuery ({native} parser): {query.text}")
    return domain


@contextmanager
def said_well(environment: Environment, domain: SearchDomain, query: Query) -> Iterator[None]:
    """Say well what goes wrong when a search domain is asked.

    Raises:
        NotFound: it does not take the query, or does not answer.
    """
    try:
        yield
    except QueryRefused as error:
        parser = _parsers_of(domain)[query.syntax]
        hint = missing_quote(query.text, _QUOTES[parser])
        raise NotFound(
            f"{environment.prefix} does not take this query: {f'{hint}. ' if hint else ''}{error}"
            + ("" if query.text == EVERYTHING else f"\nQuery ({parser} parser): {query.text}")
        ) from error
    except SearchError as error:
        raise NotFound(f"{environment.prefix} cannot be searched: {error}") from error


def _parsers_of(domain: SearchDomain) -> dict[Syntax, str]:
    return {Syntax.NATIVE: domain.native_syntax, Syntax.SIMPLE: "simple"}


if __name__ == "__main__":
    search()

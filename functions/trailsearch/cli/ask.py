"""Ask what investigators ask, of an environment's events; without a question, list those that there are."""

import difflib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import click
from rich import box
from rich.table import Table

from trailsearch.cli.command import AwsCommand
from trailsearch.cli.console import CommandFailed, Console, make_console, outside, say_json
from trailsearch.cli.environment import Environment
from trailsearch.cli.search.as_json import to_json
from trailsearch.cli.search.export import Format, export
from trailsearch.cli.search.over_time import edges_of
from trailsearch.cli.search.search import domain_for, said_well
from trailsearch.cli.search.sessions import with_sessions
from trailsearch.cli.search.tables import print_answer, print_histogram
from trailsearch.cli.search.typed import OptionNotUnderstood, choosing, chosen
from trailsearch.questions import (
    Catalogue,
    Finding,
    Question,
    QuestionNotAnswered,
    QuestionUnreadable,
    Reply,
    load,
    read_folder,
)
from trailsearch.questions import ask as ask_domain
from trailsearch.search.queries import MAX_PAGE, Query, SearchDomain


class NoSuchQuestion(CommandFailed):
    """There is no question of this name; says which may be meant. Exits as click does of what is typed wrong."""

    exit_code = 2


@click.command(cls=AwsCommand)
@click.option("--env", "environment", envvar="ENV", default="dev", help="The environment, for example dev.")
@click.option("--question", envvar="Q", default="", help="Which one; without it, all are listed.")
@choosing
@click.option("--size", envvar="SIZE", type=click.IntRange(0, MAX_PAGE), default=20, show_default=True)
@click.option("--all", "every", envvar="ALL", is_flag=True, help="Write every event, as CSV or JSON.")
@click.option("--csv", "as_csv", envvar="CSV", is_flag=True, help="Write CSV, of ALL.")
@click.option(
    "--json",
    "as_json",
    envvar="JSON",
    is_flag=True,
    help="Print the answer as JSON; of ALL, one event a line.",
)
def ask(
    environment: str, question: str, size: int, every: bool, as_csv: bool, as_json: bool, **typed: str
) -> None:
    """Ask a question, or list all."""
    questions = all_questions()
    if not question:
        print_list(questions, make_console())
        return
    asked = _find(questions, question)
    if lacking := asked.lacks(typed):
        raise OptionNotUnderstood(
            f"{question} needs {' and '.join(need.upper().replace('|', ' or ') for need in lacking)}: {asked.title}"
        )
    if every is not (as_csv or (as_json and every)) or (as_csv and as_json):
        raise OptionNotUnderstood("ALL=1 goes with CSV=1 or with JSON=1, and CSV=1 with ALL=1")
    now = datetime.now(UTC)
    query = chosen(asked.query(), typed, now)._replace(size=size)
    found = Environment(environment)
    if every:
        domain = domain_for(found, query)
        with said_well(found, domain, query):
            written = Format.CSV if as_csv else Format.JSON
            export(domain, with_sessions(domain, query), written, Console(stderr=True))
    elif as_json:
        say_json(_to_json(asked, ask_environment(found, asked, query, now)))
    else:
        print_reply(asked, ask_environment(found, asked, query, now), make_console())


class Asked(NamedTuple):
    """The answer to a question, and events over time: where each stretch begins, and how many it has."""

    reply: Reply
    edges: Sequence[datetime]
    counts: Sequence[int]


def ask_environment(environment: Environment, question: Question, query: Query, now: datetime) -> Asked:
    """Ask the search domain of an environment a question, by the query that it is with what was typed.

    Raises:
        EnvironmentNotFound: there is none, or it is not ready.
        CommandFailed: it does not answer, or the question has no answer; says why.
    """
    domain = domain_for(environment, query)
    with said_well(environment, domain, query):
        try:
            return answer_of(domain, question, query, now)
        except QuestionNotAnswered as error:
            raise CommandFailed(str(error)) from error


def answer_of(domain: SearchDomain, question: Question, query: Query, now: datetime) -> Asked:
    """Ask a search domain a question, by the query that it is with what was typed.

    Raises:
        QueryRefused, SearchError: as ``SearchDomain.search`` does.
        QuestionNotAnswered: there is too much, or too little, to answer it; says which.
    """
    query = with_sessions(domain, query)
    reply = ask_domain(domain, question, query, now)
    edges = edges_of(domain, query, question.buckets, now) if question.buckets else []
    return Asked(reply, edges, domain.histogram(query, edges) if edges else [])


def own_folder() -> Path:
    """Give the folder for questions of whoever works here, where this system keeps what belongs to a program."""
    return Path(click.get_app_dir("trailsearch")) / "questions"


def all_questions() -> Catalogue:
    """Read all questions: those for everybody, and those that were saved here.

    Raises:
        CommandFailed: a file of these is no question; says which, and why.
    """
    try:
        return {**read_folder(own_folder()), **load()}
    except QuestionUnreadable as error:
        raise CommandFailed(str(error)) from error


def print_reply(question: Question, asked: Asked, console: Console) -> None:
    """Print a question, what it tells, and its answer."""
    console.print(question.title, style="bold", highlight=False, markup=False)
    console.print(question.tells, style="dim", highlight=False, markup=False)
    for finding in asked.reply.findings:
        _print_finding(finding, console)
    if asked.counts:
        print_histogram(asked.edges, asked.counts, console)
    print_answer(asked.reply.answer, console, question.columns)


def _to_json(question: Question, asked: Asked) -> str:
    findings = [
        {"title": each.title, "rows": [dict(zip(each.columns, row, strict=True)) for row in each.rows]}
        for each in asked.reply.findings
    ]
    over_time = [
        {"from": edge.isoformat(), "events": count}
        for edge, count in zip(asked.edges, asked.counts, strict=False)
    ]
    more = {"question": question.title, "findings": findings}
    return to_json(asked.reply.answer, more | ({"histogram": over_time} if question.buckets else {}))


def print_list(questions: Catalogue, console: Console) -> None:
    """Print the names of all questions, with the options that each needs."""
    table = Table(box=box.SIMPLE_HEAD)
    for head in ("Q=", "Question", "Needs"):
        table.add_column(head, overflow="fold")
    for name, question in questions.items():
        needs = ", ".join(need.upper().replace("|", " or ") for need in question.needs)
        table.add_row(name, question.title, needs)
    console.print(table)
    console.print(f"{len(questions)} questions.", highlight=False)


def _find(questions: Catalogue, name: str) -> Question:
    if name not in questions:
        close = difflib.get_close_matches(name, questions, n=3, cutoff=0.4)
        meant = f" {' or '.join(close)}?" if close else ""
        raise NoSuchQuestion(f"There is no question {name}.{meant} make ask lists all")
    return questions[name]


def _print_finding(finding: Finding, console: Console) -> None:
    console.print(f"\n{finding.title}", highlight=False, markup=False)
    if not finding.rows:
        console.print("  nothing", style="dim", highlight=False)
        return
    table = Table(box=box.SIMPLE_HEAD)
    for head in finding.columns:
        table.add_column(outside(head), overflow="fold")
    for row in finding.rows:
        table.add_row(*map(outside, row))
    console.print(table)


if __name__ == "__main__":
    ask()

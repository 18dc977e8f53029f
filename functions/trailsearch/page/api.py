"""What the page asks for, and how it is answered: by the query model, the questions and the commands that the terminal has."""

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain
from time import perf_counter
from typing import Any, Final

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from trailsearch.aws.clients import AwsNotConfigured
from trailsearch.cli.ask import all_questions, answer_of, own_folder
from trailsearch.cli.console import CommandFailed
from trailsearch.cli.environment import EnvironmentNotFound
from trailsearch.cli.search.as_json import to_json_line
from trailsearch.cli.search.export import COLUMNS, PAGE, csv_line
from trailsearch.cli.search.native import unknown_field
from trailsearch.cli.search.over_time import MOST, edges_of
from trailsearch.cli.search.sessions import with_sessions
from trailsearch.cli.search.typed import CHOICES, chosen
from trailsearch.contracts.errors import TrailsearchError
from trailsearch.contracts.times import to_milliseconds
from trailsearch.events.fields import SCHEMA
from trailsearch.page.answers import events_of, facets_of, fields, histogram_of, values_like
from trailsearch.page.behind import Behind
from trailsearch.page.cursors import next_cursor, page_of
from trailsearch.page.reasons import reasons
from trailsearch.page.saved import Saved, save
from trailsearch.page.views import Parameters, View, ViewFilter, ViewRefused, fields_in, number_of
from trailsearch.questions import QuestionNotAnswered
from trailsearch.search.queries import (
    EVERYTHING,
    MAX_DISTINCT,
    Event,
    FieldUnknown,
    Query,
    QueryRefused,
    SearchDomain,
    SearchDomainNotFound,
    SearchError,
    SearchNotAllowed,
    Syntax,
    having,
)

# As the terminal's table has them.
_USUAL_COLUMNS: Final = (
    "event_time",
    "actor",
    "event_name",
    "resource_names",
    "source_ip_address",
    "error_code",
)
_MOST_EVENTS: Final = 500
_MOST_VALUES: Final = 1_000
_COMPLETIONS: Final = 20
# As click exits, and every command does.
_TYPED_WRONG: Final = 2
_LARGEST_BODY: Final = 1_000_000
_SYNTAX_URL: Final = {
    "structured": "https://docs.aws.amazon.com/cloudsearch/latest/developerguide/searching-compound-queries.html",
    "query_string": "https://docs.opensearch.org/latest/query-dsl/full-text/query-string/",
}
# The first that fits says what an answer's status is.
_STATUSES: Final[tuple[tuple[type[Exception] | tuple[type[Exception], ...], int], ...]] = (
    ((QueryRefused, ViewRefused, QuestionNotAnswered, msgspec.DecodeError), 400),
    (SearchNotAllowed, 403),
    ((SearchDomainNotFound, EnvironmentNotFound), 404),
    (SearchError, 502),
    ((BotoCoreError, ClientError, AwsNotConfigured), 502),
)

Answering = Callable[[Behind, Parameters], Any]


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a redrive is asked for: the ids of messages of the dead-letter queue, or ``all``."""

    ids: tuple[str, ...] | str


def routes(behind: Behind) -> list[Route]:
    """Give the addresses under ``/api``, for an environment."""
    return [
        *(Route(f"/api/{name}", _reading(behind, answer)) for name, answer in _ANSWERS.items()),
        Route("/api/questions/{name}", _reading(behind, _question)),
        Route("/api/questions", _doing(behind, _save), methods=["POST"]),
        Route("/api/redrive", _doing(behind, _redrive), methods=["POST"]),
        Route("/api/{rest:path}", _nothing),
    ]


def _environment(behind: Behind, _: Parameters) -> Any:
    native = behind.domain().native_syntax
    return {
        "environment": behind.environment,
        "backend": behind.backend,
        "fields": fields(),
        "now": to_milliseconds(_now()),
        "native_syntax": native,
        "native_syntax_url": _SYNTAX_URL.get(native, ""),
    }


def _search(behind: Behind, said: Parameters) -> Any:
    size = number_of(said, "size", 50, _MOST_EVENTS)
    cursor = (said.get("after") or [""])[-1]
    domain, query = _asked(behind, said)
    page = page_of(query, cursor, size)._replace(highlight=bool(query.phrases or query.text != EVERYTHING))
    began = perf_counter()
    answer = domain.search(page)
    seconds = perf_counter() - began
    following = next_cursor(query, cursor, page, answer.events)
    return events_of(answer) | {"next": following, "seconds": seconds}


def _facets(behind: Behind, said: Parameters) -> Any:
    names = fields_in(said, "facet")
    domain, query = _asked(behind, said)
    size = number_of(said, "size", 10, _MOST_VALUES)
    return facets_of(domain.search(query._replace(size=0, facets=names, facet_size=size)))


def _histogram(behind: Behind, said: Parameters) -> Any:
    domain, query = _asked(behind, said)
    buckets = max(1, number_of(said, "buckets", 60, MOST))
    edges = edges_of(domain, query, str(buckets), _now())
    return histogram_of(edges, domain.histogram(query, edges) if edges else [])


def _values(behind: Behind, said: Parameters) -> Any:
    (field, *_) = fields_in(said, "field")
    begun = (said.get("prefix") or [""])[-1]
    if not SCHEMA[field].facet:
        return {"values": []}
    domain, query = _asked(behind, said)
    counted = query._replace(size=0, facets=(field,), facet_size=MAX_DISTINCT)
    answer = domain.search(counted)
    found = values_like(answer.facets.get(field, {}), begun, _COMPLETIONS)
    if begun and len(found) < _COMPLETIONS and answer.distinct.get(field) is None:
        # There are more of them than were counted: those that begin so, as typed, are asked for.
        beginning = ViewFilter((field,), "begins", (begun,)).as_filter()
        more = domain.search(counted._replace(filters=(*query.filters, beginning)))
        known = {value for value, _ in found}
        others = {name: count for name, count in more.facets.get(field, {}).items() if name not in known}
        found += values_like(others, begun, _COMPLETIONS - len(found))
    return {"values": found}


def _why_empty(behind: Behind, said: Parameters) -> Any:
    return {"reasons": reasons(View.of_parameters(said), behind, _now())}


def _questions(_: Behind, __: Parameters) -> Any:
    return [
        {
            "name": name,
            "title": question.title,
            "text": question.tells,
            "needs": [_need(name, need.split("|")) for need in question.needs for name in need.split("|")],
        }
        for name, question in all_questions().items()
    ]


def _need(name: str, one_of: list[str]) -> dict[str, Any]:
    known = {
        "since": "From when on: 2h, 3d, or a time.",
        "until": "Before when, likewise.",
        "text": "Words of it.",
    }
    help_ = CHOICES[name].help if name in CHOICES else known.get(name, "")
    return {"name": name, "help": help_, "default": "", "or": one_of}


def _question(behind: Behind, said: Parameters) -> Any:
    name = said["name"][-1]
    questions = all_questions()
    if name not in questions:
        raise ViewRefused(f"There is no question {name[:80]}")
    question = questions[name]
    typed = {option: values[-1] for option, values in said.items() if values and option != "name"}
    typed |= {time: typed[time].removeprefix("-") for time in ("since", "until") if time in typed}
    if lacking := question.lacks(typed):
        raise ViewRefused(f"It needs {' and '.join(each.replace('|', ' or ') for each in lacking)}")
    now = _now()
    size = number_of(said, "size", 50, _MOST_EVENTS)
    query = chosen(question.query(), typed, now)._replace(size=size)
    asked = answer_of(behind.domain(), question, query, now)
    times = {time: said[time][-1] for time in ("since", "until") if said.get(time)}
    columns = question.columns or _USUAL_COLUMNS
    found, shown = asked.reply.answer.found, len(asked.reply.answer.events)
    return {
        "title": question.title,
        "tells": question.tells,
        "columns": columns,
        "rows": [[event.get(column, "") for column in columns] for event in asked.reply.answer.events],
        "views": [_view_of(event, times) for event in asked.reply.answer.events],
        "findings": [each._asdict() for each in asked.reply.findings],
        "facets": facets_of(asked.reply.answer)["facets"],
        "histogram": histogram_of(asked.edges, asked.counts) if question.buckets else None,
        "notes": [f"{found:,} {'event' if found == 1 else 'events'}, {shown:,} shown."],
        "query": msgspec.to_builtins(View.of_query(query, times)),
    }


def _view_of(event: Event, times: Mapping[str, str]) -> dict[str, Any]:
    """Give the view that goes on from an event: what else its actor has done."""
    actor = event.get("actor")
    about = having("actor", actor) if actor else having("event_id", event["id"])
    view: dict[str, Any] = msgspec.to_builtins(View.of_query(Query(filters=(about,)), times))
    return view | {"event": event["id"]}


def _export(behind: Behind, said: Parameters) -> Response:
    written = (said.get("format") or [""])[-1]
    if written not in {"csv", "json"}:
        raise ViewRefused("All hits are written as csv or json: format says which")
    domain, query = _asked(behind, said)
    # What the domain does not take is to be said, before the answer begins.
    events = domain.scan(query._replace(size=PAGE))
    first = [*_first(events)]
    as_csv = written == "csv"
    head = [csv_line(dict(zip(COLUMNS, COLUMNS, strict=True)))] if as_csv else []
    lines = chain(head, map(csv_line if as_csv else to_json_line, chain(first, events)))
    kind, ending = ("text/csv; charset=utf-8", "csv") if as_csv else ("application/x-ndjson", "jsonl")
    name = f"trailsearch-{behind.environment}-{_now():%Y-%m-%dT%H%M%SZ}.{ending}"
    return StreamingResponse(
        (f"{line}\n".encode(errors="replace") for line in lines),
        headers={"Content-Type": kind, "Content-Disposition": f'attachment; filename="{name}"'},
    )


def _first(events: Iterator[Event]) -> Iterator[Event]:
    for event in events:
        yield event
        return


def _status(behind: Behind, _: Parameters) -> Any:
    return behind.status()


def _dead_letters(behind: Behind, _: Parameters) -> Any:
    return behind.dead_letters()


_ANSWERS: Final[Mapping[str, Answering]] = {
    "environment": _environment,
    "search": _search,
    "facets": _facets,
    "histogram": _histogram,
    "values": _values,
    "why-empty": _why_empty,
    "questions": _questions,
    "export": _export,
    "status": _status,
    "dead-letters": _dead_letters,
}


def _save(_: Behind, body: bytes) -> Any:
    file = save(msgspec.json.decode(body, type=Saved), all_questions(), own_folder())
    return {"file": str(file)}


def _redrive(behind: Behind, body: bytes) -> Any:
    ids = msgspec.json.decode(body, type=Body).ids
    if isinstance(ids, str) and ids != "all":
        raise ViewRefused("ids is a list, or all")
    return behind.redrive(None if isinstance(ids, str) else ids)


def _asked(behind: Behind, said: Parameters) -> tuple[SearchDomain, Query]:
    """Give the search domain, and the query of a view, in which names stand for their sessions too, as in the terminal."""
    query = View.of_parameters(said).query(_now())
    if query.syntax is Syntax.NATIVE and query.text != EVERYTHING and (unknown := unknown_field(query.text)):
        raise FieldUnknown(unknown)
    domain = behind.domain()
    return domain, with_sessions(domain, query)


def _reading(behind: Behind, answer: Answering) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        said: dict[str, list[str]] = {}
        for name, value in request.query_params.multi_items():
            said.setdefault(name, []).append(value)
        said |= {name: [value] for name, value in request.path_params.items()}
        return await run_in_threadpool(_answered, behind, functools.partial(answer, behind, said))

    return endpoint


def _doing(behind: Behind, do: Callable[[Behind, bytes], Any]) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LARGEST_BODY:
                return _json({"error": "TooLarge", "message": "That is too much at once.", "hint": None}, 413)
        return await run_in_threadpool(_answered, behind, functools.partial(do, behind, body))

    return endpoint


async def _nothing(_: Request) -> Response:
    return _json({"error": "NotFound", "message": "There is no such answer.", "hint": None}, 404)


def _answered(behind: Behind, answer: Callable[[], Any]) -> Response:
    try:
        said = answer()
        return said if isinstance(said, Response) else _json(said, 200)
    # Whatever it is, whoever looks at the page is to read it; and nothing of how it came about is for them.
    except Exception as error:  # noqa: BLE001
        if isinstance(error, SearchError) and not isinstance(error, QueryRefused):
            behind.forget()
        return _json(refusal_of(error), status_of(error))


def status_of(error: Exception) -> int:
    """Give the HTTP status that says what kind an error is."""
    for kinds, status in _STATUSES:
        if isinstance(error, kinds):
            return status
    if isinstance(error, CommandFailed):
        return 400 if error.exit_code == _TYPED_WRONG else 502
    return 502 if isinstance(error, TrailsearchError) else 500


def refusal_of(error: Exception) -> dict[str, Any]:
    """Say what has failed, as plain values: the ``error``'s name, a ``message`` in its own words, perhaps a ``hint``."""
    if isinstance(error, CommandFailed):
        message, _, hint = error.format_message().partition("\n")
    elif isinstance(error, BotoCoreError | ClientError | AwsNotConfigured):
        message, hint = f"AWS cannot be asked: {error}", ""
    elif isinstance(error, TrailsearchError | msgspec.DecodeError):
        message, hint = str(error), ""
    else:
        message, hint = f"{type(error).__name__}: {error}", ""
    return {"error": type(error).__name__, "message": message, "hint": hint or None}


def _json(said: Any, status: int) -> Response:
    # Lone surrogates, which a record may have, are written as JSON's escapes.
    return Response(json.dumps(said).encode(), status, media_type="application/json")


def _now() -> datetime:
    return datetime.now(UTC)

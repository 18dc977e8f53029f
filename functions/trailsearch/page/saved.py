"""A view as a question, which the page and ``make ask`` have from then on."""

import re
from pathlib import Path
from typing import Any, Final

import msgspec

from trailsearch.events.fields import SCHEMA
from trailsearch.page.views import View, ViewRefused
from trailsearch.questions import Catalogue, Question
from trailsearch.questions.catalogue import write
from trailsearch.questions.question import Selection, value_of
from trailsearch.search.queries import EVERYTHING, Exists, Filter, Syntax, require_field

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?", re.ASCII)
_LONGEST_TITLE: Final = 200


class Saved(msgspec.Struct, frozen=True):
    """What is to be saved: the name of the question, which is its file's, the question itself, and the view that it asks for."""

    name: str
    title: str
    view: dict[str, Any]


def save(saved: Saved, known: Catalogue, folder: Path) -> Path:
    """Write a view as a question into a file of a folder. Its range of time is left out: that is typed when it is asked.

    Raises:
        ViewRefused: the view, the name or the title will not do; or there is such a question, or it cannot be written.
        QueryRefused: the view asks for a field that is not there.
    """
    if not _NAME.fullmatch(saved.name):
        raise ViewRefused(f"{saved.name!r} is no name: it has small letters, digits and hyphens, 60 at most")
    if not saved.title.strip() or len(saved.title) > _LONGEST_TITLE or not saved.title.isprintable():
        raise ViewRefused(f"A question is one line of up to {_LONGEST_TITLE} characters")
    if saved.name in known:
        raise ViewRefused(f"There is a question {saved.name}: {known[saved.name].title}")
    view = View.of_object(saved.view)
    question = Question(
        title=saved.title.strip(),
        tells="Saved from the search page.",
        filters=tuple(_selection(each.as_filter()) for each in view.filter),
        phrases=view.phrase,
        facets=_names(saved.view.get("facets"), counted=True),
        columns=_names(saved.view.get("columns"), counted=False),
        sort=view.sort,
        text=view.q or EVERYTHING,
        syntax=Syntax(view.syntax) if view.q else Syntax.NATIVE,
    )
    file = folder / f"{saved.name}.toml"
    try:
        write(question, file)
    except FileExistsError:
        raise ViewRefused(f"There is a file {file} already") from None
    except OSError as error:
        raise ViewRefused(f"{file} cannot be written: {error.strerror}") from error
    return file


def _selection(filter_: Filter) -> Selection:
    for field in filter_.fields:
        require_field(field)
    values = tuple(value_of(each) for each in filter_.conditions if not isinstance(each, Exists))
    return Selection(filter_.fields, values, filter_.negated)


def _names(said: Any, *, counted: bool) -> tuple[str, ...]:
    if not isinstance(said, list):
        return ()
    return tuple(
        each
        for each in said
        if isinstance(each, str) and each in SCHEMA and (SCHEMA[each].facet or not counted)
    )

"""All questions, each in a file, by the file's name: those beside this file, and those that somebody has saved."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

from trailsearch.contracts.errors import TrailsearchError
from trailsearch.questions.question import Question

Catalogue = Mapping[str, Question]


class QuestionUnreadable(TrailsearchError):
    """A file is no question; says which, and why."""


@cache
def load() -> Catalogue:
    """Read the questions that there are for everybody, in the order of their names.

    Raises:
        QuestionUnreadable: a file says what no question has.
    """
    return read_folder(Path(__file__).parent)


def read_folder(folder: Path) -> Catalogue:
    """Read the questions in a folder, in the order of their names: none where there is no such folder.

    Raises:
        QuestionUnreadable: a file says what no question has, or cannot be read.
    """
    return {path.stem: _read(path) for path in sorted(folder.glob("*.toml"))}


def _read(path: Path) -> Question:
    try:
        return msgspec.toml.decode(path.read_text(encoding="utf-8"), type=Question)
    except (msgspec.DecodeError, OSError, ValueError) as error:
        raise QuestionUnreadable(f"{path} is no question: {error}") from error


def write(question: Question, path: Path) -> None:
    """Write a question into a file that is not there yet.

    Raises:
        FileExistsError: it is there.
        OSError: it cannot be written.
    """
    said = {
        name: value
        for name, value in msgspec.to_builtins(question).items()
        if value != getattr(_NOTHING, name)
    }
    text = msgspec.toml.encode(said)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(text)


_NOTHING = Question(title="", tells="")

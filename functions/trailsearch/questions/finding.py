"""What is found out beside the events that a search finds."""

from collections.abc import Sequence
from typing import NamedTuple

from trailsearch.contracts.errors import TrailsearchError


class QuestionNotAnswered(TrailsearchError):
    """There is too much, or too little, to answer a question; says which."""


class Finding(NamedTuple):
    """A table of texts: its title, the heads of its columns, and its rows. Numbers are as they are printed for machines."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]

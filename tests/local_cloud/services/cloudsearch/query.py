"""Queries, as the parsers make them and the index answers them."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Number:
    """A number in a query. It has no quotes there, unlike a string or date."""

    text: str


Operand = str | Number


@dataclass(frozen=True)
class MatchAll:
    """Every document."""


@dataclass(frozen=True)
class Match:
    """Documents with a term, phrase or prefix in a field, or with words near each other.

    Attributes:
        kind: "term", "phrase", "prefix" or "near".
        field: name of an index field, `_id`, or None for the default fields of the request.
        value: what to look for; several words in a text field are a phrase, except for "near".
        boost: factor of the relevance score.
        distance: for "near", the number of other words that may stand between.
    """

    kind: str
    field: str | None
    value: Operand
    boost: float = 1.0
    distance: int = 1


@dataclass(frozen=True)
class Range:
    """Documents with a value between two bounds; None is an open end."""

    field: str
    lower: Operand | None
    upper: Operand | None
    include_lower: bool
    include_upper: bool


@dataclass(frozen=True)
class And:
    """Documents that match all operands."""

    operands: tuple["Query", ...]
    boost: float = 1.0


@dataclass(frozen=True)
class Or:
    """Documents that match at least one operand."""

    operands: tuple["Query", ...]
    boost: float = 1.0


@dataclass(frozen=True)
class Not:
    """Documents that do not match the operand."""

    operand: "Query"


Query = MatchAll | Match | Range | And | Or | Not


def positive_matches(query: Query) -> Iterator[Match]:
    """Yield the matches that are not negated: those that score, and that are highlighted."""
    if isinstance(query, Match):
        yield query
    elif isinstance(query, And | Or):
        for operand in query.operands:
            yield from positive_matches(operand)

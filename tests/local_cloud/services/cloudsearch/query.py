"""Queries, as the parsers make them and the index answers them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

MAX_DEPTH = 30
"""How deep expressions may be nested: SQLite's parser has no room for more. CloudSearch's own limit is not documented."""


@dataclass(frozen=True)
class Number:
    """A number in a query. It has no quotes there, unlike a string or date."""

    text: str


Operand = str | Number
Operator = Literal["and", "or"]


@dataclass(frozen=True)
class MatchAll:
    """Every document."""


@dataclass(frozen=True)
class Match:
    """Documents with a value in a field, or with words in a text field.

    Attributes:
        kind: "term" has all words, in any order, or any, as the default operator says; "phrase" has them one after the
            other, "near" near each other; "prefix" is how a word or value begins; "fuzzy" is one word or value with
            other characters in it.
        field: name of an index field, `_id`, or None for the default fields of the request.
        value: what to look for.
        boost: factor of the relevance score.
        distance: for "near", the number of other words that may stand between; for "fuzzy", of characters that differ.
    """

    kind: Literal["term", "phrase", "near", "prefix", "fuzzy"]
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

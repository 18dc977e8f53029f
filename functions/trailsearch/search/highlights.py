"""Excerpts of what a query has found: the words that it asks for, and what stands around them.

A search domain gives a field's whole text, with tags around those words.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple
from uuid import uuid4

MAX_MATCHES: Final = 5
"""How many matches of a field are shown: CloudSearch marks no more."""

_AROUND = 40
_LEFT_OUT = "…"
# Between the words of a name, which are matches by themselves: s3.amazonaws.com, arn:aws:iam::aws:policy.
_WITHIN_A_NAME = re.compile(r'[^\w\s"]+')


class Piece(NamedTuple):
    """A part of an excerpt, and whether it is what the query asks for."""

    text: str
    is_match: bool


Excerpt = Sequence[Piece]


class Tags(NamedTuple):
    """What stands before and after a match."""

    before: str
    after: str


def new_tags() -> Tags:
    """Make tags that stand in no record."""
    mark = uuid4().hex
    return Tags(f"<{mark}>", f"</{mark}>")


def excerpts(text: str, tags: Tags) -> list[Excerpt]:
    """Cut excerpts out of a text with tags around matches; none where there are no matches."""
    return [_without_empty(pieces) for pieces in _close_together(_joined(_pieces(text, tags)))]


def _pieces(text: str, tags: Tags) -> list[Piece]:
    """Take a text apart: what is no match, then a match, and so on to the end, which is no match."""
    first, *tagged = text.split(tags.before)
    pieces = [Piece(first, is_match=False)]
    for part in tagged:
        match, _, following = part.partition(tags.after)
        pieces += [Piece(match, is_match=True), Piece(following, is_match=False)]
    return pieces


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Make one match of those that are one name."""
    joined = pieces[:2]
    for between, match in zip(pieces[2::2], pieces[3::2], strict=False):
        if _WITHIN_A_NAME.fullmatch(between.text):
            joined[-1] = Piece(f"{joined[-1].text}{between.text}{match.text}", is_match=True)
        else:
            joined += [between, match]
    return [*joined, pieces[-1]] if len(pieces) > 1 else joined


def _close_together(pieces: list[Piece]) -> Iterator[list[Piece]]:
    """Give the matches with what is around them: those that are near each other in one excerpt."""
    pieces = pieces[: 2 * MAX_MATCHES + 1]
    excerpt: list[Piece] = []
    for at, piece in enumerate(pieces):
        if piece.is_match:
            excerpt.append(piece)
        elif at == 0:
            excerpt.append(Piece(_end_of(piece.text), is_match=False))
        elif at < len(pieces) - 1 and len(piece.text) <= 2 * _AROUND:
            excerpt.append(piece)
        else:
            yield [*excerpt, Piece(_start_of(piece.text), is_match=False)]
            excerpt = [Piece(_end_of(piece.text), is_match=False)]


def _start_of(text: str) -> str:
    return text if len(text) <= _AROUND else f"{text[:_AROUND]}{_LEFT_OUT}"


def _end_of(text: str) -> str:
    return text if len(text) <= _AROUND else f"{_LEFT_OUT}{text[-_AROUND:]}"


def _without_empty(pieces: list[Piece]) -> list[Piece]:
    return [piece for piece in pieces if piece.text]

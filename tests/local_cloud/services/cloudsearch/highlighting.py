"""Highlights: where in a text what was searched for is.

https://docs.aws.amazon.com/cloudsearch/latest/developerguide/highlighting.html and the parameter `highlight.FIELD` of
https://docs.aws.amazon.com/cloudsearch/latest/developerguide/search-api.html
"""

import html
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .analysis import Analyzer, prefix_of_terms
from .query import Match
from .text_index import similar

_HIGHLIGHTED_CHARACTERS = 10 * 1024
_PUNCTUATION = re.compile(r"[^\w\s]|_")


@dataclass(frozen=True)
class Highlight:
    """How to highlight matches in a field.

    Attributes:
        field: name of the field.
        as_html: whether the text is written as HTML.
        max_phrases: how many words are marked at most.
        pre_tag: what stands before a marked word.
        post_tag: what stands behind it.
    """

    field: str
    as_html: bool = True
    max_phrases: int = 1
    pre_tag: str = "<em>"
    post_tag: str = "</em>"


def highlight(text: str, analyzer: Analyzer, matches: Iterable[Match], wanted: Highlight) -> str:
    """Put tags around the first words of a text that matches are about; those of a phrase each for itself."""
    text = text[:_HIGHLIGHTED_CHARACTERS]
    encode = _as_html if wanted.as_html else str
    looked_for = [_looks_for(match, analyzer) for match in matches]
    pieces, end, remaining = [], 0, wanted.max_phrases
    for start, stop, term in analyzer.words(text):
        if remaining and any(is_wanted(term) for is_wanted in looked_for):
            pieces += [encode(text[end:start]), wanted.pre_tag, encode(text[start:stop]), wanted.post_tag]
            end = stop
            remaining -= 1
    return "".join([*pieces, encode(text[end:])])


def _looks_for(match: Match, analyzer: Analyzer) -> Callable[[str], bool]:
    """Return what tells whether a match looks for a term."""
    text = str(match.value)
    match match.kind:
        case "prefix":
            prefix = prefix_of_terms(text)
            return lambda term: prefix is not None and term.startswith(prefix)
        case "fuzzy":
            return lambda term: similar(term, text.lower(), match.distance)
    return set(analyzer.terms(text)).__contains__


def _as_html(text: str) -> str:
    """Write text as HTML, where "all non-alphanumeric characters are encoded"; white space stays as it is."""
    return _PUNCTUATION.sub(_entity, text)


def _entity(character: re.Match[str]) -> str:
    named = html.escape(character[0])
    return named if len(named) > 1 else f"&#{ord(named)};"

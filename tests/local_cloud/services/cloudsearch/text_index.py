"""The terms of a text field in SQLite's FTS5, and conditions on them.

FTS5 gets terms with spaces between and has nothing left to analyse. Beside the index of a field are two views of it:
`fts5vocab` of type "instance" has a row for each place of a term, and of type "row" one for each term.
https://sqlite.org/fts5.html
"""

import sqlite3
from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

from .analysis import STOP, Analyzer, prefix_of_terms
from .condition import NOTHING, Condition
from .values import Value

# Of a term that is part of no word so many that nothing is found across them, whatever may stand between two words.
_BETWEEN_VALUES = " \ue000" * 100 + " "
_NO_WORDS = ("\ue000", STOP)
_IS_WORD = "term NOT IN (?, ?)"


def table(field: str) -> str:
    """Name of the FTS5 table of a text field."""
    return f'"field_{field}"'


def create(connection: sqlite3.Connection, field: str) -> None:
    """Create the tables of a text field."""
    # Of ASCII, only letters and digits are part of a term unless told otherwise; all else always is.
    tokenizer = "\"ascii tokenchars '_.:,;'''\""
    connection.execute(
        f"CREATE VIRTUAL TABLE {table(field)} USING fts5(text, content='', tokenize={tokenizer})"
    )
    for kind in ("instance", "row"):
        connection.execute(
            f"CREATE VIRTUAL TABLE {_view(field, kind)} USING fts5vocab({table(field)}, {kind})"
        )


def indexed(values: Sequence[str], analyzer: Analyzer) -> str:
    """Return the values of one field as FTS5 is to index them."""
    return _BETWEEN_VALUES.join(" ".join(analyzer.terms(value)) for value in values)


def has_term(field: str, term: str, boost: float) -> Condition:
    """Documents that have a term in a field."""
    return _matches(field, f'"{term}"', boost)


def has_phrase(field: str, terms: Sequence[str], boost: float) -> Condition:
    """Documents that have terms one after the other; in the place of a stop word may be anything, but one word."""
    if STOP not in terms:
        return _matches(field, f'"{" ".join(terms)}"', boost)
    places = [(place, term) for place, term in enumerate(terms) if term != STOP]
    view, (first, *others) = _view(field, "instance"), places
    return Condition(
        f"key IN (SELECT doc FROM {view} WHERE term = ?"
        + "".join(
            f" AND (doc, offset + ?) IN (SELECT doc, offset FROM {view} WHERE term = ?)" for _ in others
        )
        + ")",
        [first[1], *(value for place, term in others for value in (place - first[0], term))],
        [(field, f'"{term}"', boost) for _, term in places],
        len(places),
    )


def has_near(field: str, terms: Sequence[str], distance: int, boost: float) -> Condition:
    """Documents that have terms, in whatever order, with so many other words between the first and the last."""
    words = " ".join(f'"{term}"' for term in terms)
    return _matches(field, f"NEAR({words}, {distance})", boost)


def has_prefix(field: str, text: str, boost: float) -> Condition:
    """Documents that have a term with a prefix in a field."""
    prefix = prefix_of_terms(text)
    return Condition(NOTHING) if prefix is None else _matches(field, f'"{prefix}" *', boost)


def has_similar(field: str, term: str, distance: int) -> Condition:
    """Documents that have a term in a field from which this one differs by so many characters."""
    similar = f"SELECT term FROM {_view(field, 'row')} WHERE {_IS_WORD} AND similar(term, ?, ?)"
    return Condition(
        f"key IN (SELECT doc FROM {_view(field, 'instance')} WHERE term IN ({similar}))",
        [*_NO_WORDS, term, distance],
    )


def has_term_that(field: str, condition: str, parameters: Sequence[Value]) -> Condition:
    """Documents that have a term in a field for which a condition on `value` holds."""
    terms = f"SELECT term AS value, doc FROM {_view(field, 'instance')} WHERE {_IS_WORD}"
    return Condition(f"key IN (SELECT doc FROM ({terms}) WHERE {condition})", [*_NO_WORDS, *parameters])


def similar(text: str, other: str, distance: int) -> bool:
    """Tell whether so many characters, put in, taken out or replaced, make one text of another; a function in SQL."""
    return Levenshtein.distance(text, other, score_cutoff=distance) <= distance


def _view(field: str, kind: str) -> str:
    return f'"field_{field} by {kind}"'


def _matches(field: str, query: str, boost: float) -> Condition:
    condition = f"key IN (SELECT rowid FROM {table(field)} WHERE {table(field)} MATCH ?)"
    return Condition(condition, [query], [(field, query, boost)])

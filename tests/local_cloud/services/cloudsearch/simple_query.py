"""Parser of the simple query syntax (`q.parser=simple`, the default).

Words, "phrases", prefix*, similar~1 and "near each other"~4 with + (must), - (must not), | (or) and parentheses; a
backslash takes the next character as it is. Operators have one precedence and bind from left to right.
https://docs.aws.amazon.com/cloudsearch/latest/developerguide/search-api.html#simple-search-syntax

It forgives: a quotation mark or parenthesis without its other half, and an operator without a word, are passed over. The
guide is silent about that. Its parser has the operators of Lucene's SimpleQueryParser, by the same names, and "any errors in
query syntax will be ignored" there:
https://lucene.apache.org/core/4_10_4/queryparser/org/apache/lucene/queryparser/simple/SimpleQueryParser.html
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from .exceptions import SearchException
from .query import MAX_DEPTH, And, Match, Not, Operator, Or, Query

OPERATORS = frozenset(
    ("and", "escape", "fuzzy", "near", "not", "or", "phrase", "precedence", "prefix", "whitespace")
)
"""What the option `operators` can disable."""

_WHITESPACE = " \t\n\r"
_MARKS = {'"': "phrase", "|": "or", "+": "and", "(": "precedence", ")": "precedence", "-": "not"}
_MAX_FUZZY = 2  # As in Lucene.
_FUZZY_WITHOUT_NUMBER = "2"  # As in Lucene.


def parse(text: str, default_operator: Operator = "and", disabled: Collection[str] = ()) -> Query:
    """Parse a simple query.

    Args:
        text: the query.
        default_operator: joins words that only a space separates.
        disabled: those of `OPERATORS` that are to mean nothing.

    Raises:
        SearchException: there are too many parentheses in each other.
    """
    parser = _Parser(text, default_operator, OPERATORS - set(disabled))
    return parser.group(0, len(text), depth=0) or Or(())


@dataclass
class _Clauses:
    """What has been read of a group: what must not be there is apart, as it holds whatever `|` stands beside it."""

    wanted: Query | None = None
    unwanted: list[Query] = field(default_factory=list)
    operator: Operator | None = None

    def set_operator(self, operator: Operator) -> None:
        """Note an operator; the first one between two clauses counts."""
        if self.wanted and not self.operator:
            self.operator = operator

    def add(self, clause: Query, default_operator: Operator, *, negated: bool) -> None:
        operator, self.operator = self.operator or default_operator, None
        if negated:
            self.unwanted.append(clause)
        elif self.wanted is None:
            self.wanted = clause
        else:
            kind = Or if operator == "or" else And
            before = self.wanted.operands if isinstance(self.wanted, kind) else (self.wanted,)
            self.wanted = kind((*before, clause))

    def query(self) -> Query | None:
        """Return the query of the whole group; None if there is nothing in it."""
        if not self.unwanted:
            return self.wanted
        wanted = (self.wanted,) if self.wanted else ()
        return And((*wanted, *map(Not, self.unwanted)))


class _Parser:
    """Reads parts of a text; what reads something returns it, or None, and where it ends."""

    def __init__(self, text: str, default_operator: Operator, operators: Collection[str]) -> None:
        self._text = text
        self._default_operator = default_operator
        self._operators = operators

    def group(self, at: int, end: int, depth: int) -> Query | None:
        """Read what stands in parentheses, or the whole."""
        if depth > MAX_DEPTH:
            raise SearchException(f"Syntax error in query: more than {MAX_DEPTH} nested expressions")
        clauses, negated = _Clauses(), False
        while at < end:
            mark = self._mark(at)
            if mark == "not":
                negated, at = not negated, at + 1
                continue
            clause: Query | None = None
            if mark in ("and", "or", "whitespace"):
                at += 1
                if mark != "whitespace":
                    clauses.set_operator("and" if mark == "and" else "or")
            elif mark == "precedence":
                clause, at = self._parenthesized(at, end, depth)
            elif mark == "phrase":
                clause, at = self._phrase(at, end)
            else:
                clause, at = self._word(at, end)
            if clause:
                clauses.add(clause, self._default_operator, negated=negated)
            negated = False
        return clauses.query()

    def _mark(self, at: int) -> str | None:
        """Tell which operator a character is, if it is one and not disabled."""
        character = self._text[at]
        mark = "whitespace" if character in _WHITESPACE else _MARKS.get(character)
        return mark if mark in self._operators else None

    def _escapes(self, at: int) -> bool:
        return self._text[at] == "\\" and "escape" in self._operators

    def _parenthesized(self, at: int, end: int, depth: int) -> tuple[Query | None, int]:
        closing, opened = at + 1, int(self._text[at] == "(")
        while opened and closing < end:
            if self._escapes(closing):
                closing += 1
            elif self._text[closing] in "()":
                opened += 1 if self._text[closing] == "(" else -1
            closing += 1
        if opened or closing == at + 1:  # One without its other half.
            return None, at + 1
        return self.group(at + 1, closing - 1, depth + 1), closing

    def _phrase(self, at: int, end: int) -> tuple[Query | None, int]:
        characters, at, start = [], at + 1, at + 1
        while at < end and self._mark(at) != "phrase":
            at += self._escapes(at)
            characters.append(self._text[at : min(at + 1, end)])
            at += 1
        if at >= end:  # A quotation mark without its other half.
            return None, start
        distance = "0"
        if self._text[at + 1 : min(at + 2, end)] == "~" and "near" in self._operators:
            distance, at = self._rest(at + 2, end)
        else:
            at += 1
        phrase = Match("phrase", None, "".join(characters))
        if words_between := _number(distance):
            phrase = replace(phrase, kind="near", distance=words_between)
        return phrase, at

    def _word(self, at: int, end: int) -> tuple[Query | None, int]:
        characters: list[str] = []
        is_prefix = False
        while at < end and self._mark(at) in (None, "not"):
            if self._text[at] == "~" and characters and "fuzzy" in self._operators:
                distance, at = self._rest(at + 1, end)
                differing = min(_number(distance or _FUZZY_WITHOUT_NUMBER), _MAX_FUZZY)
                word = Match("term", None, "".join(characters))
                return replace(word, kind="fuzzy", distance=differing) if differing else word, at
            is_prefix = self._text[at] == "*" and bool(characters) and "prefix" in self._operators
            at += self._escapes(at)
            characters.append(self._text[at : min(at + 1, end)])
            at += 1
        text = "".join(characters)
        if is_prefix:
            return Match("prefix", None, text[:-1]), at
        return Match("term", None, text) if text else None, at

    def _rest(self, at: int, end: int) -> tuple[str, int]:
        """Read what stands behind a `~`."""
        start = at
        while at < end and self._mark(at) in (None, "not"):
            at += 1
        return self._text[start:at], at


def _number(text: str) -> int:
    """Return the number after a `~`; what is none counts as 0, as in Lucene."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0

"""Parser of the structured query syntax (`q.parser=structured`, `fq`, and ranges as buckets of facets).

Sources: developer guide, "Constructing Compound Queries", "Searching for a Range of Values" and
https://docs.aws.amazon.com/cloudsearch/latest/developerguide/search-api.html#structured-search-syntax
"""

import math
import re
from dataclasses import replace
from typing import Literal, NamedTuple, NoReturn, cast

from .exceptions import SearchException
from .query import MAX_DEPTH, And, Match, MatchAll, Not, Number, Operand, Or, Query, Range

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>'(?:[^'\\]|\\.)*')
      | (?P<quoted>"(?:[^"\\]|\\.)*")  # As the guide writes an option: (phrase field="title" 'teenage mutant ninja').
      | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w]))
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<mark>[()\[\]{}:,=])
      | (?P<end>\Z)
      | (?P<unknown>.)
    )""",
    re.VERBOSE | re.DOTALL,
)
_OPTION_VALUES = ("string", "quoted", "number", "name")
_OPTIONS = {
    "and": {"boost"},
    "or": {"boost"},
    "not": {"boost", "field"},
    "term": {"boost", "field"},
    "phrase": {"boost", "field"},
    "prefix": {"boost", "field"},
    "near": {"boost", "field", "distance"},
    "range": {"boost", "field"},
}


def parse(text: str) -> Query:
    """Parse a structured query.

    Raises:
        SearchException: the query has a syntax error; the message says what and at which character.
    """
    parser = _Parser(text)
    query = parser.expression()
    parser.expect_end()
    return query


def parse_range(field: str, text: str) -> Range:
    """Parse a range such as `['2014-09-01T00:00:00Z',}` of a field, as a facet's buckets have it.

    Raises:
        SearchException: the text is no range.
    """
    parser = _Parser(text)
    parsed = parser.range(field)
    parser.expect_end()
    return parsed


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


def _tokens(text: str) -> list[_Token]:
    """Split a query into tokens. The last one is of kind "end"."""
    found = [
        _Token(str(token.lastgroup), token[str(token.lastgroup)], token.start(str(token.lastgroup)))
        for token in _TOKEN.finditer(text)
    ]
    return found[: [token.kind for token in found].index("end") + 1]


class _Parser:
    """Recursive descent over the tokens; `next` is the one that is looked at."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._index = 0
        self._depth = 0

    @property
    def next(self) -> _Token:
        return self._tokens[self._index]

    def _followed_by(self, mark: str) -> bool:
        return self.next.kind != "end" and self._tokens[self._index + 1][:2] == ("mark", mark)

    def _fail(self, problem: str) -> NoReturn:
        raise SearchException(f"Syntax error in query: {problem} (at character {self.next.at + 1})")

    def _fail_expecting(self, expected: str) -> NoReturn:
        self._fail(f"expected {expected}, found {self.next.text or 'the end'}")

    def _take(self, kind: str, marks: str = "") -> str:
        token = self.next
        if token.kind != kind or (marks and token.text not in marks):
            self._fail_expecting(" or ".join(marks) or ("the end" if kind == "end" else f"a {kind}"))
        self._index += kind != "end"
        return token.text

    def expect_end(self) -> None:
        self._take("end")

    def expression(self) -> Query:
        if self.next.text == "(":
            return self._parenthesized()
        if self._followed_by(":"):
            field = self._take("name")
            self._take("mark", ":")
            return (
                self.range(field) if self.next.text in ("[", "{") else Match("term", field, self._operand())
            )
        if self.next[:2] == ("name", "matchall"):
            self._take("name")
            return MatchAll()
        if self.next.kind != "string":
            self._fail_expecting("an expression")
        return Match("term", None, self._operand())

    def range(self, field: str) -> Range:
        opening = self._take("mark", "[{")
        lower = None if self.next.text == "," else self._operand()
        self._take("mark", ",")
        upper = None if self.next.text in ("]", "}") else self._operand()
        if (lower is None and opening == "[") or (upper is None and self.next.text == "]"):
            self._fail("an open end of a range needs a curly brace")
        closing = self._take("mark", "]}")
        return Range(field, lower, upper, opening == "[", closing == "]")

    def _operand(self) -> Operand:
        if self.next.kind == "number":
            return Number(self._take("number"))
        return _unquoted(self._take("string"))

    def _parenthesized(self) -> Query:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._fail(f"more than {MAX_DEPTH} nested expressions")
        self._take("mark", "(")
        operator = self.next.text
        query = self._compound() if operator in _OPTIONS and not self._followed_by(":") else self.expression()
        self._take("mark", ")")
        self._depth -= 1
        return query

    def _compound(self) -> Query:
        operator = self._take("name")
        options = self._read_options(operator)
        field, boost = options.get("field"), self._boost(options)
        if operator in ("and", "or"):
            operands = [self.expression()]
            while self.next.text != ")":
                operands.append(self.expression())
            return (And if operator == "and" else Or)(tuple(operands), boost)
        if operator == "not":
            operand = self.expression()
            if field and isinstance(operand, Match) and operand.field is None:
                operand = replace(operand, field=field)
            return Not(operand)
        if operator == "range":
            return self.range(field) if field else self._fail("range needs a field")
        kind = cast("Literal['term', 'phrase', 'prefix', 'near']", operator)
        return Match(kind, field, self._operand(), boost, self._distance(options))

    def _read_options(self, operator: str) -> dict[str, str]:
        options = {}
        while self._followed_by("="):
            name = self._take("name")
            if name not in _OPTIONS[operator]:
                self._fail(f"{operator} has no option {name}")
            self._take("mark", "=")
            if self.next.kind not in _OPTION_VALUES:
                self._fail_expecting(f"a value of {name}")
            options[name] = _unquoted(self._take(self.next.kind))
        return options

    def _boost(self, options: dict[str, str]) -> float:
        """Read a boost. "Boost values must be greater than zero": searching-compound-queries.html."""
        try:
            boost = float(options.get("boost", 1))
        except ValueError:
            boost = 0
        return (
            boost
            if 0 < boost < math.inf
            else self._fail(f"boost must be greater than zero, not {options['boost']}")
        )

    def _distance(self, options: dict[str, str]) -> int:
        """Read a distance. "The distance value must be a positive integer"; whoever names none gets 1 here."""
        distance = options.get("distance", "1")
        if not re.fullmatch("[0-9]{1,9}", distance) or int(distance) < 1:
            self._fail(f"distance must be a positive integer, not {distance}")
        return int(distance)


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL) if text[:1] in ("'", '"') else text

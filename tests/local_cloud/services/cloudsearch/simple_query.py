"""Parser of the simple query syntax (`q.parser=simple`, the default).

Words, "phrases" and prefix* with + (must), - (must not), | (or) and parentheses; a backslash takes the next character
as it is. Operators have one precedence and bind from left to right. Source: developer guide, "Searching for Text" and
the `q` and `q.options` parameters of the search API. Fuzzy and sloppy search (~N) is refused.
"""

import re
from typing import NoReturn

from .exceptions import SearchException
from .query import And, Match, Not, Or, Query

_TOKEN = re.compile(
    r"""\s*(?:(?P<phrase>"(?:[^"\\]|\\.)*")(?P<sloppy>~\d*)?
      | (?P<mark>[()|+-])
      | (?P<word>(?:[^\s()|"\\]|\\.)+))""",
    re.VERBOSE | re.DOTALL,
)
_MAX_DEPTH = 100


def parse(text: str, default_operator: str = "and") -> Query:
    """Parse a simple query. `default_operator` ("and" or "or") joins words that only a space separates.

    Raises:
        SearchException: the query is empty, or has a syntax error.
    """
    tokens, position, text = [], 0, text.strip()
    while position < len(text):
        token = _TOKEN.match(text, position)
        if not token:
            raise SearchException(
                f"Syntax error in query: unexpected {text[position]} (at character {position + 1})"
            )
        tokens.append((str(token.lastgroup), token[str(token.lastgroup)]))
        position = token.end()
    parser = _Parser(tokens, default_operator)
    query = parser.clauses(depth=0)
    if parser.tokens:
        parser.fail(f"unexpected {parser.tokens[-1][1]}")
    return query


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], default_operator: str) -> None:
        self.tokens = tokens[::-1]
        self._default_operator = default_operator

    def fail(self, problem: str) -> NoReturn:
        raise SearchException(f"Syntax error in query: {problem}")

    def _take(self, mark: str) -> bool:
        if self.tokens and self.tokens[-1] == ("mark", mark):
            self.tokens.pop()
            return True
        return False

    def clauses(self, depth: int) -> Query:
        query: Query | None = None
        while self.tokens and self.tokens[-1] != ("mark", ")"):
            if self._take("|"):
                operator = "or"
            elif self._take("+"):
                operator = "and"
            else:
                operator = self._default_operator
            clause = self._clause(depth)
            if query is None:
                query = clause
            else:
                kind = Or if operator == "or" and not isinstance(clause, Not) else And
                query = kind((*(query.operands if isinstance(query, kind) else (query,)), clause))
        return query or self.fail("the query is empty")

    def _clause(self, depth: int) -> Query:
        if depth > _MAX_DEPTH:
            self.fail(f"more than {_MAX_DEPTH} nested expressions")
        if self._take("-"):
            return Not(self._clause(depth + 1))
        if self._take("("):
            query = self.clauses(depth + 1)
            return query if self._take(")") else self.fail("expected )")
        kind, text = self.tokens.pop() if self.tokens else ("end", "the end")
        if kind == "phrase":
            return Match("phrase", None, _unescaped(text[1:-1]))
        if kind != "word" or re.search(r"(?<!\\)~\d*$", text):
            self.fail(f"unexpected {text}")
        if text.endswith("*") and not text.endswith("\\*") and len(text) > 1:
            return Match("prefix", None, _unescaped(text[:-1]))
        return Match("term", None, _unescaped(text))


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)

"""What a search that a README shows is made of: each part of its query, which is to find something by itself.

Else one that finds nothing hides behind ``OR`` or ``NOT``, and whoever copies it learns nothing from the answer.
"""

import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from trailsearch.search import Backend
from trailsearch.search.queries import EVERYTHING

_CHOOSING = re.compile("(NOT_)?(WHO|WHAT|RESOURCE|IP|KEY|OUTCOME|TEXT)|SINCE|UNTIL")
_VARIABLE = re.compile(r"([A-Z_]+)=(.*)", re.DOTALL)
_LUCENE = re.compile(
    r"""(?P<field>[\w.]+):\((?P<either>[^)]*)\)   # several values of one field
      | (?P<clause>[\w.]+:(?:"[^"]*"|\[[^\]]*\]|\S+))
      | (?P<word>"[^"]*"|[^\s()]+)""",
    re.VERBOSE,
)
_LUCENE_OPERATORS = {"AND", "OR", "NOT"}
_STRUCTURED = re.compile(
    r"""\((?:prefix|phrase)\ field=\w+\ '[^']*'\)
      | [a-z]\w*:'[^']*'
      | [a-z]\w*:[\[{][^\]}]*[\]}]
      | (?<=^)'[^']*'$""",
    re.VERBOSE,
)
_LUCENE_NEGATION = re.compile(r" NOT [\w.]+:\S+")
_STRUCTURED_NEGATION = re.compile(r" \(not [^()]*\)")


class Asked(NamedTuple):
    """What a command asks for.

    Its query, in which parser's language if not the domain's own, the fields counted, and the options by which events are
    chosen, by their names in small letters.
    """

    query: str
    simple: bool
    facets: list[str]
    chosen: dict[str, str]


def asked_of(command: str) -> Asked:
    """Read the variables of a ``make search``."""
    words = shlex.split(command.partition("|")[0])
    given = {found[1]: found[2] for word in words if (found := _VARIABLE.fullmatch(word))}
    facets = given.get("FACETS")
    return Asked(
        given.get("QUERY", EVERYTHING),
        given.get("PARSER") == "simple",
        facets.split(",") if facets else [],
        {name.lower(): value for name, value in given.items() if _CHOOSING.fullmatch(name)},
    )


def parts_of(query: str, backend: Backend) -> list[str]:
    """Give the parts of a query in a backend's own language, each a query itself.

    Raises:
        ValueError: nothing of it is understood here.
    """
    if query == EVERYTHING:
        return [query]
    found = list(_lucene(query) if backend is Backend.OPENSEARCH else _STRUCTURED.findall(query))
    if not found:
        raise ValueError(f"no part of {query} is understood")
    return found


def _lucene(query: str) -> Iterator[str]:
    for found in _LUCENE.finditer(query):
        if found["either"]:
            yield from (f"{found['field']}:{value}" for value in found["either"].split(" OR "))
        elif found["clause"]:
            yield found["clause"]
        elif found["word"] not in _LUCENE_OPERATORS:
            yield found["word"]


def without_negation(query: str, backend: Backend) -> str | None:
    """Give a query without what it excludes; None if it excludes nothing."""
    negation = _LUCENE_NEGATION if backend is Backend.OPENSEARCH else _STRUCTURED_NEGATION
    rest = negation.sub("", query)
    return None if rest == query else rest

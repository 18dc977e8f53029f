"""What may be wrong with a query in a search domain's own language, told better than the domain does."""

import re
from typing import Final

from trailsearch.search.queries import FieldUnknown, require_field

# A text in the quotes of one language or the other, a range, or a regular expression: each may have colons in it.
_VALUE: Final = re.compile(
    r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|\[[^\]}]*[\]}]|\{[^\]}]*[\]}]|/(?:\\.|[^/\\])*/""", re.DOTALL
)
_FIELD: Final = re.compile(r"(?<![\w\\.:@/-])([A-Za-z_][\w.]*):|\bfield=[\"']?(\w+)")
_ESCAPED: Final = re.compile(r"\\.", re.DOTALL)
# Those of OpenSearch itself or CloudSearch, and what OpenSearch keeps of a field beside it.
_OF_THE_DOMAIN: Final = re.compile(r"_\w+|\w+\.(?:ip|exact)")


def unknown_field(query: str) -> str | None:
    """Say which field a query names that is not there; None if it names none. OpenSearch finds nothing then."""
    for found in _FIELD.finditer(_VALUE.sub("''", query)):
        name = found[1] or found[2]
        if not _OF_THE_DOMAIN.fullmatch(name):
            try:
                require_field(name)
            except FieldUnknown as error:
                return str(error)
    return None


def missing_quote(query: str, quote: str) -> str | None:
    """Say that a query has a quote too many or too few; None if it has not."""
    return f"A quote ({quote}) is missing" if _ESCAPED.sub("", query).count(quote) % 2 else None

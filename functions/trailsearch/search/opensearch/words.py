r"""Words beside each other, in Lucene's query syntax.

OpenSearch takes ``alice DeleteTrail`` for one text, and with ``"type": "phrase"``, which a name that is taken apart
needs, for a phrase: an event with both words, but not side by side, is not found. With ``AND`` between them they are
two.
"""

import re

_TOKEN = re.compile(
    r"""(?P<other>"(?:\\.|[^"\\])*"?     # a phrase
      | /(?:\\.|[^/\\])*/?               # a regular expression
      | [\[{][^\]}]*[\]}]?               # a range
      | [()])
    | (?P<space>\s+)
    | (?P<word>(?:\\.|[^\s"/\[\]{}()\\])+|.)""",
    re.VERBOSE | re.DOTALL,
)
_OPERATORS = frozenset({"AND", "OR", "NOT", "&&", "||", "!", "+", "-"})


def with_and_between(query: str) -> str:
    """Write ``AND`` between words that have nothing but space between them, which is what it means."""
    written: list[str] = []
    before = space = ""
    for token in _TOKEN.finditer(query):
        match token.lastgroup:
            case "space":
                space = token[0]
            case "word" if before and space and token[0] not in _OPERATORS:
                written += [f"{space}AND ", token[0]]
                before, space = _if_whole(token[0]), ""
            case group:
                written += [space, token[0]]
                before, space = _if_whole(token[0]) if group == "word" else "", ""
    return "".join([*written, space])


def _if_whole(word: str) -> str:
    """Give a word unless something has to follow it: an operator, or a field's name without a value yet."""
    return "" if word in _OPERATORS or word.endswith(":") else word

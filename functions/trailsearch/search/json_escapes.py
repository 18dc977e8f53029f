"""Characters that a search domain does not take, as JSON could have written them."""

import re


def json_escape(match: re.Match[str]) -> str:
    r"""Give the text of a character's JSON escape, for ``re.sub``: ``\u0000``; ``\ud83d\ude00`` for an emoji."""
    units = match[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))

"""Tables in Markdown."""

import re
from collections.abc import Iterable, Sequence

# What GitHub would read as markup within the text of a cell. Backticks stay: they mean the same in Makefiles and here.
_MARKUP = re.compile(r"[\\|*<>]|(?<!\w)_|_(?!\w)|\](?=[(\[])")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Give a table; cells are Markdown already."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def escaped(text: str) -> str:
    """Give plain text as Markdown that shows just that."""
    return _MARKUP.sub(r"\\\g<0>", text)


def code(text: str) -> str:
    """Give text as code that may stand in a cell."""
    return f"`{text.replace('|', chr(92) + '|')}`"

"""What the operator's commands print, and how: text from outside is shown, and does nothing to a terminal.

Keys, user agents, error messages and queue messages are written by anybody, and what moves a cursor, renames a window or
turns the order of characters about can hide what was done. Whatever a command prints goes through here.
"""

import codecs
import io
import re
import sys
from collections.abc import Iterable
from typing import Any
from unicodedata import category

import click
import rich.console
from rich.cells import cell_len
from rich.columns import Columns
from rich.measure import Measurement
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Column, Table
from rich.text import Text

from trailsearch.search.json_escapes import json_escape

_WIDTH_OF_A_FILE = 120
# A terminal that has fewer columns than this is no place for a table that does not fit into it as it is: one of five
# columns would have words broken into single letters.
_NARROW = 80
# More than any table has, so that it is measured as wide as it would be without an end of the line.
_NO_END = 10_000
# What goes before the first line of a row has no more cells: a mark, as ✓.
_CELLS_OF_A_MARK = 2
_NOT_PLAIN_ASCII = re.compile(r"[^\x20-\x7e]")
# Control characters (C0, DEL and C1), format characters (those of bidirectional text, and what is invisible), lone
# surrogates, and separators of lines and paragraphs: https://www.unicode.org/reports/tr44/#General_Category_Values.
_DOES_SOMETHING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_REPLACEMENT = "\ufffd"
# What stands for our own signs where an encoding has none of them; all else becomes a question mark.
_PLAIN = {
    "✓": "+",
    "✗": "x",
    "…": "...",
    "–": "-",
    "—": "-",
    "×": "x",
    "→": "->",
    "≥": ">=",
    "≤": "<=",
    "␊": " ",
    "█": "#",
}
_DEGRADED, _AS_JSON = "trailsearch.degraded", "trailsearch.as_json"
_PICTURES = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}


class CommandFailed(click.ClickException):
    """A command cannot do what it is for; says why."""

    def format_message(self) -> str:
        """Give what is printed after "Error:"."""
        return printable(self.message)


class Console(rich.console.Console):
    """A console that prints no character which does something to a terminal, but for its own styles and line breaks.

    Where it is narrow, what stands side by side is stacked: a table that does not fit is a block of lines for each row.
    """

    def render(
        self, renderable: rich.console.RenderableType, options: rich.console.ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render anything: all of it becomes strings or ``Text`` in here, before it is broken into lines."""
        if isinstance(renderable, Text) and (plain := printable(renderable.plain)) != renderable.plain:
            renderable = renderable.copy()
            renderable.plain = plain
        elif self.width < _NARROW:
            options = options or self.options
            if isinstance(renderable, Columns):
                renderable = rich.console.Group(*renderable.renderables)
            elif isinstance(renderable, Table) and not self._has_room_for(renderable, options):
                renderable = rich.console.Group(*_stacked(renderable, self))
        return super().render(renderable, options)

    def _has_room_for(self, table: Table, options: rich.console.ConsoleOptions) -> bool:
        needed = Measurement.get(self, options.update_width(_NO_END), table).maximum
        return needed <= options.max_width

    def render_str(self, text: str, **options: Any) -> Text:
        """Make a ``Text`` of a string."""
        return super().render_str(printable(text), **options)


def _stacked(table: Table, console: Console) -> Iterable[rich.console.RenderableType]:
    """Give the rows of a table below each other, each cell on a line of its own after the head of its column."""
    if table.title:
        yield table.title
    for number, row in enumerate(table.rows):
        mark, indentation = Text(), 0
        for column in table.columns:
            cell = list(column.cells)[number]
            if isinstance(cell, str):
                cell = console.render_str(cell, highlight=False)
            if isinstance(cell, Text):
                if not cell.plain.strip():
                    continue
                line = _headed(column, cell, console)
                if not indentation and line is cell and cell_len(cell.plain) <= _CELLS_OF_A_MARK:
                    mark = Text.assemble(mark, cell, " ")
                    continue
                cell = Text.assemble(mark, line, style=row.style or "", overflow="fold")
                mark = Text()
            yield Padding(cell, (0, 0, 0, indentation))
            indentation = 2
    if table.caption:
        yield table.caption
    yield ""


def _headed(column: Column, cell: Text, console: Console) -> Text:
    """Put the head of its column before a cell; a column without one leaves the cell as it is."""
    head = (
        console.render_str(column.header, highlight=False)
        if isinstance(column.header, str)
        else column.header
    )
    if column.style:
        cell.stylize_before(column.style)
    if not isinstance(head, Text) or not head.plain:
        return cell
    return Text.assemble(head, ": ", cell)


def make_console() -> Console:
    """Make a console as wide as the terminal, or wide enough for tables where the output goes elsewhere."""
    return Console(width=None if sys.stdout.isatty() else _WIDTH_OF_A_FILE)


def say(text: str, *, err: bool = False) -> None:
    """Print text without tables and styles, to the standard output or error."""
    # Named outright: click writes UTF-8 where a stream is ASCII.
    click.echo(printable(text), file=sys.stderr if err else sys.stdout)


def say_json(text: str) -> None:
    """Print JSON, which says the same in every encoding: characters that this one lacks are escaped."""
    encoding = sys.stdout.encoding or "utf-8"
    say(text.encode(encoding, _AS_JSON).decode(encoding))


def degrade_output() -> None:
    """Let the standard output and error replace what their encoding lacks: a locale is no reason to fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_DEGRADED)


def _degrade(error: UnicodeError) -> tuple[str, int]:
    lacking, end = _lacking(error)
    return "".join(_PLAIN.get(character, "?") for character in lacking), end


def _escape(error: UnicodeError) -> tuple[str, int]:
    lacking, end = _lacking(error)
    return "".join(json_escape(match) for match in re.finditer(".", lacking, re.DOTALL)), end


def _lacking(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return error.object[error.start : error.end], error.end


codecs.register_error(_DEGRADED, _degrade)
codecs.register_error(_AS_JSON, _escape)


def printable(text: str) -> str:
    """Replace each character that does something to a terminal by one that shows that it was there; line breaks stay.

    Control characters of ASCII become their pictures (ESC is ``␛``), all others ``�``.
    """
    return _NOT_PLAIN_ASCII.sub(_shown, text)


def outside(text: str, style: str = "") -> Text:
    """Give text from outside for a place in a line: nothing in it does anything to a terminal, line breaks neither."""
    return Text(printable(text).replace("\n", _PICTURES[ord("\n")]), style)


def printable_json(text: str) -> str:
    """Write JSON with escapes in place of the characters that do something to a terminal: it says the same.

    White space between its tokens, if any, is spaces and line breaks.
    """
    return _NOT_PLAIN_ASCII.sub(_escaped, text)


def _shown(match: re.Match[str]) -> str:
    character = match[0]
    if character == "\n" or category(character) not in _DOES_SOMETHING:
        return character
    return _PICTURES.get(ord(character), _REPLACEMENT)


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    if character == "\n" or category(character) not in _DOES_SOMETHING:
        return character
    return json_escape(match)

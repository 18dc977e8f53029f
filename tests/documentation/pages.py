"""The pages of the documentation, read as GitHub shows them."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.conftest import REPOSITORY

READMES = tuple(
    REPOSITORY / folder / "README.md" for folder in ("", "terraform", "statemachine", "functions", "tests")
)
TOP, TERRAFORM, STATEMACHINE, FUNCTIONS, TESTS = READMES
PAGES = (*READMES, REPOSITORY / "CHANGELOG.md")

# https://docs.github.com/en/get-started/writing-on-github/getting-started-with-writing-and-formatting-on-github/basic-writing-and-formatting-syntax#section-links
_NOT_IN_ANCHORS = re.compile(r"[^\w\- ]")


class Fence(NamedTuple):
    """A fenced block: the language after the fence, what is in it, and the number of its first line."""

    language: str
    text: str
    line: int


@cache
def read(page: Path) -> str:
    """Give the text of a page."""
    return page.read_text(encoding="utf-8")


def name(page: Path) -> str:
    """Give the path of a page in the repository."""
    return str(page.relative_to(REPOSITORY))


def anchors(text: str) -> set[str]:
    """Give the anchors that the headings of a page have."""
    seen: Counter[str] = Counter()
    found = set()
    tokens = _parse(text)
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            anchor = _NOT_IN_ANCHORS.sub("", _plain(inline).lower()).replace(" ", "-")
            found.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
            seen[anchor] += 1
    return found


def links(text: str) -> Iterator[str]:
    """Give where the links and pictures of a page lead."""
    for token in _inline(text):
        if token.type == "link_open":
            yield str(token.attrs["href"])
        elif token.type == "image":
            yield str(token.attrs["src"])


def code_spans(text: str) -> Iterator[str]:
    """Give what stands in backticks within a page's text."""
    return (span for span, _ in code_spans_by_column(text))


def code_spans_by_column(text: str) -> Iterator[tuple[str, str]]:
    """Give what stands in backticks within a page's text, each with the head of its column; "" outside of tables."""
    heads: list[str] = []
    column, in_head = 0, False
    for token in _parse(text):
        match token.type:
            case "table_open" | "table_close":
                heads = []
            case "thead_open" | "thead_close":
                in_head = token.type == "thead_open"
            case "tr_open":
                column = 0
            case "th_close" | "td_close":
                column += 1
            case "inline":
                head = heads[column] if column < len(heads) else ""
                yield from (
                    (child.content, head) for child in token.children or () if child.type == "code_inline"
                )
                if in_head:
                    heads.append(_plain(token))


def fences(text: str) -> Iterator[Fence]:
    """Give the fenced blocks of a page."""
    for token in _parse(text):
        if token.type == "fence" and token.map:
            yield Fence(token.info.strip(), token.content, token.map[0] + 1)


def unclosed_fences(text: str) -> list[int]:
    """Give the lines of fences that nothing closes: GitHub shows the rest of the page as code."""
    lines = text.splitlines()
    return [
        token.map[0] + 1
        for token in _parse(text)
        if token.type == "fence" and token.map and lines[token.map[1] - 1].strip() != token.markup
    ]


def passages(text: str) -> Iterator[str]:
    """Give the sentences, table rows and lines of code of a page, without what only lays them out."""
    cells: list[str] = []
    in_row = False
    for token in _parse(text):
        if token.type == "tr_open":
            cells, in_row = [], True
        elif token.type == "tr_close":
            in_row = False
            yield " | ".join(cells)
        elif token.type == "fence":
            yield from (line.strip() for line in token.content.splitlines())
        elif token.type == "inline" and in_row:
            cells.append(_plain(token))
        elif token.type == "inline":
            yield from re.split(r"(?<=[.:;!?])\s+", _plain(token))


def _inline(text: str) -> Iterator[Token]:
    for token in _parse(text):
        yield from token.children or ()


def _plain(inline: Token) -> str:
    shown = {"softbreak": " ", "hardbreak": " "}
    return "".join(shown.get(token.type, token.content) for token in inline.children or ())


@cache
def _parse(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(text)

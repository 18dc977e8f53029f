"""The generated parts of the pages: each stands between two comments, ``generated: NAME`` and ``end: NAME``."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

_BLOCK = re.compile(
    r"(?P<begin><!-- generated: (?P<name>[a-z-]+) -->\n)(?P<body>.*?)(?P<end><!-- end: (?P=name) -->)",
    re.DOTALL,
)
_MARKER = re.compile(r"<!-- (?:generated|end): ")

Generator = Callable[[], str]


class Block(NamedTuple):
    """A generated part of a page, as it stands there."""

    name: str
    body: str


class BrokenMarker(ValueError):
    """A comment that begins or ends a generated part has no counterpart."""


def find(text: str) -> Iterator[Block]:
    """Give the generated parts of a page.

    Raises:
        BrokenMarker: a marker has no counterpart.
    """
    _check(text)
    return (Block(match["name"], match["body"]) for match in _BLOCK.finditer(text))


def write(text: str, generators: Mapping[str, Generator]) -> str:
    """Write all parts of a page anew that there is a generator for.

    Raises:
        BrokenMarker: a marker has no counterpart.
    """
    _check(text)

    def anew(match: re.Match[str]) -> str:
        generator = generators.get(match["name"])
        return f"{match['begin']}{body(generator())}{match['end']}" if generator else match[0]

    return _BLOCK.sub(anew, text)


def body(generated: str) -> str:
    """Give what a generator gives as it stands in a page: Markdown wants an empty line between it and a comment."""
    return f"\n{generated.strip()}\n\n"


def without(text: str) -> str:
    """Give a page without its generated parts."""
    _check(text)
    return _BLOCK.sub("", text)


def _check(text: str) -> None:
    if _MARKER.search(_BLOCK.sub("", text)):
        raise BrokenMarker("A marker of a generated part has no counterpart")
    for match in _BLOCK.finditer(text):
        if _MARKER.search(match["body"]):
            raise BrokenMarker(f"The generated part {match['name']} has a marker within")

"""The pages and the Makefile name the same targets."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.documentation import blocks, pages
from tests.documentation.make_targets import targets

NAMED = re.compile(r"(?:^|[\s(;&|])make ([a-z][a-z-]*)")


def named(text: str) -> Iterator[str]:
    """The targets that are named in backticks and in blocks of code."""
    for code in (*pages.code_spans(text), *(fence.text for fence in pages.fences(text))):
        yield from NAMED.findall(code)


@pytest.mark.parametrize("page", pages.PAGES, ids=pages.name)
def test_every_target_that_is_named_is_there(page: Path) -> None:
    assert set(named(pages.read(page))) <= set(targets())


def test_every_target_is_told_of_by_hand_too() -> None:
    """A line in a table of all targets does not say when one needs it."""
    told = {target for page in pages.READMES for target in named(blocks.without(pages.read(page)))}
    assert set(targets()) - told == set()


def test_the_targets_are_those_that_make_lists() -> None:
    listed = subprocess.run(
        ["make", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert [line.split()[1] for line in listed] == list(targets())

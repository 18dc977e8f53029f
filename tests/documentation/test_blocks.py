"""Generated parts of the pages are current, and made as they should be."""

from pathlib import Path

import pytest

from tests.documentation import blocks, pages
from tests.documentation.generators import GENERATORS

PAGE = (
    "Before.\n<!-- generated: a -->\nold\n<!-- end: a -->\nBetween.\n<!-- generated: b -->\n<!-- end: b -->\n"
)


@pytest.mark.parametrize("page", pages.PAGES, ids=pages.name)
def test_every_generated_part_is_current(page: Path) -> None:
    stale = [
        block.name
        for block in blocks.find(pages.read(page))
        if block.body != blocks.body(GENERATORS[block.name]())
    ]
    assert stale == [], f"{pages.name(page)} has parts that are not current: run make docs"


def test_every_generated_part_stands_in_one_page_once() -> None:
    names = sorted(block.name for page in pages.PAGES for block in blocks.find(pages.read(page)))
    assert names == sorted(GENERATORS)


def test_only_generated_parts_are_written_anew() -> None:
    written = blocks.write(PAGE, {"a": lambda: "new\n"})
    assert written == PAGE.replace("\nold\n", "\n\nnew\n\n")
    assert blocks.write(written, {"a": lambda: "new\n"}) == written
    assert blocks.without(written) == "Before.\n\nBetween.\n\n"


@pytest.mark.parametrize(
    "page",
    [
        "<!-- generated: a -->\n",
        "<!-- end: a -->\n",
        "<!-- generated: a -->\n<!-- end: b -->\n",
        "<!-- generated: a -->\n<!-- generated: b -->\n<!-- end: b -->\n<!-- end: a -->\n",
    ],
)
def test_a_marker_without_its_counterpart_is_an_error(page: str) -> None:
    with pytest.raises(blocks.BrokenMarker):
        blocks.find(page)
    with pytest.raises(blocks.BrokenMarker):
        blocks.write(page, {})

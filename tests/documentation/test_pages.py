"""How the pages are laid out: short where one begins, closed where a block ends, and nothing said twice."""

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.documentation import blocks, pages

FIRST_PAGE_LINES = 200
# A whole sentence, table row or line of code of so many words, and a part of one, is a text; what is shorter is a phrase.
WHOLE_WORDS, PART_WORDS = 4, 10


def texts_of(passage: str) -> set[tuple[str, ...]]:
    """Give the texts that a passage has: itself, or if it is long, every run of words in it."""
    words = re.findall(r"\w+", passage.lower())
    if WHOLE_WORDS <= len(words) < PART_WORDS:
        return {tuple(words)}
    return {tuple(words[at : at + PART_WORDS]) for at in range(len(words) - PART_WORDS + 1)}


def said_twice(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """Give every text that stands in more than one place, and where.

    What is generated is made of what stands elsewhere, and may be alike; what is written by hand may repeat none of it.
    """
    by_hand, generated = defaultdict(list), defaultdict(list)
    for page, text in texts.items():
        for passage in pages.passages(blocks.without(text)):
            for run in texts_of(passage):
                by_hand[run].append(page)
        for block in blocks.find(text):
            for passage in pages.passages(block.body):
                for run in texts_of(passage):
                    generated[run].append(page)
    places = {run: [*pages_by_hand, *generated.get(run, [])] for run, pages_by_hand in by_hand.items()}
    return {" ".join(run): where for run, where in places.items() if len(where) > 1}


def test_no_text_stands_in_two_places() -> None:
    assert said_twice({pages.name(page): pages.read(page) for page in pages.READMES}) == {}


def test_a_text_that_stands_in_two_places_is_found() -> None:
    short, row = "This one is whole.", "| one two | three | four |"
    long = "Within a long sentence, one run of just ten words of it is enough."
    texts = {
        "a": f"{short} Not this. {long}\n\n{row}\n|---|---|---|\n",
        "b": f"Not this. {short.replace(' one', chr(10) + 'one')}\n",
        "c": f"Other.\n\n{row}\n|---|---|---|\n",
        "d": "Here one run of just ten words of it is enough.\n",
        "e": f"<!-- generated: e -->\n\n{short}\n\n{short}\n\n<!-- end: e -->\n",
    }
    assert said_twice(texts) == {
        "this one is whole": ["a", "b", "e", "e"],
        "one two three four": ["a", "c"],
        "one run of just ten words of it is enough": ["a", "d"],
    }
    assert said_twice({"e": texts["e"]}) == {}


def test_the_first_page_is_short() -> None:
    assert len(pages.read(pages.TOP).splitlines()) <= FIRST_PAGE_LINES


@pytest.mark.parametrize("page", pages.PAGES, ids=pages.name)
def test_every_fenced_block_is_closed(page: Path) -> None:
    assert pages.unclosed_fences(pages.read(page)) == []


def test_an_open_fenced_block_is_found() -> None:
    assert pages.unclosed_fences("```\na\n```\n\n1. x\n\n   ```sh\n   b\n   ```\n\n```sh\nc\n") == [11]


@pytest.mark.parametrize("page", pages.READMES, ids=pages.name)
def test_no_example_is_left_to_be_filled_in(page: Path) -> None:
    """A block that holds nothing but a name in capitals is a place for text that never came."""
    text = pages.read(page)
    assert [
        fence for fence in pages.fences(text) if fence.text.strip().isupper() and fence.text.strip().isalpha()
    ] == []
    assert "@@" not in text

"""No link is broken, and what looks like a path of the repository is one."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.documentation import pages

# What stands for something else, as s3://…, <env>.tfvars and package.module do, is none.
PATH = re.compile(r"[\w.-]+(/[\w.-]+)*/?")
ENDING = re.compile(r"/$|\w\.(py|tf|hcl|tfvars|tfbackend|json|md|toml|mjs|svg|txt|in)$")


def tracked() -> set[str]:
    """Every file and folder that is under version control or new; what make builds is neither."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    files = {Path(line) for line in listed}
    return {str(path) for file in files for path in (file, *file.parents)}


def paths_in(text: str, folders: set[str]) -> Iterator[str]:
    """What stands in backticks and looks like a path: by its ending, or by the folder that it begins with."""
    for span in pages.code_spans(text):
        first, slash, _ = span.partition("/")
        if PATH.fullmatch(span) and (ENDING.search(span) or (slash and first in folders)):
            yield span


def broken(page: Path, text: str) -> list[str]:
    """The links of a page that lead nowhere."""
    found = []
    for link in pages.links(text):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        file = (page.parent / target).resolve() if target else page
        linked = text if file == page else pages.read(file) if anchor and file.is_file() else ""
        if not file.exists() or (anchor and anchor not in pages.anchors(linked)):
            found.append(link)
    return found


@pytest.mark.parametrize("page", pages.PAGES, ids=pages.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken(page, pages.read(page)) == []


def test_a_broken_link_is_found() -> None:
    page = pages.TOP
    text = "# A b-c!\n[x](#a-b-c) [x](terraform/README.md#no) [x](no.md) [x](https://a.b) [x](#a-b) ![x](tests/no.svg)\n"
    assert broken(page, text) == ["terraform/README.md#no", "no.md", "#a-b", "tests/no.svg"]


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Every state", "every-state"),
        ("Which logs?", "which-logs"),
        ("`raw`, and _all_ of it", "raw-and-all-of-it"),
        ("What it is: a b-c", "what-it-is-a-b-c"),
        ("[Linked](x.md) text", "linked-text"),
        ("Größe & Maß", "größe--maß"),
    ],
)
def test_anchors_are_those_of_github(heading: str, anchor: str) -> None:
    assert pages.anchors(f"## {heading}\n") == {anchor}


def test_headings_that_are_there_twice_are_numbered() -> None:
    assert pages.anchors("# A\n# A\n## A\n") == {"a", "a-1", "a-2"}


def test_every_page_is_linked_from_the_first() -> None:
    links = {link.partition("#")[0] for link in pages.links(pages.read(pages.TOP))}
    assert {pages.name(page) for page in pages.PAGES[1:]} <= links


@pytest.mark.parametrize("page", pages.PAGES, ids=pages.name)
def test_every_path_is_there(page: Path) -> None:
    """From the folder of the page or from the top."""
    known = tracked()
    folder = page.parent.relative_to(REPOSITORY)
    wrong = [
        path
        for path in paths_in(pages.read(page), known)
        if path.rstrip("/") not in known and str(folder / path.rstrip("/")) not in known
    ]
    assert wrong == []

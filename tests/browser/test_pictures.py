"""The pictures in the documentation are of the page that there is."""

import io

import pytest
from PIL import Image
from playwright.sync_api import Browser

from tests.browser.conftest import Served
from tests.browser.pictures import FOLDER, MADE_OF, PICTURES, made_of, take
from tests.browser.server import InMemory
from tests.conftest import REPOSITORY

LARGEST_BYTES = 150_000


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_of_todays_page_small_and_shown(name: str) -> None:
    path = FOLDER / name
    with Image.open(path) as image:
        assert image.info[MADE_OF] == made_of(), "make pictures"
    assert path.stat().st_size <= LARGEST_BYTES
    pages = [REPOSITORY / "README.md", *REPOSITORY.glob("*/README.md")]
    shown = f"{path.relative_to(REPOSITORY).as_posix()})"
    assert any(shown in page.read_text(encoding="utf-8").replace("../", "") for page in pages)


def test_there_is_no_other_picture() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {*PICTURES}


def test_a_picture_is_made_anew(browser: Browser, served: Served, behind: InMemory) -> None:
    name = "record.png"
    with Image.open(io.BytesIO(take(browser, served.address, PICTURES[name]))) as image:
        with Image.open(FOLDER / name) as before:
            assert image.size == before.size
        assert image.info[MADE_OF] == made_of()

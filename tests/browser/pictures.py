"""The pictures of the page in the documentation: ``make pictures`` makes them anew, from the story of the tests."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from PIL import Image, PngImagePlugin
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from tests.browser.chromium import ARGUMENTS, chromium
from tests.browser.server import STATIC, TOKEN, InMemory, serving
from tests.browser.story import NOW, story_events
from tests.browser.views import THIEF, address, having
from trailsearch.page import api

FOLDER: Final = Path(__file__).parent / "pictures"
MADE_OF: Final = "made-of"
"""What a picture says of the page that it shows: the hash of all its files."""
_COLOURS = 256


class Picture(NamedTuple):
    """A view, and what is done before it is taken."""

    view: str
    scheme: str
    then: Callable[[Page], None]


def _open_the_end(page: Page) -> None:
    page.locator("tbody tr", has_text="StopLogging").first.click()
    expect(page.locator(".record .json")).to_be_visible()
    page.mouse.move(0, 0)


def _read_a_bar(page: Page) -> None:
    page.locator(".histogram .bar").nth(12).hover()


PICTURES: Final = {
    "search.png": Picture(address(since="-24h"), "light", _read_a_bar),
    "record.png": Picture(address(having("source_ip_address", THIEF), q="kali"), "dark", _open_the_end),
}


def made_of() -> str:
    """Give the hash of all files of the page."""
    digest = hashlib.sha256()
    for path in sorted(each for each in STATIC.rglob("*") if each.is_file()):
        digest.update(path.relative_to(STATIC).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def take(browser: Browser, server: str, picture: Picture) -> bytes:
    """Take a picture as a PNG of few colours, which says what it was made of."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 760}, color_scheme="dark" if picture.scheme == "dark" else "light"
    )
    page = context.new_page()
    # What a machine takes to answer is in every picture the same.
    page.route("**/api/search?*", _in_no_time)
    page.goto(f"{server}/?token={TOKEN}&{picture.view.removeprefix('?')}")
    page.wait_for_load_state("networkidle")
    expect(page.locator(".stale")).to_have_count(0)
    picture.then(page)
    taken = page.screenshot()
    context.close()
    image = Image.open(io.BytesIO(taken)).convert("RGB").quantize(_COLOURS)
    said = PngImagePlugin.PngInfo()
    said.add_text(MADE_OF, made_of())
    written = io.BytesIO()
    image.save(written, "PNG", optimize=True, pnginfo=said)
    return written.getvalue()


def _in_no_time(route: Route) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, json={**answer.json(), "seconds": 0.04})


def main() -> None:
    """Make all pictures."""
    api._now = lambda: NOW
    FOLDER.mkdir(exist_ok=True)
    with serving(InMemory(story_events())) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*ARGUMENTS])
        for name, picture in PICTURES.items():
            (FOLDER / name).write_bytes(take(browser, server, picture))
        browser.close()


if __name__ == "__main__":
    main()

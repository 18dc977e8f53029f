"""One browser and one server for all tests of the page; a window of its own for each."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from tests.browser.chromium import ARGUMENTS, NoChromium, chromium
from tests.browser.server import TOKEN, InMemory, serving
from tests.browser.story import NOW, story_events
from trailsearch.page import api

Open = Callable[..., Page]
_WAIT_MS = 10_000


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium; without one the test is skipped."""
    try:
        path = chromium()
    except NoChromium as error:
        pytest.skip(str(error))
    expect.set_options(timeout=_WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS])
        yield browser
        browser.close()


class Served(NamedTuple):
    """The environment behind a running server, the server's address, and what it was asked for."""

    behind: InMemory
    address: str


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The server with the story, at the end of the story's day; what is saved goes into a folder of its own."""
    home = tmp_path_factory.mktemp("home")
    behind = InMemory(story_events())
    with pytest.MonkeyPatch.context() as patched, serving(behind) as address:
        patched.setattr(api, "_now", lambda: NOW)
        patched.setenv("HOME", str(home))
        patched.setenv("XDG_CONFIG_HOME", str(home))
        yield Served(behind, address)


@pytest.fixture
def behind(served: Served) -> InMemory:
    """The environment behind the server, with nothing that another test has set."""
    served.behind.reset()
    return served.behind


@pytest.fixture
def open_page(browser: Browser, served: Served, behind: InMemory) -> Iterator[Open]:
    """Opens the page in a new window, by a link with the token: ``open_page("?q=kali", width=375)``.

    At the end no window may have asked anybody but the page's server, or have had an error.
    """
    address = served.address
    contexts = []
    strangers: list[str] = []
    errors: list[str] = []

    def note_request(request: Request) -> None:
        if not request.url.startswith((f"{address}/", "data:", "blob:")):
            strangers.append(request.url)

    def note_message(message: ConsoleMessage) -> None:
        # An answer that is an error is what some tests are about, and the page says it.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            errors.append(message.text)

    def open_page(
        view: str = "?page=search", *, width: int = 1280, height: int = 860, **options: Any
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            **{"timezone_id": "Europe/Zurich", "color_scheme": "light", **options},
        )
        contexts.append(context)
        context.set_default_timeout(_WAIT_MS)
        page = context.new_page()
        page.on("request", note_request)
        page.on("console", note_message)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{address}/?token={TOKEN}&{view.removeprefix('?')}".removesuffix("&"))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert strangers == [], "the page asked somebody else"
    assert errors == []

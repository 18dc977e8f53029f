"""What holds for every part of the page: what it looks like, who can use it, and what attackers write into it."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Open, Served
from tests.browser.server import TOKEN
from tests.browser.story import ATTACK
from tests.browser.views import THIEF, address, having
from tests.conftest import REPOSITORY

AXE = REPOSITORY / "node_modules" / "axe-core" / "axe.min.js"
ATTACKED = "0a7ac4ed-0000-4000-8000-000000000001"
RECORD = f"{address(having('source_ip_address', THIEF), q='kali')}&event=072a630e-cad9-41df-ac0f-748e3ff38c02"
VIEWS = {
    "search": "?since=-24h",
    "record": f"?q=listbuckets&event={ATTACKED}",
    "nothing": "?q=nothing-has-this",
    "question": "?page=questions&question=trail-tampering",
    "status": "?page=status",
    "dead letters": "?page=dead-letters",
}


def settled(page: Page) -> None:
    """Wait until all that was asked for is shown."""
    page.wait_for_load_state("networkidle")
    expect(page.locator(".stale")).to_have_count(0)


def found_by_axe(page: Page) -> list[str]:
    """Give what axe-core says is serious, or worse."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    result: Mapping[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{each['impact']} {each['id']}: {[node['html'] for node in each['nodes']]}"
        for each in result["violations"]
        if each["impact"] in {"serious", "critical"}
    ]


@pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: make setup")
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (375, "dark")])
def test_axe_finds_nothing_serious(open_page: Open, width: int, scheme: str) -> None:
    page = open_page(VIEWS["search"], width=width, color_scheme=scheme, reduced_motion="reduce")
    for view in VIEWS.values():
        page.goto(f"{page.url.partition('?')[0]}{view}")
        settled(page)
        assert found_by_axe(page) == [], view
    page.goto(f"{page.url.partition('?')[0]}{VIEWS['search']}")
    settled(page)
    for name in ("Questions", "Last 24 hours", "Columns", "Export", "Save", "Keys"):
        page.get_by_role("button", name=name, exact=name in {"Save", "Keys"}).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert found_by_axe(page) == [], name
        page.keyboard.press("Escape")


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_nothing_is_wider_than_a_telephone(open_page: Open, view: str) -> None:
    page = open_page(view, width=375, height=800)
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    cut = page.evaluate(
        """[...document.querySelectorAll("main button, main a, main p, main td")]
            .filter((each) => each.checkVisibility() && !each.closest(".scroll, .skip"))
            .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
            .map((each) => each.outerHTML)"""
    )
    assert cut == []


def brightness(colour: str) -> int:
    """Sum up the parts of `rgb(20, 24, 29)`."""
    return sum(map(int, colour.removeprefix("rgb(").removesuffix(")").split(",")))


def test_colours_are_the_systems_until_others_are_chosen(open_page: Open) -> None:
    page = open_page(color_scheme="dark")
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    dark = page.evaluate(paper)
    page.get_by_role("button", name="Use light colours").click()
    light = page.evaluate(paper)
    assert brightness(light) > 600
    assert brightness(dark) < 200
    page.reload()
    expect(page.get_by_role("button", name="Use dark colours")).to_be_visible()
    assert page.evaluate(paper) == light
    page.emulate_media(color_scheme="light")
    page.get_by_role("button", name="Use dark colours").click()
    assert page.evaluate(paper) == dark


def test_what_attackers_write_is_text_wherever_it_is_shown(open_page: Open) -> None:
    columns = "event_time,actor,user_agent,error_message,resource_names"
    facets = "actor,user_agent_exact,resource_names"
    attacked = having("user_agent_exact", ATTACK)
    page = open_page(address(attacked, columns=columns, facets=facets, q="img", event=ATTACKED))
    settled(page)
    for shown in (".chips", ".facets", "tbody", ".excerpts", ".record-head", ".pivots", ".json"):
        assert "<img src=x onerror=" in (page.locator(shown).first.text_content() or ""), shown
    page.get_by_role("combobox", name="Search").press_sequentially("user_agent_exact:<")
    expect(page.get_by_role("listbox").get_by_role("option")).to_contain_text("<img src=x")
    page.go_back()
    assert page.locator("img, main script, iframe, object").count() == 0
    assert "owned" not in page.title().replace(ATTACK, "")


def test_a_script_in_an_address_is_text(open_page: Open) -> None:
    page = open_page(
        address(q=ATTACK, event=ATTACK, columns=ATTACK, facets=ATTACK, zone=ATTACK, sort="event_time desc")
    )
    settled(page)
    expect(page.get_by_role("alert")).to_contain_text("There is no event <img src=x")
    assert page.locator("img, main script").count() == 0


@pytest.mark.parametrize(
    "view",
    [
        "?filter=&filter=7&filter=%7B%22fields%22%3A1%7D",
        "?given=7&columns=&facets=",
        "?page=nowhere",
        "?since=&until=",
    ],
)
def test_an_address_that_says_nonsense_shows_everything(open_page: Open, view: str) -> None:
    page = open_page(view)
    expect(page.locator("tbody tr[data-at]").first).to_be_visible()


def test_an_inline_script_does_not_run(browser: Browser, served: Served) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{served.address}/?token={TOKEN}&q=kali")
    settled(page)
    with page.expect_console_message(lambda message: "Content Security Policy" in message.text):
        page.evaluate(
            """() => {
                const image = document.createElement("img");
                image.setAttribute("onerror", "document.title = 'owned'");
                image.src = "data:image/png;base64,AA==";
                document.body.append(image);
            }"""
        )
    assert "owned" not in page.title()
    context.close()


def test_all_that_the_page_loads_is_small(open_page: Open) -> None:
    page = open_page("?page=dead-letters")
    settled(page)
    sizes = json.loads(
        page.evaluate(
            """JSON.stringify(performance.getEntriesByType("resource").filter((each) => !each.name.includes("/api/"))
                .map((each) => each.decodedBodySize))"""
        )
    )
    assert len(sizes) > 20
    assert sum(sizes) < 150_000

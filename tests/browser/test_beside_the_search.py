"""Questions, what is saved and exported, and what operators look at."""

import json
import re
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.conftest import Open, Served
from tests.browser.server import LETTERS, TOKEN, InMemory
from tests.browser.views import THIEF, address, filters, having, said


def test_a_question_is_found_in_the_menu_and_its_answer_leads_on(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("button", name="Questions").click()
    links = page.get_by_role("dialog", name="Questions").get_by_role("link")
    expect(links).to_have_count(25)
    page.keyboard.type("tampered")
    expect(links).to_have_count(1)
    links.click()
    expect(page.get_by_role("heading", name="Has somebody tampered with trails")).to_be_visible()
    assert said(page) == {"page": "questions", "question": "trail-tampering"}
    rows = page.get_by_role("region", name="Events").get_by_role("row")
    expect(rows.filter(has_text="StopLogging")).to_have_count(1)
    rows.filter(has_text="StopLogging").get_by_role("link").click()
    assert filters(page) == [having("actor", "support-readonly")]
    expect(page.get_by_role("complementary", name="Record")).to_contain_text("StopLogging")
    page.go_back()
    expect(page.get_by_role("heading", name="Has somebody tampered with trails")).to_be_visible()


def test_a_question_asks_for_what_it_needs(open_page: Open) -> None:
    page = open_page("?page=questions&question=who-is-behind")
    ask = page.get_by_role("button", name="Ask", exact=True)
    expect(ask).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_label("who").fill("support-readonly")
    ask.click()
    expect(page.get_by_role("heading", name="Who is behind it")).to_be_visible()
    assert json.loads(said(page)["given"]) == {"who": "support-readonly"}
    again = open_page(f"?{page.url.partition('?')[2]}")
    expect(again.get_by_role("cell", name="backup-agent").first).to_be_visible()


def test_a_view_is_saved_as_a_question(open_page: Open) -> None:
    page = open_page(address(having("source_ip_address", THIEF), q="kali"))
    page.get_by_role("button", name="Save", exact=True).click()
    dialog = page.get_by_role("dialog", name="Save as a question")
    dialog.get_by_label("The question").fill("What did the thief do?")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("status")).to_contain_text("questions/what-did-the-thief-do.toml")
    dialog.get_by_role("button", name="Close", exact=True).last.click()
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Questions").click()
    page.get_by_role("link", name="What did the thief do?").click()
    expect(page.get_by_text("21 events, 21 shown.")).to_be_visible()
    page.get_by_role("link", name="All these events in the search").click()
    assert said(page)["q"] == "kali"
    assert filters(page) == [having("source_ip_address", THIEF)]
    page.get_by_role("button", name="Save", exact=True).click()
    dialog.get_by_label("The question").fill("What did the thief do?")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("There is a question what-did-the-thief-do")


def test_all_events_of_a_view_are_downloaded(open_page: Open) -> None:
    page = open_page(address(having("source_ip_address", THIEF)))
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as of_csv:
        page.get_by_role("link", name="All 21 as CSV").click()
    with page.expect_download() as of_json:
        page.get_by_role("link", name="All 21 as JSON").click()
    lines = [
        Path(download.value.path()).read_text(encoding="utf-8").splitlines() for download in (of_csv, of_json)
    ]
    assert [len(each) for each in lines] == [22, 21]
    names = [each.value.suggested_filename for each in (of_csv, of_json)]
    assert [(name[:17], Path(name).suffix) for name in names] == [
        ("trailsearch-local", ".csv"),
        ("trailsearch-local", ".jsonl"),
    ]


def test_the_page_is_for_who_has_opened_its_link(browser: Browser, served: Served) -> None:
    """That the server lets nobody else in is tried beside the server; here, what a person then reads."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{served.address}/")
    expect(page.locator("body")).to_have_text(
        "Open the link that make ui has printed: it lets this browser in."
    )
    page.goto(f"{served.address}/?token={TOKEN}&q=kali")
    expect(page.get_by_role("status")).to_contain_text("21 events")
    assert "token" not in page.url
    context.clear_cookies()
    page.get_by_role("combobox", name="Search").fill("stoplogging")
    page.get_by_role("combobox", name="Search").press("Enter")
    expect(page.get_by_role("alert").first).to_contain_text("Open the link that make ui has printed")
    context.close()


def test_the_status_page_says_what_make_status_says(open_page: Open, behind: InMemory) -> None:
    page = open_page("?page=status")
    expect(page.get_by_role("status")).to_have_text("✓ All is well.")
    expect(page.get_by_role("term").first).to_have_text("Ingest queue")
    behind.problems = ["1 of 11 executions of the last hour failed"]
    page.get_by_role("button", name="Look again").click()
    expect(page.get_by_role("status")).to_contain_text("✗ 1 of 11 executions of the last hour failed")


def test_dead_letters_are_shown_with_their_reasons_and_sent_back_after_a_confirmation(
    open_page: Open, behind: InMemory
) -> None:
    page = open_page()
    page.get_by_role("link", name="Dead letters").click()
    rows = page.get_by_role("region", name="Dead letters").get_by_role("row")
    expect(rows).to_have_count(1 + len(LETTERS))
    expect(rows.nth(1)).to_contain_text("StorageAccessDenied Access Denied to the staged batch")
    page.get_by_label(f"Choose {LETTERS[0]['subject']}").check()
    page.get_by_role("button", name="Redrive 1 chosen").click()
    confirm = page.get_by_role("dialog", name="Redrive")
    confirm.get_by_role("button", name="Cancel").click()
    assert behind.redriven == []
    page.get_by_role("button", name="Redrive 1 chosen").click()
    confirm.get_by_role("button", name="Redrive 1", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("1 sent back to the ingest queue.")
    expect(rows).to_have_count(len(LETTERS))
    page.get_by_role("button", name="Redrive all").click()
    page.keyboard.press("Escape")
    expect(confirm).to_have_count(0)
    page.get_by_role("button", name="Redrive all").click()
    confirm.get_by_role("button", name=re.compile("^Redrive 2")).click()
    expect(page.get_by_text("Nothing waits in the dead-letter queue.")).to_be_visible()
    assert behind.redriven == [("letter-0",), None]

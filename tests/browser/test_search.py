"""A walk through events: what is asked, by pointer and by keyboard, and what is shown."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Open
from tests.browser.domain import EventsInMemory
from tests.browser.server import InMemory
from tests.browser.story import LARGE
from tests.browser.views import THIEF, address, filters, having, said
from trailsearch.search.queries import Answer, Query, SearchDomainUnreachable


def found(page: Page, number: str) -> None:
    """See that so many events are found."""
    expect(page.get_by_role("status").filter(has_text=re.compile(rf"^{number} events?\b"))).to_be_visible()


def rows(page: Page) -> Locator:
    return page.locator("tbody tr[data-at]")


def bar(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Search")


def test_the_first_visit_shows_the_last_day_and_its_address_says_so(open_page: Open) -> None:
    page = open_page("")
    found(page, "3,038")
    assert said(page) == {"since": "-24h"}
    expect(page.get_by_role("button", name="Last 24 hours")).to_be_visible()


def test_words_find_events_with_what_matches_marked(open_page: Open) -> None:
    page = open_page()
    bar(page).fill("kali")
    bar(page).press("Enter")
    found(page, "21")
    assert said(page) == {"q": "kali"}
    expect(page.locator(".excerpts mark").first).to_have_text("kali")


def test_a_field_and_a_value_are_completed_and_become_a_filter(open_page: Open) -> None:
    page = open_page()
    bar(page).press_sequentially("kali act")
    options = page.get_by_role("listbox").get_by_role("option")
    expect(options.first).to_contain_text("actor:")
    bar(page).press("ArrowDown")
    expect(bar(page)).to_have_attribute("aria-activedescendant", "offered-0")
    bar(page).press("Enter")
    bar(page).press_sequentially("support")
    expect(options).to_have_count(1)
    bar(page).press("Tab")
    found(page, "4")
    assert said(page) == {"q": "kali"}
    assert filters(page) == [having("actor", "support-readonly")]
    expect(bar(page)).to_have_value("kali")


def test_a_filter_that_is_typed_is_read_with_its_kinds(open_page: Open) -> None:
    page = open_page()
    bar(page).fill("source_ip_address:198.51.100.224/28 -actor:backup-agent event_name:Stop* error_code:* x")
    bar(page).press("Enter")
    expect(page.get_by_role("list", name="Filters")).to_contain_text("event_name begins with Stop")
    assert filters(page) == [
        {"fields": ["source_ip_address"], "is": "within", "values": ["198.51.100.224/28"], "not": False},
        having("actor", "backup-agent", negated=True),
        {"fields": ["event_name"], "is": "begins", "values": ["Stop"], "not": False},
        {"fields": ["error_code"], "is": "exists", "values": [], "not": False},
    ]
    assert said(page) == {"q": "x"}


def test_a_query_in_the_domains_own_language_stays_as_it_is_typed(open_page: Open) -> None:
    page = open_page()
    page.get_by_label("How the query is written").select_option("native")
    bar(page).press_sequentially("actor:supp")
    page.get_by_role("listbox").get_by_role("option").first.click()
    expect(bar(page)).to_have_value('actor:"support-readonly" ')
    bar(page).press("Enter")
    found(page, "4")
    assert said(page) == {"q": 'actor:"support-readonly"', "syntax": "native"}
    assert filters(page) == []


def test_a_filter_is_turned_round_and_taken_away(open_page: Open) -> None:
    page = open_page(address(having("source_ip_address", THIEF)))
    found(page, "21")
    page.get_by_role("button", name=f"source_ip_address is {THIEF}", exact=True).click()
    found(page, "99,979")
    page.get_by_role("button", name=f"Remove: source_ip_address is not {THIEF}").click()
    found(page, "100,000")


def test_a_range_up_to_now_and_one_between_two_times_are_chosen(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("button", name="All time").click()
    page.get_by_role("button", name="6 hours").click()
    expect(page.get_by_role("button", name="Last 6 hours")).to_be_focused()
    assert said(page) == {"since": "-6h"}
    page.keyboard.press("Enter")
    page.get_by_label("From").fill("2026-11-25 12:00")
    page.get_by_label("Until").fill("25.11.2026")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("25.11.2026 is no time.")
    page.get_by_label("Until").fill("2026-11-25 13:00")
    page.get_by_role("button", name="Show", exact=True).click()
    assert said(page) == {"since": "2026-11-25T12:00:00Z", "until": "2026-11-25T13:00:00Z"}
    expect(page.get_by_role("button", name="2026-11-25 12:00:00 – 13:00:00")).to_be_visible()


def test_times_are_in_utc_or_in_the_browsers_zone(open_page: Open) -> None:
    page = open_page(address(having("event_name", "StopLogging")))
    first = rows(page).first.get_by_role("button")
    expect(first).to_have_text("2026-11-25 12:53:25")
    page.get_by_role("button", name="UTC", exact=True).click()
    expect(first).to_have_text("2026-11-25 13:53:25")
    expect(page.get_by_role("columnheader", name="Time (local)")).to_be_visible()
    assert said(page)["zone"] == "local"
    page.get_by_role("button", name="All time").click()
    expect(page.get_by_role("heading", name="Between, in Europe/Zurich")).to_be_visible()
    page.get_by_label("From").fill("2026-11-25 13:53:25")
    page.get_by_label("Until").fill("2026-11-25 13:53:26")
    page.get_by_role("button", name="Show", exact=True).click()
    found(page, "1")
    assert said(page)["since"] == "2026-11-25T12:53:25Z"


def test_the_histogram_is_pulled_over_with_a_pointer(open_page: Open) -> None:
    page = open_page(address(having("source_ip_address", THIEF)))
    drawn = page.locator(".histogram svg")
    expect(drawn).to_be_visible()
    box = drawn.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 30)
    expect(page.locator(".histogram .said")).to_contain_text("events")
    page.mouse.up()
    found(page, "7")
    assert said(page) == {"since": "2026-11-25T12:14:00Z", "until": "2026-11-25T12:28:00Z"}
    page.go_back()
    found(page, "21")


def test_the_bars_are_read_aloud_and_chosen_with_keys(open_page: Open) -> None:
    page = open_page(address(having("source_ip_address", THIEF)))
    bars = page.get_by_role("group", name="Events over time").get_by_role("button")
    expect(bars.first).to_have_attribute("aria-label", "2026-11-25 12:01 to 12:02: 7 events")
    bars.first.focus()
    page.keyboard.press("ArrowRight")
    expect(bars.nth(1)).to_be_focused()
    expect(bars.nth(1)).to_have_accessible_name("2026-11-25 12:02 to 12:03: 0 events")
    page.keyboard.press("Home")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    found(page, "7")
    assert said(page) == {"since": "2026-11-25T12:01:00Z", "until": "2026-11-25T12:04:00Z"}
    page.get_by_role("button", name="Zoom out").click()
    expect(page.get_by_role("button", name="2026-11-25 11:59:30 – 12:05:30")).to_be_visible()


def test_a_click_on_a_value_asks_for_it_and_one_with_alt_leaves_it_out(open_page: Open) -> None:
    page = open_page(address(having("source_ip_address", THIEF)))
    value = page.locator(".facet", has_text="actor").get_by_role(
        "button", name=re.compile("^backup-agent 17")
    )
    value.click()
    found(page, "17")
    assert filters(page)[1:] == [having("actor", "backup-agent")]
    expect(value).to_have_attribute("aria-pressed", "true")
    value.click()
    found(page, "21")
    value.click(modifiers=["Alt"])
    found(page, "4")
    assert filters(page)[1:] == [having("actor", "backup-agent", negated=True)]


def test_a_value_is_left_out_by_keyboard_and_by_touch(open_page: Open) -> None:
    page = open_page(address(having("source_ip_address", THIEF)), width=375, has_touch=True, is_mobile=True)
    page.get_by_role("heading", name="Fields").tap()
    button = page.get_by_role("button", name="Leave out backup-agent")
    expect(button).to_be_visible()
    button.tap()
    found(page, "4")
    button.focus()
    page.keyboard.press("Enter")
    found(page, "21")


def test_fields_are_opened_and_closed_and_their_values_are_more(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("list", name="Other fields").get_by_role("button", name="mfa").click()
    expect(page.locator(".facet h3", has_text="mfa")).to_be_visible()
    assert said(page)["facets"].endswith(",mfa")
    page.locator(".facet h3").get_by_role("button", name="outcome").click()
    expect(page.locator(".facet h3", has_text="outcome")).to_have_count(0)
    values = page.locator(".facet", has_text="actor").first.locator(".values li")
    expect(values).to_have_count(8)
    page.locator(".facet", has_text="actor").first.get_by_role("button", name="More").click()
    expect(values).to_have_count(50)


def test_columns_are_chosen_and_times_sorted(open_page: Open) -> None:
    page = open_page(address(having("source_ip_address", THIEF)))
    page.get_by_role("button", name="Columns").click()
    page.get_by_label("user_agent", exact=True).check()
    page.get_by_label("aws_region", exact=True).uncheck()
    page.keyboard.press("Escape")
    expect(page.get_by_role("columnheader", name="user_agent")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Region")).to_have_count(0)
    expect(rows(page).first).to_contain_text("aws-cli/2.15.30")
    head = page.get_by_role("columnheader", name="Time")
    expect(head).to_have_attribute("aria-sort", "descending")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(rows(page).first).to_contain_text("GetCallerIdentity")
    assert said(page)["sort"] == "event_time asc"


def test_the_table_goes_on_as_far_as_it_is_scrolled(open_page: Open) -> None:
    page = open_page(height=500)
    expect(rows(page)).to_have_count(50)
    for expected in (100, 150):
        page.mouse.move(700, 400)
        page.mouse.wheel(0, 100_000)
        expect(rows(page)).to_have_count(expected)
    ids = page.evaluate("[...document.querySelectorAll('tr[data-at]')].map((row) => row.dataset.at)")
    assert ids == [str(number) for number in range(150)]


def test_a_record_is_shown_as_it_was_delivered_with_matches_marked(open_page: Open) -> None:
    page = open_page("?q=listbuckets+192.0.2.66")
    rows(page).first.click()
    record = page.get_by_role("complementary", name="Record")
    expect(record.get_by_role("heading")).to_have_text("s3:ListBuckets")
    expect(record.locator(".json mark").first).to_have_text("ListBuckets")
    expect(record.locator(".json")).to_contain_text(str(LARGE))
    assert said(page)["event"] == "0a7ac4ed-0000-4000-8000-000000000001"


def test_each_value_of_a_record_is_a_filter(open_page: Open) -> None:
    page = open_page(address(having("event_name", "StopLogging")))
    rows(page).first.click()
    json = page.locator(".record .json")
    json.get_by_role("button", name=f'"{THIEF}"').click()
    assert filters(page)[1:] == [having("source_ip_address", THIEF)]
    json.get_by_role("button", name='"account-audit"').or_(
        json.get_by_role("button", name="trail/account-audit")
    ).first.click()
    assert filters(page)[2]["fields"] == ["resource_names"]
    json.get_by_role("button", name="true").first.click()
    assert said(page)["phrase"] == "managementEvent true"
    found(page, "1")
    clear = page.get_by_role("button", name="Clear", exact=True)
    clear.click()
    expect(clear).to_have_count(0)
    leave_out = page.get_by_role("group", name="What a click on a value does").get_by_role(
        "button", name="Leave out"
    )
    leave_out.click()
    # The page is drawn anew a moment after it knows.
    expect(leave_out).to_have_attribute("aria-pressed", "true")
    value = json.get_by_role("button", name='"support-readonly"').first
    value.focus()
    expect(value).to_have_attribute("title", re.compile(r"^Leave out: "))
    page.keyboard.press("Enter")
    expect(clear).to_be_visible()
    assert filters(page)[0]["not"]


def test_an_event_leads_to_all_with_the_same_and_to_what_was_near(open_page: Open) -> None:
    page = open_page(address(having("event_name", "CreateAccessKey")))
    rows(page).filter(has_text="support-readonly").first.click()
    pivots = page.get_by_role("navigation", name="All events with the same")
    pivots.get_by_role("link", name=f"IP {THIEF}").click()
    found(page, "21")
    page.go_back()
    expect(pivots.get_by_role("link", name="Actor backup-agent")).to_be_visible()
    keys = pivots.get_by_role("link", name=re.compile("^Key AKIA"))
    expect(keys).to_have_count(2)
    expect(pivots.get_by_role("link", name="Resource support-readonly")).to_be_visible()
    pivots.get_by_role("link", name="± 5 minutes").click()
    assert said(page) == {"since": "2026-11-25T12:32:35Z", "until": "2026-11-25T12:42:35Z"}
    assert filters(page) == []


def test_a_role_leads_to_all_of_its_sessions(open_page: Open) -> None:
    page = open_page("?q=GetCallerIdentity")
    bar(page).fill("session_issuer_arn:*")
    bar(page).press("Enter")
    rows(page).first.click()
    role = page.get_by_role("navigation", name="All events with the same").get_by_role(
        "link", name=re.compile("^Role arn:aws")
    )
    role.click()
    assert [each["fields"] for each in filters(page)] == [["session_issuer_arn"]]


def shown_whole(page: Page) -> None:
    """Wait until each part of the view is there: a record, the values of one field, and the histogram."""
    expect(page.get_by_role("complementary", name="Record")).to_be_visible()
    expect(page.locator(".facet .values li")).to_have_count(2)
    expect(page.locator(".histogram .ink").first).to_be_attached()


def test_an_address_and_back_show_the_same_view(open_page: Open) -> None:
    page = open_page(
        address(
            having("source_ip_address", THIEF),
            q="kali",
            zone="local",
            sort="event_time asc",
            columns="event_time,actor,user_agent",
            facets="actor",
        )
    )
    found(page, "21")
    rows(page).nth(3).click()
    shown_whole(page)
    before = page.locator("main").inner_text()
    again = open_page(page.url.partition("/?")[2].join(["?", ""]))
    shown_whole(again)
    without_seconds = re.compile(r" in \d\.\d\d s")
    assert without_seconds.sub("", again.locator("main").inner_text()) == without_seconds.sub("", before)
    page.go_back()
    expect(page.get_by_role("complementary", name="Record")).to_have_count(0)
    page.go_forward()
    expect(page.get_by_role("complementary", name="Record")).to_be_visible()


def test_a_record_that_no_page_of_the_table_has_is_shown_by_its_link(open_page: Open) -> None:
    page = open_page("?q=nothing-has-this&event=0a7ac4ed-0000-4000-8000-000000000001")
    expect(page.get_by_role("complementary", name="Record")).to_contain_text("ListBuckets")
    page = open_page("?q=nothing-has-this&event=gone")
    expect(page.get_by_role("alert")).to_have_text("There is no event gone.")


def test_keys_search_move_open_and_close(open_page: Open) -> None:
    page = open_page(address(having("source_ip_address", THIEF)))
    expect(rows(page)).to_have_count(21)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(rows(page).nth(1)).to_have_attribute("aria-current", "true")
    expect(rows(page).nth(1).get_by_role("button")).to_be_focused()
    page.keyboard.press("Enter")
    record = page.get_by_role("complementary", name="Record")
    expect(record).to_contain_text("StopLogging")
    page.keyboard.press("j")
    expect(record).to_contain_text("DescribeTrails")
    page.keyboard.press("Escape")
    expect(record).to_have_count(0)
    page.keyboard.press("/")
    expect(bar(page)).to_be_focused()
    page.keyboard.type("j?")
    expect(bar(page)).to_have_value("j?")
    page.keyboard.press("Escape")
    expect(bar(page)).not_to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_have_count(0)


def test_an_empty_view_says_why_and_where_to_go(open_page: Open) -> None:
    page = open_page(address(having("source_ip_address", THIEF), since="-15m"))
    expect(page.get_by_role("heading", name="No event found")).to_be_visible()
    expect(page.locator(".nothing")).to_contain_text("Of 21 that match, none is in this range of time")
    page.get_by_role("link", name="Show those of any time").click()
    found(page, "21")
    assert filters(page) == [having("source_ip_address", THIEF)]
    bar(page).fill("nothing-has-this")
    bar(page).press("Enter")
    expect(page.locator(".nothing")).to_contain_text("none matches")
    page.get_by_role("link", name="Show them all").click()
    found(page, "100,000")


def test_a_view_that_may_lack_what_is_on_its_way_says_so(open_page: Open, behind: InMemory) -> None:
    behind.announced = 3
    page = open_page("?q=nothing-has-this&since=-24h")
    reasons = page.locator(".nothing li")
    expect(reasons).to_have_text(
        [re.compile("none matches"), re.compile("3 logs are announced and not indexed yet")]
    )
    behind.announced = 0
    page.reload()
    expect(reasons).to_have_text([re.compile("none matches")])


def test_a_domain_that_has_nothing_yet_says_so(
    open_page: Open, behind: InMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(behind, "events", EventsInMemory([]))
    behind.announced = 1
    page = open_page()
    expect(page.locator(".nothing li")).to_have_text(
        ["The search domain has no event yet.", re.compile("1 log is announced and not indexed yet")]
    )


def test_what_the_domain_refuses_is_said_in_its_words(open_page: Open, behind: InMemory) -> None:
    page = open_page()
    found(page, "100,000")
    behind.refusal = SearchDomainUnreachable("trailsearch-local does not answer")
    bar(page).fill("kali")
    bar(page).press("Enter")
    expect(page.get_by_role("alert").first).to_contain_text("trailsearch-local does not answer")
    behind.refusal = None
    bar(page).press("Enter")
    bar(page).fill("kali x86_64")
    bar(page).press("Enter")
    found(page, "21")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_counts_that_fail_alone_are_said_beside_the_events(
    open_page: Open, behind: InMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = behind.events.search

    def search_without_facets(query: Query) -> Answer:
        if query.facets:
            raise SearchDomainUnreachable("trailsearch-local took too long to count")
        return search(query)

    monkeypatch.setattr(behind.events, "search", search_without_facets)
    page = open_page("?q=kali")
    found(page, "21")
    expect(page.get_by_role("alert")).to_contain_text("trailsearch-local took too long to count")


def test_a_filter_that_the_server_refuses_is_said(open_page: Open) -> None:
    page = open_page(
        address({"fields": ["source_ip_address"], "is": "within", "values": ["home"], "not": False})
    )
    expect(page.get_by_role("alert").first).to_contain_text("home is no network, as 203.0.113.0/24 is")


def test_a_filter_as_questions_have_them_is_kept(open_page: Open) -> None:
    like = {"fields": ["event_name"], "is": "like", "values": ["Stop*", "CreateUser"], "not": False}
    page = open_page(address(like, having("source_ip_address", THIEF)))
    found(page, "2")
    expect(page.get_by_role("list", name="Filters")).to_contain_text("event_name is like Stop* or CreateUser")

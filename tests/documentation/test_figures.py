"""The figures that the first page gives are those of the pages that it links to."""

import re

from tests.documentation import pages

TOP, FUNCTIONS, TESTS = (pages.read(page) for page in (pages.TOP, pages.FUNCTIONS, pages.TESTS))


def told(about: str) -> list[str]:
    """The numbers in the line of the first page about that."""
    line = re.search(rf"^- \*\*{about}\*\*: (.*?)\[", TOP, re.MULTILINE | re.DOTALL)
    assert line
    return re.findall(r"\d[\d,.]*\d|\d", line[1])


def cells(text: str, table: str, row: str) -> list[str]:
    """The cells of a row of the first table after some text."""
    found = re.search(rf"^\| {re.escape(row)} \|(.*)\|$", text.partition(table)[2], re.MULTILINE)
    assert found
    return [cell.strip(" *") for cell in found[1].split("|")]


def test_the_cost_is_that_of_a_busy_account_with_each_backend() -> None:
    busy = []
    for backend in ("OpenSearch", "CloudSearch"):
        table = f"**Settings of prod, {backend}"
        assert cells(FUNCTIONS, table, "Dollars")[1] == "Busy account"
        busy.append(cells(FUNCTIONS, table, "**Pipeline, for a million events**")[1])
    assert told("Cost") == busy


def test_the_speed_is_that_of_large_logs() -> None:
    """Of logs that are as large as those of a busy account; thousands of tiny ones take longer."""
    table = "From gzip'd logs to batches"
    heads = cells(FUNCTIONS, table, "Logs")
    logs = ["47 of 1 MB", "8 of 6 MB", "4 of 12 MB", "2 of 24 MB", "1 of 47 MB"]
    speeds, factors = (
        [cells(FUNCTIONS, table, row)[heads.index(head)] for row in logs]
        for head in ("Trailsearch", "× gzip + orjson")
    )
    assert told("Speed")[-2:] == [min(factors, key=float), max(factors, key=float)]
    assert told("Speed")[:2] == [min(speeds, key=int), max(speeds, key=int)]


def test_the_flood_is_the_one_that_was_measured() -> None:
    logs, events = told("Scale")
    assert cells(TESTS, "## Load", "Logs delivered") == [logs]
    assert cells(TESTS, "## Load", "**Lost**") == ["0"]
    assert cells(TESTS, "## Load", "Records in them; distinct events")[0].endswith(f"; {events}")


def test_the_days_that_a_domain_holds_are_those_of_a_busy_account() -> None:
    said = re.search(
        r"OpenSearch, which does not grow by itself, holds (\d+) days of a busy account\s.*after (\d+) days",
        TOP,
        re.DOTALL,
    )
    assert said
    reckoned = []
    for backend, row in (
        ("OpenSearch", "Days that fit as deployed"),
        ("CloudSearch", "Days that fit in 10 partitions"),
    ):
        table = f"**Settings of prod, {backend}"
        assert cells(FUNCTIONS, table, "Dollars")[1] == "Busy account"
        reckoned.append(f"{float(cells(FUNCTIONS, table, row)[1]):.0f}")
    assert list(said.groups()) == reckoned

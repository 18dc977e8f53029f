"""`make cost`: tables for people, Markdown for functions/README.md, JSON for machines."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.conftest import REPOSITORY
from trailsearch.cli import console
from trailsearch.cli.cost.cost import cost
from trailsearch.cli.cost.report import PROFILES, RETENTION_DAYS
from trailsearch.search import Backend


def run(**variables: str) -> Result:
    return CliRunner().invoke(cost, env=variables)


def asked(**variables: str) -> Any:
    result = run(JSON="1", **variables)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_without_options_it_shows_the_usual_accounts_and_what_moves_the_bill() -> None:
    result = run()
    assert result.exit_code == 0, result.output
    for profile in PROFILES:
        for days in RETENTION_DAYS:
            assert f"{profile}, {days}" in result.stdout
    assert "Pipeline, for a million events" in result.stdout
    assert "pipe_batching_window_seconds" in result.stdout


def test_with_a_traffic_it_shows_every_environment() -> None:
    result = run(EVENTS="1000000", EVENTS_PER_LOG="100")
    assert result.exit_code == 0, result.output
    assert "1,000,000 events a day, 100 in a log" in result.stdout
    heads = [line.split() for line in result.stdout.splitlines() if line.split()[:1] == ["Dollars"]]
    assert heads == [["Dollars", "dev", "staging", "prod"]] * len(Backend)


def test_the_backends_stand_side_by_side_and_one_can_be_asked_for() -> None:
    def heads(**variables: str) -> list[str]:
        lines = run(MARKDOWN="1", EVENTS="1000", **variables).stdout.splitlines()
        return [cell.strip() for cell in lines[2].strip("|").split("|")]

    assert heads() == ["Account, days of events kept", "OpenSearch", "runs on", "CloudSearch", "runs on"]
    assert heads(BACKEND="cloudsearch") == ["Account, days of events kept", "CloudSearch", "runs on"]
    assert list(asked(BACKEND="opensearch")["backends"]) == ["opensearch"]


def test_in_a_narrow_terminal_the_backends_are_below_each_other_and_nothing_is_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(console, "_WIDTH_OF_A_FILE", 80)
    shown = run().stdout
    assert max(map(len, shown.splitlines())) <= 80
    assert "…" not in shown
    heads = [line.split()[-3:] for line in shown.splitlines() if "runs on" in line]
    assert heads == [["OpenSearch", "runs", "on"], ["CloudSearch", "runs", "on"]]


def test_a_retention_can_be_asked_for() -> None:
    months = asked(RETENTION="180", BACKEND="opensearch")["backends"]["opensearch"]["environments"]
    assert [list(of_environment) for of_environment in months.values()] == [["180"]] * 3


def test_the_whole_bill_is_the_total_of_its_components() -> None:
    lines = run(MARKDOWN="1").stdout.splitlines()
    cells = [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in lines]
    totals = [
        [float(cell.replace(",", "")) for cell in row[1:]] for row in cells if row[0] == "Total, a month"
    ]
    bills = [row for row in cells if row[0] in {f"{profile}, {RETENTION_DAYS[0]}" for profile in PROFILES}]
    shown = [[float(row[at].replace(",", "")) for row in bills] for at in (1, 3)]
    # Each is rounded by itself: the totals here to cents, the bills to dollars.
    assert len(shown) == len(totals)
    for of_bills, of_totals in zip(shown, totals, strict=True):
        assert of_bills == pytest.approx(of_totals, abs=0.5 + 0.005)
        assert all(bill == round(bill) for bill in of_bills)


def months(answer: Any) -> Iterator[Any]:
    for backend in answer["backends"].values():
        for by_name in (backend["profiles"], backend["environments"]):
            for by_days in by_name.values():
                yield from by_days.values()


def test_what_is_summed_up_is_the_sum() -> None:
    for month in months(asked()):
        variable, fixed = sum(month["variable"].values()), sum(month["fixed"].values())
        assert month["dollars_per_month"] == pytest.approx(variable + fixed)
        assert month["dollars_per_million_events"] == pytest.approx(variable * 1e6 / month["events"])


def test_a_variable_can_be_tried_out() -> None:
    before, after = asked(BATCH_SIZE="10"), asked(BATCH_SIZE="40")
    assert after["settings"]["prod"]["pipe_batch_size"] == 40
    for backend in Backend:
        of_before, of_after = (
            each["backends"][backend]["profiles"]["Organization of 100 accounts"]["30"]
            for each in (before, after)
        )
        assert of_after["dollars_per_million_events"] < of_before["dollars_per_million_events"]


def test_doubling_the_events_halves_the_batches_that_are_not_full() -> None:
    """So small a traffic that each execution has one log: batches grow with logs, not with events in them."""
    few, many = (
        asked(EVENTS=str(events), EVENTS_PER_LOG=str(each), BACKEND="opensearch", RETENTION="30")["backends"][
            "opensearch"
        ]["environments"]["dev"]["30"]["counts"]["search_batches"]
        for events, each in ((1000, 10), (2000, 20))
    )
    assert few == pytest.approx(many)


def test_the_variable_that_moves_the_bill_most_comes_first() -> None:
    for backend in asked()["backends"].values():
        moved = [max(abs(each["halved"] or 0), abs(each["doubled"] or 0)) for each in backend["changes"]]
        assert moved == sorted(moved, reverse=True)
        assert moved[0] > 0


@pytest.mark.parametrize(
    "variables",
    [
        {"EVENTS": "0"},
        {"EVENTS_PER_LOG": "-1"},
        {"EVENTS": "many"},
        {"RETENTION": "0"},
        {"BACKEND": "solr"},
    ],
)
def test_a_traffic_that_cannot_be_is_refused(variables: dict[str, str]) -> None:
    result = run(**variables)
    assert result.exit_code == 2
    assert "Invalid value" in result.stderr


def test_markdown_tables_are_rectangular() -> None:
    tables = [
        [line.count("|") for line in paragraph.splitlines()]
        for paragraph in run(MARKDOWN="1").stdout.split("\n\n")
        if paragraph.startswith("|")
    ]
    assert len(tables) == 5
    assert [len(set(table)) for table in tables] == [1] * 5


def test_a_domain_that_aws_has_to_grant_is_marked() -> None:
    marked = run(MARKDOWN="1", EVENTS="5000000", RETENTION="90", BACKEND="cloudsearch").stdout
    assert "search.2xlarge* |" in marked
    assert "\\* More than the 10 partitions" in marked
    assert "*" not in run(EVENTS="50000", RETENTION="90", BACKEND="cloudsearch").stdout


def cells_of(row: str, output: str) -> list[list[str]]:
    lines = [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in output.splitlines()]
    return [cells[1:] for cells in lines if cells[0] == row]


def test_an_account_that_has_a_trail_is_told_what_a_second_one_costs() -> None:
    output = run(MARKDOWN="1").stdout
    more = cells_of("If the account has a trail already, more", output)
    assert more == [["60.00", "3,000.00", "12,000.00"]] * len(Backend)
    assert "Small account 60, Busy account 3,000, Organization of 100 accounts 12,000." in output
    busy = asked(EVENTS="5000000")["backends"]["opensearch"]["environments"]["prod"]["30"]
    assert busy["second_copy_dollars_per_month"] == pytest.approx(3_000)


def test_it_says_how_many_days_fit() -> None:
    output = run(MARKDOWN="1").stdout
    assert cells_of("Days that fit as deployed", output) == [["1,031", "20.6", "5.2"], ["29.0", "0.6", "0.1"]]
    assert cells_of("Days that fit in 10 partitions", output) == [["1,159", "23.2", "5.8"]]
    reckoned = asked(RETENTION="365")["backends"]
    for backend, found in reckoned.items():
        for of_days in found["profiles"].values():
            assert of_days["365"]["days_that_fit"]["reckoned"] >= 365
            assert (of_days["365"]["days_that_fit"]["granted"] is None) == (backend == "opensearch")


def test_the_retention_is_on_the_bill() -> None:
    output = run(MARKDOWN="1").stdout
    opensearch, cloudsearch = cells_of("Retention, a month", output)
    assert set(opensearch) == {"0.00"}
    assert [float(dollars) > 0 for dollars in cloudsearch] == [True] * 3


def test_what_expires_faster_than_it_is_deleted_is_said() -> None:
    behind = "More expires each day than one execution of the retention deletes"
    assert behind not in run(MARKDOWN="1").stdout
    assert f"{behind}: " in run(EVENTS="24000000").stdout
    assert behind not in run(EVENTS="24000000", BACKEND="opensearch").stdout
    assert behind not in run(EVENTS="23000000").stdout


def test_it_says_from_when_prices_are_and_which_of_them_nothing_confirms() -> None:
    output = run(MARKDOWN="1").stdout
    assert "looked up from 2026-11-25 to 2026-11-26" in output
    assert "No page was found that confirms search_batch, search.medium" in output


def test_the_readme_shows_what_the_command_prints() -> None:
    """If this fails, run make docs."""
    assert run(MARKDOWN="1").stdout.strip() in (REPOSITORY / "functions" / "README.md").read_text()

"""`make cost`: tables for people, Markdown for functions/README.md, JSON for machines."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.conftest import REPOSITORY
from trailsearch.cli.cost.cost import cost
from trailsearch.cli.cost.report import PROFILES


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
        assert profile in result.stdout
    assert "Pipeline, for a million events" in result.stdout
    assert "pipe_batching_window_seconds" in result.stdout


def test_with_a_traffic_it_shows_every_environment() -> None:
    result = run(EVENTS="1000000", EVENTS_PER_LOG="100")
    assert result.exit_code == 0, result.output
    assert "1,000,000 events a day, 100 in a log" in result.stdout
    (heads,) = (line for line in result.stdout.splitlines() if line.split()[:1] == ["Dollars"])
    assert heads.split() == ["Dollars", "dev", "staging", "prod"]


def test_what_is_summed_up_is_the_sum() -> None:
    answer = asked()
    for month in (*answer["profiles"].values(), *answer["environments"].values()):
        variable, fixed = sum(month["variable"].values()), sum(month["fixed"].values())
        assert month["dollars_per_month"] == pytest.approx(variable + fixed)
        assert month["dollars_per_million_events"] == pytest.approx(variable * 1e6 / month["events"])


def test_a_variable_can_be_tried_out() -> None:
    before, after = asked(BATCH_SIZE="10"), asked(BATCH_SIZE="40")
    assert after["settings"]["prod"]["pipe_batch_size"] == 40
    name = "Organization of 100 accounts"
    assert (
        after["profiles"][name]["dollars_per_million_events"]
        < before["profiles"][name]["dollars_per_million_events"]
    )


def test_doubling_the_events_halves_the_batches_that_are_not_full() -> None:
    """So small a traffic that each execution has one log: batches grow with logs, not with events in them."""
    few, many = (
        asked(EVENTS=str(events), EVENTS_PER_LOG=str(each))["environments"]["dev"]["counts"]["search_batches"]
        for events, each in ((1000, 10), (2000, 20))
    )
    assert few == pytest.approx(many)


def test_the_variable_that_moves_the_bill_most_comes_first() -> None:
    moved = [max(abs(each["halved"] or 0), abs(each["doubled"] or 0)) for each in asked()["changes"]]
    assert moved == sorted(moved, reverse=True)
    assert moved[0] > 0


@pytest.mark.parametrize("variables", [{"EVENTS": "0"}, {"EVENTS_PER_LOG": "-1"}, {"EVENTS": "many"}])
def test_a_traffic_that_cannot_be_is_refused(variables: dict[str, str]) -> None:
    result = run(**variables)
    assert result.exit_code == 2
    assert "Invalid value" in result.stderr


def test_markdown_tables_are_rectangular() -> None:
    lines = [line for line in run(MARKDOWN="1").stdout.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in lines} == {5}


def test_the_readme_shows_what_the_command_prints() -> None:
    """If this fails, run make docs."""
    assert run(MARKDOWN="1").stdout.strip() in (REPOSITORY / "functions" / "README.md").read_text()

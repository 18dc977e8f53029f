"""What a load run of a backfill says of itself."""

from dataclasses import replace

import pytest

from tests.load.backfill import Backfilled, rows
from tests.load.run import Indexing

ALONE = Indexing(documents=900, batches=3, bytes=2_000_000, median_lag=20, longest_lag=34)
RESULT = Backfilled(
    plan={"counted": {"logs": 3_000, "parts": 10}, "estimated": {"events": 30_500.4}},
    events=30_000,
    plan_seconds=12.4,
    seconds=95.2,
    live_logs=180,
    alone=ALONE,
    beside=replace(ALONE, median_lag=21, longest_lag=40),
    dead_letters=0,
    lost=frozenset(),
)


def test_the_table_holds_the_plan_against_what_was_done_and_live_lag_against_that_without_it() -> None:
    assert dict(rows(RESULT)) == {
        "Logs of a year; parts": "3,000; 10",
        "Events in them: estimated; in fact": "30,500; 30,000",
        "Planned in; indexed in": "12 s; 95 s",
        "Live logs, one a second": "180",
        "Live lag alone: median; longest": "20 s; 34 s",
        "Live lag beside it: median; longest": "21 s; 40 s",
        "Dead letters": "0",
        "**Lost**": "**0**",
    }
    assert RESULT.problems == []


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        (replace(RESULT, lost=frozenset({"b", "a"})), "2 events are lost, for example a"),
        (replace(RESULT, dead_letters=3), "3 dead letters wait"),
    ],
)
def test_what_is_lost_or_waits_is_no_proof(result: Backfilled, problem: str) -> None:
    assert result.problems == [problem]

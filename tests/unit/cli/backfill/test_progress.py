"""How far a backfill is, is told by its parts and the marks of those that are done."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailsearch.cli.backfill.progress import progress
from trailsearch.contracts.backfill import PartRef
from trailsearch.workflow.backfill_store import Done

NOW = datetime(2026, 11, 26, 22, 0, tzinfo=UTC)
PARTS = [PartRef(f"p{number}", 500, 10_000_000) for number in range(10)]


def done(count: int, ago: timedelta, *, dead_lettered: int = 0) -> dict[str, Done]:
    return {part.name: Done(NOW - ago, at < dead_lettered) for at, part in enumerate(PARTS[:count])}


def test_rate_and_time_left_are_those_since_the_execution_was_started() -> None:
    hour = timedelta(hours=1)
    earlier = done(2, 30 * hour)
    lately = {part.name: Done(NOW - hour, dead_lettered=False) for part in PARTS[2:6]}
    known = progress(PARTS, earlier | lately, NOW - 2 * hour, NOW)
    assert (known.parts_done, known.logs_done, known.bytes_done) == (6, 3_000, 60_000_000)
    assert known.logs_per_hour == 1_000
    assert known.hours_left == 2
    assert not known.complete


def test_where_nothing_runs_nothing_is_said_of_the_rate() -> None:
    known = progress(PARTS, done(3, timedelta(1), dead_lettered=1), None, NOW)
    assert (known.logs_per_hour, known.hours_left, known.dead_lettered) == (None, None, 1)


@pytest.mark.parametrize("started", [NOW, NOW - timedelta(hours=1)])
def test_where_no_part_is_done_yet_the_rate_is_not_known(started: datetime) -> None:
    assert progress(PARTS, {}, started, NOW).hours_left is None


@given(st.integers(0, 10), st.integers(1, 10_000))
def test_it_is_complete_when_every_part_is_done(count: int, seconds: int) -> None:
    known = progress(PARTS, done(count, timedelta(0)), NOW - timedelta(seconds=seconds), NOW)
    assert known.complete is (count == len(PARTS))
    assert 0 <= known.logs_done <= known.logs


def test_marks_of_parts_that_are_not_of_the_plan_do_not_count() -> None:
    assert progress(PARTS, {"other": Done(NOW, dead_lettered=True)}, None, NOW).parts_done == 0

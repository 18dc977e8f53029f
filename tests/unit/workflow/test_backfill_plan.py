"""The plan of a backfill has every day of every account × Region in one task, and every log in one part."""

import tracemalloc
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailsearch.contracts.backfill import Days, PartRef, Scope
from trailsearch.logs.log_folders import Page, StoredLog
from trailsearch.workflow.backfill_parts import MAX_LOGS, Part
from trailsearch.workflow.backfill_plan import LEAST_MONTHS, MAX_TASKS, in_tasks, plan

days = st.dates(date(2020, 1, 1), date(2026, 12, 31))
FOLDER = "AWSLogs/111122223333/CloudTrail/us-east-1/"


def folders(count: int) -> list[str]:
    return [f"AWSLogs/{number:012}/CloudTrail/us-east-1/" for number in range(count)]


def each_day(task: Days) -> list[tuple[str, date]]:
    count = (task.last - task.first).days + 1
    return [(task.folder, task.first + timedelta(day)) for day in range(count)]


@given(st.integers(0, 12), days, st.integers(0, 900))
def test_every_day_is_in_one_task(regions: int, first: date, more: int) -> None:
    scope = Scope(first=first, last=first + timedelta(more))
    tasks = in_tasks("logs", folders(regions), scope)
    listed = Counter(day for task in tasks for months in task for day in each_day(months))
    wanted = {
        (folder, scope.first + timedelta(day))
        for folder in folders(regions)
        for day in range((scope.last_folder - scope.first).days + 1)
    }
    assert listed == Counter(wanted)


@pytest.mark.parametrize("regions", [1, 17, 8_500])
def test_there_are_no_more_tasks_than_a_map_has_room_for_and_none_is_small(regions: int) -> None:
    tasks = in_tasks("logs", folders(regions), Scope(first=date(2025, 1, 1), last=date(2025, 12, 31)))
    assert len(tasks) <= MAX_TASKS
    assert all(len(task) >= LEAST_MONTHS for task in tasks[:-1])


def test_the_latest_month_comes_first() -> None:
    tasks = in_tasks("logs", folders(3), Scope(first=date(2024, 1, 1), last=date(2025, 12, 30)))
    firsts = [months.first for task in tasks for months in task]
    assert firsts == sorted(firsts, reverse=True)


class ManyLogs:
    """A bucket with some logs in each day, a part of which is archived."""

    def __init__(self, per_day: int, archived: int = 0) -> None:
        self.per_day, self.archived = per_day, archived

    def folders(self, prefix: str) -> list[str]:
        depth = len(prefix.removeprefix(FOLDER).strip("/").split("/")) if prefix != FOLDER else 0
        return [
            f"{prefix}{name}/" for name in (["2026"], ["01"], [f"{day:02}" for day in range(1, 32)])[depth]
        ]

    def page(self, prefix: str, token: str | None) -> Page:
        begin = int(token or 0)
        end = min(begin + 1_000, self.per_day)
        logs = [
            StoredLog(
                f"{prefix}111122223333_CloudTrail_us-east-1_{number:07}.json.gz", 10, number < self.archived
            )
            for number in range(begin, end)
        ]
        return Page(logs, str(end) if end < self.per_day else None)


def kept(names: list[str]) -> Callable[[Part], str]:
    def keep(part: Part) -> str:
        names.append(f"p{len(names)}")
        assert part.encode(names[-1])
        return names[-1]

    return keep


JANUARY = [Days("logs", FOLDER, date(2026, 1, 1), date(2026, 1, 31))]


def test_what_is_archived_is_counted_and_in_no_part() -> None:
    names: list[str] = []
    planned, begun = plan(ManyLogs(30, archived=7), JANUARY, lambda: True, kept(names))
    assert begun == 1
    assert [part.name for part in planned.parts] == names
    assert sum(part.logs for part in planned.parts) == 31 * 23
    assert (planned.archived_logs, planned.archived_bytes) == (31 * 7, 31 * 70)
    assert planned.parts[0] == PartRef("p0", MAX_LOGS, 5_000, events=MAX_LOGS)


def test_when_time_is_up_no_further_days_are_begun() -> None:
    task = [Days("logs", FOLDER, date(2026, 1, day), date(2026, 1, day)) for day in range(1, 11)]
    answers = iter([True, True, False])
    planned, begun = plan(ManyLogs(3), task, lambda: next(answers), kept([]))
    assert begun == 3
    assert sum(part.logs for part in planned.parts) == 9


def test_memory_is_bounded_however_many_logs_there_are() -> None:
    """Of a hundred thousand logs, which have 20 MB of names, no more is held than of ten thousand."""
    peaks = []
    for per_day in (330, 3_300):
        tracemalloc.start()
        planned, _ = plan(ManyLogs(per_day), JANUARY, lambda: True, kept([]))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert sum(part.logs for part in planned.parts) == 31 * per_day
    assert peaks[1] < peaks[0] * 3 + 4_000_000
    assert peaks[1] < 12_000_000

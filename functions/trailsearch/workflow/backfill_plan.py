"""Plan a backfill: which logs there are, in which parts. What is read of a bucket are names and sizes."""

import math
from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta

from trailsearch.contracts.backfill import Days, PartRef, Planned, Scope
from trailsearch.contracts.messages import LogRef
from trailsearch.logs.log_folders import Folders, find_logs
from trailsearch.workflow.backfill_parts import Part, in_parts

# The items of an inline Map, each of which takes some ten events of an execution's 25,000.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MAX_TASKS = 1_000
# Months of an account × Region in a task: enough for full parts where little happens.
LEAST_MONTHS = 24


def in_tasks(bucket: str, regions: Iterable[str], scope: Scope) -> list[list[Days]]:
    """Share out the months of each account × Region, the latest first, to tasks of about as many."""
    months = [
        Days(bucket, folder, max(scope.first, first), min(scope.last_folder, last))
        for folder in regions
        for first, last in _months(scope)
    ]
    months.sort(key=lambda days: (days.first, days.folder), reverse=True)
    each = max(LEAST_MONTHS, math.ceil(len(months) / MAX_TASKS))
    return [months[at : at + each] for at in range(0, len(months), each)]


def _months(scope: Scope) -> Iterator[tuple[date, date]]:
    """Give the first and the last day of each month that has a folder of the scope."""
    first = scope.first.replace(day=1)
    while first <= scope.last_folder:
        last = first.replace(day=monthrange(first.year, first.month)[1])
        yield first, last
        first = last + timedelta(days=1)


def plan(
    folders: Folders, task: Sequence[Days], is_time_left: Callable[[], bool], keep: Callable[[Part], str]
) -> tuple[Planned, int]:
    """Find the logs of a task, and hand over each part of them as soon as it is full.

    Memory is bounded by one part and the pages that are listed ahead, however many logs there are.

    Args:
        folders: the bucket that all days of the task are of.
        task: the days.
        is_time_left: whether to begin with one more of them; the first is begun with in any case.
        keep: puts a part where it is found again, and gives its name.

    Returns:
        What was found, and of how many of the days.

    Raises:
        Exception: what ``folders`` and ``keep`` raise.
    """
    begun = archived_logs = archived_bytes = 0

    def in_time() -> Iterator[Days]:
        nonlocal begun
        for days in task:
            if begun and not is_time_left():
                return
            begun += 1
            yield days

    def at_hand() -> Iterator[tuple[LogRef, int]]:
        nonlocal archived_logs, archived_bytes
        for found in find_logs(folders, in_time()):
            if found.archived:
                archived_logs, archived_bytes = archived_logs + 1, archived_bytes + found.bytes
                continue
            yield LogRef(task[0].bucket, found.key, backfill=True), found.bytes

    parts = tuple(
        PartRef(keep(part), part.logs, part.bytes, round(part.events)) for part in in_parts(at_hand())
    )
    return Planned(parts, archived_logs, archived_bytes), begun

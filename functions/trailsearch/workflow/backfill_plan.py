"""Plan a backfill: which logs there are, in which parts. What it reads of a bucket are names and sizes."""

from collections.abc import Callable, Iterable, Iterator

from trailsearch.contracts.backfill import Counted
from trailsearch.contracts.messages import LogRef
from trailsearch.logs.log_folders import Days, Folders, find_logs
from trailsearch.workflow.backfill_parts import Part, in_parts


def plan(bucket: str, folders: Folders, days: Iterable[Days], keep: Callable[[Part], None]) -> Counted:
    """Find the logs of some days, and hand over each part of them as soon as it is full.

    Memory is bounded by one part and the pages that are listed ahead, however many logs there are.

    Raises:
        Exception: what ``folders`` and ``keep`` raise.
    """
    logs = size = archived_logs = archived_bytes = parts = 0

    def at_hand() -> Iterator[tuple[LogRef, int]]:
        nonlocal logs, size, archived_logs, archived_bytes
        for found in find_logs(folders, days):
            if found.archived:
                archived_logs, archived_bytes = archived_logs + 1, archived_bytes + found.bytes
                continue
            logs, size = logs + 1, size + found.bytes
            yield LogRef(bucket, found.key, backfill=True), found.bytes

    for part in in_parts(at_hand()):
        keep(part)
        parts += 1
    return Counted(logs, size, archived_logs, archived_bytes, parts)

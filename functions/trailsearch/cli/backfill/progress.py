"""How far a backfill has come: its parts, and which of them are done → Progress. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from trailsearch.contracts.backfill import PartRef
from trailsearch.workflow.backfill_store import Done


class Progress(NamedTuple):
    """Parts and logs that are done, of how many, and parts of which something is dead-lettered.

    ``logs_per_hour`` is the rate since the latest execution was started, and ``hours_left`` what is left at that; None
    where it is not known yet, or nothing runs.
    """

    parts_done: int
    parts: int
    logs_done: int
    logs: int
    bytes_done: int
    bytes: int
    dead_lettered: int
    logs_per_hour: float | None
    hours_left: float | None

    @property
    def complete(self) -> bool:
        """Whether every part is done."""
        return self.parts_done == self.parts


def progress(
    parts: Sequence[PartRef], done: Mapping[str, Done], started: datetime | None, now: datetime
) -> Progress:
    """Tell how far a backfill has come, whose latest execution runs since it was ``started``, or does not run."""
    finished = [part for part in parts if part.name in done]
    logs, logs_done = sum(part.logs for part in parts), sum(part.logs for part in finished)
    rate: float | None = None
    if started is not None and (elapsed := now - started) > timedelta(0):
        lately = sum(part.logs for part in finished if done[part.name].time >= started)
        rate = lately / (elapsed / timedelta(hours=1)) or None
    return Progress(
        parts_done=len(finished),
        parts=len(parts),
        logs_done=logs_done,
        logs=logs,
        bytes_done=sum(part.bytes for part in finished),
        bytes=sum(part.bytes for part in parts),
        dead_lettered=sum(done[part.name].dead_lettered for part in finished),
        logs_per_hour=rate,
        hours_left=(logs - logs_done) / rate if rate else None,
    )

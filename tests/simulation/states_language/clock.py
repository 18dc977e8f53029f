"""The virtual clock: a simulation begins at one moment, and its seconds are those of ``simpy.Environment.now``."""

import functools
from datetime import UTC, datetime, timedelta

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@functools.lru_cache(maxsize=4096)
def iso(seconds: float) -> str:
    """Write a moment as Step Functions does, in milliseconds and UTC: ``2026-01-01T00:00:00.000Z``.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
    """
    text = (EPOCH + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"

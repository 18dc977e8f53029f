"""The logs of a load run: as many as asked for, of very different sizes, with a given number of events in all."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

from tests.log_generator import GeneratedLog, generate_logs

# As where two trails record one account.
DUPLICATES = 0.02
# The spread of CloudTrail's own logs (tests/log_generator), up to 40 times the median.
_SIGMA = 1.5
_LARGEST = 40
_START = datetime(2026, 1, 1, tzinfo=UTC)


def record_counts(seed: int, logs: int, events: int) -> list[int]:
    """Return how many records each log is to have: many small logs, some large ones, at least `events` in all.

    Two neighbours have one size, as `generate_logs` gives pairs of logs that share events.

    Raises:
        ValueError: There are fewer events than logs, or no log.
    """
    if not 1 <= logs <= events:
        raise ValueError(f"{logs} logs cannot have {events} events in all, one each at least")
    rng = Random(f"{seed}/sizes")
    weights = [min(rng.lognormvariate(0, _SIGMA), _LARGEST) for _ in range((logs + 1) // 2)]
    sizes = [weights[number // 2] for number in range(logs)]
    total = sum(sizes)
    return [math.ceil(events * size / total) for size in sizes]


def load_logs(seed: int, logs: int, events: int) -> Iterator[GeneratedLog]:
    """Generate the logs of a load run: equal arguments give equal bytes.

    There are at least `events` distinct events in them, and one record in fifty is of an event that another log has
    too.

    Raises:
        ValueError: as for `record_counts`.
    """
    # Which records are repeated is drawn by lot, record by record; five standard deviations more are enough.
    repeated = events * DUPLICATES
    records = math.ceil(events + repeated + 5 * math.sqrt(repeated))
    return generate_logs(
        seed,
        logs,
        _START,
        records_per_log=record_counts(seed, logs, records),
        duplicates=DUPLICATES,
        story=False,
    )

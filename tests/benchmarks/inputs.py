"""The logs that are measured with: generated, the same everywhere."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from tests.local_cloud.pipeline.cloudtrail_delivery import Log
from tests.log_generator import generate_logs

SEED = 7
START = datetime(2026, 9, 1, tzinfo=UTC)
LARGEST_MEGABYTES = 47
_BYTES_OF_A_RECORD = 1_274
_MANY_ACCOUNTS, _ONE_ACCOUNT = 20, 1


@dataclass(frozen=True)
class Input:
    """Some logs; ``megabytes`` (10^6 bytes) are of their JSON."""

    name: str
    logs: Sequence[Log]
    megabytes: float
    records: int


def of_size(megabytes: int, count: int) -> tuple[str, list[int]]:
    """Give the name of so many logs of so many MB of JSON each, and how many records each of them has."""
    return f"{count} of {megabytes} MB", [round(megabytes * 1e6 / _BYTES_OF_A_RECORD)] * count


# The same amount whatever the size of a log: a small amount would stay in the processor's caches from round to round.
INPUTS = dict(of_size(size, round(LARGEST_MEGABYTES / size)) for size in (1, 6, 12, 24, LARGEST_MEGABYTES))
TYPICAL = "4 of 12 MB"
# As most logs are that CloudTrail delivers.
SMALL = "2,000 of 5 to 20 records"
INPUTS[SMALL] = [5 + number % 16 for number in range(2_000)]


@cache
def make_input(name: str) -> Input:
    """Generate an input, of one account, or many small logs of several."""
    return generate(name, INPUTS[name], _MANY_ACCOUNTS if name == SMALL else _ONE_ACCOUNT)


def generate(name: str, sizes: Sequence[int], accounts: int = _ONE_ACCOUNT) -> Input:
    """Generate logs of so many records, all delivered within a quarter of an hour."""
    duration = timedelta(minutes=15)
    generated = generate_logs(
        SEED, len(sizes), START, duration=duration, accounts=accounts, records_per_log=sizes, story=False
    )
    found = [(Log(log.key, log.body), log.record_count) for log in generated]
    return Input(
        name,
        [log for log, _ in found],
        sum(len(gzip.decompress(log.body)) for log, _ in found) / 1e6,
        sum(count for _, count in found),
    )

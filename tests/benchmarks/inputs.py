"""The logs that are measured with: generated, the same everywhere."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from tests.local_cloud.cloudtrail_delivery import Log
from tests.log_generator import generate_logs

SEED = 7
START = datetime(2026, 9, 1, tzinfo=UTC)
SIZES = (1, 6, 12, 24, 47)
SMALL_LOGS, FEWEST_RECORDS, MOST_RECORDS, SMALL_LOGS_ACCOUNTS = 2_000, 5, 20, 20
SMALL = f"{SMALL_LOGS:,} small logs"
_BYTES_OF_A_RECORD = 1_274


@dataclass(frozen=True)
class Input:
    """Some logs; ``megabytes`` (10^6 bytes) are of their JSON."""

    name: str
    logs: Sequence[Log]
    megabytes: float
    records: int


def input_names() -> list[str]:
    """Give what ``make_input`` takes."""
    return [*(name_of(size) for size in SIZES), SMALL]


def name_of(megabytes: int) -> str:
    """Give the name of the input that is one log of so many MB of JSON."""
    return f"{megabytes} MB"


@cache
def make_input(name: str) -> Input:
    """Generate one log of about so many MB, or 2,000 logs of 5 to 20 records, as most are that CloudTrail delivers."""
    if name == SMALL:
        sizes = [
            number % (MOST_RECORDS - FEWEST_RECORDS + 1) + FEWEST_RECORDS for number in range(SMALL_LOGS)
        ]
        accounts, duration = SMALL_LOGS_ACCOUNTS, timedelta(minutes=15)
    else:
        sizes = [round(int(name.removesuffix(" MB")) * 1e6 / _BYTES_OF_A_RECORD)]
        accounts, duration = 1, timedelta(minutes=5)
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

"""Logs, one after the other."""

import math
import string
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from random import Random

from tests.log_generator.account_region import AccountRegion
from tests.log_generator.records import WINDOW, Record, RecordWriter
from tests.log_generator.story import ACTS, Story, story_for

DEFAULT_REGIONS = ("us-east-1", "eu-central-1", "us-west-2", "eu-west-1", "ap-southeast-2")
LARGEST_RECORD_COUNT = 900

_ACCOUNTS = ("111122223333", "444455556666", "777788889999", "123456789012")
_MEDIAN_RECORD_COUNT = 12
_RECORD_COUNT_SIGMA = 1.5
# Of 40 logs that are not of a story, one has Insights events and one network activity.
_SPECIAL_PERIOD = 40
_INSIGHT_TURN, _NETWORK_TURN = 24, 32
_RECORDS_AT_ONCE = 512
# Measured: 1.4 times as fast as zlib's default level 6, for bodies a tenth larger.
_COMPRESSION_LEVEL = 4
_GZIP = 16 + zlib.MAX_WBITS
_FILE_ID_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class GeneratedLog:
    """One CloudTrail log object: its key, its gzipped body, and the eventIDs of its records in their order."""

    key: str
    body: bytes
    record_count: int
    event_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What one log will be; `acts` are those of the story that are told in it."""

    account: str
    region: str
    folder: str
    delivered: datetime
    record_count: int
    acts: tuple[int, ...] = ()


def generate_logs(  # noqa: PLR0913 - seed, logs and start say what; the others are for the few who need them
    seed: int,
    logs: int,
    start: datetime,
    *,
    duration: timedelta = timedelta(days=1),
    accounts: int = 4,
    regions: Sequence[str] = DEFAULT_REGIONS,
    records_per_log: int | Sequence[int] | None = None,
    duplicates: float = 0.0,
    story: bool = True,
) -> Iterator[GeneratedLog]:
    """Generate logs with their events evenly spread from `start` on; equal arguments give equal bytes.

    Only one log is in memory at a time, compressed (with `duplicates`, also the records to be repeated).

    Args:
        seed: What all random values come from.
        logs: Number of logs.
        start: When the first 5 minutes begin, with a time zone; cut to a multiple of 5 minutes.
        duration: The time that the logs are spread over, at least 5 minutes. All events are in [start, start+duration).
        accounts: Number of accounts; the first one is the busiest.
        regions: Regions; the first one is the busiest. Events of global services are in us-east-1 or, where that is
            not given, in the first one.
        records_per_log: None for CloudTrail's own sizes (median 12, mean about 35, at most 900), with an
            occasional log of Insights events or network activity. A number for that many records in each log, all of
            management and data events; a sequence for a number of its own for each log.
        duplicates: Share (0 to 1) of the distinct records that are delivered a second time, as where two trails
            record one account: logs come in pairs of the same account, region, time and size (that of the first),
            and the second of a pair repeats records of the first.
        story: Whether the story of the stolen key is told. Its acts need 3 to 7 records of a log; a log with a
            smaller `records_per_log` has them all the same.

    Raises:
        ValueError: an argument is out of its range.
    """
    if start.tzinfo is None:
        raise ValueError("start has no time zone")
    if logs < 0:
        raise ValueError(f"logs is {logs}, must be 0 or more")
    if duration < WINDOW:
        raise ValueError(f"duration is {duration}, must be 5 minutes or more")
    if accounts < 1 or not regions:
        raise ValueError("there must be an account and a region")
    if isinstance(records_per_log, int):
        records_per_log = (records_per_log,) * logs
    if records_per_log is not None:
        if len(records_per_log) != logs:
            raise ValueError(f"records_per_log has {len(records_per_log)} numbers for {logs} logs")
        if records_per_log and min(records_per_log) < 1:
            raise ValueError(f"records_per_log is {min(records_per_log)}, must be 1 or more")
    if not 0 <= duplicates <= 1:
        raise ValueError(f"duplicates is {duplicates}, must be from 0 to 1")
    account_ids = _account_ids(seed, accounts)
    start = start.astimezone(UTC)
    return _Generation(
        seed=seed,
        logs=logs,
        start=start - (start - datetime.min.replace(tzinfo=UTC)) % WINDOW,
        windows=duration // WINDOW,
        accounts=account_ids,
        regions=tuple(regions),
        records_per_log=records_per_log,
        duplicates=duplicates,
        story=story_for(seed, account_ids[0]),
        acts=len(ACTS) if story else 0,
    ).generate()


def _account_ids(seed: int, count: int) -> tuple[str, ...]:
    """Account ids that AWS uses in its documentation; beyond those, ids with four leading zeros."""
    rng = Random(f"{seed}/accounts")
    invented = (f"0000{number:08}" for number in rng.sample(range(10**8), k=max(0, count - len(_ACCOUNTS))))
    return tuple(islice(chain(_ACCOUNTS, invented), count))


def _gzip(texts: Iterable[str]) -> bytes:
    """The gzipped texts, one after the other; the header has no time, so that equal texts give equal bytes."""
    compressor = zlib.compressobj(_COMPRESSION_LEVEL, zlib.DEFLATED, _GZIP)
    pieces, remaining = [], iter(texts)
    while part := "".join(islice(remaining, _RECORDS_AT_ONCE)):
        pieces.append(compressor.compress(part.encode()))
    pieces.append(compressor.flush())
    return b"".join(pieces)


@dataclass(frozen=True)
class _Generation:
    """The arguments of generate_logs, checked and completed."""

    seed: int
    logs: int
    start: datetime
    windows: int
    accounts: tuple[str, ...]
    regions: tuple[str, ...]
    records_per_log: Sequence[int] | None
    duplicates: float
    story: Story
    acts: int
    _places: dict[tuple[str, str], AccountRegion] = field(default_factory=dict)

    def generate(self) -> Iterator[GeneratedLog]:
        again: dict[int, Record] = {}
        for index in range(self.logs):
            rng = Random(f"{self.seed}/log/{index}")
            first = not self.duplicates or index % 2 == 0
            plan = self._plan(index if first else index - 1)
            if first:
                # Of 2n records delivered by a pair, n * 2 / (1 + duplicates) are distinct.
                share = 2 * self.duplicates / (1 + self.duplicates)
                repeated = math.floor(plan.record_count * share + rng.random())
                wanted = set(rng.sample(range(plan.record_count), k=min(repeated, plan.record_count)))
                again.clear()
                records = self._keep(self._records(plan, plan.record_count, rng), wanted, again)
            else:
                own = replace(plan, acts=())
                records = chain(again.values(), self._records(own, plan.record_count - len(again), rng))
            yield self._log(plan, records, rng)

    def _keep(self, records: Iterator[Record], wanted: set[int], kept: dict[int, Record]) -> Iterator[Record]:
        for number, record in enumerate(records):
            if number in wanted:
                kept[number] = record
            yield record

    def _log(self, plan: _Plan, records: Iterator[Record], rng: Random) -> GeneratedLog:
        event_ids: list[str] = []

        def texts() -> Iterator[str]:
            before = '{"Records":['
            for event_id, text in records:
                event_ids.append(event_id)
                yield before + text
                before = ","
            yield "]}"

        body = _gzip(texts())
        name = f"{plan.account}_{plan.folder}_{plan.region}_{plan.delivered:%Y%m%dT%H%MZ}"
        file_id = "".join(rng.choices(_FILE_ID_ALPHABET, k=16))
        folder = f"AWSLogs/{plan.account}/{plan.folder}/{plan.region}/{plan.delivered:%Y/%m/%d}"
        return GeneratedLog(f"{folder}/{name}_{file_id}.json.gz", body, len(event_ids), tuple(event_ids))

    def _records(self, plan: _Plan, count: int, rng: Random) -> Iterator[Record]:
        place = self._place(plan.account, plan.region)
        writer = RecordWriter(place, plan.delivered - WINDOW, rng)
        if plan.folder == "CloudTrail-Insight":
            return writer.insights(count)
        if plan.folder == "CloudTrail-NetworkActivity":
            return writer.network_activity(count)
        told = [record for act in plan.acts for record in writer.story(self.story, act)]
        return chain(told, writer.ordinary(count - len(told)))

    def _place(self, account: str, region: str) -> AccountRegion:
        found = self._places.get((account, region))
        if found is None:
            home = region == self._home_region
            found = AccountRegion(self.seed, account, region, self.accounts, self.story, home=home)
            self._places[account, region] = found
        return found

    @property
    def _home_region(self) -> str:
        """The region that records the events of global services."""
        return "us-east-1" if "us-east-1" in self.regions else self.regions[0]

    def _plan(self, index: int) -> _Plan:
        rng = Random(f"{self.seed}/plan/{index}")
        delivered = self.start + WINDOW * (1 + index * self.windows // self.logs)
        acts = self._acts_at(index)
        least = sum(len(ACTS[act]) for act in acts)
        count = max(least, self.records_per_log[index] if self.records_per_log else _record_count(rng))
        if acts:
            return _Plan(self.accounts[0], self._home_region, "CloudTrail", delivered, count, acts)
        # The square makes the first accounts and regions the busy ones.
        account = self.accounts[int(rng.random() ** 2 * len(self.accounts))]
        region = self.regions[int(rng.random() ** 2 * len(self.regions))]
        turn = index % _SPECIAL_PERIOD if self.records_per_log is None else None
        if turn == _INSIGHT_TURN:
            return _Plan(account, region, "CloudTrail-Insight", delivered, 2)
        if turn == _NETWORK_TURN:
            return _Plan(account, region, "CloudTrail-NetworkActivity", delivered, min(count, 40))
        return _Plan(account, region, "CloudTrail", delivered, count)

    def _acts_at(self, index: int) -> tuple[int, ...]:
        """The acts told in the log: from the middle on, one in each log, or in the first of each pair."""
        step = 2 if self.duplicates else 1
        last = (self.logs - 1) // step * step
        begin = self.logs // 2 // step * step
        return tuple(act for act in range(self.acts) if min(begin + act * step, last) == index)


def _record_count(rng: Random) -> int:
    count = round(rng.lognormvariate(math.log(_MEDIAN_RECORD_COUNT), _RECORD_COUNT_SIGMA))
    return min(max(count, 1), LARGEST_RECORD_COUNT)

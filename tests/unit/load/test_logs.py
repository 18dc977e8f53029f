import json
import zlib
from itertools import pairwise
from statistics import mean, median

import pytest

from tests.load.logs import load_logs, record_counts


def test_there_are_many_small_logs_and_some_large_ones() -> None:
    counts = record_counts(seed=1, logs=2000, events=500_000)
    assert 500_000 <= sum(counts) <= 502_000
    assert median(counts) < mean(counts) / 2
    assert max(counts) > 5 * mean(counts)
    assert min(counts) >= 1


def test_equal_seeds_give_equal_sizes_and_others_do_not() -> None:
    assert record_counts(1, 100, 5000) == record_counts(1, 100, 5000)
    assert record_counts(1, 100, 5000) != record_counts(2, 100, 5000)


def test_neighbours_have_one_size() -> None:
    pairs = list(pairwise(record_counts(seed=3, logs=41, events=4000)))
    assert all(one == other for one, other in pairs[::2])
    assert any(one != other for one, other in pairs[1::2])


@pytest.mark.parametrize(("logs", "events"), [(0, 10), (11, 10)])
def test_every_log_has_an_event(logs: int, events: int) -> None:
    with pytest.raises(ValueError, match=f"{logs} logs cannot have {events} events"):
        record_counts(1, logs, events)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_events_are_as_many_as_asked_for_and_some_are_delivered_twice(seed: int) -> None:
    logs = list(load_logs(seed, logs=20, events=1000))
    ids = [
        record["eventID"]
        for log in logs
        for record in json.loads(zlib.decompress(log.body, 16 + zlib.MAX_WBITS))["Records"]
    ]
    assert 1000 <= len(set(ids)) <= 1050
    assert len(ids) > len(set(ids))
    assert len({log.key for log in logs}) == 20

import threading
from collections.abc import Iterator

import pytest

from trailsearch.aws.concurrency import map_ahead

PATIENCE_SECONDS = 20


def test_results_come_in_the_order_of_the_items() -> None:
    first_may_end = threading.Event()

    def call(item: int) -> int:
        if item == 0:
            assert first_may_end.wait(PATIENCE_SECONDS)
        else:
            first_may_end.set()
        return item * 10

    assert list(map_ahead(call, range(6), at_once=2)) == [0, 10, 20, 30, 40, 50]


def test_as_many_calls_as_allowed_are_under_way_at_once() -> None:
    all_there = threading.Barrier(3)
    assert len(list(map_ahead(lambda _: all_there.wait(PATIENCE_SECONDS), range(3), at_once=3))) == 3


def test_items_are_taken_no_sooner_than_there_is_room_for_them() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(10):
            taken.append(item)
            yield item

    results = map_ahead(lambda item: item, items(), at_once=3)
    for result in results:
        assert len(taken) <= result + 1 + 3
    assert len(taken) == 10


def test_an_error_is_raised_in_its_turn_and_ends_it() -> None:
    called: list[int] = []

    def call(item: int) -> int:
        called.append(item)
        if item == 1:
            raise OSError("no answer")
        return item

    results = map_ahead(call, range(100), at_once=2)
    assert next(results) == 0
    with pytest.raises(OSError, match="no answer"):
        next(results)
    assert len(called) <= 4


def test_nothing_to_do() -> None:
    assert list(map_ahead(str, [], at_once=2)) == []

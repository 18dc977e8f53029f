"""Each planted bug is found, and a seed that finds one finds nothing without it."""

from collections.abc import Iterator
from itertools import chain

import pytest

from tests.simulation.planted.bugs import BUGS
from tests.simulation.planted.found import FOUND
from tests.simulation.planted.hunt import hunt
from tests.simulation.run import run
from tests.simulation.seeds import draw
from tests.simulation.world import simulated


@pytest.fixture(scope="module", autouse=True)
def _simulated() -> Iterator[None]:
    with simulated():
        yield


def test_every_bug_is_found_within_a_thousand_seeds() -> None:
    assert list(FOUND) == list(BUGS)
    assert len(FOUND) >= 25
    assert all(0 <= found.seed < 1000 for found in FOUND.values())


@pytest.mark.parametrize("bug", FOUND)
def test_a_planted_bug_is_found(bug: str) -> None:
    """By the seed of the table; or, where seeds draw something else now, by the first that does."""
    assert hunt(BUGS[bug], chain([FOUND[bug].seed], range(1000)))


@pytest.mark.parametrize("seed", sorted({found.seed for found in FOUND.values()}))
def test_without_a_bug_its_seed_finds_nothing(seed: int) -> None:
    assert run(draw(seed)).failures == ()

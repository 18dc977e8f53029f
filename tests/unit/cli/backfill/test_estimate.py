"""What a backfill is said to take grows with what there is, and is that of executions of the workflow."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailsearch.cli.backfill.estimate import Estimate, estimate
from trailsearch.cli.cost.inputs import Model
from trailsearch.cli.cost.settings import (
    read_assumptions,
    read_measured,
    read_prices,
    read_settings,
    read_states,
    read_states_per_part,
)
from trailsearch.contracts.backfill import Counted
from trailsearch.search import Backend

MODEL = Model(read_states(), read_measured(), read_assumptions(), read_prices())
STATES = read_states_per_part()
PROD = {
    backend: msgspec.structs.replace(read_settings("prod"), search_backend=backend) for backend in Backend
}
backends = st.sampled_from(list(Backend))
# A million logs of a year, in full parts.
YEAR = Counted(logs=1_000_000, bytes=20_000_000_000, parts=2_000, events=140_000_000)


@given(backends, st.integers(1, 5_000), st.integers(1, 500), st.integers(300, 60_000))
def test_twice_as_much_takes_about_twice_as_much(backend: Backend, parts: int, logs: int, size: int) -> None:
    counted = Counted(
        logs=parts * logs, bytes=parts * logs * size, parts=parts, events=parts * logs * (1 + size // 114)
    )
    once, twice = (estimate(each, PROD[backend], MODEL, STATES) for each in (counted, counted + counted))
    assert twice == pytest.approx(tuple(2 * each for each in once))
    assert min(once) > 0


def test_a_part_enters_five_states_of_its_own() -> None:
    """Look At Live Traffic, Live Traffic Behind?, Read Part, Index Part, Mark Part Done."""
    assert STATES == 5
    least, more = (estimate(YEAR, PROD[Backend.OPENSEARCH], MODEL, states).dollars for states in (0, STATES))
    assert more - least == pytest.approx(YEAR.parts * STATES * 0.025 / 1000)


@given(backends)
def test_nothing_takes_nothing(backend: Backend) -> None:
    assert estimate(Counted(archived_logs=3, archived_bytes=9), PROD[backend], MODEL, STATES) == Estimate(
        0, 0, 0, 0
    )


def test_cloudsearch_takes_a_batch_in_ten_seconds() -> None:
    events, gigabytes, _, hours = estimate(YEAR, PROD[Backend.CLOUDSEARCH], MODEL, STATES)
    batches = gigabytes * 1e9 / 5_000_000
    assert events == YEAR.events
    assert batches * 10 / 3600 <= hours <= 1.2 * batches * 10 / 3600


def test_what_comes_by_no_queue_is_cheaper_than_what_does() -> None:
    """A million events in full parts cost less than those of a busy account that comes by the Pipe."""
    events, _, dollars, _ = estimate(YEAR, PROD[Backend.OPENSEARCH], MODEL, STATES)
    assert 0.01 < dollars / events * 1e6 < 0.044

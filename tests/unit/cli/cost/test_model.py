"""What the cost model promises of every deployment and every traffic."""

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailsearch.cli.cost.counts import Counts
from trailsearch.cli.cost.inputs import Model, Settings, Traffic, Upload
from trailsearch.cli.cost.model import (
    Delivery,
    average_delivery,
    count,
    month,
    staging_puts,
    variable_dollars,
)
from trailsearch.cli.cost.retention import count_retention, keeps_up
from trailsearch.cli.cost.settings import (
    read_assumptions,
    read_measured,
    read_prices,
    read_settings,
    read_states,
)
from trailsearch.search import Backend
from trailsearch.workflow.staging import PART_BYTES, PUT_AT_ONCE_BYTES

MODEL = Model(read_states(), read_measured(), read_assumptions(), read_prices())
PROD, DEV = (
    msgspec.structs.replace(read_settings(name), search_backend=Backend.CLOUDSEARCH)
    for name in ("prod", "dev")
)

positive = st.floats(min_value=0.5, max_value=1e5)
deliveries = st.builds(
    Delivery, positive, positive, positive, positive, staged_bytes=positive, batch_bytes=positive
)
traffics = st.builds(
    Traffic, st.floats(min_value=1e3, max_value=1e8), st.floats(min_value=1, max_value=1e4), st.none()
)
windows = st.integers(min_value=1, max_value=45)
batch_sizes = st.integers(min_value=1, max_value=50)


def with_pipe(batch_size: int, window: int, base: Settings = PROD) -> Settings:
    return msgspec.structs.replace(base, pipe_batch_size=batch_size, pipe_batching_window_seconds=window)


@given(deliveries)
def test_nothing_is_counted_negative(delivery: Delivery) -> None:
    assert min(msgspec.structs.astuple(count(delivery, PROD, MODEL))) >= 0


@given(deliveries, st.sampled_from(Delivery.__struct_fields__), st.floats(min_value=1, max_value=10))
def test_more_of_anything_never_costs_less(delivery: Delivery, field: str, factor: float) -> None:
    more = msgspec.structs.replace(delivery, **{field: getattr(delivery, field) * factor})
    before, after = (
        sum(variable_dollars(count(each, PROD, MODEL), MODEL.prices, Backend.CLOUDSEARCH).values())
        for each in (delivery, more)
    )
    assert after >= before * (1 - 1e-12)


@given(deliveries, deliveries)
def test_dollars_are_additive(one: Delivery, other: Delivery) -> None:
    counts = [count(each, PROD, MODEL) for each in (one, other)]
    together = variable_dollars(sum(counts, start=Counts()), MODEL.prices, Backend.CLOUDSEARCH)
    apart = [variable_dollars(each, MODEL.prices, Backend.CLOUDSEARCH) for each in counts]
    assert together == pytest.approx({name: sum(each[name] for each in apart) for name in together})


@given(traffics, batch_sizes, windows)
@settings(deadline=None)
def test_a_delivery_has_at_least_one_message_and_at_most_a_full_batch(
    traffic: Traffic, batch_size: int, window: int
) -> None:
    delivery = average_delivery(traffic, with_pipe(batch_size, window), MODEL)
    assert 1 <= delivery.messages <= batch_size * (1 + 1e-9)


@given(traffics, batch_sizes, windows)
@settings(deadline=None)
def test_batches_are_enough_for_the_documents_and_hardly_more(
    traffic: Traffic, batch_size: int, window: int
) -> None:
    delivery = average_delivery(traffic, with_pipe(batch_size, window), MODEL)
    full = delivery.batch_bytes / 5_000_000
    assert max(1, full) * (1 - 1e-6) <= delivery.batches <= full + 1 + 1e-6


@given(traffics, st.integers(min_value=1, max_value=49), windows)
@settings(deadline=None)
def test_a_larger_pipe_batch_takes_no_more_executions(traffic: Traffic, batch_size: int, window: int) -> None:
    smaller, larger = (
        month(traffic, with_pipe(size, window), MODEL) for size in (batch_size, batch_size + 1)
    )
    assert larger.counts.executions <= smaller.counts.executions * (1 + 1e-9)
    assert larger.counts.state_transitions <= smaller.counts.state_transitions * (1 + 1e-9)


@given(traffics, st.floats(min_value=1, max_value=10))
@settings(deadline=None)
def test_a_month_with_more_events_costs_more_in_all_but_less_for_each(
    traffic: Traffic, factor: float
) -> None:
    more = msgspec.structs.replace(traffic, events_per_day=traffic.events_per_day * factor)
    before, after = month(traffic, PROD, MODEL), month(more, PROD, MODEL)
    assert after.dollars >= before.dollars * (1 - 1e-9)
    assert after.dollars_per_million <= before.dollars_per_million * (1 + 1e-9)


@given(deliveries)
def test_a_ledger_is_an_object_for_each_step_and_costs_little(delivery: Delivery) -> None:
    keeping = msgspec.structs.replace(PROD, keep_ledger=True)
    without, kept = (count(delivery, settings, MODEL) for settings in (PROD, keeping))
    assert kept.s3_puts == pytest.approx(without.s3_puts + 2 + delivery.batches)
    assert kept.staged_gb_months > without.staged_gb_months
    assert kept.gb_seconds > without.gb_seconds
    assert kept.state_transitions == without.state_transitions
    assert not PROD.keep_ledger


def test_a_pipe_that_does_not_wait_starts_an_execution_for_each_log() -> None:
    reckoned = month(Traffic(100_000, 12), DEV, MODEL)
    assert reckoned.counts.executions == pytest.approx(100_000 * 30 / 12)
    assert reckoned.delivery.messages == 1


def test_the_window_begins_with_the_first_message() -> None:
    """One message in ten seconds, a window of 30: the first, and three more on average."""
    delivery = average_delivery(Traffic(8640, 1), with_pipe(50, 30), MODEL)
    assert delivery.messages == pytest.approx(4)


@pytest.mark.parametrize(
    ("size", "requests"),
    [
        (1, 1),
        (PUT_AT_ONCE_BYTES, 1),
        (PUT_AT_ONCE_BYTES + 1, PUT_AT_ONCE_BYTES // PART_BYTES + 3),
        (10 * PART_BYTES, 12),
        (10 * PART_BYTES + 1, 13),
    ],
)
def test_a_multipart_upload_is_a_request_for_each_part_and_two_more(size: int, requests: int) -> None:
    assert staging_puts(size) == requests


def test_less_memory_takes_longer_so_that_computing_costs_the_same() -> None:
    delivery = Delivery(1, 1, 1, 1, staged_bytes=1e6, batch_bytes=2e6)
    no_waiting = msgspec.structs.replace(
        MODEL.assumptions, s3_request_ms=0, uploads={Backend.CLOUDSEARCH: Upload(0, 0, 0)}
    )
    model = msgspec.structs.replace(MODEL, assumptions=no_waiting)
    less = msgspec.structs.replace(PROD, memory_mb={name: size // 2 for name, size in PROD.memory_mb.items()})
    whole, half = (count(delivery, each, model).gb_seconds for each in (PROD, less))
    assert half == pytest.approx(whole, rel=0.01)


def test_what_is_traced_is_all_at_one_a_second_and_a_share_beyond() -> None:
    slow, fast = Traffic(8_640, 1), Traffic(864_000, 1)
    assert month(slow, DEV, MODEL).counts.traces == pytest.approx(8_640 * 30)
    assert month(fast, DEV, MODEL).counts.traces == pytest.approx((86_400 + 0.05 * 777_600) * 30)


def test_two_availability_zones_cost_twice_the_instances() -> None:
    one = msgspec.structs.replace(PROD, search_multi_az=False)
    name = "Search domain: instances"
    both = (month(Traffic(1000, 10), each, MODEL).fixed[name] for each in (one, PROD))
    assert math.isclose(2 * next(both), next(both))


def test_batches_follow_each_other_as_logs_do_where_each_has_one() -> None:
    assert month(Traffic(8640, 1), DEV, MODEL).seconds_per_batch == pytest.approx(10)


def test_batches_to_opensearch_cost_nothing_by_themselves() -> None:
    opensearch = msgspec.structs.replace(PROD, search_backend=Backend.OPENSEARCH)
    on_either = [month(Traffic(1e6, 100), each, MODEL) for each in (PROD, opensearch)]
    assert [each.variable["Batches to the search domain"] > 0 for each in on_either] == [True, False]
    assert on_either[1].counts.search_batches > 0


def test_instances_with_credits_get_smaller_batches() -> None:
    large = msgspec.structs.replace(
        PROD, search_backend=Backend.OPENSEARCH, opensearch_instance_type="or2.medium.search"
    )
    small = msgspec.structs.replace(large, opensearch_instance_type="t3.medium.search")
    of_large, of_small = (
        average_delivery(Traffic(1e8, 10_000), each, MODEL).batches for each in (large, small)
    )
    assert of_small / of_large == pytest.approx(5 / 3, rel=0.05)


@pytest.mark.parametrize("backend", Backend)
@pytest.mark.parametrize(("events", "dollars"), [(100_000, 60), (5_000_000, 3_000), (20_000_000, 12_000)])
def test_a_second_copy_of_management_events_costs_two_dollars_for_a_hundred_thousand(
    events: int, dollars: int, backend: Backend
) -> None:
    """https://aws.amazon.com/cloudtrail/pricing/. It is in no sum: whether there is a trail, nobody can tell from here."""
    of_backend = msgspec.structs.replace(PROD, search_backend=backend, create_trail=True)
    own = month(Traffic(events, 500), of_backend, MODEL)
    existing = month(Traffic(events, 500), msgspec.structs.replace(of_backend, create_trail=False), MODEL)
    assert own.second_copy == pytest.approx(dollars)
    assert existing.second_copy == 0
    assert own.dollars == pytest.approx(sum(own.variable.values()) + sum(own.fixed.values()))


@pytest.mark.parametrize("backend", Backend)
def test_without_a_retention_nothing_of_it_is_paid(backend: Backend) -> None:
    keeps = msgspec.structs.replace(PROD, search_backend=backend, search_retention_days=None)
    deletes = msgspec.structs.replace(keeps, search_retention_days=90)
    without, with_it = (month(Traffic(5e6, 500), each, MODEL).fixed for each in (keeps, deletes))
    assert without["Retention"] == 0 < with_it["Retention"]
    assert with_it["Custom metrics"] - without["Custom metrics"] == pytest.approx(0.30)
    assert with_it["Alarms"] > without["Alarms"]


def test_each_twenty_thousand_events_that_expire_on_cloudsearch_are_a_batch_that_is_paid() -> None:
    """Batches with deletions are billed as well: 250 a day for 5 million events, 10 cents for 1,000.

    https://docs.aws.amazon.com/cloudsearch/latest/developerguide/preparing-data.html
    """
    deletes = msgspec.structs.replace(PROD, search_retention_days=30)
    counted = count_retention(deletes, Traffic(5_000_000, 500), MODEL)
    assert counted.search_batches == 250 * 30
    batches = variable_dollars(counted, MODEL.prices, Backend.CLOUDSEARCH)["Batches to the search domain"]
    assert batches == pytest.approx(0.75)


def test_on_opensearch_the_retention_costs_the_same_however_many_events_expire() -> None:
    deletes = msgspec.structs.replace(PROD, search_backend=Backend.OPENSEARCH, search_retention_days=30)
    few, many = (count_retention(deletes, Traffic(events, 500), MODEL) for events in (1e3, 1e9))
    assert few == many
    # 29 days on which there is nothing to drop, and one of three rounds.
    assert (few.executions, few.invocations, few.state_transitions) == (30, 32, 29 * 4 + 10)


@pytest.mark.parametrize(
    ("backend", "events", "keeps"),
    [
        (Backend.CLOUDSEARCH, 1198 * 20_000, True),
        (Backend.CLOUDSEARCH, 1198 * 20_000 + 1, False),
        (Backend.OPENSEARCH, 1e9, True),
    ],
)
def test_more_than_an_execution_deletes_in_all_its_rounds_is_said(
    backend: Backend, events: float, keeps: bool
) -> None:
    deletes = msgspec.structs.replace(PROD, search_backend=backend, search_retention_days=30)
    assert keeps_up(deletes, Traffic(events, 500), MODEL) is keeps
    invocations = count_retention(deletes, Traffic(events, 500), MODEL).invocations
    assert invocations <= 30 * 1200

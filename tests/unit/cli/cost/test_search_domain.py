"""The search domain that the cost model lets grow: it holds what is kept, and no more than that."""

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailsearch.cli.capacity import GB_OF_DOCUMENTS
from trailsearch.cli.cost.inputs import CostUnknown, Model, Settings, Traffic
from trailsearch.cli.cost.search_domain import days, fit, is_granted, monthly_dollars, room, shards, size
from trailsearch.cli.cost.settings import (
    read_assumptions,
    read_measured,
    read_prices,
    read_settings,
    read_states,
)
from trailsearch.search import Backend

MODEL = Model(read_states(), read_measured(), read_assumptions(), read_prices())
SIZES = MODEL.assumptions.opensearch
PROD = read_settings("prod")
GIB = 2**30

events_a_day = st.floats(min_value=1, max_value=1e9)
retentions = st.integers(min_value=1, max_value=3_650)
environments = st.sampled_from([read_settings(name) for name in ("dev", "staging", "prod")])


def kept(days: int | None, backend: Backend, base: Settings = PROD, **changes: object) -> Settings:
    return msgspec.structs.replace(base, search_retention_days=days, search_backend=backend, **changes)


def fitted(events: float, days: int, backend: Backend, base: Settings = PROD, **changes: object) -> Settings:
    return fit(kept(days, backend, base, **changes), Traffic(events, 100), MODEL)


@given(events_a_day, retentions, environments)
@settings(deadline=None)
def test_opensearch_holds_what_is_kept_and_rings_no_alarm(events: float, days: int, base: Settings) -> None:
    """A month's index is dropped as a whole: until then there is a month more than is kept."""
    grown = fitted(events, days, Backend.OPENSEARCH, base)
    index = events * (days + 31) * 781 * (1 + grown.opensearch_replicas) / GIB
    held, volume = index / grown.opensearch_instance_count, grown.opensearch_volume_gib
    node = SIZES.node_types[grown.opensearch_instance_type]
    free = 0.95 * volume - min(0.2 * volume, 20) - held
    assert free >= 0.25 * volume * (1 - 1e-9)
    assert volume <= node.max_volume_gib
    assert held <= 32 * node.memory_gib
    assert grown.opensearch_instance_count % grown.opensearch_zone_count == 0


@given(events_a_day, retentions, environments)
@settings(deadline=None)
def test_cloudsearch_holds_what_is_kept(events: float, days: int, base: Settings) -> None:
    grown = fitted(events, days, Backend.CLOUDSEARCH, base)
    capacity = GB_OF_DOCUMENTS[grown.search_instance_type]
    held = events * days * MODEL.measured.events.document_bytes[Backend.CLOUDSEARCH] / 1e9
    assert held <= capacity * (grown.search_partition_count or 1) * (1 + 1e-9)


@given(events_a_day, retentions, st.sampled_from(Backend), environments)
@settings(deadline=None)
def test_a_domain_never_costs_less_than_the_one_that_is_deployed(
    events: float, days: int, backend: Backend, base: Settings
) -> None:
    traffic = Traffic(events, 100)
    before, after = (
        sum(monthly_dollars(each, traffic, MODEL).values())
        for each in (kept(None, backend, base), fitted(events, days, backend, base))
    )
    assert after >= before * (1 - 1e-9)


@given(events_a_day, retentions, st.sampled_from(Backend), st.floats(min_value=1, max_value=10))
@settings(deadline=None)
def test_more_events_never_cost_less(events: float, days: int, backend: Backend, factor: float) -> None:
    few, many = (
        sum(monthly_dollars(fitted(each, days, backend), Traffic(each, 100), MODEL).values())
        for each in (events, events * factor)
    )
    assert many >= few * (1 - 1e-9)


@pytest.mark.parametrize(
    ("events", "days", "runs_on"),
    [
        (100_000, 365, "3 × or2.medium, 100 GiB"),
        # 5,000,000 × 61 days × 781 bytes × 2 copies are 443.7 GiB: 148 GiB a node, and (148 + 20) / 0.7.
        (5_000_000, 30, "3 × or2.medium, 240 GiB"),
        # A thousand million, of which prod.tfvars says what they take.
        (1e9 / 365, 334, "3 × or2.large, 730 GiB"),
    ],
)
def test_what_opensearch_runs_on(events: float, days: int, runs_on: str) -> None:
    assert size(fitted(events, days, Backend.OPENSEARCH)) == runs_on


@pytest.mark.parametrize(
    ("events", "days", "runs_on", "granted"),
    [
        (100, 30, "2 × search.large", True),
        # 2,576 bytes each: 12.9 GB, 77 GB, and 386 GB.
        (5_000_000, 1, "2 × search.xlarge", True),
        (5_000_000, 6, "6 × search.2xlarge", True),
        (5_000_000, 30, "26 × search.2xlarge", False),
    ],
)
def test_what_cloudsearch_runs_on(events: float, days: int, runs_on: str, granted: bool) -> None:
    grown = fitted(events, days, Backend.CLOUDSEARCH)
    assert size(grown) == runs_on
    assert is_granted(grown) is granted


@pytest.mark.parametrize("backend", Backend)
def test_what_is_kept_for_ever_is_reckoned_as_it_is_deployed(backend: Backend) -> None:
    given_settings = kept(None, backend)
    assert fit(given_settings, Traffic(1e9, 100), MODEL) == given_settings


def test_a_month_is_cut_into_shards_of_thirty_gigabytes() -> None:
    found = [shards(Traffic(events, 100), MODEL) for events in (100_000, 1_239_000, 1_240_000, 20_000_000)]
    assert found == [1, 1, 2, 17]


def test_larger_events_take_more_room() -> None:
    large = Traffic(5_000_000, 100, event_bytes=2 * MODEL.measured.events.staged_bytes)
    assert shards(large, MODEL) == shards(Traffic(10_000_000, 100), MODEL)
    for backend in Backend:
        assert fit(kept(90, backend), large, MODEL) == fitted(10_000_000, 90, backend)


def test_masters_and_volumes_are_paid_by_the_month() -> None:
    """3 × or2.medium at 0.10 dollars an hour, 300 GiB at 0.122, and one copy of a day and a month in S3 at 0.024."""
    traffic = Traffic(1_000_000, 100)
    domain = kept(None, Backend.OPENSEARCH)
    plain = monthly_dollars(domain, traffic, MODEL)
    assert plain["Search domain: instances"] == pytest.approx(3 * 0.10 * 730)
    in_s3 = 1_000_000 * 31 * 781 / GIB * 0.024
    assert plain["Search domain: storage"] == pytest.approx(300 * 0.122 + in_s3)
    masters = msgspec.structs.replace(domain, opensearch_master_instance_type="m7g.medium.search")
    more = monthly_dollars(masters, traffic, MODEL)["Search domain: instances"]
    assert more - plain["Search domain: instances"] == pytest.approx(3 * 0.068 * 730)


def test_only_the_families_that_keep_their_index_in_s3_pay_for_it() -> None:
    small = kept(None, Backend.OPENSEARCH, opensearch_instance_type="t3.medium.search")
    storage = monthly_dollars(small, Traffic(1_000_000, 100), MODEL)["Search domain: storage"]
    assert storage == pytest.approx(300 * 0.122)


@pytest.mark.parametrize("reckon", [fit, monthly_dollars])
def test_an_instance_type_of_which_nothing_is_known_is_named(reckon: object) -> None:
    unknown = kept(30, Backend.OPENSEARCH, opensearch_instance_type="x9.mega.search")
    assert callable(reckon)
    with pytest.raises(CostUnknown, match=r"x9\.mega\.search"):
        reckon(unknown, Traffic(1, 1), MODEL)


@given(events_a_day, retentions, st.sampled_from(Backend), environments)
@settings(deadline=None)
def test_a_domain_that_is_reckoned_for_some_days_has_room_for_them(
    events: float, kept_days: int, backend: Backend, base: Settings
) -> None:
    """OpenSearch holds a month more than is kept: a month's index is dropped as a whole."""
    needed = kept_days + (31 if backend is Backend.OPENSEARCH else 0)
    found = room(
        kept(None, backend, base), fitted(events, kept_days, backend, base), Traffic(events, 100), MODEL
    )
    assert found.reckoned >= needed * (1 - 1e-9)
    assert found.reckoned >= found.deployed * (1 - 1e-9)
    assert (found.granted is None) == (backend is Backend.OPENSEARCH)


@given(events_a_day, st.sampled_from(Backend), environments)
@settings(deadline=None)
def test_a_domain_that_holds_fewer_days_than_are_kept_has_to_grow(
    events: float, backend: Backend, base: Settings
) -> None:
    traffic, deployed = Traffic(events, 100), kept(None, backend, base)
    fits = days(deployed, traffic, MODEL) - (31 if backend is Backend.OPENSEARCH else 0)
    for kept_days in (math.floor(fits), math.ceil(fits) + 1):
        if kept_days >= 1:
            grown = fit(msgspec.structs.replace(deployed, search_retention_days=kept_days), traffic, MODEL)
            assert (size(grown) == size(deployed)) == (kept_days < fits)


@pytest.mark.parametrize(
    ("events", "deployed", "granted"),
    [
        # 2,761 bytes each: 8 GB hold 2.9 million events, and ten times 32 GB 116 million.
        (100_000, 29.0, 1_159.0),
        (5_000_000, 0.58, 23.2),
        (20_000_000, 0.145, 5.8),
    ],
)
def test_how_many_days_cloudsearch_holds(events: int, deployed: float, granted: float) -> None:
    settings_ = kept(30, Backend.CLOUDSEARCH)
    found = room(settings_, settings_, Traffic(events, 100), MODEL)
    assert found.deployed == pytest.approx(deployed, rel=0.01)
    assert found.granted == pytest.approx(granted, rel=0.01)


@pytest.mark.parametrize(("events", "held"), [(100_000, 1_031), (5_000_000, 20.6), (20_000_000, 5.16)])
def test_how_many_days_opensearch_holds(events: int, held: float) -> None:
    """100 GiB of each of three nodes, less 5 % and 20 GiB that are taken and 25 % that stay free, of 781 bytes in two copies."""
    assert days(kept(30, Backend.OPENSEARCH), Traffic(events, 100), MODEL) == pytest.approx(held, rel=0.01)


def test_memory_bounds_what_a_large_volume_holds() -> None:
    small = kept(None, Backend.OPENSEARCH, opensearch_volume_gib=700)
    larger = msgspec.structs.replace(small, opensearch_volume_gib=768)
    assert days(small, Traffic(1, 1), MODEL) == days(larger, Traffic(1, 1), MODEL)

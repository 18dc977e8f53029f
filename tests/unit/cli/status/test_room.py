"""When a search domain will be full: measured, never guessed; and where it cannot be told, that is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailsearch.cli.capacity import GB_OF_DOCUMENTS
from trailsearch.cli.status.room import Growth, room_of_cloudsearch, room_of_opensearch

LARGE = "search.2xlarge"
Series = tuple[tuple[int, float], ...]


def falling(newest: float, by: float, days: int = 14) -> Series:
    return tuple((ago, newest + by * ago) for ago in range(days + 1))


def growing(newest: float, by: float, days: int = 14) -> Series:
    return tuple((ago, newest - by * ago) for ago in range(days + 1))


def test_a_disk_is_full_when_nothing_is_free_of_it() -> None:
    room = room_of_opensearch(Growth(free_storage_mib=falling(34 * 1024, 1024)))
    assert room.days == pytest.approx(34)
    assert room.said == "full in about 34 days, at 1.0 GiB of the fullest disk on a usual day of the last 14"


@given(st.floats(min_value=1, max_value=1e6), st.floats(min_value=1, max_value=1e5))
def test_at_the_same_pace_it_lasts_as_long_as_it_takes(free: float, a_day: float) -> None:
    room = room_of_opensearch(Growth(free_storage_mib=falling(free, a_day)))
    assert room.days == pytest.approx(free / a_day)


def test_a_month_that_was_dropped_changes_nothing_about_a_usual_day_and_the_next_is_thought_of() -> None:
    """A sawtooth: storage shrinks each day, and once comes back."""
    values = tuple((ago, value + (50_000 if ago < 5 else 0)) for ago, value in falling(20_000, 1_000))
    room = room_of_opensearch(Growth(free_storage_mib=values, events_deleted=7e6))
    assert room.days == pytest.approx(70)
    assert room.said.endswith(", unless the retention drops a month before")
    assert "retention" not in room_of_opensearch(Growth(free_storage_mib=values)).said


@pytest.mark.parametrize("by", [0.0, -10.0])
def test_a_disk_that_does_not_shrink_is_not_filling_up(by: float) -> None:
    room = room_of_opensearch(Growth(free_storage_mib=falling(20_000, by)))
    assert room.days is None
    assert room.said.startswith("not filling up")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((), "no data"),
        (falling(1_000, 10, days=2), "cannot be told yet"),
        # Five values, but no two of them a day apart.
        (tuple((2 * ago, 1_000.0 + ago) for ago in range(5)), "cannot be told yet"),
    ],
)
def test_what_is_too_little_to_go_by_is_not_gone_by(values: Series, said: str) -> None:
    for room in (
        room_of_opensearch(Growth(free_storage_mib=values)),
        room_of_cloudsearch(Growth(documents=values), LARGE, 1, 50.0),
    ):
        assert room.days is None
        assert room.said.startswith(said)


def test_cloudsearch_is_full_when_its_tenth_partition_is() -> None:
    """A quarter of one large instance: 62 million in ten of the largest, of which 388,000 are there."""
    room = room_of_cloudsearch(Growth(documents=growing(388_000, 100_000)), "search.large", 1, 25.0)
    assert room.days == pytest.approx((388_000 * 4 * 40 - 388_000) / 100_000)
    assert "about 62,080,000 in 10 partitions" in room.said


@given(
    st.sampled_from(list(GB_OF_DOCUMENTS)),
    st.integers(min_value=1, max_value=10),
    st.floats(min_value=1, max_value=100),
    st.floats(min_value=1e3, max_value=1e7),
)
def test_cloudsearch_never_has_less_room_than_none(
    kind: str, partitions: int, utilization: float, a_day: float
) -> None:
    room = room_of_cloudsearch(Growth(documents=growing(1e6, a_day)), kind, partitions, utilization)
    assert room.days is not None
    assert room.days >= -1e-6


@pytest.mark.parametrize(
    ("kind", "partitions", "utilization", "said"),
    [
        (
            "search.m3.2xlarge",
            1,
            50.0,
            "cannot be told: AWS does not say what an instance search.m3.2xlarge holds",
        ),
        (LARGE, 11, 50.0, "cannot be told: AWS has granted more than 10 partitions"),
        (LARGE, 1, None, "cannot be told yet: less than one percent"),
        (LARGE, 1, 0.4, "cannot be told yet: less than one percent"),
    ],
)
def test_where_it_cannot_be_told_cloudsearch_says_why(
    kind: str, partitions: int, utilization: float | None, said: str
) -> None:
    room = room_of_cloudsearch(Growth(documents=growing(1e6, 1e3)), kind, partitions, utilization)
    assert room.days is None
    assert room.said.startswith(said)


def test_a_domain_that_deletes_as_much_as_it_gets_is_not_filling_up() -> None:
    room = room_of_cloudsearch(Growth(documents=growing(1e6, 0)), LARGE, 1, 50.0)
    assert room.days is None
    assert room.said.startswith("not filling up")


@pytest.mark.parametrize(
    ("free", "said"),
    [
        (1_024.0, "full in about 24 hours"),
        (4_096.0, "full in about 4 days"),
        (1e7, "for more than ten years"),
    ],
)
def test_soon_is_said_in_hours_and_late_not_at_all(free: float, said: str) -> None:
    by = 1_024.0 if free < 1e6 else 1.0
    assert room_of_opensearch(Growth(free_storage_mib=falling(free, by))).said.startswith(said)

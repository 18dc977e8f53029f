from datetime import UTC, datetime, timedelta, timezone

import pytest

from trailsearch.cli.search.times import TimeUnreadable, parse_length, parse_time

NOW = datetime(2026, 11, 26, 23, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("now", NOW),
        ("90s", NOW - timedelta(seconds=90)),
        ("15m", NOW - timedelta(minutes=15)),
        ("2h", NOW - timedelta(hours=2)),
        ("3D", NOW - timedelta(days=3)),
        (" 2w ", NOW - timedelta(weeks=2)),
        ("today", datetime(2026, 11, 26, tzinfo=UTC)),
        ("yesterday", datetime(2026, 11, 25, tzinfo=UTC)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T10:00", datetime(2026, 11, 1, 10, tzinfo=UTC)),
        ("2026-11-01 10:00:05", datetime(2026, 11, 1, 10, 0, 5, tzinfo=UTC)),
        ("2026-11-01T10:00z", datetime(2026, 11, 1, 10, tzinfo=UTC)),
        ("2026-11-01T10:00+01:00", datetime(2026, 11, 1, 10, tzinfo=timezone(timedelta(hours=1)))),
        ("2026-11-01T10:00-0330", datetime(2026, 11, 1, 13, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_how_long_ago_or_a_date_or_a_moment_with_its_zone(text: str, time: datetime) -> None:
    assert parse_time("SINCE", text, NOW) == time


def test_today_is_that_of_utc_whatever_the_zone_of_now() -> None:
    now = datetime(2026, 11, 27, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    assert parse_time("SINCE", "today", now) == datetime(2026, 11, 26, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "yestrday",
        "2",
        "h",
        "-2h",
        "2 h",
        "2026-13-01",
        "11/01/2026",
        "10:00",
        "0h",
        "²h",
        "9999999d",
        "999999w",
        "365000d",
        "0001-01-01",
        "9999-12-31",
    ],
)
def test_what_is_no_time_is_refused_and_says_what_one_is(text: str) -> None:
    with pytest.raises(TimeUnreadable, match=r"UNTIL=.* is no time; it is one of 2h, 3d"):
        parse_time("UNTIL", text, NOW)


def test_a_length_that_is_nothing_is_none() -> None:
    assert parse_length("0m") is None
    assert parse_length("1h") == timedelta(hours=1)

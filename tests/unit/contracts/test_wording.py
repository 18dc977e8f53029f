"""Numbers in words, and times as they are written down."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from trailsearch.contracts.times import to_milliseconds, to_seconds
from trailsearch.contracts.wording import counted


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 parts"), (1, "1 part"), (2, "2 parts"), (1_234, "1,234 parts")]
)
def test_of_one_thing_there_is_no_plural(number: int, said: str) -> None:
    assert counted(number, "part") == said


def test_a_time_is_written_in_utc_with_a_z_whatever_its_zone() -> None:
    moment = datetime(2026, 11, 27, 0, 15, 0, 123_456, timezone(timedelta(hours=2)))
    assert to_seconds(moment) == "2026-11-26T22:15:00Z"
    assert to_milliseconds(moment) == "2026-11-26T22:15:00.123Z"
    assert to_milliseconds(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000Z"

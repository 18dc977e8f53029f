"""The retention on CloudSearch, which deletes single events."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from tests.end_to_end.retention_tests import KEPT, RetentionTests, When, at, before_border


class TestOnCloudSearch(RetentionTests):
    kept = KEPT
    expired: ClassVar[Mapping[str, When]] = {
        "first-year": at("2006-01-01T00:00:00Z"),
        "just-expired": before_border(timedelta(hours=1)),
        **{f"old-{number}": before_border(timedelta(days=1 + number)) for number in range(40)},
    }

"""A backfill on CloudSearch."""

from tests.end_to_end.backfill_tests import BackfillTests


class TestOnCloudSearch(BackfillTests): ...

"""A backfill on OpenSearch."""

from tests.end_to_end.backfill_tests import BackfillTests


class TestOnOpenSearch(BackfillTests): ...

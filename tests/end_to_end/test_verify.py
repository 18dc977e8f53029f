"""`make verify` on CloudSearch."""

from tests.end_to_end.verify_tests import VerifyTests


class TestOnCloudSearch(VerifyTests): ...

"""What make preflight says beside the deployment on CloudSearch."""

from tests.end_to_end.preflight_tests import PreflightTests


class TestOnCloudSearch(PreflightTests): ...

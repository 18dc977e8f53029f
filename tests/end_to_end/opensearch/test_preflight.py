"""What make preflight says beside the deployment on OpenSearch."""

from tests.end_to_end.preflight_tests import PreflightTests


class TestOnOpenSearch(PreflightTests): ...

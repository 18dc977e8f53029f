"""The policies of the deployment on OpenSearch."""

from tests.end_to_end.iam_tests import IamTests


class TestOnOpenSearch(IamTests): ...

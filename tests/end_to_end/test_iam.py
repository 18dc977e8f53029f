"""The policies of the deployment on CloudSearch."""

from tests.end_to_end.iam_tests import IamTests


class TestOnCloudSearch(IamTests): ...

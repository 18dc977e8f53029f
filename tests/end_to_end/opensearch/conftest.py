"""The same pipeline on OpenSearch: one deployment for all end-to-end tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.conftest import Pipeline, deployed
from tests.iam.account import ACCOUNT, ANALYST, SETTINGS

# The second is whoever runs the tests: an OpenSearch domain lets in nobody whom its policy does not name.
SEARCHERS = [ANALYST, f"arn:aws:iam::{ACCOUNT}:user/local"]


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """In place of the one on CloudSearch."""
    settings = SETTINGS | {"search_backend": "opensearch", "search_principal_arns": SEARCHERS}
    with deployed(tmp_path_factory.mktemp("opensearch"), settings) as pipeline:
        yield pipeline

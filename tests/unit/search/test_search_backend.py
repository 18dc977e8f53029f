"""The factory of search backends."""

import pytest

from trailsearch.search import Backend, search_backend


@pytest.mark.parametrize("backend", Backend)
def test_every_backend_can_be_had(backend: Backend) -> None:
    made = search_backend(backend)
    assert made.batch_format.max_document_bytes <= made.batch_format.max_batch_bytes
    assert made.domain("search.example.com")
    assert made.index("doc.example.com")

"""What is read of a batch, and asked for, apart from Trailsearch's own code, is what Trailsearch writes and finds."""

import pytest

from tests.chaos.backends import BACKENDS
from trailsearch.events.documents import Document
from trailsearch.events.fields import Fields
from trailsearch.search import Backend, SearchSettings, search_backend


@pytest.mark.parametrize("backend", Backend)
def test_the_documents_of_a_batch_are_read(backend: Backend) -> None:
    batch = bytearray()
    documents = [Document(f"e{number}", Fields(event_name="Get", raw="{}")) for number in range(3)]
    search_backend(SearchSettings(backend, "trailsearch-test")).batch_format.append(documents, batch)
    if backend is Backend.CLOUDSEARCH:
        batch += b"]" * (not batch.endswith(b"]"))
    read = BACKENDS[backend].documents_in(bytes(batch))
    assert [document_id for document_id, _ in read] == ["e0", "e1", "e2"]
    assert {fields["event_name"] for _, fields in read} == {"Get"}


def test_logs_are_asked_for_by_the_beginning_of_their_uri() -> None:
    assert (
        BACKENDS[Backend.CLOUDSEARCH].of_logs("s3://b/chaos-1/")
        == "(prefix field=log_file 's3://b/chaos-1/')"
    )
    assert BACKENDS[Backend.OPENSEARCH].of_logs("s3://b-1/") == (
        r"log_file:s3\:\/\/b\-1\/* OR log_file.keyword:s3\:\/\/b\-1\/*"
    )

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailsearch.batching import check_size, pack
from trailsearch.cloudsearch import CloudSearchFormat
from trailsearch.errors import DocumentTooLarge
from trailsearch.search_index import EncodedDocument


class SmallFormat(CloudSearchFormat):
    """CloudSearch with limits that small examples reach."""

    max_document_bytes = 40  # type: ignore[misc]
    max_batch_bytes = 100  # type: ignore[misc]


SMALL = SmallFormat()


def document(number: int, size: int) -> EncodedDocument:
    return EncodedDocument(f"d{number}", None, b"x" * size)


sizes = st.lists(st.integers(min_value=1, max_value=40), max_size=60)


@given(sizes)
def test_batches_keep_to_the_limit_and_lose_no_document(sizes: list[int]) -> None:
    documents = [document(number, size) for number, size in enumerate(sizes)]
    batches = list(pack(documents, SMALL))
    assert [found for batch in batches for found in batch] == documents
    assert all(batch and len(SMALL.join(batch)) <= SMALL.max_batch_bytes for batch in batches)


@given(sizes)
def test_batches_are_as_full_as_the_order_allows(sizes: list[int]) -> None:
    batches = list(pack([document(number, size) for number, size in enumerate(sizes)], SMALL))
    for batch, following in itertools.pairwise(batches):
        assert len(SMALL.join([*batch, following[0]])) > SMALL.max_batch_bytes - 2


def test_real_limits() -> None:
    real = CloudSearchFormat()
    batches = list(pack((document(number, 1_000_000) for number in range(11)), real))
    assert [len(batch) for batch in batches] == [4, 4, 3]
    assert all(len(real.join(batch)) <= 5_000_000 for batch in batches)


def test_a_document_at_the_limit_passes_and_one_above_is_named() -> None:
    check_size(document(1, 40), SMALL)
    with pytest.raises(DocumentTooLarge, match="Document d1 has 41 bytes; the search domain takes 40"):
        check_size(document(1, 41), SMALL)

"""Documents → batches, by bytes."""

from collections.abc import Iterable, Iterator

from trailsearch.errors import DocumentTooLarge
from trailsearch.search_index import BatchFormat, EncodedDocument


def check_size(document: EncodedDocument, batch_format: BatchFormat) -> None:
    """Refuse a document that the search domain would refuse for its size.

    Raises:
        DocumentTooLarge: it says the document's id, its size and the limit.
    """
    if len(document.body) > batch_format.max_document_bytes:
        raise DocumentTooLarge(
            f"Document {document.id} has {len(document.body):,} bytes;"
            f" the search domain takes {batch_format.max_document_bytes:,}"
        )


def pack(documents: Iterable[EncodedDocument], batch_format: BatchFormat) -> Iterator[list[EncodedDocument]]:
    """Pack documents, in the order they come, into as few batches as that order allows.

    Args:
        documents: each no larger than ``max_document_bytes``.
        batch_format: whose limits count.

    Yields:
        The documents of one batch after the other; together all of them, in order. Joined, no batch is
        larger than ``max_batch_bytes``. Memory is bounded by one batch.
    """
    batch: list[EncodedDocument] = []
    body_bytes = 0
    for document in documents:
        body_bytes += len(document.body)
        if batch and batch_format.joined_bytes(len(batch) + 1, body_bytes) > batch_format.max_batch_bytes:
            yield batch
            batch, body_bytes = [], len(document.body)
        batch.append(document)
    if batch:
        yield batch

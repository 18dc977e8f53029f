"""What Trailsearch asks of a search backend. Amazon CloudSearch is the first one (``cloudsearch``)."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from trailsearch.documents import Document


class EncodedDocument(msgspec.Struct, frozen=True, gc=False):
    """A document as it stands in a batch: ``body`` in the form that the search domain takes."""

    id: str
    event_time: str | None
    body: bytes


class BatchFormat(Protocol):
    """How a search backend wants documents: limits in bytes, and pure functions."""

    @property
    def max_document_bytes(self) -> int:
        """Limit on the body of one document."""
        ...

    @property
    def max_batch_bytes(self) -> int:
        """Limit on a batch, as ``join`` gives it."""
        ...

    def encode(self, document: Document) -> EncodedDocument:
        """Encode one document, changed as far as the backend's rules ask for."""
        ...

    def join(self, documents: Iterable[EncodedDocument]) -> bytes:
        """Make one batch of encoded documents."""
        ...

    def joined_bytes(self, documents: int, body_bytes: int) -> int:
        """Give the size of the batch that ``join`` makes of so many documents and bytes of their bodies."""
        ...

    def split(self, batch: bytes) -> Sequence[EncodedDocument]:
        """Give the documents of a batch: what ``join`` made it of."""
        ...


class SearchIndex(Protocol):
    """A search domain that takes batches."""

    def upload(self, batch: bytes) -> None:
        """Index one batch, all or nothing.

        Raises:
            SearchThrottled: the domain asks for fewer uploads.
            SearchUnavailable: the domain is failing, overloaded or out of reach.
            SearchAccessDenied: this role may not upload.
            BatchRefused: the domain will not take this batch, however often it is sent; says why.
        """
        ...

"""What Trailsearch asks of a search backend: to encode documents in batches, to upload them, and to be asked.

``trailsearch.search.search_backend`` chooses one; nothing outside this package imports it by its name.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from botocore.config import Config

    from trailsearch.events.documents import Document
    from trailsearch.search.queries import DomainStatus, SearchDomain

FIRST_YEAR: Final = 2006
LAST_YEAR: Final = 2099
"""AWS's first year, and one that is late enough. An event of any other is undated, as one without a time is: the clock of
whoever wrote it was wrong. It is kept for ever, and has no month."""


class EncodedDocument(NamedTuple):
    """A document as it stands in a batch: ``body`` in the form that the search domain takes."""

    id: str
    body: bytes


class Refused(NamedTuple):
    """A document that the search domain refuses for good, by its ``position`` in the batch from 0, and why."""

    position: int
    id: str
    reason: str


class BatchFormat(Protocol):
    """How a search backend wants documents: limits in bytes, and pure functions."""

    @property
    def content_type(self) -> str:
        """The media type of a batch."""
        ...

    @property
    def max_document_bytes(self) -> int:
        """Limit on the body of one document."""
        ...

    @property
    def max_batch_bytes(self) -> int:
        """Limit on a batch."""
        ...

    def append(self, documents: "Sequence[Document]", batch: bytearray, *, whole: bool = True) -> int:
        """Add documents to the end of a batch, which is empty at first, changed as far as the backend's rules ask for.

        Those that are not to be ``whole`` are smaller by what only helps to find them: the names of resources, and the
        words behind JSON's escapes.

        Returns:
            How many bytes the documents have there: of one document its body, of several also what is between them.
        """
        ...

    def truncate(self, batch: bytearray, size: int) -> None:
        """Take away again what was appended after the batch had that size."""
        ...

    def join(self, documents: Iterable[EncodedDocument]) -> bytes:
        """Make one batch of encoded documents."""
        ...

    def split(self, batch: bytes) -> Sequence[EncodedDocument]:
        """Give the documents of a batch."""
        ...


class SearchIndex(Protocol):
    """A search domain that takes batches."""

    def upload(self, batch: bytes) -> Sequence[Refused]:
        """Index one batch.

        Returns:
            The documents that the domain refuses for good, in the order of the batch; all others are indexed.

        Raises:
            SearchThrottled: the domain asks for fewer uploads.
            SearchUnavailable: the domain is failing, overloaded or out of reach.
            SearchAccessDenied: this role may not upload.
            BatchRefused: the domain will not take this batch, however often it is sent; says why, but not which
                documents are to blame. Nothing of it is indexed.

        After any of the first three, perhaps some documents are indexed; to send the batch again does no harm.
        """
        ...


class Removal(Protocol):
    """A search domain that single documents are taken out of."""

    def delete(self, document_id: str, event_time: str) -> None:
        """Delete one document, whether it is there or not; ``event_time`` (ISO 8601, UTC) is that of its event.

        Raises:
            SearchThrottled, SearchUnavailable: as ``SearchIndex.upload`` does.
            SearchAccessDenied: these credentials may not delete it.
        """
        ...


class Expired(NamedTuple):
    """Expired events that a search domain has: how many, and the ``indices`` of which nothing else is, if it has several."""

    documents: int
    indices: tuple[str, ...] = ()


class Retention(Protocol):
    """A search domain that forgets old events: those that happened before a time. Undated ones (``FIRST_YEAR``) it keeps.

    Both methods raise:
        SearchThrottled: the domain asks for fewer requests.
        SearchUnavailable: the domain is failing, overloaded or out of reach.
        SearchAccessDenied: this role may not look for expired events, or not delete them.
        BatchRefused: the domain will not take what was to be deleted, however often it is sent.
    """

    def find(self, before: datetime) -> Expired:
        """Look what has expired, and delete nothing."""
        ...

    def delete_some(self, before: datetime) -> Expired:
        """Delete some of what has expired: as much as the domain takes at once.

        To call it again does no harm, whatever became of the last time.

        Returns:
            What it found, before it has deleted any of that. The domain may find it again for a while.
        """
        ...


class SearchBackend(Protocol):
    """A search service that can hold the events."""

    @property
    def batch_format(self) -> BatchFormat:
        """How it wants documents."""
        ...

    def index(self, endpoint: str) -> SearchIndex:
        """Give the domain with this endpoint, a host name or URL, to upload to."""
        ...

    def retention(self, endpoint: str, search_endpoint: str) -> Retention:
        """Give the domain that is uploaded to at one endpoint and asked at another, to delete expired events from."""
        ...

    def removal(self, endpoint: str) -> Removal:
        """Give the domain with this endpoint, that of ``index``, to delete single documents from."""
        ...

    def domain(self, endpoint: str, config: "Config | None" = None) -> "SearchDomain":
        """Give the domain with this endpoint, to ask it; ``config`` is that of the client that does so."""
        ...

    def describe(self, name: str, config: "Config | None" = None) -> "DomainStatus":
        """Find the domain of this name in the account and Region of the credentials in use.

        Raises:
            SearchDomainNotFound: there is none; ``SearchServiceClosed``, if there cannot be.
            BotoCoreError, ClientError: AWS cannot be asked.
        """
        ...

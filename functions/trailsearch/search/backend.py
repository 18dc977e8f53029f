"""What Trailsearch asks of a search backend: to encode documents in batches, to upload them, and to answer queries.

``trailsearch.search.search_backend`` chooses one; nothing outside this package imports it by its name.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from trailsearch.contracts.errors import TrailsearchError

if TYPE_CHECKING:
    from botocore.config import Config

    from trailsearch.events.documents import Document

EVERYTHING: Final = "matchall"
"""The query that every event matches, in every backend."""


class SearchError(TrailsearchError):
    """Base of what goes wrong when a search domain is asked."""


class SearchDomainNotFound(SearchError):
    """There is no such search domain in this account and Region."""


class SearchDomainUnreachable(SearchError):
    """The search domain does not answer; says what is known."""


class SearchNotAllowed(SearchError):
    """The search domain's access policy, or IAM, does not let these credentials search."""


class QueryRefused(SearchError):
    """The search domain does not take the query; the message is what it said."""


class EncodedDocument(NamedTuple):
    """A document as it stands in a batch: ``body`` in the form that the search domain takes."""

    id: str
    body: bytes


class BatchFormat(Protocol):
    """How a search backend wants documents: limits in bytes, and pure functions."""

    @property
    def max_document_bytes(self) -> int:
        """Limit on the body of one document."""
        ...

    @property
    def max_batch_bytes(self) -> int:
        """Limit on a batch."""
        ...

    def append(self, documents: "Sequence[Document]", batch: bytearray) -> int:
        """Add documents to the end of a batch, which is empty at first, changed as far as the backend's rules ask for.

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

    def upload(self, batch: bytes) -> None:
        """Index one batch, all or nothing.

        Raises:
            SearchThrottled: the domain asks for fewer uploads.
            SearchUnavailable: the domain is failing, overloaded or out of reach.
            SearchAccessDenied: this role may not upload.
            BatchRefused: the domain will not take this batch, however often it is sent; says why.
        """
        ...


class Syntax(StrEnum):
    """How a query is written."""

    NATIVE = "native"
    """The backend's own query language."""
    SIMPLE = "simple"
    """Words, as one types them into a search box."""


class Query(NamedTuple):
    """What to search for.

    ``size`` events from the one at ``start`` are asked for, in the order of ``sort``: a field with ``asc`` or ``desc``.
    Of each field in ``facets``, the ``facet_size`` most frequent values are counted over all events that match.
    """

    text: str = EVERYTHING
    syntax: Syntax = Syntax.NATIVE
    start: int = 0
    size: int = 20
    sort: str = "event_time desc"
    facets: Sequence[str] = ()
    facet_size: int = 10


Event = Mapping[str, Any]
"""An event that was found: its document's ``id``, and of its fields (``events.fields``) those that it has, as texts or
lists of texts. ``raw`` is the JSON text of the record."""


class Answer(NamedTuple):
    """What a search found, in plain values.

    ``found`` is how many events match, ``events`` are those of the page that was asked for. ``facets`` has for each
    field its values and how many events have them, the most frequent first.
    """

    found: int
    events: Sequence[Event]
    facets: Mapping[str, Mapping[str, int]]


class DomainStatus(NamedTuple):
    """Where a search domain is, what it runs on, and whether it is busy with a change of itself.

    ``endpoint`` is a host name or URL; None while the domain is being created.
    """

    endpoint: str | None
    instance_type: str
    instance_count: int
    partition_count: int
    processing: bool
    requires_index_documents: bool


class SearchDomain(Protocol):
    """A search domain that answers.

    Whatever is asked of it, it may raise ``SearchDomainUnreachable`` or ``SearchNotAllowed``.
    """

    def count(self) -> int:
        """Count all events."""
        ...

    def search(self, query: Query) -> Answer:
        """Answer a query with one page of events.

        Raises:
            QueryRefused: the domain does not take it; says why, in its own words.
        """
        ...

    def scan(self, query: Query, fields: Sequence[str] | None = None) -> Iterator[Event]:
        """Give every event that matches, however many there are, a page of ``query.size`` at a time.

        Args:
            query: what to search for; ``start`` and ``facets`` are passed over.
            fields: those to give, beside the id; None gives all.

        Raises:
            QueryRefused: as ``search`` does.
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

    def domain(self, endpoint: str, config: "Config | None" = None) -> SearchDomain:
        """Give the domain with this endpoint, to ask it; ``config`` is that of the client that does so."""
        ...

    def describe(self, name: str, config: "Config | None" = None) -> DomainStatus:
        """Find the domain of this name in the account and Region of the credentials in use.

        Raises:
            SearchDomainNotFound: there is none.
            BotoCoreError, ClientError: AWS cannot be asked.
        """
        ...

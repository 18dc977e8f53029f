"""How a search domain is asked, whatever its backend: a query in, an answer of plain values out."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple, Protocol

from trailsearch.contracts.errors import TrailsearchError
from trailsearch.search.highlights import Excerpt

MAX_PAGE: Final = 10_000
"""How many events a search domain gives in one answer, whatever its backend; ``scan`` gives more."""

EVERYTHING: Final = "matchall"
"""The query that every event matches, in every backend."""


class SearchError(TrailsearchError):
    """Base of what goes wrong when a search domain is asked."""


class SearchDomainNotFound(SearchError):
    """There is no such search domain in this account and Region."""


class SearchServiceClosed(SearchDomainNotFound):
    """The service does not take this account: it has no search domain there, and cannot make one."""


class SearchDomainUnreachable(SearchError):
    """The search domain does not answer; says what is known."""


class SearchNotAllowed(SearchError):
    """The search domain's access policy, or IAM, does not let these credentials search."""


class QueryRefused(SearchError):
    """The search domain does not take the query; the message is what it said."""


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
    ``highlight`` asks for excerpts of texts, with what the query asks for marked in them.
    """

    text: str = EVERYTHING
    syntax: Syntax = Syntax.NATIVE
    start: int = 0
    size: int = 20
    sort: str = "event_time desc"
    facets: Sequence[str] = ()
    facet_size: int = 10
    highlight: bool = False


Event = Mapping[str, Any]
"""An event that was found: its document's ``id``, and of its fields (``events.fields``) those that it has, as texts or
lists of texts. ``raw`` is the JSON text of the record."""

Highlights = Mapping[str, Sequence[Excerpt]]
"""Excerpts of an event, by the field. Only texts have some, as a literal matches as a whole."""


class Answer(NamedTuple):
    """What a search found, in plain values.

    ``found`` is how many events match, ``events`` are those of the page that was asked for. ``facets`` has for each
    field its values and how many events have them, the most frequent first. ``highlights`` are those of each event,
    in their order, if they were asked for.
    """

    found: int
    events: Sequence[Event]
    facets: Mapping[str, Mapping[str, int]]
    highlights: Sequence[Highlights] = ()


class DomainStatus(NamedTuple):
    """Where a search domain is, what it runs on, and whether it is busy with a change of itself.

    ``endpoint`` is a host name or URL; None while the domain is being created. ``index_endpoint`` is where it is written
    to, of CloudSearch another one. ``partition_count`` and
    ``requires_index_documents`` are CloudSearch's: over how many instances it spreads one copy of the index, None of
    a backend that does not say, and whether it waits to be told to index its documents again. ``volume_gib`` is
    OpenSearch's: the size of the volume that each instance has.
    """

    endpoint: str | None
    instance_type: str
    instance_count: int
    processing: bool
    partition_count: int | None = None
    requires_index_documents: bool = False
    volume_gib: int | None = None
    index_endpoint: str | None = None


class SearchDomain(Protocol):
    """A search domain that answers.

    Whatever is asked of it, it may raise ``SearchDomainUnreachable`` or ``SearchNotAllowed``.
    """

    @property
    def native_syntax(self) -> str:
        """What the backend calls its own query language (``Syntax.NATIVE``)."""
        ...

    def exactly(self, field: str, value: str) -> str:
        """Write the query, in the native syntax, that finds the events of which a literal field has just this value."""
        ...

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
            query: what to search for; ``start``, ``facets`` and ``highlight`` are passed over.
            fields: those to give, beside the id; None gives all.

        Raises:
            QueryRefused: as ``search`` does.
        """
        ...

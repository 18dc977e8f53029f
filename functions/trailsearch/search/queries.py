"""How a search domain is asked, whatever its backend: a query in, an answer of plain values out."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from trailsearch.contracts.errors import TrailsearchError
from trailsearch.events.fields import SCHEMA, FieldKind
from trailsearch.search.highlights import Excerpt

MAX_PAGE: Final = 10_000
"""How many events a search domain gives in one answer, whatever its backend; ``scan`` gives more."""

EVERYTHING: Final = "matchall"
"""The query that every event matches, in every backend."""

MAX_DISTINCT: Final = 1_000
"""Up to so many distinct values of a field are counted, whatever its backend."""

ADDRESS_FIELDS: Final = frozenset({"source_ip_address"})
"""The fields whose values are IP addresses, or else the names of services."""


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


class FieldUnknown(QueryRefused):
    """There is no such field; says which one may be meant."""


class Syntax(StrEnum):
    """How a query is written."""

    NATIVE = "native"
    """The backend's own query language."""
    SIMPLE = "simple"
    """Words, as one types them into a search box."""


class Is(msgspec.Struct, frozen=True):
    """A literal has just this value, in its case; a text has these words, one after the other."""

    value: str


class Begins(msgspec.Struct, frozen=True):
    """A literal begins so, in its case; of a text, a word does."""

    value: str


class Within(msgspec.Struct, frozen=True):
    """An address (``ADDRESS_FIELDS``) is in this network."""

    network: IPv4Network | IPv6Network


class Exists(msgspec.Struct, frozen=True):
    """The field has a value."""


Condition = Is | Begins | Within | Exists


class Filter(msgspec.Struct, frozen=True):
    """Which events are wanted: those of which any of the fields meets any of the conditions.

    ``negated``: those of which none meets any. Of a field with several values, one is enough to meet a condition.
    """

    fields: tuple[str, ...]
    conditions: tuple[Condition, ...]
    negated: bool = False


def having(field: str, *values: str) -> Filter:
    """Give the filter for the events of which a field has any of these values."""
    return Filter((field,), tuple(map(Is, values)))


class Query(NamedTuple):
    """What to search for: events that meet all of what it says.

    ``text`` is in the language that ``syntax`` names, for who knows it. All else is in nobody's language: ``phrases`` are
    words that the record has, one after the other; ``filters`` are about fields; the event happened at ``since`` or
    later, and before ``until``, both with a time zone.

    ``size`` events from the one at ``start`` are asked for, in the order of ``sort``: a field with ``asc`` or ``desc``.
    Of each field in ``facets``, the ``facet_size`` most frequent values are counted over all events that match.
    ``highlight`` asks for excerpts of texts, with what ``text`` and ``phrases`` ask for marked in them.
    """

    text: str = EVERYTHING
    syntax: Syntax = Syntax.NATIVE
    start: int = 0
    size: int = 20
    sort: str = "event_time desc"
    facets: Sequence[str] = ()
    facet_size: int = 10
    highlight: bool = False
    phrases: Sequence[str] = ()
    filters: Sequence[Filter] = ()
    since: datetime | None = None
    until: datetime | None = None


def check(query: Query) -> None:
    """See that what a query says in nobody's language makes sense, before a backend writes it in its own.

    Raises:
        FieldUnknown: a filter is about a field that is not there.
        QueryRefused: a filter asks of a field what it cannot be asked, or for no value, or a phrase has no word.
    """
    for each in query.filters:
        for field in each.fields:
            require_field(field)
            for condition in each.conditions:
                _check_condition(field, condition)
    for phrase in query.phrases:
        if not has_words(phrase):
            raise QueryRefused(f"There is no letter and no digit to look for in {phrase!r}")


def _check_condition(field: str, condition: Condition) -> None:
    if SCHEMA[field].kind is FieldKind.TIME and condition != Exists():
        raise QueryRefused(f"{field} is a time: it is asked for by since and until")
    match condition:
        case Within() if field not in ADDRESS_FIELDS:
            raise QueryRefused(f"{field} has no IP addresses: {', '.join(sorted(ADDRESS_FIELDS))} has")
        case Is(value) | Begins(value) if not value:
            raise QueryRefused(f"An empty value of {field} cannot be looked for; whether there is one, can")
        case Is(value) | Begins(value) if SCHEMA[field].kind is FieldKind.TEXT and not has_words(value):
            raise QueryRefused(f"There is no letter and no digit to look for in {value!r}")


def has_words(text: str) -> bool:
    """Tell whether there is something in a text that texts are found by: what is neither space nor punctuation."""
    return any(map(str.isalnum, text))


def require_field(name: str) -> None:
    """See that there is a field of this name.

    Raises:
        FieldUnknown: there is none; says what it may be called, as ``error_code`` for ``errorCode``.
    """
    if name not in SCHEMA:
        raise FieldUnknown(f"There is no field {name}{_meant(name)}")


def _meant(name: str) -> str:
    # As CloudTrail writes them: errorCode, sourceIPAddress, userIdentity.arn.
    plain = {_plain(field): field for field in SCHEMA}
    if same := plain.get(_plain(name)):
        return f": {same}?"
    close = difflib.get_close_matches(_plain(name), plain, n=3, cutoff=0.7)
    return f": {' or '.join(plain[each] for each in close)}?" if close else ""


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name)).lower()


Event = Mapping[str, Any]
"""An event that was found: its document's ``id``, and of its fields (``events.fields``) those that it has, as texts or
lists of texts. ``raw`` is the JSON text of the record."""

Highlights = Mapping[str, Sequence[Excerpt]]
"""Excerpts of an event, by the field. Only texts have some, as a literal matches as a whole."""


class Answer(NamedTuple):
    """What a search found, in plain values.

    ``found`` is how many events match, ``events`` are those of the page that was asked for. ``facets`` has for each
    field its values and how many events have them, the most frequent first, of equal ones in their order as texts;
    ``distinct`` says how many distinct values there are, of fields that have no more than ``MAX_DISTINCT``.
    ``highlights`` are those of each event, in their order, if they were asked for.
    """

    found: int
    events: Sequence[Event]
    facets: Mapping[str, Mapping[str, int]]
    highlights: Sequence[Highlights] = ()
    distinct: Mapping[str, int] = MappingProxyType({})


def top(counts: Mapping[str, int], size: int) -> dict[str, int]:
    """Give the most frequent of counted values, in the order in which an ``Answer`` has them."""
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:size])


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

    def count(self) -> int:
        """Count all events."""
        ...

    def search(self, query: Query) -> Answer:
        """Answer a query with one page of events.

        Raises:
            QueryRefused: the domain does not take it; says why, in its own words.
        """
        ...

    def histogram(self, query: Query, edges: Sequence[datetime]) -> list[int]:
        """Count the events that match in each stretch of time between two edges, which are in their order.

        Args:
            query: what to search for; what is about a page, ``facets`` and ``highlight`` are passed over.
            edges: where a stretch begins, which belongs to it, and the one before ends.

        Raises:
            QueryRefused: as ``search`` does.
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

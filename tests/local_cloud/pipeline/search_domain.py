"""What is in a search domain, whatever it is: the ids of all documents."""

from trailsearch.search.queries import Query, SearchDomain

_AT_ONCE = 10_000


def document_ids(domain: SearchDomain) -> set[str]:
    """Give the ids of all documents."""
    return {event["id"] for event in domain.scan(Query(size=_AT_ONCE), fields=())}

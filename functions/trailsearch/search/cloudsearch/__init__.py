"""Amazon CloudSearch, the first search backend."""

from typing import TYPE_CHECKING

from trailsearch.aws import clients
from trailsearch.search.cloudsearch.batches import CloudSearchFormat

if TYPE_CHECKING:
    from botocore.config import Config

    from trailsearch.search.cloudsearch.domain import CloudSearchDomain
    from trailsearch.search.cloudsearch.index import CloudSearchIndex
    from trailsearch.search.cloudsearch.retention import CloudSearchRetention
    from trailsearch.search.queries import DomainStatus


class CloudSearch:
    """Amazon CloudSearch. See ``SearchBackend``.

    What only some who use it need is imported where it is used: the functions start sooner.
    """

    batch_format = CloudSearchFormat()

    def index(self, endpoint: str) -> "CloudSearchIndex":
        """Give the document service of a domain."""
        from trailsearch.search.cloudsearch.index import CloudSearchIndex  # noqa: PLC0415

        return CloudSearchIndex(clients.cloudsearch_domain(endpoint))

    def retention(self, endpoint: str, search_endpoint: str) -> "CloudSearchRetention":
        """Give the search service and the document service of a domain, to delete expired events."""
        from trailsearch.search.cloudsearch.retention import CloudSearchRetention  # noqa: PLC0415

        return CloudSearchRetention(clients.cloudsearch_domain(search_endpoint), self.index(endpoint))

    def removal(self, endpoint: str) -> "CloudSearchIndex":
        """Give the domain to delete single documents from: as it is uploaded to."""
        return self.index(endpoint)

    def domain(self, endpoint: str, config: "Config | None" = None) -> "CloudSearchDomain":
        """Give the search service of a domain."""
        from trailsearch.search.cloudsearch.domain import CloudSearchDomain  # noqa: PLC0415

        return CloudSearchDomain(clients.cloudsearch_domain(endpoint, config))

    def describe(self, name: str, config: "Config | None" = None) -> "DomainStatus":
        """Find the domain of this name. See ``SearchBackend.describe``."""
        from trailsearch.search.cloudsearch.domain import describe  # noqa: PLC0415

        return describe(name, clients.cloudsearch(config))

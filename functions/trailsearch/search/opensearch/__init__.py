"""Amazon OpenSearch Service, the second search backend."""

from typing import TYPE_CHECKING, Final

from trailsearch.aws import clients
from trailsearch.search.opensearch.batches import OpenSearchFormat

if TYPE_CHECKING:
    from botocore.config import Config

    from trailsearch.search.opensearch.domain import OpenSearchDomain
    from trailsearch.search.opensearch.index import OpenSearchIndex
    from trailsearch.search.opensearch.retention import OpenSearchRetention
    from trailsearch.search.queries import DomainStatus

SMALL_BATCH_BYTES: Final = 3_000_000
"""What a t3.small takes: about 10 MB on their way at once (HTTP 429), unpacked, of several uploads."""


class OpenSearch:
    """Amazon OpenSearch Service. See ``SearchBackend``.

    What only some who use it need is imported where it is used: the functions start sooner.
    """

    def __init__(
        self, prefix: str, max_batch_bytes: int | None = None, shards: int = 1, replicas: int = 0
    ) -> None:
        self._prefix = prefix
        self._shards = shards
        self._replicas = replicas
        self._indices: dict[str, OpenSearchIndex] = {}
        self.batch_format = OpenSearchFormat(prefix, max_batch_bytes or SMALL_BATCH_BYTES)

    def index(self, endpoint: str) -> "OpenSearchIndex":
        """Give the domain to upload to: the same one every time, as it remembers what it has seen of the domain."""
        from trailsearch.search.opensearch.index import OpenSearchIndex  # noqa: PLC0415

        if endpoint not in self._indices:
            self._indices[endpoint] = OpenSearchIndex(
                clients.opensearch_domain(endpoint), self._prefix, self._shards, self._replicas
            )
        return self._indices[endpoint]

    def retention(self, endpoint: str, search_endpoint: str) -> "OpenSearchRetention":  # noqa: ARG002
        """Give the domain to delete expired events from; it is asked and written to at the same endpoint."""
        from trailsearch.search.opensearch.retention import OpenSearchRetention  # noqa: PLC0415

        return OpenSearchRetention(clients.opensearch_domain(endpoint), self._prefix)

    def removal(self, endpoint: str) -> "OpenSearchIndex":
        """Give the domain to delete single documents from: as it is uploaded to."""
        return self.index(endpoint)

    def domain(self, endpoint: str, config: "Config | None" = None) -> "OpenSearchDomain":
        """Give the domain to ask it."""
        from trailsearch.search.opensearch.domain import OpenSearchDomain  # noqa: PLC0415

        return OpenSearchDomain(clients.opensearch_domain(endpoint, config), self._prefix)

    def describe(self, name: str, config: "Config | None" = None) -> "DomainStatus":
        """Find the domain of this name. See ``SearchBackend.describe``."""
        from trailsearch.search.opensearch.domain import describe  # noqa: PLC0415

        return describe(name, clients.opensearch(config))

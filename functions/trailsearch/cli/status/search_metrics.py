"""What CloudWatch measures of a search domain, by backend: the one place in which they differ for a status.

A domain is one backend's, and the other has no values for it: all are asked for at once, before it is known which it is.
Names, metrics and statistics are those of ``terraform/metrics.tf``.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from trailsearch.search import Backend

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


class SearchMetric(NamedTuple):
    """A metric, how CloudWatch sums it up, and over how long."""

    metric: str
    stat: str
    period: timedelta = MINUTE


NAMESPACES: Mapping[Backend, str] = {Backend.CLOUDSEARCH: "AWS/CloudSearch", Backend.OPENSEARCH: "AWS/ES"}

SEARCH_METRICS: Mapping[Backend, Mapping[str, SearchMetric]] = {
    # https://docs.aws.amazon.com/cloudsearch/latest/developerguide/cloudwatch-monitoring.html
    Backend.CLOUDSEARCH: {
        "searchable_documents": SearchMetric("SearchableDocuments", "Maximum"),
        "index_utilization": SearchMetric("IndexUtilization", "Maximum"),
    },
    # https://docs.aws.amazon.com/opensearch-service/latest/developerguide/managedomains-cloudwatchmetrics.html
    Backend.OPENSEARCH: {
        "searchable_documents": SearchMetric("SearchableDocuments", "Maximum"),
        "cluster_red": SearchMetric("ClusterStatus.red", "Maximum"),
        "cluster_yellow": SearchMetric("ClusterStatus.yellow", "Maximum"),
        "writes_blocked": SearchMetric("ClusterIndexWritesBlocked", "Maximum"),
        "free_storage_mib": SearchMetric("FreeStorageSpace", "Minimum"),
        "memory_pressure": SearchMetric("JVMMemoryPressure", "Maximum"),
        "active_shards": SearchMetric("Shards.active", "Maximum"),
        "writes_rejected": SearchMetric("ThreadpoolWriteRejected", "Sum"),
        "domain_requests": SearchMetric("OpenSearchRequests", "Sum", HOUR),
        "domain_errors": SearchMetric("5xx", "Sum", HOUR),
        "key_errors": SearchMetric("KMSKeyError", "Maximum"),
        "key_inaccessible": SearchMetric("KMSKeyInaccessible", "Maximum"),
    },
}

"""CloudWatch: metrics that functions write into their logs, percentiles, and what AWS's services measure of themselves."""

from . import dimensions, embedded_metrics, service_metrics


def close_gaps() -> None:
    """Close the gaps of every module."""
    dimensions.close_gaps()
    embedded_metrics.close_gaps()
    service_metrics.close_gaps()

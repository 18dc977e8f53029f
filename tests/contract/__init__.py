"""What the product relies on of a search domain, asked of every engine that stands in for Amazon's.

The engines differ where `tests.local_cloud.services.opensearch.differences` says so.
"""

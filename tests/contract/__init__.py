"""What the product relies on of a search domain, asked of everything that stands in for Amazon's.

`test_backends` asks it of both search backends as the product does; `test_opensearch` and `test_cloudsearch` have what only one
of them says, in its own words. OpenSearch's engines differ where `tests.local_cloud.services.opensearch.differences` says so.
"""

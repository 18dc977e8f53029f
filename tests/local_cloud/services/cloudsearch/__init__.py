"""Amazon CloudSearch (API version 2013-01-01) for moto: configuration, document and search services.

What it does is what AWS's developer guide says, https://docs.aws.amazon.com/cloudsearch/latest/developerguide/; the page is
named beside what is made of it::

    urls, responses, models    moto's side: routes, requests, domains and their configuration (schema)
    upload_request, documents  uploads: what HTTP asks for, what a batch may contain (values)
    search_request             searches: parameters, with options in JSON (request_options) and cursors
    structured_query, simple_query  the parsers, which make a query
    sql, condition             a query as a condition in SQL
    index, text_index          the documents in SQLite, and the terms of text (analysis) in FTS5
    highlighting, search_answer, error_answers  what is answered
"""

import re
import sys
from collections.abc import Iterator

from moto import backend_index

from ...gaps.cloudwatch.service_metrics import Measured, measured_by
from . import urls
from .models import cloudsearch_backends

__all__ = ["cloudsearch_backends", "register"]


def register() -> None:
    """Make moto of this process serve CloudSearch. Call it before a server starts; a second call changes nothing.

    moto finds a service by its URL in `moto.backend_index` and then imports the package `moto.<service>`. Both are
    given the service here; inside moto, the first would be a line of that file and the second the package's place.
    """
    if any(service == "cloudsearch" for service, _ in backend_index.backend_url_patterns):
        return
    sys.modules["moto.cloudsearch"] = sys.modules[__name__]
    for url_base in urls.url_bases:
        backend_index.backend_url_patterns.append(("cloudsearch", re.compile(url_base)))
    measured_by(_metrics)


def _metrics(account_id: str, region: str) -> Iterator[Measured]:
    """Give what every instance sends each minute; the index of a domain here has no size.

    https://docs.aws.amazon.com/cloudsearch/latest/developerguide/cloudwatch-monitoring.html
    """
    for name in list(cloudsearch_backends[account_id][region].domains):
        dimensions = (("ClientId", account_id), ("DomainName", name))
        for metric in ("IndexUtilization", "Partitions"):
            yield "AWS/CloudSearch", metric, dimensions, 1.0

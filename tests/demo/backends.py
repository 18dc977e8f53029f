"""What the demo does differently by search backend: in which language it asks."""

from collections.abc import Mapping
from typing import NamedTuple

from trailsearch.search import Backend
from trailsearch.search.queries import EVERYTHING


class BackendDemo(NamedTuple):
    """The three queries of the original solution, and one for the story."""

    queries: tuple[str, str, str]
    story: str


DEMOS: Mapping[Backend, BackendDemo] = {
    Backend.CLOUDSEARCH: BackendDemo(
        (
            EVERYTHING,
            "event_source:'sqs.amazonaws.com'",
            "event_time:['2014-09-01T00:00:00Z','2014-09-02T00:00:00Z']",
        ),
        "source_ip_address:'198.51.100.231'",
    ),
    Backend.OPENSEARCH: BackendDemo(
        (
            EVERYTHING,
            "event_source:sqs.amazonaws.com",
            "event_time:[2014-09-01T00:00:00Z TO 2014-09-02T00:00:00Z]",
        ),
        "source_ip_address:198.51.100.231",
    ),
}

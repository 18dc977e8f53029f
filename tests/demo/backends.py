"""What the demo does differently by search backend: how an upload is refused, and in which language it asks."""

from collections.abc import Mapping
from typing import NamedTuple

from tests.local_cloud.faults import ErrorAnswer, Match, Rule
from trailsearch.search import Backend
from trailsearch.search.queries import EVERYTHING


class BackendDemo(NamedTuple):
    """The upload that is refused once, the three queries of the original solution, and one for the story."""

    refused_batch: Rule
    queries: tuple[str, str, str]
    story: str


# As a domain does whose access policy somebody has broken: one upload is denied.
def _denied(path: str, code: str) -> Rule:
    return Rule(ErrorAnswer(403, code), Match(method="POST", path=path), times=1)


DEMOS: Mapping[Backend, BackendDemo] = {
    Backend.CLOUDSEARCH: BackendDemo(
        _denied("/documents/batch", "AccessDeniedException"),
        (
            EVERYTHING,
            "event_source:'sqs.amazonaws.com'",
            "event_time:['2014-09-01T00:00:00Z','2014-09-02T00:00:00Z']",
        ),
        "source_ip_address:'198.51.100.231'",
    ),
    Backend.OPENSEARCH: BackendDemo(
        _denied("/_bulk", "security_exception"),
        (
            EVERYTHING,
            "event_source:sqs.amazonaws.com",
            "event_time:[2014-09-01T00:00:00Z TO 2014-09-02T00:00:00Z]",
        ),
        "source_ip_address:198.51.100.231",
    ),
}

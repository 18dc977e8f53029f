"""Deleting from a CloudSearch domain, which never expires anything by itself: expired events are found, and deleted by id.

https://docs.aws.amazon.com/cloudsearch/latest/developerguide/preparing-data.html#creating-document-batches
"""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from trailsearch.aws.clients import NO_ANSWER
from trailsearch.contracts.errors import SearchUnavailable
from trailsearch.contracts.times import to_seconds
from trailsearch.search.backend import FIRST_YEAR, Expired
from trailsearch.search.cloudsearch.index import CloudSearchIndex, failure

if TYPE_CHECKING:
    from mypy_boto3_cloudsearchdomain import CloudSearchDomainClient

# As many as a search finds at once, and as many searches: with the longest ids, 3 MB of the 5 that a batch may have.
PAGE = 10_000
PAGES = 2

_FIRST_PAGE = "initial"
_FIRST_TIME = f"{FIRST_YEAR}-01-01T00:00:00Z"


class CloudSearchRetention:
    """The expired events of one CloudSearch domain. See ``Retention``."""

    def __init__(self, search_service: "CloudSearchDomainClient", index: CloudSearchIndex) -> None:
        self._search_service = search_service
        self._index = index

    def find(self, before: datetime) -> Expired:
        """Count the events before this time."""
        return Expired(self._ask(before, 0)["found"])

    def delete_some(self, before: datetime) -> Expired:
        """Delete up to 20,000 of the events before this time, the oldest first, by one upload."""
        found, ids, cursor = 0, [], _FIRST_PAGE
        for _ in range(PAGES):
            hits = self._ask(before, PAGE, cursor)
            found = max(found, hits["found"])
            ids += [hit["id"] for hit in hits["hit"]]
            if len(hits["hit"]) < PAGE:
                break
            cursor = hits["cursor"]
        if ids:
            # An id is there twice, if the index has changed between the pages.
            batch = [{"type": "delete", "id": each} for each in dict.fromkeys(ids)]
            self._index.upload(json.dumps(batch).encode())
        return Expired(found)

    def _ask(self, before: datetime, size: int, cursor: str = _FIRST_PAGE) -> Any:
        try:
            answer = self._search_service.search(
                query=f"event_time:['{_FIRST_TIME}','{to_seconds(before)}'}}",
                queryParser="structured",
                sort="event_time asc",
                size=size,
                cursor=cursor,
                returnFields="_no_fields",
            )
        except ClientError as error:
            raise failure(error, "Looking for expired events") from error
        except NO_ANSWER as error:
            raise SearchUnavailable(f"No answer from the search domain: {error}") from error
        if "hits" not in answer:  # botocore passes over JSON that is cut short.
            raise SearchUnavailable("The answer of the search domain is cut short, or no JSON")
        return answer["hits"]

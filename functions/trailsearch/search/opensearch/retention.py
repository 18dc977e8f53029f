"""Deleting from an OpenSearch domain: an index, which holds a month of events, is dropped when all of it has expired.

That frees its storage at once, where deleting document by document would rewrite what is left.
https://docs.opensearch.org/latest/api-reference/index-apis/delete-index/
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from trailsearch.aws.clients import NO_ANSWER
from trailsearch.contracts.errors import SearchUnavailable
from trailsearch.search.backend import FIRST_YEAR, LAST_YEAR, Expired
from trailsearch.search.opensearch.answers import failure
from trailsearch.search.opensearch.batches import every_index, index_name

if TYPE_CHECKING:
    from trailsearch.aws.signed_http import HttpAnswer, SignedHttp

_NONE: Final[Mapping[str, str]] = {}
_QUERY: Final = {"format": "json", "h": "index,docs.count"}


class OpenSearchRetention:
    """The expired months of one environment in an OpenSearch domain. See ``Retention``.

    An event is kept until its whole month has expired, up to 31 days longer than asked for.
    """

    def __init__(self, client: "SignedHttp", prefix: str) -> None:
        self._client = client
        self._prefix = prefix
        self._month = re.compile(rf"{re.escape(index_name(prefix, ''))}(\d{{4}})\.(0[1-9]|1[0-2])", re.ASCII)

    def find(self, before: datetime) -> Expired:
        """Look for months that ended before this time; the oldest comes first."""
        indices = {index: count for index, count in self._indices().items() if self._ended(index, before)}
        return Expired(sum(indices.values()), tuple(sorted(indices)))

    def delete_some(self, before: datetime) -> Expired:
        """Drop the oldest of the months that ended before this time."""
        expired = self.find(before)
        for index in expired.indices[:1]:
            self._delete(index)
        return expired

    def _ended(self, index: str, before: datetime) -> bool:
        """Tell whether an index is one of a month, and that month was over by then."""
        month = self._month.fullmatch(index)
        if not month or not FIRST_YEAR <= int(month[1]) <= LAST_YEAR:
            return False
        years, months = divmod(int(month[1]) * 12 + int(month[2]), 12)
        return datetime(years, months + 1, 1, tzinfo=UTC) <= before

    def _indices(self) -> dict[str, int]:
        """Give all indices of events, and of each how many documents it has: 0 of one that is closed or broken."""
        answer = self._send("GET", f"/_cat/indices/{every_index(self._prefix)}", _QUERY)
        if answer.status != 200:
            raise failure(answer, "Listing the indices")
        try:
            return {row["index"]: int(row["docs.count"] or 0) for row in json.loads(answer.body)}
        except (ValueError, TypeError, KeyError) as error:
            raise SearchUnavailable("The answer of the search domain is cut short, or no JSON") from error

    def _delete(self, index: str) -> None:
        answer = self._send("DELETE", f"/{index}")
        if answer.status not in {200, 404}:  # Gone already: an earlier answer was lost.
            raise failure(answer, f"Deleting the index {index}")

    def _send(self, method: str, path: str, query: Mapping[str, str] = _NONE) -> "HttpAnswer":
        try:
            return self._client.send(method, path, query)
        except NO_ANSWER as error:
            raise SearchUnavailable(f"No answer from the search domain: {error}") from error

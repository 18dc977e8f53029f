"""An OpenSearch domain that is asked: its configuration service, and the search of its indices.

https://docs.opensearch.org/latest/api-reference/search-apis/search/.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from trailsearch.events.fields import SCHEMA, FieldKind
from trailsearch.search.highlights import Tags, excerpts, new_tags
from trailsearch.search.opensearch.answers import BLOCKS, said_in
from trailsearch.search.opensearch.batches import every_index
from trailsearch.search.opensearch.query_dsl import query_dsl, time_range
from trailsearch.search.opensearch.template import JSON
from trailsearch.search.queries import (
    MAX_DISTINCT,
    Answer,
    DomainStatus,
    Event,
    Highlights,
    Query,
    QueryRefused,
    SearchDomainNotFound,
    SearchDomainUnreachable,
    SearchNotAllowed,
    top,
)

if TYPE_CHECKING:
    from trailsearch.aws.signed_http import SignedHttp

# Each shard counts its own most frequent values, and what only some of them count is not counted whole. With so many
# of each, the counts are exact, but for fields with more values than this.
_VALUES_OF_A_SHARD = 10_000
# No answer is about a part of the events, because some shard has failed.
_QUERY: Final = {"allow_partial_search_results": "false"}
_TEXTS = [name for name, field in SCHEMA.items() if field.kind is FieldKind.TEXT]
# Of a longer text, the rest is not looked at; without this, it fails the shard that it is in
# (index.highlight.max_analyzed_offset). https://docs.opensearch.org/latest/search-plugins/searching-data/highlight/
_LONGEST_HIGHLIGHTED = 1_000_000
_TIE_BREAK: Final = "event_id"
_HISTOGRAM: Final = "histogram"
_NOT_UNDERSTOOD: Final = "Failed to parse query"


def describe(name: str, client: Any) -> DomainStatus:
    """Find a domain by its name. See ``SearchBackend.describe``."""
    try:
        domain = client.describe_domain(DomainName=name)["DomainStatus"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
            raise
        domain = {"Deleted": True}
    if domain.get("Deleted"):
        raise SearchDomainNotFound(f"The search domain {name} does not exist in {client.meta.region_name}")
    cluster = domain.get("ClusterConfig", {})
    return DomainStatus(
        endpoint=domain.get("Endpoint"),
        instance_type=cluster.get("InstanceType", ""),
        instance_count=cluster.get("InstanceCount", 0),
        processing=bool(domain.get("Processing") or domain.get("UpgradeProcessing")),
        volume_gib=domain.get("EBSOptions", {}).get("VolumeSize"),
        index_endpoint=domain.get("Endpoint"),
    )


class OpenSearchDomain:
    """The indices of one environment in an OpenSearch domain. See ``SearchDomain``.

    Queries are ``query_string``, Lucene's syntax, or ``simple_query_string``. All words have to be in an event, in any
    order. What the analyzer takes apart, as ``s3.amazonaws.com``, has to be there as it stands by the first of the two,
    and by its parts, in any order, by the second, unless it is quoted.
    """

    native_syntax: Final = "query_string"

    def __init__(self, client: "SignedHttp", prefix: str) -> None:
        self._client = client
        # Not by the alias, which is not there before the first index.
        self._path = f"/{every_index(prefix)}/_search"

    def count(self) -> int:
        """Count all events."""
        found: int = self._ask(Query(), {"size": 0})["hits"]["total"]["value"]
        return found

    def search(self, query: Query) -> Answer:
        """Answer a query with one page of events. See ``SearchDomain.search``.

        The domain refuses what is beyond the 10,000th event (``index.max_result_window``): ``scan`` has no such limit.
        """
        page: dict[str, Any] = {"from": query.start, "size": query.size, "sort": _sort(query.sort)}
        if query.facets:
            page["aggs"] = {field: _facet(field, query.facet_size) for field in query.facets}
        tags = new_tags()
        if query.highlight:
            page["highlight"] = _highlight(tags)
        answer = self._ask(query, page)
        facets = answer.get("aggregations", {})
        counted = {field: _counts(facets[field]) if field in facets else {} for field in query.facets}
        hits = answer["hits"]["hits"]
        return Answer(
            found=answer["hits"]["total"]["value"],
            events=[_event(hit) for hit in hits],
            facets={field: top(values, query.facet_size) for field, values in counted.items()},
            highlights=[_highlights(hit, tags) for hit in hits] if query.highlight else (),
            distinct={field: len(values) for field, values in counted.items() if len(values) <= MAX_DISTINCT},
        )

    def histogram(self, query: Query, edges: Sequence[datetime]) -> list[int]:
        """Count events by time. See ``SearchDomain.histogram``."""
        if len(edges) < 2:
            return []
        ranges = [time_range(*each) for each in pairwise(edges)]
        page = {"size": 0, "aggs": {_HISTOGRAM: {"filters": {"filters": ranges}}}}
        answer = self._ask(query, page)
        if "aggregations" not in answer:  # There is no index yet.
            return [0] * len(ranges)
        return [bucket["doc_count"] for bucket in answer["aggregations"][_HISTOGRAM]["buckets"]]

    def scan(self, query: Query, fields: Sequence[str] | None = None) -> Iterator[Event]:
        """Give every event that matches, each page after the last event of the one before. See ``SearchDomain.scan``."""
        page: dict[str, Any] = {"size": query.size, "sort": _sort(query.sort)}
        if fields is not None:
            page["_source"] = list(fields) or False
        while hits := self._ask(query, page)["hits"]["hits"]:
            yield from map(_event, hits)
            page["search_after"] = hits[-1]["sort"]

    def _ask(self, query: Query, page: Mapping[str, Any]) -> Any:
        body = json.dumps({"query": query_dsl(query), "track_total_hits": True, **page}).encode()
        try:
            answer = self._client.send("POST", self._path, _QUERY, JSON, body)
        except BotoCoreError as error:
            raise SearchDomainUnreachable(str(error)) from error
        if answer.status != 200:
            raise _search_error(answer.status, answer.body, query)
        try:
            return json.loads(answer.body)
        except ValueError as error:
            raise SearchDomainUnreachable(
                "The answer of the search domain is cut short, or no JSON"
            ) from error


def _search_error(status: int, body: bytes, query: Query) -> Exception:
    said = said_in(body)
    if status in {401, 403} and said.type not in BLOCKS:
        return SearchNotAllowed(said.reason)
    if status != 400:
        return SearchDomainUnreachable(f"HTTP {status}: {said}")
    hint = ""
    if said.reason.startswith(_NOT_UNDERSTOOD) and not {":", "/"}.isdisjoint(query.text):
        hint = r'. Within a word, : and / need a backslash before them (\: \/), or the word quotes (" ")'
    return QueryRefused(f"{said.reason}{hint}")


def _sort(sort: str) -> list[Mapping[str, Any]]:
    """Read ``field asc`` or ``field desc``, of several fields with commas between them; events that are equal follow."""
    keys: dict[str, str] = {}
    for key in sort.split(","):
        field, _, order = key.strip().partition(" ")
        keys[field] = order.strip() or "asc"
    keys.setdefault(_TIE_BREAK, "asc")
    return [{field: {"order": order}} for field, order in keys.items()]


def _facet(field: str, size: int) -> Mapping[str, Any]:
    # One more than are told apart from more.
    wanted = max(size, MAX_DISTINCT + 1)
    return {"terms": {"field": field, "size": wanted, "shard_size": max(wanted, _VALUES_OF_A_SHARD)}}


def _highlight(tags: Tags) -> Mapping[str, Any]:
    return {
        "pre_tags": [tags.before],
        "post_tags": [tags.after],
        "number_of_fragments": 0,
        "max_analyzer_offset": _LONGEST_HIGHLIGHTED,
        "fields": {name: {} for name in _TEXTS},
    }


def _highlights(hit: Mapping[str, Any], tags: Tags) -> Highlights:
    # A record and its decoded strings are apart.
    marked = hit.get("highlight", {}).items()
    return {name: [each for text in texts for each in excerpts(text, tags)] for name, texts in marked}


def _counts(facet: Mapping[str, Any]) -> dict[str, int]:
    return {
        str(bucket.get("key_as_string", bucket["key"])): bucket["doc_count"] for bucket in facet["buckets"]
    }


def _event(hit: Mapping[str, Any]) -> Event:
    event = {"id": hit["_id"], **hit.get("_source", {})}
    if isinstance(raw := event.get("raw"), list):  # Behind the record are its decoded strings.
        event["raw"] = raw[0]
    return event

"""A CloudSearch domain that is asked: its configuration service, and its search service.

https://docs.aws.amazon.com/cloudsearch/latest/developerguide/search-api.html.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from trailsearch.events.fields import SCHEMA, FieldKind
from trailsearch.search.cloudsearch.batches import record_of
from trailsearch.search.cloudsearch.structured import structured, time_range
from trailsearch.search.highlights import MAX_MATCHES, Tags, excerpts, new_tags
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
    SearchServiceClosed,
    Syntax,
    top,
)

if TYPE_CHECKING:
    from mypy_boto3_cloudsearch import CloudSearchClient
    from mypy_boto3_cloudsearchdomain import CloudSearchDomainClient
    from mypy_boto3_cloudsearchdomain.literals import QueryParserType

_PARSERS: Final["Mapping[Syntax, QueryParserType]"] = {Syntax.NATIVE: "structured", Syntax.SIMPLE: "simple"}
_FIRST_PAGE = "initial"
_NO_FIELDS = "_no_fields"
# Those for which Terraform enables it (local.index_fields). CloudSearch looks at the first 10 KB of each, and marks the words
# of a phrase wherever they stand. https://docs.aws.amazon.com/cloudsearch/latest/developerguide/highlighting.html
_HIGHLIGHTED: Final = ("error_message", "raw")
# What CloudSearch answers, whatever is asked, to accounts that it does not take since 25 July 2024.
# https://github.com/aws/aws-sdk-go-v2/pull/2725 (DescribeDomains),
# https://github.com/hashicorp/terraform-provider-aws/issues/38584 (CreateDomain, and AWS's own words about who may)
_CLOSED = ("NotAuthorized", "not supported on this account")
_LISTS = frozenset(name for name, field in SCHEMA.items() if field.kind is FieldKind.LITERALS)


def describe(name: str, client: "CloudSearchClient") -> DomainStatus:
    """Find a domain by its name. See ``SearchBackend.describe``."""
    try:
        domains = client.describe_domains(DomainNames=[name])["DomainStatusList"]
    except ClientError as error:
        answered = error.response.get("Error", {})
        if answered.get("Code") == _CLOSED[0] and _CLOSED[1] in answered.get("Message", ""):
            raise SearchServiceClosed("CloudSearch does not take this account") from error
        raise
    if not domains:
        raise SearchDomainNotFound(f"The search domain {name} does not exist in {client.meta.region_name}")
    (domain,) = domains
    return DomainStatus(
        endpoint=domain.get("SearchService", {}).get("Endpoint"),
        instance_type=domain.get("SearchInstanceType", ""),
        instance_count=domain.get("SearchInstanceCount", 0),
        partition_count=domain.get("SearchPartitionCount", 0),
        processing=domain.get("Processing", False),
        requires_index_documents=domain["RequiresIndexDocuments"],
        index_endpoint=domain.get("DocService", {}).get("Endpoint"),
    )


class CloudSearchDomain:
    """The search service of one CloudSearch domain. See ``SearchDomain``."""

    native_syntax: Final = "structured"

    def __init__(self, client: "CloudSearchDomainClient") -> None:
        self._client = client

    def count(self) -> int:
        """Count all events."""
        # In no order: a domain may lack every field still.
        found: int = self._ask(Query(size=0))["hits"]["found"]
        return found

    def search(self, query: Query) -> Answer:
        """Answer a query with one page of events. See ``SearchDomain.search``."""
        tags = new_tags()
        highlight = {"highlight": _highlight(tags)} if query.highlight else {}
        answer = self._ask(query, sort=query.sort, start=query.start, **_facets(query), **highlight)
        hits = answer["hits"]["hit"]
        counted = {
            field: {bucket["value"]: bucket["count"] for bucket in facet["buckets"]}
            for field, facet in answer.get("facets", {}).items()
        }
        return Answer(
            found=answer["hits"]["found"],
            events=[_event(hit) for hit in hits],
            facets={field: top(values, query.facet_size) for field, values in counted.items()},
            highlights=[_highlights(hit, tags) for hit in hits] if query.highlight else (),
            distinct={field: len(values) for field, values in counted.items() if len(values) <= MAX_DISTINCT},
        )

    def histogram(self, query: Query, edges: Sequence[datetime]) -> list[int]:
        """Count events by time. See ``SearchDomain.histogram``.

        "Buckets are returned in the order they are specified in the request."
        https://docs.aws.amazon.com/cloudsearch/latest/developerguide/API_Search.html
        """
        ranges = [time_range(*each) for each in pairwise(edges)]
        if not ranges:
            return []
        facet = json.dumps({"event_time": {"buckets": ranges}})
        answer = self._ask(query._replace(size=0), facet=facet)
        return [bucket["count"] for bucket in answer["facets"]["event_time"]["buckets"]]

    def scan(self, query: Query, fields: Sequence[str] | None = None) -> Iterator[Event]:
        """Give every event that matches, by a cursor. See ``SearchDomain.scan``."""
        returned = {} if fields is None else {"returnFields": ",".join(fields) or _NO_FIELDS}
        cursor = _FIRST_PAGE
        while (hits := self._ask(query, sort=query.sort, cursor=cursor, **returned)["hits"])["hit"]:
            yield from map(_event, hits["hit"])
            cursor = hits["cursor"]

    def _ask(self, query: Query, **request: Any) -> Any:
        asked = structured(query)
        if asked.filter:
            request["filterQuery"] = asked.filter
        with _search_errors():
            return self._client.search(
                query=asked.query,
                queryParser=_PARSERS[query.syntax],
                size=query.size,
                **request,
            )


@contextmanager
def _search_errors() -> Iterator[None]:
    """Translate what botocore raises for a search.

    https://docs.aws.amazon.com/cloudsearch/latest/developerguide/error-handling.html
    """
    try:
        yield
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status in {401, 403}:
            raise SearchNotAllowed(str(error)) from error
        if status == 429 or status >= 500:
            raise SearchDomainUnreachable(str(error)) from error
        raise QueryRefused(error.response.get("Error", {}).get("Message") or str(error)) from error
    except BotoCoreError as error:
        raise SearchDomainUnreachable(str(error)) from error


def _facets(query: Query) -> dict[str, str]:
    if not query.facets:
        return {}
    # One more than are told apart from more.
    size = max(query.facet_size, MAX_DISTINCT + 1)
    return {"facet": json.dumps({field: {"sort": "count", "size": size} for field in query.facets})}


def _highlight(tags: Tags) -> str:
    options = {
        "format": "text",
        "max_phrases": MAX_MATCHES,
        "pre_tag": tags.before,
        "post_tag": tags.after,
    }
    return json.dumps(dict.fromkeys(_HIGHLIGHTED, options))


def _highlights(hit: Mapping[str, Any], tags: Tags) -> Highlights:
    # Of a field without a match there is its text, of one that the event lacks perhaps nothing.
    found = {name: excerpts(text or "", tags) for name, text in hit.get("highlights", {}).items()}
    return {name: shown for name, shown in found.items() if shown}


def _event(hit: Mapping[str, Any]) -> Event:
    """Give the fields of a hit: the client has every value as a list, whether the field is an array or not."""
    fields = hit.get("fields", {}).items()
    event = {"id": hit["id"], **{name: values if name in _LISTS else values[0] for name, values in fields}}
    if raw := event.get("raw"):
        event["raw"] = record_of(raw)
    return event

"""The product's search backends, each with a domain in the local cloud."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import boto3

from tests.contract.domain import Domain
from trailsearch.events.documents import Document, build_document
from trailsearch.events.fields import SCHEMA, Field, FieldKind
from trailsearch.search import Backend
from trailsearch.search.backend import Refused, Retention, SearchBackend, SearchIndex
from trailsearch.search.batching import pack
from trailsearch.search.cloudsearch import CloudSearch
from trailsearch.search.opensearch import OpenSearch
from trailsearch.search.queries import Query, SearchDomain, Syntax

LOG_FILE = "s3://trail-logs/AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/26/contract.json.gz"
# As terraform/cloudsearch.tf has them.
_TYPES = {
    FieldKind.TIME: "date",
    FieldKind.LITERAL: "literal",
    FieldKind.LITERALS: "literal-array",
    FieldKind.TEXT: "text",
}
_ANALYSIS_SCHEMES = {"error_message": "_en_default_", "raw": "_mul_default_", "user_agent": "_mul_default_"}
_HIGHLIGHTED = frozenset({"error_message", "raw"})


class Searched(NamedTuple):
    """A search domain, as the product uploads to it and asks it."""

    backend: Backend
    search_backend: SearchBackend
    search_index: SearchIndex
    domain: SearchDomain
    retention: Retention
    show_all: Callable[[], None]

    def store(self, records: Iterable[bytes]) -> list[Document]:
        """Index records, all of which are taken, and make them found."""
        documents = [build_document(record, LOG_FILE) for record in records]
        too_large: list[Document] = []
        for batch in pack([documents], self.search_backend.batch_format, too_large.append):
            assert list(self.search_index.upload(bytes(batch.body))) == []
        assert too_large == []
        self.show_all()
        return documents

    def upload(self, documents: Iterable[Document]) -> list[Refused]:
        """Upload documents in one batch, make them found, and give those that are refused."""
        batch = bytearray()
        self.search_backend.batch_format.append(list(documents), batch)
        refused = list(self.search_index.upload(bytes(batch)))
        self.show_all()
        return refused

    def found(self, text: str, syntax: Syntax = Syntax.NATIVE) -> set[str]:
        """The ids of the events that a query finds."""
        return {event["id"] for event in self.domain.scan(Query(text, syntax, size=100), fields=())}


def on_opensearch(domain: Domain) -> Searched:
    """The product on an OpenSearch domain."""
    backend = OpenSearch(domain.name)
    return Searched(
        Backend.OPENSEARCH,
        backend,
        backend.index(domain.endpoint),
        backend.domain(domain.endpoint),
        backend.retention(domain.endpoint, domain.endpoint),
        domain.refresh,
    )


def on_cloudsearch(session: boto3.Session, endpoint_url: str, name: str) -> Searched:
    """The product on a new CloudSearch domain with the product's fields."""
    document_service, search_service = make_cloudsearch_domain(session, endpoint_url, name)
    backend = CloudSearch()
    return Searched(
        Backend.CLOUDSEARCH,
        backend,
        backend.index(document_service),
        backend.domain(search_service),
        backend.retention(document_service, search_service),
        lambda: None,
    )


def make_cloudsearch_domain(session: boto3.Session, endpoint_url: str, name: str) -> tuple[str, str]:
    """Make a CloudSearch domain with the product's fields, and give its endpoints: to upload to, and to ask."""
    client = session.client("cloudsearch", endpoint_url=endpoint_url)
    client.create_domain(DomainName=name)
    for field_name, field in SCHEMA.items():
        client.define_index_field(DomainName=name, IndexField=_index_field(field_name, field))  # type: ignore[arg-type]
    client.index_documents(DomainName=name)
    (status,) = client.describe_domains(DomainNames=[name])["DomainStatusList"]
    return status["DocService"]["Endpoint"], status["SearchService"]["Endpoint"]


def _index_field(name: str, field: Field) -> Mapping[str, Any]:
    of_type = _TYPES[field.kind]
    options: dict[str, Any] = {}
    if field.kind is FieldKind.TEXT:
        options |= {"AnalysisScheme": _ANALYSIS_SCHEMES[name], "HighlightEnabled": name in _HIGHLIGHTED}
    else:
        options |= {"FacetEnabled": field.facet, "SearchEnabled": True}
    if field.kind is not FieldKind.LITERALS:
        options["SortEnabled"] = field.kind is FieldKind.TIME
    if field.of:
        options |= {"SourceField": field.of, "ReturnEnabled": False}
    kind = "".join(part.title() for part in of_type.split("-"))
    return {"IndexFieldName": name, "IndexFieldType": of_type, f"{kind}Options": options}

"""Domains of the local CloudSearch for tests, and how they are asked."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tests.local_cloud.services.cloudsearch.models import Domain
from tests.local_cloud.services.cloudsearch.schema import IndexField, options_key


def field(name: str, field_type: str, **options: Any) -> IndexField:
    shape = {"IndexFieldName": name, "IndexFieldType": field_type, options_key(field_type): options}
    return IndexField.from_api(shape)


def make_domain(fields: Iterable[IndexField], documents: Mapping[str, Mapping[str, Any]]) -> Domain:
    domain = Domain("events", "123456789012", "eu-west-1", "aws")
    for index_field in fields:
        domain.define_index_field(index_field)
    domain.index_documents()
    if documents:
        operations = [{"type": "add", "id": key, "fields": fields} for key, fields in documents.items()]
        status, answer = domain.upload(json.dumps(operations).encode())
        assert status == 200, answer
    return domain


def search(domain: Domain, query: str, **parameters: str) -> dict[str, Any]:
    """Ask a structured query, unless told otherwise; of names of parameters, `__` stands for a dot."""
    request = {"q": query, "q.parser": "structured", "sort": "_id asc"} | {
        name.replace("__", "."): value for name, value in parameters.items()
    }
    status, answer = domain.search(request)
    assert status == 200, answer
    return answer


def found(domain: Domain, query: str, **parameters: str) -> str:
    """Return the ids of what a query finds."""
    return "".join(hit["id"] for hit in search(domain, query, **parameters)["hits"]["hit"])


def refusal(domain: Domain, query: str, **parameters: str) -> str:
    """Return why a query is refused."""
    request = {"q": query, "q.parser": "structured"} | {
        name.replace("__", "."): value for name, value in parameters.items()
    }
    status, answer = domain.search(request)
    assert status == 400, answer
    message: str = answer["message"]
    assert answer["error"]["message"] == f"[*Deprecated*: Use the outer message field] {message}"
    return message

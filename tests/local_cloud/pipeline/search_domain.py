"""What is in a search domain, whatever it is: the ids of all documents, and how many there are."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_cloudsearchdomain import CloudSearchDomainClient


def document_ids(domain: "CloudSearchDomainClient") -> set[str]:
    """Give the ids of all documents."""
    ids: set[str] = set()
    cursor = "initial"
    while True:
        answer = domain.search(
            query="matchall", queryParser="structured", returnFields="_no_fields", size=10_000, cursor=cursor
        )["hits"]
        if not answer["hit"]:
            return ids
        ids.update(hit["id"] for hit in answer["hit"])
        cursor = answer["cursor"]


def document_count(domain: "CloudSearchDomainClient") -> int:
    """Count all documents."""
    return domain.search(query="matchall", queryParser="structured", size=0)["hits"]["found"]

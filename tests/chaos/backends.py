"""What is asked of a search backend apart from Trailsearch's own code: which documents a batch has, and those of some logs."""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from trailsearch.search import Backend

Fields = Mapping[str, Any]


class BackendUnderTest(NamedTuple):
    """The id and the fields of each document of a batch; the query for all events whose log's URI begins so."""

    documents_in: Callable[[bytes], list[tuple[str, Fields]]]
    of_logs: Callable[[str], str]


def _operations(batch: bytes) -> list[tuple[str, Fields]]:
    return [(operation["id"], operation["fields"]) for operation in json.loads(batch)]


def _pairs_of_lines(batch: bytes) -> list[tuple[str, Fields]]:
    lines = [json.loads(line) for line in batch.split(b"\n")[:-1]]
    return [(action["index"]["_id"], fields) for action, fields in zip(lines[::2], lines[1::2], strict=True)]


def _lucene_prefix(uri: str) -> str:
    """By both names that a text without a mapping gets: an index that was made without the template has its events, too."""
    escaped = "".join(character if character.isalnum() else f"\\{character}" for character in uri)
    return f"log_file:{escaped}* OR log_file.keyword:{escaped}*"


BACKENDS: Mapping[Backend, BackendUnderTest] = {
    Backend.CLOUDSEARCH: BackendUnderTest(_operations, "(prefix field=log_file '{}')".format),
    Backend.OPENSEARCH: BackendUnderTest(_pairs_of_lines, _lucene_prefix),
}

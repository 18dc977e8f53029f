"""The index template: what every index of events is like, written into the domain by Trailsearch itself.

https://docs.opensearch.org/latest/im-plugin/index-templates/. An index takes what the template says when it is made,
with the first event of its month.
"""

import json
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from trailsearch.contracts.errors import SearchUnavailable
from trailsearch.events.fields import SCHEMA, Field, FieldKind
from trailsearch.search.opensearch.answers import failure, said_in
from trailsearch.search.opensearch.batches import every_index

if TYPE_CHECKING:
    from trailsearch.aws.signed_http import SignedHttp

VERSION: Final = 2
"""Rises with every change of what the template says, so that a domain that has an earlier one gets this one."""
MARK: Final = "trailsearch"
"""Under this name, the metadata of a mapping have the version of the template that it is from."""

JSON: Final = {"Content-Type": "application/json"}
# A longer value is in the document, but not found by this field: Lucene takes no term of more than 32,766 bytes.
LONGEST_LITERAL: Final = 8_191
# An id of another thing, or a name: nobody counts them or sorts by them, and on disk that takes a copy of each.
_NEVER_SORTED = frozenset({"request_id", "shared_event_id", "log_file"})
_ADDRESSES = frozenset({"source_ip_address"})
_RECORD_FIELD: Final = "raw"
_RECORD: Final = "record"
_EXACT: Final = "exact"
# What JSON writes with a backslash stands between words: "\ncurl" is no word "ncurl", "a\u003db" are two.
_JSON_ESCAPE = r"\\(?:[\"\\/bfnrt]|u[0-9a-fA-F]{4})"


_SETTINGS = "index_templates.index_template.template.settings.index"
_READ: Final = ",".join(
    [
        "index_templates.index_template.version",
        f"{_SETTINGS}.number_of_shards",
        f"{_SETTINGS}.number_of_replicas",
    ]
)


class _Written(NamedTuple):
    """What of a template can differ from one deployment to the next."""

    version: int
    shards: int | None
    replicas: int | None


_NOT_WRITTEN: Final = _Written(0, None, None)


def template_name(prefix: str) -> str:
    """Name the template of an environment."""
    return f"{prefix}-events"


def index_template(prefix: str, shards: int, replicas: int) -> dict[str, Any]:
    """Give the index template of an environment.

    The mapping is not dynamic: nothing but the fields of the schema is indexed, so that no shape of an event
    contradicts an earlier one. Texts are found by the parts of names: ``amazonaws`` finds ``s3.amazonaws.com``, and
    ``AssumeRole`` finds ``sts:AssumeRole``, each of which is one word to OpenSearch's standard tokenizer.
    """
    return {
        "index_patterns": [every_index(prefix)],
        "priority": 500,
        "version": VERSION,
        "template": {
            "settings": {
                "index": {
                    "number_of_shards": shards,
                    "number_of_replicas": replicas,
                    "refresh_interval": "10s",
                    "codec": "best_compression",
                    "sort.field": "event_time",
                    "sort.order": "desc",
                    "mapping.total_fields.limit": 200,
                    "query.default_field": [_RECORD_FIELD],
                    "analysis": _analysis(),
                }
            },
            "aliases": {template_name(prefix): {}},
            "mappings": {"dynamic": False, "_meta": {MARK: VERSION}, "properties": _properties()},
        },
    }


def ensure_template(client: "SignedHttp", prefix: str, shards: int, replicas: int) -> str | None:
    """Write the template, unless the domain has it as it is to be or, from a later release, in a later version.

    Where it has an earlier one, the indices that are there get the fields that are new, for the events to come. Other
    numbers of shards and replicas are those of the next month's index.

    Returns:
        Why those indices cannot have the mapping of this version, in the domain's words: they keep theirs, and who wants
        the new one has to copy them into others. None where that is not so.

    Raises:
        SearchThrottled, SearchUnavailable, SearchAccessDenied: it cannot be read or written.
    """
    path = f"/_index_template/{template_name(prefix)}"
    found = client.send("GET", path, {"filter_path": _READ})
    if found.status not in {200, 404}:
        raise failure(found, f"Reading the index template {template_name(prefix)}")
    written = _written(found.body) if found.status == 200 else _NOT_WRITTEN
    if written.version > VERSION or written == _Written(VERSION, shards, replicas):
        return None
    template = index_template(prefix, shards, replicas)
    is_older = 0 < written.version < VERSION
    # Before the template, which says that this is done.
    kept = _change_indices(client, prefix, template["template"]["mappings"]) if is_older else None
    put = client.send("PUT", path, headers=JSON, body=json.dumps(template).encode())
    if put.status != 200:
        raise failure(put, f"Writing the index template {template_name(prefix)}")
    return kept


def _change_indices(client: "SignedHttp", prefix: str, mappings: Mapping[str, Any]) -> str | None:
    path = f"/{every_index(prefix)}/_mapping"
    put = client.send("PUT", path, {"allow_no_indices": "true"}, JSON, json.dumps(mappings).encode())
    if put.status == 400:
        return said_in(put.body).reason
    if put.status != 200:
        raise failure(put, f"Changing the mapping of {every_index(prefix)}")
    return None


class Made(Enum):
    """How an index was made."""

    BY_TEMPLATE = "by the template"
    """In any version of it."""
    OTHERWISE = "otherwise"
    NOT_YET = "not yet"
    """It is not there."""


def how_made(client: "SignedHttp", index: str) -> Made:
    """Tell how an index was made.

    Raises:
        SearchThrottled, SearchUnavailable, SearchAccessDenied: that cannot be read.
    """
    found = client.send("GET", f"/{index}/_mapping", {"filter_path": "*.mappings._meta"})
    if found.status == 404:
        return Made.NOT_YET
    if found.status != 200:
        raise failure(found, f"Reading the mapping of the index {index}")
    mappings = _object(found.body)
    marked = bool(mappings) and all(MARK in mapping["mappings"]["_meta"] for mapping in mappings.values())
    return Made.BY_TEMPLATE if marked else Made.OTHERWISE


def _written(body: bytes) -> "_Written":
    """Read what a template says; its version is 0 where somebody else has written it, without one."""
    match _object(body):
        case {"index_templates": [{"index_template": {"version": int(version), **template}}]}:
            settings = _at(template, "template", "settings", "index")
            return _Written(
                version, _number(settings, "number_of_shards"), _number(settings, "number_of_replicas")
            )
        case _:
            return _NOT_WRITTEN


def _at(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _number(settings: Any, name: str) -> int | None:
    """Read a setting, which OpenSearch gives as a text whatever it was given."""
    text = str(_at(settings, name))
    return int(text) if text.isdecimal() else None


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        read = json.loads(body)
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise SearchUnavailable("The answer of the search domain is cut short, or no JSON")
    return read


def _analysis() -> dict[str, Any]:
    return {
        "char_filter": {
            "json_escapes": {"type": "pattern_replace", "pattern": _JSON_ESCAPE, "replacement": " "}
        },
        "tokenizer": {
            _RECORD: {"type": "char_group", "tokenize_on_chars": ["whitespace", "punctuation", "symbol"]}
        },
        "analyzer": {
            _RECORD: {
                "type": "custom",
                "char_filter": ["json_escapes"],
                "tokenizer": _RECORD,
                "filter": ["lowercase"],
            }
        },
    }


def _properties() -> dict[str, Any]:
    return {name: _property(name, field) for name, field in SCHEMA.items()}


def _property(name: str, field: Field) -> dict[str, Any]:
    if field.of:
        return {"type": "alias", "path": f"{field.of}.{_EXACT}"}
    match field.kind:
        case FieldKind.TIME:
            return {"type": "date", "format": "strict_date_optional_time", "ignore_malformed": True}
        case FieldKind.LITERAL | FieldKind.LITERALS:
            without = {"doc_values": False} if name in _NEVER_SORTED else {}
            # Where AWS calls on behalf of somebody, the name of a service stands in place of an address.
            address = {"fields": {"ip": {"type": "ip", "ignore_malformed": True}}}
            return _literal() | without | (address if name in _ADDRESSES else {})
        case FieldKind.TEXT:
            without = {"norms": False} if name == _RECORD_FIELD else {}
            copied = any(other.of == name for other in SCHEMA.values())
            exact = {"fields": {_EXACT: _literal()}} if copied else {}
            return {"type": "text", "analyzer": _RECORD} | without | exact


def _literal() -> dict[str, Any]:
    return {"type": "keyword", "ignore_above": LONGEST_LITERAL}

"""The documents that the searches of the READMEs are about, and what each search and each field is to find in them."""

import gzip
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import msgspec

from tests.documentation.parts import asked_of, parts_of, without_negation
from tests.documentation.searched import searched_logs
from trailsearch.cli.search.sessions import with_sessions
from trailsearch.cli.search.typed import chosen
from trailsearch.events.documents import Document, build_document
from trailsearch.events.fields import SCHEMA, FieldKind
from trailsearch.search import Backend
from trailsearch.search.queries import Query, SearchDomain, Syntax

_NOW = datetime.now(UTC)


class _Log(msgspec.Struct):
    records: list[msgspec.Raw] = msgspec.field(name="Records")


def documents() -> Iterator[list[Document]]:
    """Give the documents, log by log."""
    for log in searched_logs():
        records = msgspec.json.decode(gzip.decompress(log.body), type=_Log).records
        yield [
            build_document(msgspec.json.format(record, indent=-1), f"s3://bucket/{log.key}")
            for record in records
        ]


def finds_nothing(command: str, domain: SearchDomain, backend: Backend) -> list[str]:
    """Give what of a ``make search`` does nothing: parts that find nothing, exclusions and facets that are vacuous."""
    asked = asked_of(command)
    syntax = Syntax.SIMPLE if asked.simple else Syntax.NATIVE
    native = Query(asked.query, syntax, size=0, facets=asked.facets)

    def found_by(options: Mapping[str, str]) -> int:
        return domain.search(with_sessions(domain, chosen(native, options, _NOW))).found

    whole = domain.search(with_sessions(domain, chosen(native, asked.chosen, _NOW)))
    vacuous = [field for field in asked.facets if not whole.facets[field]]
    parts = [asked.query] if asked.simple else parts_of(asked.query, backend)
    vacuous += [part for part in parts if not count(domain, part, syntax)]
    for option, value in asked.chosen.items():
        if option.startswith("not_"):
            if found_by({name: each for name, each in asked.chosen.items() if name != option}) <= whole.found:
                vacuous.append(f"{option}={value}")
        else:
            vacuous += [f"{option}={each}" for each in value.split(",") if not found_by({option: each})]
    if not whole.found:
        vacuous.append(command)
    more = None if asked.simple else without_negation(asked.query, backend)
    if more and count(domain, more) <= whole.found:
        vacuous.append(f"what is excluded from {more}")
    return vacuous


def count(domain: SearchDomain, text: str, syntax: Syntax = Syntax.NATIVE) -> int:
    """Count what a query finds."""
    return domain.search(Query(text, syntax, size=0)).found


def values() -> Mapping[str, str]:
    """Give a value of each field that the documents have, by the field's name; of ``raw`` and of texts, a short one."""
    found: dict[str, str] = {}
    for log in documents():
        for document in log:
            for name, value in msgspec.structs.asdict(document.fields).items():
                if not value or name == "raw":
                    continue
                first = value if isinstance(value, str) else value[0]
                if name not in found or (
                    SCHEMA[name].kind is FieldKind.TEXT and len(first) < len(found[name])
                ):
                    found[name] = first
    exact = {name: found[field.of] for name, field in SCHEMA.items() if field.of}
    return found | exact | {"raw": "deletetrail"}

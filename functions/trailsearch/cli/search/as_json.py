"""What is found as JSON, with each record as the JSON that it is."""

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn
from uuid import uuid4

import msgspec

from trailsearch.cli.console import printable_json
from trailsearch.search.highlights import Excerpt
from trailsearch.search.queries import Answer, Event

_INDENTATION_OF_A_RECORD = " " * 6
# In JSON these are between tokens alone.
_SPACES = dict.fromkeys(map(ord, "\t\r"), " ")
# How deep a decoder reads before it gives up is another matter in every Python, and an indented record grows with the
# square of its depth.
_DEEPEST_RECORD = 500
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"?|[][{}]')


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_json_decoder = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse)


def to_json(answer: Answer, more: Mapping[str, Any] | None = None) -> str:
    """Write found events as JSON, with each record as the JSON that it is.

    No record is decoded, as that would change numbers and fail on what JSON allows and Python does not. A record
    that is no JSON, or is nested too deep to tell, stays text. Excerpts are texts with ``<em>`` and ``</em>`` around
    matches, under ``highlights`` of their event.
    """
    records: list[str] = []
    mark = uuid4()

    def marked(event: Event) -> Event:
        record = _record(event["raw"]) if "raw" in event else None
        if record is None:
            return event
        records.append(record)
        return {**event, "raw": f"{mark}-{len(records) - 1}"}

    events = [marked(event) for event in answer.events]
    if answer.highlights:
        events = [
            {
                **event,
                "highlights": {
                    field: [_emphasized(each) for each in found] for field, found in each_field.items()
                },
            }
            for event, each_field in zip(events, answer.highlights, strict=True)
        ]
    written: dict[str, Any] = {"found": answer.found, "events": events, "facets": answer.facets}
    if answer.facets:
        written["distinct"] = {field: answer.distinct.get(field) for field in answer.facets}
    text = json.dumps(written | dict(more or {}), indent=2)
    return printable_json(re.sub(rf'"{mark}-(\d+)"', lambda found: records[int(found[1])], text))


def to_json_line(event: Event) -> str:
    """Write one event as JSON in one line, with its record as ``to_json`` has it."""
    record = _record(event.get("raw", ""))
    if record is None:
        return printable_json(json.dumps(event))
    fields = json.dumps({name: value for name, value in event.items() if name != "raw"})
    # White space that could be a line break is between tokens alone.
    line = _in_one_line(record)
    return printable_json(f'{fields[:-1]}, "raw": {line}}}')


def _in_one_line(record: str) -> str:
    try:
        return msgspec.json.format(record, indent=-1)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return record.replace("\n", " ")


def _emphasized(excerpt: Excerpt) -> str:
    return "".join(f"<em>{piece.text}</em>" if piece.is_match else piece.text for piece in excerpt)


def _record(raw: str) -> str | None:
    """Indent the JSON text of a record for its place in an answer; None if it is no JSON, or nested too deep."""
    if _is_nested_too_deep(raw):
        return None
    try:
        return msgspec.json.format(raw, indent=2).replace("\n", f"\n{_INDENTATION_OF_A_RECORD}")
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        pass
    try:
        _json_decoder.decode(raw)  # which reads lone surrogates, as msgspec does not.
    except (ValueError, RecursionError):
        return None
    return raw.translate(_SPACES)


def _is_nested_too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= _DEEPEST_RECORD:
        return False
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(text):
        depth += (found[0] in "[{") - (found[0] in "]}")
        if depth > _DEEPEST_RECORD:
            return True
    return False

"""What a search domain answers, in the plain values that become JSON."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from trailsearch.contracts.times import to_seconds
from trailsearch.events.fields import SCHEMA, FieldKind
from trailsearch.search.queries import ADDRESS_FIELDS, Answer

# Each backend sorts by a time (terraform/cloudsearch.tf); of CloudSearch nothing else can be.
_SORTABLE = FieldKind.TIME


def fields() -> list[dict[str, Any]]:
    """Describe the fields that a view can ask for."""
    return [
        {
            "name": name,
            "kind": field.kind.value,
            "facet": field.facet,
            "address": name in ADDRESS_FIELDS,
            "sortable": field.kind is _SORTABLE,
        }
        for name, field in SCHEMA.items()
    ]


def events_of(answer: Answer) -> dict[str, Any]:
    """Give the events of an answer with their excerpts, which are lists of pieces: a text, and whether it is a match."""
    return {
        "found": answer.found,
        "events": [dict(each) for each in answer.events],
        "highlights": [
            {
                field: [[[piece.text, piece.is_match] for piece in excerpt] for excerpt in excerpts]
                for field, excerpts in one.items()
            }
            for one in answer.highlights
        ],
    }


def facets_of(answer: Answer) -> dict[str, Any]:
    """Give the values of fields, each with how many events have it."""
    return {
        "found": answer.found,
        "facets": {
            name: [[value, count] for value, count in counts.items()]
            for name, counts in answer.facets.items()
        },
        "distinct": {name: answer.distinct.get(name) for name in answer.facets},
    }


def histogram_of(edges: Sequence[datetime], counts: Sequence[int]) -> dict[str, Any]:
    """Give how many events there are from each edge to the next."""
    return {
        "from": to_seconds(edges[0]) if edges else None,
        "until": to_seconds(edges[-1]) if edges else None,
        "interval": f"PT{int((edges[1] - edges[0]).total_seconds())}S" if len(edges) > 1 else None,
        "buckets": [
            {"since": to_seconds(since), "until": to_seconds(until), "count": count}
            for since, until, count in zip(edges, edges[1:], counts, strict=False)
        ],
    }


def values_like(counts: Mapping[str, int], begun: str, most: int) -> list[list[Any]]:
    """Give counted values that begin as somebody has begun to type one, then those that have it within; in any case."""
    typed = begun.casefold()
    first = [each for each in counts if each.casefold().startswith(typed)]
    within = [each for each in counts if typed in each.casefold() and each not in first]
    return [[value, counts[value]] for value in (*first, *within)[:most]]

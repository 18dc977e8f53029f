"""Bulk requests of which some documents are refused whatever they are.

Only the actions that have a document, `index`, `create` and `update`, as the product sends them.
"""

import json
from collections.abc import Iterator
from typing import Any

from .disruption import RefusedItems


def without_every(every: int, body: bytes) -> bytes:
    """Leave the `every`-th, twice `every`-th … document of a bulk body out."""
    return b"".join(pair for number, pair in enumerate(_pairs(body), start=1) if number % every)


def merged(body: bytes, answered: list[Any], refused: RefusedItems) -> dict[str, Any]:
    """Give the answer to a bulk body, of the items of `without_every` and the errors of the others."""
    stored = iter(answered)
    items = [
        next(stored) if number % refused.every else _error(pair, refused)
        for number, pair in enumerate(_pairs(body), start=1)
    ]
    errors = any("error" in item for each in items for item in each.values())
    return {"errors": errors, "items": items}


def _pairs(body: bytes) -> Iterator[bytes]:
    lines = body.splitlines(keepends=True)
    return (action + document for action, document in zip(lines[::2], lines[1::2], strict=True))


def _error(pair: bytes, refused: RefusedItems) -> dict[str, Any]:
    ((action, target),) = json.loads(pair.partition(b"\n")[0]).items()
    error = {"type": refused.error_type, "reason": refused.reason}
    return {action: {**target, "status": refused.status, "error": error}}

"""Bulk requests of which some documents are refused, whatever they are or for a text in them.

Only the actions that have a document, `index`, `create` and `update`, as the product sends them.
"""

import json
from collections.abc import Iterator
from typing import Any

from .disruption import RefusedItems


def without_refused(body: bytes, refused: RefusedItems) -> bytes:
    """Leave out of a bulk body the documents that are refused."""
    return b"".join(pair for pair, is_refused in _told_apart(body, refused) if not is_refused)


def merged(body: bytes, answered: list[Any], refused: RefusedItems) -> dict[str, Any]:
    """Give the answer to a bulk body, of the items of `without_refused` and the errors of the others."""
    stored = iter(answered)
    items = [
        _error(pair, refused) if is_refused else next(stored)
        for pair, is_refused in _told_apart(body, refused)
    ]
    errors = any("error" in item for each in items for item in each.values())
    return {"errors": errors, "items": items}


def _told_apart(body: bytes, refused: RefusedItems) -> Iterator[tuple[bytes, bool]]:
    """Give each action with its document, and whether it is refused: the `every`-th, twice `every`-th … of those meant."""
    lines = body.splitlines(keepends=True)
    number = 0
    for action, document in zip(lines[::2], lines[1::2], strict=True):
        is_meant = refused.having in document
        number += is_meant
        yield action + document, is_meant and not number % refused.every


def _error(pair: bytes, refused: RefusedItems) -> dict[str, Any]:
    ((action, target),) = json.loads(pair.partition(b"\n")[0]).items()
    error = {"type": refused.error_type, "reason": refused.reason}
    return {action: {**target, "status": refused.status, "error": error}}

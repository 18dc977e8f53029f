"""Cursors, by which a search goes on where the last page ended.

A cursor is a position, so that documents added meanwhile can shift what follows.
"""

import base64

from .exceptions import SearchException


def make_cursor(offset: int) -> str:
    """Make the cursor of a position."""
    return base64.urlsafe_b64encode(f"offset:{offset}".encode()).decode()


def offset_of(cursor: str) -> int:
    """Return the position of a cursor; "initial" is that of the first page.

    Raises:
        SearchException: it is none.
    """
    if cursor == "initial":
        return 0
    try:
        return int(base64.urlsafe_b64decode(cursor).decode().removeprefix("offset:"))
    except ValueError:
        raise SearchException(
            "Parameter 'cursor' is neither 'initial' nor a cursor of an earlier answer"
        ) from None

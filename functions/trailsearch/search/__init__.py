"""The search backend: how to write batches, upload them, and ask.

``search_backend`` is the door: nothing outside imports a backend by its name.
"""

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trailsearch.search.backend import SearchBackend


class Backend(StrEnum):
    """The search services that Trailsearch knows."""

    CLOUDSEARCH = "cloudsearch"


def search_backend(backend: Backend = Backend.CLOUDSEARCH) -> "SearchBackend":
    """Give a search backend."""
    match backend:
        case Backend.CLOUDSEARCH:
            # Only the one that is used is imported.
            from trailsearch.search.cloudsearch import CloudSearch  # noqa: PLC0415

            return CloudSearch()

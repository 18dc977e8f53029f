"""The search backend: how to write batches, upload them, and ask.

``search_backend`` is the door: nothing outside imports a backend by its name.
"""

import importlib
import os
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from trailsearch.contracts.settings import Settings, required

if TYPE_CHECKING:
    from trailsearch.search.backend import SearchBackend


class Backend(StrEnum):
    """The search services that Trailsearch knows."""

    CLOUDSEARCH = "cloudsearch"
    OPENSEARCH = "opensearch"


class SearchSettings(NamedTuple):
    """Which backend an environment has, and how it is set up.

    ``prefix`` begins the names of the environment's resources, those within the search domain too. The others are
    OpenSearch's: how large a batch may be (None: as small as the smallest instances need it), and the shards and the
    replicas of an index.
    """

    backend: Backend
    prefix: str
    max_batch_bytes: int | None = None
    shards: int = 1
    replicas: int = 0

    @classmethod
    def of_function(cls, settings: Settings) -> Self:
        """Give those of a function.

        Raises:
            SettingMissing: the function has no search backend.
        """
        return cls(
            Backend(required("SEARCH_BACKEND", settings.search_backend)),
            f"trailsearch-{settings.environment}",
            settings.search_max_batch_bytes,
            settings.search_shards,
            settings.search_replicas,
        )


def import_backend(*modules: str) -> None:
    """Import the backend that the environment names, with some of its modules, before it is asked for.

    For a handler to call where it is imported: Lambda gives a function a whole processor to start with, whatever its memory.
    Where the environment names no backend, nothing is done: that is for the handler to say.
    """
    backend = os.environ.get("SEARCH_BACKEND")
    if backend in set(Backend):
        for module in (backend, *(f"{backend}.{name}" for name in modules)):
            importlib.import_module(f"{__name__}.{module}")


_CLOUDSEARCH: Final = SearchSettings(Backend.CLOUDSEARCH, prefix="trailsearch")


@cache
def search_backend(settings: SearchSettings = _CLOUDSEARCH) -> "SearchBackend":
    """Give a search backend: for the same settings the same one."""
    # Only the one that is used is imported.
    match settings.backend:
        case Backend.CLOUDSEARCH:
            from trailsearch.search.cloudsearch import CloudSearch  # noqa: PLC0415

            return CloudSearch()
        case Backend.OPENSEARCH:
            from trailsearch.search.opensearch import OpenSearch  # noqa: PLC0415

            return OpenSearch(settings.prefix, settings.max_batch_bytes, settings.shards, settings.replicas)

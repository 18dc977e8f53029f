"""The data plane of all domains: their one engine, and what they hold in it."""

import json
import threading
from collections.abc import Iterable
from typing import Any

import urllib3
from moto.moto_server import threaded_moto_server

from ...patching import replace
from . import engines, moto_backend
from .edge import Edge
from .engines import Engine, EngineChoice

_TIMEOUT_SECONDS = 60


class DataPlane:
    """Makes moto of this process serve OpenSearch domains. All methods may be called from several threads."""

    def __init__(self, choice: EngineChoice | None = None) -> None:
        """Take which engine to use (see `engines.start`); it starts with the first domain."""
        self._choice = choice
        self._engine: Engine | None = None
        self._lock = threading.Lock()

    def register(self) -> None:
        """Put the edge before moto's application, and give moto's domains their endpoints. Call it once, before a server starts.

        Raises:
            MotoChangedError: What this changes in moto is no longer there.
        """
        moto_backend.register(self.engine, self.drop)
        module: Any = threaded_moto_server
        make_application = module.DomainDispatcherApplication

        def with_edge(create_app: object) -> Edge:
            return Edge(make_application(create_app), self.engine)

        replace(threaded_moto_server, "DomainDispatcherApplication", with_edge)

    def engine(self) -> Engine:
        """Give the engine, started if it was not.

        Raises:
            EngineMissingError: The machine has none of the kind, or it does not start.
        """
        with self._lock:
            if self._engine is None:
                self._engine = engines.start(self._choice)
            return self._engine

    def drop(self, domain_name: str, domains: Iterable[str]) -> None:
        """Delete the indices and templates of a domain: those that begin with its name, and not with a longer one of `domains`."""
        if self._engine is None:
            return
        longer = tuple(f"{other}-" for other in domains if other.startswith(f"{domain_name}-"))
        url = self._engine.url
        indices = _ask("GET", f"{url}/_cat/indices/{domain_name}-*?format=json&h=index&expand_wildcards=all")
        templates = _ask("GET", f"{url}/_index_template/{domain_name}-*")
        names = [("", each["index"]) for each in indices]
        names += [("_index_template/", each["name"]) for each in templates.get("index_templates", [])]
        for kind, name in names:
            if not name.startswith(longer or " "):
                _ask("DELETE", f"{url}/{kind}{name}")

    def stop(self) -> None:
        """End the engine."""
        with self._lock:
            engine, self._engine = self._engine, None
        if engine is not None:
            engine.stop()


_http = urllib3.PoolManager(timeout=_TIMEOUT_SECONDS)


def _ask(method: str, url: str) -> Any:
    return json.loads(_http.request(method, url).data)

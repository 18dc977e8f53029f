"""The way past the edge, for tests that put an engine into a state or look into it."""

import json
from urllib.request import ProxyHandler, build_opener

CONTROL_PATH = "/_opensearch"
# An engine starts when it is first asked for, and a node takes its time on a busy machine.
TIMEOUT_SECONDS = 120


class OpenSearchControl:
    """The engine of one local cloud."""

    def __init__(self, endpoint_url: str) -> None:
        """Take the URL of the local cloud."""
        self._url = endpoint_url + CONTROL_PATH
        self._opener = build_opener(ProxyHandler({}))

    @property
    def engine(self) -> str:
        """Which kind it is: "embedded" or "node"."""
        return self._ask()["engine"]

    @property
    def engine_url(self) -> str:
        """Where it answers itself, without signature and policy."""
        return self._ask()["url"]

    def _ask(self) -> dict[str, str]:
        with self._opener.open(self._url, timeout=TIMEOUT_SECONDS) as answer:
            found: dict[str, str] = json.load(answer)
            return found

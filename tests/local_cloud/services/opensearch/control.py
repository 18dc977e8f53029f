"""The way past the edge, for tests that put an engine into a state or look into it."""

import json
from typing import Any

import urllib3

CONTROL_PATH = "/_opensearch"
# An engine starts when it is first asked for, and a node takes its time on a busy machine.
TIMEOUT_SECONDS = 120
# A force merge of a whole index takes its time.
ENGINE_TIMEOUT_SECONDS = 600


class OpenSearchControl:
    """The engine of one local cloud."""

    def __init__(self, endpoint_url: str) -> None:
        """Take the URL of the local cloud."""
        self._url = endpoint_url + CONTROL_PATH
        self._http = urllib3.PoolManager(timeout=TIMEOUT_SECONDS, retries=False)

    @property
    def engine(self) -> str:
        """Which kind it is: "embedded" or "node"."""
        return self._ask()["engine"]

    @property
    def engine_url(self) -> str:
        """Where it answers itself, without signature and policy."""
        return self._ask()["url"]

    def ask_engine(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Send a request past the edge, as the service's own operators could, and give the status and the JSON of its answer."""
        sent = b"" if body is None else json.dumps(body).encode()
        answer = self._http.request(
            method,
            self.engine_url + path,
            body=sent or None,
            headers={"Content-Type": "application/json"},
            timeout=ENGINE_TIMEOUT_SECONDS,
        )
        return answer.status, json.loads(answer.data)

    def _ask(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self._http.request("GET", self._url).data)
        return found

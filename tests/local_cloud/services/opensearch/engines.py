"""The engine behind the domains: `osmem-server` by default, or a real OpenSearch node.

A real node is the one that ``OPENSEARCH_URL`` names, or the one of ``../shared/opensearch`` beside the repository.
"""

import json
import os
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Protocol

from tests.local_cloud.until_input_ends import until_input_ends

EngineChoice = Literal["embedded", "node"]

REPOSITORY = Path(__file__).parents[4]
NODE_START = REPOSITORY.parent / "shared" / "opensearch" / "start"
URL_VARIABLE = "OPENSEARCH_URL"
STOP_SECONDS = 20
ANSWER_SECONDS = 10


class EngineMissingError(RuntimeError):
    """There is no such engine on this machine; the message says what to do."""


class Engine(Protocol):
    """A running engine."""

    @property
    def choice(self) -> EngineChoice:
        """Which kind it is."""

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""

    def stop(self) -> None:
        """End it, if it was started here."""


def node_is_there(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this machine has a real node to run against."""
    return bool(environment.get(URL_VARIABLE)) or NODE_START.is_file()


def start(choice: EngineChoice | None) -> Engine:
    """Start an engine; without a choice it is the node that ``OPENSEARCH_URL`` names, else the embedded one.

    Raises:
        EngineMissingError: The machine has none of that kind, or it does not start.
    """
    named = os.environ.get(URL_VARIABLE)
    if choice == "embedded" or (choice is None and not named):
        return Embedded()
    if named:
        return NamedNode(named)
    if NODE_START.is_file():
        return SharedNode()
    raise EngineMissingError(
        f"There is no OpenSearch node to run against: {URL_VARIABLE} names none, and ../shared/opensearch is not there."
    )


class Embedded:
    """`osmem-server`, in memory, on a free port. It ends with this process."""

    choice: EngineChoice = "embedded"

    def __init__(self) -> None:
        """Start it.

        Raises:
            EngineMissingError: The package has no wheel for this platform, or the program does not start.
        """
        try:
            from osmem_server import OsmemError, OsmemServer  # type: ignore[import-untyped] # noqa: PLC0415
        except ImportError:
            raise EngineMissingError(
                "osmem-server, the engine behind local OpenSearch domains, is not installed: it comes for Linux"
                " (x86-64 and arm64, glibc) and for macOS (arm64). Elsewhere, name a real node in"
                f" {URL_VARIABLE}, as http://127.0.0.1:9200."
            ) from None
        try:
            self._server = OsmemServer.start(japanese=False)
        except (OsmemError, OSError) as error:
            raise EngineMissingError(f"osmem-server does not start: {error}") from error
        self.url: str = self._server.url

    def stop(self) -> None:
        """End the process."""
        self._server.close()
        self._server.process.stdout.close()


class NamedNode:
    """A node that somebody else runs."""

    choice: EngineChoice = "node"

    def __init__(self, url: str) -> None:
        """Take the URL at which it answers.

        Raises:
            EngineMissingError: It does not.
        """
        self.url = url.rstrip("/")
        try:
            with _opener.open(self.url, timeout=ANSWER_SECONDS) as answer:
                json.load(answer)
        except (urllib.error.URLError, ValueError) as error:
            raise EngineMissingError(
                f"No OpenSearch answers at {URL_VARIABLE}, {self.url}: {error}"
            ) from error

    def stop(self) -> None:
        """Leave it running."""


class SharedNode:
    """The node of ``../shared/opensearch``, on a free port, with its data in a temporary folder. It ends with this process."""

    choice: EngineChoice = "node"

    def __init__(self) -> None:
        """Start it, which takes some seconds.

        Raises:
            EngineMissingError: It does not start.
        """
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self._process = subprocess.Popen(
            until_input_ends(str(NODE_START), str(port)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        ready = self._process.stdout.readline().split()
        if ready[:1] != ["ready"]:
            self.stop()
            raise EngineMissingError(
                f"{NODE_START} did not start a node; its reason is in the local cloud's log."
            )
        self.url = ready[1]

    def stop(self) -> None:
        """End the node, and remove its data."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

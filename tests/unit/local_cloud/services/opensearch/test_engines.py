"""Which engine is started, and what is said where there is none."""

import os
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.local_cloud.services.opensearch import engines
from tests.local_cloud.services.opensearch.engines import EngineMissingError


def test_the_embedded_engine_is_the_default_and_ends_when_it_is_told_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENSEARCH_URL", raising=False)
    engine = engines.start(None)
    assert engine.choice == "embedded"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(engine.url) as answer:
        assert answer.status == 200
    engine.stop()
    with pytest.raises(OSError, match="refused"):
        opener.open(engine.url)


def test_a_named_node_is_used_unless_the_embedded_engine_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    embedded = engines.start("embedded")
    monkeypatch.setenv("OPENSEARCH_URL", f"{embedded.url}/")
    for choice in (None, "node"):
        node = engines.start(choice)
        assert (node.choice, node.url) == ("node", embedded.url)
        node.stop()
    assert engines.node_is_there()
    chosen = engines.start("embedded")
    assert chosen.url != embedded.url
    chosen.stop()
    embedded.stop()
    with pytest.raises(EngineMissingError, match="No OpenSearch answers at OPENSEARCH_URL"):
        engines.start(None)


def test_a_missing_node_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("OPENSEARCH_URL", raising=False)
    monkeypatch.setattr(engines, "NODE_START", tmp_path / "start")
    assert not engines.node_is_there()
    with pytest.raises(EngineMissingError, match="OPENSEARCH_URL names none"):
        engines.start("node")


def test_a_node_that_does_not_start_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("OPENSEARCH_URL", raising=False)
    start = tmp_path / "start"
    start.write_text("#!/bin/sh\nexit 1\n")
    start.chmod(0o755)
    monkeypatch.setattr(engines, "NODE_START", start)
    with pytest.raises(EngineMissingError, match="did not start a node"):
        engines.start("node")


def test_a_node_ends_when_it_is_told_to(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("OPENSEARCH_URL", raising=False)
    start, pid = tmp_path / "start", tmp_path / "pid"
    start.write_text(f'#!/bin/sh\necho $$ >"{pid}"\necho "ready http://127.0.0.1:$1"\nexec sleep 600\n')
    start.chmod(0o755)
    monkeypatch.setattr(engines, "NODE_START", start)
    node = engines.start("node")
    assert node.url.startswith("http://127.0.0.1:")
    process = int(pid.read_text())
    os.kill(process, 0)
    node.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_where_the_package_is_missing_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "osmem_server", None)
    with pytest.raises(EngineMissingError, match="name a real node in OPENSEARCH_URL"):
        engines.start("embedded")

"""How long the page takes to its first events and facets: ``python -m tests.browser.speed --events 100000``."""

import gzip
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter
from typing import Final

import click
import msgspec
from playwright.sync_api import Page, sync_playwright

from tests.browser.chromium import ARGUMENTS, chromium
from tests.browser.server import TOKEN, InMemory, serving
from tests.contract.backends import Searched, on_cloudsearch, on_opensearch
from tests.contract.conftest import SESSION, opensearch_domain
from tests.contract.domain import Answer, Domain
from tests.local_cloud.process import LocalCloud
from tests.local_cloud.sealing import own_variables
from tests.local_cloud.services.opensearch import engines
from tests.log_generator import generate_logs
from trailsearch.events.documents import Document, build_document
from trailsearch.search.batching import pack
from trailsearch.search.queries import SearchDomain

_NAME: Final = "trailsearch-speed"
_ROUNDS: Final = 5
_START: Final = datetime(2026, 11, 1, tzinfo=UTC)
_RECORDS_PER_LOG: Final = 1_000
_PARTS: Final = {"events": "tr[data-at]", "facets": ".values li", "histogram": ".histogram .ink"}
_WAIT_MS: Final = 120_000
# When the first of each is there, in milliseconds from the moment at which the browser begins to load the page.
_WATCH: Final = f"""
    window.first = {{}};
    new MutationObserver(() => {{
        for (const [name, part] of Object.entries({json.dumps(_PARTS)}))
            if (!(name in window.first) && document.querySelector(part)) window.first[name] = performance.now();
    }}).observe(document, {{ childList: true, subtree: true }});
"""
_VIEWS: Final = {
    "everything": "page=search",
    "a word": "q=accessdenied",
    "an actor": "filter=%7B%22fields%22%3A%5B%22actor%22%5D%2C%22is%22%3A%22is%22%2C%22values%22%3A%5B%22alice%22%5D%7D",
}


class _Log(msgspec.Struct):
    records: list[msgspec.Raw] = msgspec.field(name="Records")


class _OnEngine(InMemory):
    """An environment whose search domain is a real one."""

    def __init__(self, domain: SearchDomain, backend: str) -> None:
        super().__init__([])
        self._domain = domain
        self.backend = backend

    def domain(self) -> SearchDomain:
        return self._domain


def _documents(events: int) -> Iterator[list[Document]]:
    logs = max(1, -(-events // _RECORDS_PER_LOG))
    spread = timedelta(days=20)
    for log in generate_logs(1, logs, _START, duration=spread, records_per_log=_RECORDS_PER_LOG):
        records = msgspec.json.decode(gzip.decompress(log.body), type=_Log).records
        yield [build_document(bytes(record), f"s3://trail-logs/{log.key}") for record in records]


def _fill(domain: Domain, searched: Searched, events: int, months: int) -> None:
    """Index so many events, and have the node copy their index for as many other months as are asked for."""
    if searched.domain.count() == events * months:
        return
    _index(searched, events)
    if months > 1:
        source = domain.index()
        # https://docs.opensearch.org/latest/api-reference/index-apis/clone/
        _done(domain.ask_engine("PUT", f"/{source}/_settings", {"index.blocks.write": True}))
        settings = {"settings": {"index.number_of_replicas": 0}}
        for month in range(1, months):
            _done(domain.ask_engine("POST", f"/{source}/_clone/{domain.index(f'2025.{month:02}')}", settings))
    assert searched.domain.count() == events * months


def _done(answer: Answer) -> None:
    assert answer.status == 200, answer


def _index(searched: Searched, events: int) -> None:
    # A batch is made while the domain indexes the one before.
    with ThreadPoolExecutor(max_workers=1) as uploading:
        uploaded: Future[None] | None = None
        for batch in pack(_documents(events), searched.search_backend.batch_format, _not_refused):
            following = uploading.submit(_upload, searched, bytes(batch.body))
            if uploaded is not None:
                uploaded.result()
            uploaded = following
        if uploaded is not None:
            uploaded.result()
    searched.show_all()


def _upload(searched: Searched, batch: bytes) -> None:
    assert list(searched.search_index.upload(batch)) == []


def _not_refused(document: Document) -> None:
    raise AssertionError(f"{document.id} fits into no batch")


def _measure(page: Page, address: str, view: str) -> dict[str, float]:
    page.goto(f"{address}/?{view}")
    for part in _PARTS.values():
        page.locator(f"{part}, .problem").first.wait_for(state="attached", timeout=_WAIT_MS)
    if problems := page.locator(".problem").all_text_contents():
        raise click.ClickException(f"{view}: {problems[0]}")
    first: dict[str, float] = page.evaluate("window.first")
    return first


@contextmanager
def _of_local_cloud(backend: str, events: int) -> Iterator[Searched]:
    # The local cloud takes anybody; nothing of the caller's is for it.
    os.environ.update(own_variables("", SESSION.region_name))
    with LocalCloud(opensearch_engine="embedded") as cloud:
        if backend == "cloudsearch":
            searched = on_cloudsearch(SESSION, cloud.endpoint_url, _NAME)
        else:
            searched = on_opensearch(opensearch_domain(cloud, "embedded", _NAME))
        _index(searched, events)
        yield searched


@contextmanager
def _of_node(events: int, months: int) -> Iterator[Searched]:
    """Give the indices of a real node, with nothing of the local cloud before it."""
    os.environ.update(own_variables("", SESSION.region_name))
    engine = engines.start("node")
    try:
        domain = Domain(_NAME, engine.url, "node", engine.url)
        searched = on_opensearch(domain)
        _fill(domain, searched, events, months)
        yield searched
    finally:
        engine.stop()


@click.command()
@click.option("--events", type=click.IntRange(min=1_000), default=100_000, show_default=True)
@click.option(
    "--backend", type=click.Choice(["opensearch", "cloudsearch"]), default="opensearch", show_default=True
)
@click.option("--node", is_flag=True, help="On a real OpenSearch node, which OPENSEARCH_URL may name.")
@click.option(
    "--months",
    type=click.IntRange(1, 13),
    default=1,
    show_default=True,
    help="Of a node: so many indices have these events each.",
)
def main(events: int, backend: str, node: bool, months: int) -> None:
    """Index generated events in a search domain of this machine, if it has not as many, and load the page on them."""
    began = perf_counter()
    with _of_node(events, months) if node else _of_local_cloud(backend, events) as searched:
        said = f"{searched.domain.count():,} events in {'a node' if node else backend}"
        click.echo(f"{said}, after {perf_counter() - began:.0f} s")
        with serving(_OnEngine(searched.domain, backend)) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=[*ARGUMENTS])
            page = browser.new_page(viewport={"width": 1280, "height": 860})
            page.add_init_script(_WATCH)
            page.goto(f"{address}/?token={TOKEN}&page=status")
            for name, view in _VIEWS.items():
                measured = [_measure(page, address, view) for _ in range(_ROUNDS)]
                click.echo(f"{name}: {', '.join(_said(part, measured) for part in _PARTS)}")
            loaded: int = page.evaluate(
                """performance.getEntriesByType("resource").filter((each) => !each.name.includes("/api/"))
                    .reduce((sum, each) => sum + each.decodedBodySize, 0)"""
            )
            click.echo(f"files of the page: {loaded:,} bytes")
            browser.close()


def _said(part: str, measured: Sequence[dict[str, float]]) -> str:
    times = [each[part] / 1000 for each in measured]
    return f"{part} {median(times):.2f} s (longest {max(times):.2f})"


if __name__ == "__main__":
    main()

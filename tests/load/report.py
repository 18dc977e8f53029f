"""The summary of a load run, as rows, and as a Markdown table to paste into tests/README.md."""

from collections.abc import Iterable, Mapping

from tests.load.processes import ENGINE, SERVER, Usage
from tests.load.run import Result

Row = tuple[str, str]
_MEGABYTE = 1_000_000


def rows(result: Result) -> list[Row]:
    """Return what the run did: names and values."""
    statuses = ", ".join(
        f"{count:,} {status}" for status, count in sorted(result.executions.by_status.items())
    )
    indexing = result.indexing
    return [
        ("Logs delivered", f"{result.logs:,}"),
        ("Records in them; distinct events", f"{result.records:,}; {result.events:,}"),
        ("JSON in them, uncompressed", f"{result.json_bytes / _MEGABYTE:,.0f} MB"),
        (
            "All delivered after; all indexed after",
            f"{result.delivery_seconds:,.0f} s; {result.seconds:,.0f} s",
        ),
        (
            "Indexed per second",
            f"{result.events / result.seconds:,.0f} events; {result.json_bytes / _MEGABYTE / result.seconds:,.1f} MB",
        ),
        (
            "Lag from delivery to search: median; longest",
            f"{indexing.median_lag:,.0f} s; {indexing.longest_lag:,.0f} s",
        ),
        ("Executions; batches", f"{statuses}; {indexing.batches:,}"),
        (
            "On average: documents in a batch; bytes of a document",
            f"{indexing.documents / indexing.batches:,.0f}; {indexing.bytes / indexing.documents:,.0f}",
        ),
        *_storage(result),
        ("Dead letters", f"{result.dead_letters:,}"),
        ("**Lost**", f"**{len(result.lost):,}**"),
    ]


def _storage(result: Result) -> list[Row]:
    if result.index_bytes is None:
        return []
    return [
        (
            "Index on disk after a force merge; of an event",
            f"{result.index_bytes / _MEGABYTE:,.0f} MB; {result.index_bytes / result.indexed_in_all:,.0f} bytes",
        )
    ]


def usage_rows(before: Mapping[str, Usage], after: Mapping[str, Usage], own_cpu_seconds: float) -> list[Row]:
    """Return who used how much processor time, and how much memory the local cloud holds: names and values.

    `before` and `after` are the local cloud's processes, `own_cpu_seconds` is the time of the process that delivers.
    """
    spent = {name: usage.cpu_seconds - before.get(name, Usage()).cpu_seconds for name, usage in after.items()}
    functions = sum(seconds for name, seconds in spent.items() if name not in {SERVER, ENGINE})
    rows = [
        (
            "Processor time: local cloud; functions; delivery and check",
            f"{spent[SERVER]:,.0f} s; {functions:,.0f} s; {own_cpu_seconds:,.0f} s",
        ),
        ("Memory of the local cloud", f"{after[SERVER].resident_bytes / _MEGABYTE:,.0f} MB"),
    ]
    if ENGINE in after:
        memory = after[ENGINE].resident_bytes / _MEGABYTE
        rows.append(
            ("Processor time and memory of the search engine", f"{spent[ENGINE]:,.0f} s; {memory:,.0f} MB")
        )
    return rows


def markdown(table: Iterable[Row]) -> str:
    """Return rows as a Markdown table without headings."""
    return "\n".join(["| | |", "|---|---:|", *(f"| {name} | {value} |" for name, value in table)]) + "\n"

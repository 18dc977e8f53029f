"""The tables that `make bench` prints, and writes as Markdown."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from rich import box
from rich.table import Table

from tests.benchmarks.cold_start import ColdStart
from tests.benchmarks.data_path import STAGES
from tests.benchmarks.inputs import INPUTS, TYPICAL
from tests.benchmarks.memory import PLAIN, STEPS

TRAILSEARCH = "Trailsearch"
WHOLE, WHOLE_BULK = "logs to batches", "logs to bulk bodies (OpenSearch)"
FETCH_WITH_LEDGER = "Fetch Logs, with a ledger"
ALL_STEPS = "all steps"
Speeds = Mapping[tuple[str, str, str], float]
"""Input, what, and who does it → MB/s of JSON (the median)."""


class Rows(NamedTuple):
    """A table: the first column is text, the others are numbers."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def to_rich(self) -> Table:
        """Give it for the terminal."""
        table = Table(box=box.SIMPLE_HEAD, title=self.title, title_justify="left")
        for number, column in enumerate(self.columns):
            table.add_column(column, justify="right" if number else "left", no_wrap=True)
        for row in self.rows:
            table.add_row(*row)
        return table

    def to_markdown(self) -> str:
        """Give it for functions/README.md, "Speed"."""
        lines = [
            self.columns,
            ["---", *["---:"] * (len(self.columns) - 1)],
            *self.rows,
        ]
        return f"{self.title}:\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


def put_into(page: str, tables: Sequence[Rows]) -> str:
    """Put tables into a page, each in the place of the one with its title, or else behind the one before it.

    A number in a title may be another one there.

    Raises:
        ValueError: the page has not even the first of them.
    """
    end = 0
    for table in tables:
        title = re.sub(r"\d+(?:\\\.\d+)?", r"[\\d.]+", re.escape(table.title))
        if there := re.search(rf"^{title}:\n\n(?:\|.*\n)+", page, re.MULTILINE):
            begin, after = there.span()
            page = f"{page[:begin]}{table.to_markdown()}\n{page[after:]}"
            end = begin + len(table.to_markdown()) + 1
        elif end:
            page = f"{page[:end]}\n{table.to_markdown()}\n{page[end:]}"
            end += len(table.to_markdown()) + 2
        else:
            raise ValueError(f"The page has no table {table.title!r}")
    return page


def read_speeds(results: Mapping[str, Any]) -> dict[tuple[str, str, str], float]:
    """Read what pytest-benchmark wrote as JSON; what was measured in turns is there once for each."""
    found: defaultdict[tuple[str, str, str], list[float]] = defaultdict(list)
    for result in results["benchmarks"]:
        info = result["extra_info"]
        name = (info["input"], info["what"], info["implementation"])
        found[name].append(info["megabytes"] / result["stats"]["median"])
    return {name: median(each) for name, each in found.items()}


def speed_tables(speeds: Speeds) -> list[Rows]:
    """Compare with the plain ones: the whole path of each backend for each input, and each stage; then all of Trailsearch's own."""
    columns = [*PLAIN, TRAILSEARCH, *(f"× {name}" for name in PLAIN)]
    return [
        Rows(
            "From gzip'd logs to batches, MB of JSON a second",
            ["Logs", *columns],
            [[name, *_compared(speeds, name, WHOLE)] for name in INPUTS],
        ),
        Rows(
            "From gzip'd logs to OpenSearch's bulk bodies, MB of JSON a second",
            ["Logs, to bulk bodies", *columns],
            [[name, *_compared(speeds, name, WHOLE_BULK)] for name in INPUTS],
        ),
        Rows(
            f"Each pure stage of it, at {TYPICAL}",
            ["Stage", *columns],
            [[stage, *_compared(speeds, TYPICAL, stage)] for stage in STAGES],
        ),
        Rows(
            "Trailsearch's stages and steps (with staging, on disk), MB of JSON a second",
            ["", *INPUTS],
            [
                [what, *(_number(speeds[name, what, TRAILSEARCH]) for name in INPUTS)]
                for what in (*STAGES, WHOLE, WHOLE_BULK, *STEPS, FETCH_WITH_LEDGER, ALL_STEPS)
            ],
        ),
    ]


def _compared(speeds: Speeds, name: str, what: str) -> list[str]:
    own = speeds[name, what, TRAILSEARCH]
    plain = [speeds[name, what, library] for library in PLAIN]
    return [*map(_number, [*plain, own]), *(f"{own / other:.1f}" for other in plain)]


def memory_tables(measured: Mapping[str, Mapping[str, float]]) -> list[Rows]:
    """Show the peak memory of each process, by the name of its input."""
    return [
        _memory_table("Peak memory of a process, MB", [*STEPS, *PLAIN], measured),
        _memory_table("Peak memory of a pure stage with those before it, MB", STAGES, measured),
    ]


def _memory_table(title: str, columns: Sequence[str], measured: Mapping[str, Mapping[str, float]]) -> Rows:
    rows = [
        [name, *(_number(peaks[column]) if column in peaks else "" for column in columns)]
        for name, peaks in measured.items()
    ]
    return Rows(title, ["Logs", *columns], [row for row in rows if any(row[1:])])


def cold_start_table(cold_start: ColdStart) -> Rows:
    """Show how long functions take to start."""
    return Rows(
        f"Import of a handler, from a Lambda package of {cold_start.package_bytes / 1e6:.1f} MB without bytecode",
        ["Handler", "ms", "modules"],
        [[start.handler, f"{start.milliseconds:.0f}", f"{start.modules}"] for start in cold_start.starts],
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"

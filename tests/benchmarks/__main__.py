"""Measure everything and print it: `make bench`. Writes ``build/bench/speed.md``.

With ``--readme``, its tables take the place of those of functions/README.md.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from tests.benchmarks import cold_start, memory
from tests.benchmarks.data_path import STAGES
from tests.benchmarks.inputs import INPUTS, Input, generate, make_input, of_size
from tests.benchmarks.report import (
    Rows,
    cold_start_table,
    memory_tables,
    put_into,
    read_speeds,
    speed_tables,
)
from tests.demo.command import require_linux
from tests.local_cloud.pipeline.cloudtrail_delivery import Log
from trailsearch.cli.command import Command
from trailsearch.cli.console import make_console

FOLDER = Path("build/bench")
README = Path("functions/README.md")
# 50 MB is the most that CloudTrail writes into a log, gzip'd; generated ones of that size hold less JSON than real ones.
LARGEST_MEGABYTES = 450
LARGEST_AT_ONCE = 10


@click.command(cls=Command)
@click.option("--readme", is_flag=True, help="Write the tables into functions/README.md, too.")
def bench(*, readme: bool) -> None:
    """Measure speed, peak memory and cold starts, one after the other."""
    require_linux("whose /proc has the memory of each step")
    console = make_console()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    FOLDER.mkdir(parents=True, exist_ok=True)
    tables = speed()
    with console.status("Measuring peak memory …"):
        tables += memory_tables(peaks())
    with console.status("Measuring cold starts …"), tempfile.TemporaryDirectory() as folder:
        tables.append(cold_start_table(cold_start.measure(Path(folder))))
    for table in tables:
        console.print(table.to_rich())
    (FOLDER / "speed.md").write_text(
        "\n\n".join(table.to_markdown() for table in tables) + "\n", encoding="utf-8"
    )
    console.print(f"As Markdown: {FOLDER / 'speed.md'}", highlight=False)
    if readme:
        README.write_text(put_into(README.read_text(encoding="utf-8"), tables), encoding="utf-8")


def speed() -> list[Rows]:
    """Run the benchmarks, in a process of their own, and give their tables."""
    results = FOLDER / "speed.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "tests/benchmarks", "-p", "pytest_benchmark.plugin"),
            *("-o", "python_files=bench_*.py", "-o", "python_functions=bench_*"),
            # CPU time: what else runs on the machine is not what is measured.
            "--benchmark-timer=time.process_time",
            *("--benchmark-json", str(results), "--benchmark-quiet", "--no-header", "--quiet"),
        ],
        check=False,
    )
    if done.returncode:
        sys.exit(done.returncode)
    return speed_tables(read_speeds(json.loads(results.read_text(encoding="utf-8"))))


def peaks() -> dict[str, dict[str, float]]:
    """Measure the peak memory for each input, for the largest log there is, and for an execution of such."""
    everything = (*memory.STEPS, *memory.PLAIN, *STAGES)
    found = {name: _peaks(make_input(name), everything) for name in INPUTS}
    largest = generate(*of_size(LARGEST_MEGABYTES, 1))
    (log,) = largest.logs
    found[f"{largest.name}, {len(log.body) / 1e6:.0f} MB gzip'd"] = _peaks(largest, everything)
    several = [Log(f"{number}/{log.key}", log.body) for number in range(LARGEST_AT_ONCE)]
    at_once = Input(f"{LARGEST_AT_ONCE} of these", several, largest.megabytes * len(several), 0)
    found[at_once.name] = _peaks(at_once, memory.STEPS[:1])
    return found


def _peaks(logs: Input, names: tuple[str, ...]) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        return memory.measure(logs.logs, Path(folder), names)


if __name__ == "__main__":
    bench()

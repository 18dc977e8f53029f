"""Run seeds of the simulation, or show one: `make simulate`."""

import gc
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from secrets import randbelow
from typing import NamedTuple

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from tests.demo.command import LocalCommand
from tests.simulation.compared.comparison import compare as compare_all
from tests.simulation.run import run
from tests.simulation.seeds import draw
from tests.simulation.shrinking import shrink
from tests.simulation.timeline import show
from tests.simulation.world import simulated
from trailsearch.cli.console import make_console
from trailsearch.search import Backend

_CHUNK = 20
_BASES = 1_000_000
_DAY = 24 * 60 * 60


class Result(NamedTuple):
    """What is told of a seed: what does not hold, and how much there was in it."""

    seed: int
    failures: tuple[str, ...]
    seconds: float
    executions: int
    events: int
    faults_met: int


@click.command(cls=LocalCommand)
@click.option(
    "--seeds", envvar="SEEDS", type=click.IntRange(1), default=1000, show_default=True, help="How many."
)
@click.option(
    "--base", envvar="BASE", type=click.IntRange(0), help="The first of them; drawn, unless it is given."
)
@click.option("--seed", envvar="SEED", type=click.IntRange(0), help="Show this one alone, as a timeline.")
@click.option("--small", envvar="SMALL", is_flag=True, help="Show it as small as it still fails.")
@click.option(
    "--compare",
    envvar="COMPARE",
    type=click.IntRange(1),
    help="Play so many in the local cloud too, and compare what came of each message.",
)
@click.option(
    "--backend",
    envvar="BACKEND",
    type=click.Choice(list(Backend)),
    help="The search backend; each has its own by itself.",
)
def simulate(
    seeds: int, base: int | None, seed: int | None, *, small: bool, compare: int | None, backend: str | None
) -> None:
    """Run the pipeline's own code in a simulated world, under faults from seeds; exit with 1 unless all that must hold does."""
    console = make_console()
    chosen = Backend(backend) if backend else None
    if seed is not None:
        sys.exit(0 if show_one(seed, chosen, console, small=small) else 1)
    first = randbelow(_BASES) if base is None else base
    if compare is not None:
        sys.exit(0 if compare_all(range(first, first + compare), chosen, console) else 1)
    console.print(f"Seeds {first} to {first + seeds - 1}.", highlight=False)
    failed = run_all(range(first, first + seeds), chosen, console)
    if failed:
        console.print("\nThe first of them, as small as it still fails:")
        show_one(failed[0], chosen, console, small=True)
    sys.exit(1 if failed else 0)


def show_one(seed: int, backend: Backend | None, console: Console, *, small: bool) -> bool:
    """Show one seed as a timeline, and tell whether all that must hold does."""
    plan = draw(seed, backend)
    with simulated():
        if small:
            plan = shrink(plan)
        outcome = run(plan, trace=True)
    show(outcome, console)
    return not outcome.failures


def run_all(seeds: range, backend: Backend | None, console: Console) -> list[int]:
    """Run seeds, on all processors, and sum up; give those that fail."""
    begin = time.monotonic()
    results: list[Result] = []
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    chunks = [seeds[at : at + _CHUNK] for at in range(0, len(seeds), _CHUNK)]
    with (
        ProcessPoolExecutor(max_workers=min(os.cpu_count() or 1, len(chunks))) as pool,
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
        task = progress.add_task("Seeds", total=len(seeds))
        for chunk in pool.map(run_some, chunks, [backend] * len(chunks)):
            for result in chunk:
                progress.advance(task)
                results.append(result)
                for failure in result.failures:
                    progress.console.print(
                        f"[red]✗[/] Seed {result.seed}: {escape(failure)}", highlight=False, soft_wrap=True
                    )
    sum_up(results, time.monotonic() - begin, console)
    return [result.seed for result in results if result.failures]


def run_some(seeds: range, backend: Backend | None) -> list[Result]:
    """Run some seeds, in a process of their own."""
    with simulated():
        results = list(_results(seeds, backend))
        gc.collect()  # Worlds that have ended, some MB each: by itself Python looks too seldom here.
        return results


def _results(seeds: range, backend: Backend | None) -> Iterator[Result]:
    for seed in seeds:
        outcome = run(draw(seed, backend))
        yield Result(
            seed, outcome.failures, outcome.seconds, outcome.executions, outcome.events, outcome.faults_met
        )


def sum_up(results: list[Result], seconds: float, console: Console) -> None:
    """Print what the seeds came to."""
    kinds = Counter(failure.partition(":")[0] for result in results for failure in result.failures)
    days = sum(result.seconds for result in results) / _DAY
    console.print(
        f"{len(results):,} seeds, {sum(result.executions for result in results):,} executions,"
        f" {sum(result.events for result in results):,} events,"
        f" {sum(result.faults_met for result in results):,} faults met in {days:,.0f} days;"
        f" {len(results) / seconds:.1f} seeds and {days / seconds:.1f} days a second.",
        highlight=False,
    )
    told = ", ".join(f"{kinds[kind]} {kind}" for kind in ("lost", "doubled", "held up", "endless"))
    other = sum(kinds.values()) - sum(kinds[kind] for kind in ("lost", "doubled", "held up", "endless"))
    console.print(f"{told}, {other} other failures.", highlight=False)
    failed = [result.seed for result in results if result.failures]
    for seed in failed[:5]:
        console.print(f"See it: make simulate SEED={seed} SMALL=1", highlight=False)


if __name__ == "__main__":
    simulate()

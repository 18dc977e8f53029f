"""Run every fault against a deployment in the local cloud, and print what became of the events: `make chaos`."""

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import boto3
import click
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from tests.chaos.audit import run_audit
from tests.chaos.backfill import run_backfill
from tests.chaos.pipeline import WAIT_FACTOR, Pipeline
from tests.chaos.retention import KEPT_DAYS, run_retention
from tests.chaos.run import Outcome, run
from tests.chaos.scenario import AUDIT, DELETE, PART, PLAN, Scenario
from tests.chaos.scenarios import scenarios
from tests.demo.command import LocalCommand
from tests.local_cloud.pipeline.idle import NotIdle
from tests.local_cloud.process import LocalCloud
from tests.local_cloud.services.opensearch import EngineChoice
from tests.local_cloud.services.opensearch.engines import URL_VARIABLE
from tests.local_cloud.terraform.deployment import Deployment
from trailsearch.cli.console import make_console
from trailsearch.cli.package import build_package
from trailsearch.search import Backend
from trailsearch.search.queries import SearchError

# What is run for the states of other state machines than the workflow.
_RUNS = {DELETE: run_retention, PLAN: run_backfill, PART: run_backfill, AUDIT: run_audit}


@click.command(cls=LocalCommand)
@click.option(
    "--backend",
    "backends",
    envvar="BACKEND",
    type=click.Choice([backend.value for backend in Backend]),
    multiple=True,
    help="The search backend: both, one after the other, unless one is chosen.",
)
@click.option("--runs", envvar="RUNS", type=click.IntRange(1), default=1, show_default=True)
@click.option("--seed", envvar="SEED", type=int, default=1, show_default=True)
@click.option(
    "--scenarios", "chosen", envvar="SCENARIOS", default="", help="Only those with this in their name."
)
@click.option(
    "--engine",
    type=click.Choice(get_args(EngineChoice)),
    default="node" if os.environ.get(URL_VARIABLE) else "embedded",
    help=f"What serves an OpenSearch domain: a real node where {URL_VARIABLE} names one.",
)
@click.option("--list", "only_list", is_flag=True, help="Only list the scenarios.")
def chaos(
    backends: Sequence[str], runs: int, seed: int, chosen: str, *, engine: EngineChoice, only_list: bool
) -> None:
    """Deliver logs, and delete old events, under every fault, RUNS times each; exit with 1 unless every event is accounted for."""
    selected = {
        backend: found
        for backend in map(Backend, backends or Backend)
        if (found := [each for each in scenarios(backend, engine) if chosen.lower() in each.name.lower()])
    }
    if not selected:
        raise click.UsageError(
            f"No scenario has {chosen!r} in its name; python -m tests.chaos --list shows them"
        )
    if only_list:
        for backend, rows in selected.items():
            click.echo("\n".join(f"{backend}: {scenario.name}" for scenario in rows))
        return
    console = make_console()
    proven = [
        prove(backend, rows, engine, runs=runs, seed=seed, console=console)
        for backend, rows in selected.items()
    ]
    sys.exit(0 if all(proven) else 1)


def prove(
    backend: Backend,
    rows: Sequence[Scenario],
    engine: EngineChoice,
    *,
    runs: int,
    seed: int,
    console: Console,
) -> bool:
    """Run scenarios against a deployment of its own, print their table, and tell whether every event is accounted for."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as name:
        folder = Path(name)
        with LocalCloud(
            log_file=folder / "cloud.log", wait_factor=WAIT_FACTOR, opensearch_engine=engine
        ) as cloud:
            pipeline = deploy(cloud, backend, folder, console)
            outcomes = run_all(rows, pipeline, runs, seed, console)
    console.print(table(backend, rows, outcomes))
    print_problems(rows, outcomes, console)
    return all(outcome.proven for row in outcomes for outcome in row)


def deploy(cloud: LocalCloud, backend: Backend, folder: Path, console: Console) -> Pipeline:
    """Deploy Trailsearch into a local cloud by its own Terraform."""
    package = folder / "lambda.zip"
    with console.status(f"Deploying on {backend} …"):
        build_package(package, local=True)
        settings = {"search_backend": backend, "search_retention_days": KEPT_DAYS}
        deployment = Deployment(folder, cloud.environment(), package, settings)
        cloud.enter()
        deployment.initialize()
        deployment.apply(lambda *_: None)
        session = boto3.Session("local", "local", region_name=cloud.region)
        return Pipeline(session, cloud.environment(), deployment.outputs())


def run_all(
    selected: Sequence[Scenario], pipeline: Pipeline, runs: int, seed: int, console: Console
) -> list[list[Outcome]]:
    """Run every scenario some times; a seed of its own tells the logs of each run apart."""
    columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    outcomes: list[list[Outcome]] = [[] for _ in selected]
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=runs * len(selected))
        for turn in range(runs):
            for number, scenario in enumerate(selected):
                progress.update(task, description=escape(scenario.name))
                run_seed = (seed * runs + turn) * len(selected) + number
                outcome = run_one(scenario, pipeline, run_seed)
                outcomes[number].append(outcome)
                mark = ("✓", "green") if outcome.proven else ("✗", "red")
                progress.console.print(
                    Text.assemble(mark, f" {scenario.name} ", (f"{outcome.seconds:.0f} s", "dim"))
                )
                progress.advance(task)
    return outcomes


def run_one(scenario: Scenario, pipeline: Pipeline, seed: int) -> Outcome:
    """Run a scenario; what a failed run leaves in the queue is not to disturb the next."""
    try:
        outcome = _RUNS.get(scenario.state, run)(scenario, pipeline, seed)
    except (NotIdle, TimeoutError, RuntimeError, ValueError, SearchError) as error:
        outcome = Outcome(0, problems=[f"{type(error).__name__}: {error}"])
    if not outcome.proven:
        pipeline.throw_away_dead_letters()
    return outcome


def table(backend: Backend, selected: Sequence[Scenario], outcomes: Sequence[Sequence[Outcome]]) -> Table:
    """A row for each fault and state: runs, and what became of the events."""
    rows = Table(box=box.SIMPLE_HEAD, collapse_padding=True, title=backend.value, title_justify="left")
    rows.add_column("State", no_wrap=True)
    rows.add_column("Fault", no_wrap=True)
    for heading in (
        "Runs",
        "Faults",
        "Events",
        "Dead-lettered",
        "Letters",
        "Redriven",
        "Lost",
        "s",
    ):
        rows.add_column(heading, justify="right", no_wrap=True)
    state = ""
    for scenario, runs in zip(selected, outcomes, strict=True):
        lost = sum(len(outcome.lost) for outcome in runs)
        good = all(outcome.proven for outcome in runs)
        numbers = (
            len(runs),
            sum(outcome.injected for outcome in runs),
            sum(outcome.events for outcome in runs),
            sum(outcome.dead_lettered for outcome in runs),
            sum(outcome.dead_letters for outcome in runs),
            sum(outcome.redriven for outcome in runs),
            lost,
        )
        seconds = sum(outcome.seconds for outcome in runs) / len(runs)
        rows.add_row(
            Text(scenario.state if scenario.state != state else ""),
            Text(scenario.fault),
            *map(str, numbers),
            f"{seconds:.0f}",
            style="" if good else "red",
        )
        state = scenario.state
    return rows


def print_problems(
    selected: Sequence[Scenario], outcomes: Sequence[Sequence[Outcome]], console: Console
) -> None:
    """Say of every run that is no proof why not, and sum up."""
    every = [
        (scenario, outcome) for scenario, runs in zip(selected, outcomes, strict=True) for outcome in runs
    ]
    for scenario, outcome in every:
        for problem in outcome.problems:
            console.print(Text.assemble((f"{scenario.name}:", "red"), f" {problem}"))
    lost = sum(len(outcome.lost) for _, outcome in every)
    failed = sum(not outcome.proven for _, outcome in every)
    console.print(
        f"{len(every)} runs, {sum(outcome.events for _, outcome in every):,} events delivered,"
        f" {sum(outcome.dead_lettered for _, outcome in every):,} dead-lettered, {lost} lost;"
        f" {failed} runs failed.",
        highlight=False,
    )


if __name__ == "__main__":
    chaos()

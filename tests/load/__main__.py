"""A load run, from deployment to plot: `make load`."""

import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import boto3
import click
from rich import box
from rich.console import Console
from rich.table import Table

from tests.chaos.pipeline import Pipeline
from tests.demo.command import LocalCommand, alone
from tests.load import backfill as backfilling
from tests.load.logs import load_logs
from tests.load.processes import usage_of
from tests.load.report import Row, markdown, rows, usage_rows
from tests.load.run import Result, run
from tests.local_cloud.process import ACCOUNT_ID, LocalCloud
from tests.local_cloud.services.opensearch import EngineChoice
from tests.local_cloud.services.opensearch.engines import node_is_there
from tests.local_cloud.terraform.deployment import Deployment
from tests.local_cloud.terraform.progress import deploy, progress, step
from tests.log_generator import GeneratedLog
from trailsearch.cli.console import make_console
from trailsearch.cli.package import FUNCTIONS, build_package
from trailsearch.search import Backend

# With the settings of production, except that the last messages, which fill no batch, are not waited for for minutes.
ENVIRONMENT = "prod"
SETTINGS = {
    "pipe_batching_window_seconds": 30,
    "alarm_topic_arns": [f"arn:aws:sns:us-east-1:{ACCOUNT_ID}:on-call"],
    # Whoever counts what is found: an OpenSearch domain lets in nobody whom its policy does not name.
    "search_principal_arns": [f"arn:aws:iam::{ACCOUNT_ID}:user/local"],
}


@click.command(cls=LocalCommand)
@click.option(
    "--backend",
    envvar="BACKEND",
    type=click.Choice([backend.value for backend in Backend]),
    default=Backend.CLOUDSEARCH.value,
    show_default=True,
    help="What the events are indexed in.",
)
@click.option(
    "--engine",
    type=click.Choice(get_args(EngineChoice)),
    default=lambda: "node" if node_is_there() else "embedded",
    help="What serves an OpenSearch domain: a real node, where there is one.",
)
@click.option("--logs", envvar="LOGS", type=click.IntRange(1), default=2000, show_default=True)
@click.option(
    "--events",
    envvar="EVENTS",
    type=click.IntRange(1),
    default=500_000,
    show_default=True,
    help="Distinct events in all logs together, at least.",
)
@click.option(
    "--seed", envvar="SEED", type=int, default=1, show_default=True, help="Equal seeds give equal logs."
)
@click.option(
    "--backfill",
    envvar="BACKFILL",
    is_flag=True,
    help="Nobody announces them: logs of a year, which make backfill indexes while live ones come.",
)
@click.option("--folder", default="build/load", type=click.Path(path_type=Path), help="Where to work.")
def load(
    backend: str, engine: EngineChoice, logs: int, events: int, seed: int, *, backfill: bool, folder: Path
) -> None:
    """Deliver LOGS logs with EVENTS events to the pipeline in a local cloud; exit with 1 unless all are found.

    What happened is in summary.md and load.svg in the folder.
    """
    if logs > events:
        raise click.UsageError(f"{logs} logs need as many events at least, not {events}")
    console = make_console()
    if backfill:
        with alone(folder, "load run"):
            sys.exit(1 if history(console, backend, engine, logs, seed, folder).problems else 0)
    with alone(folder, "load run"):
        result = flood(console, backend, engine, load_logs(seed, logs, events), logs, folder)
    sys.exit(1 if result.problems else 0)


def flood(
    console: Console,
    backend: str,
    engine: EngineChoice,
    logs: Iterable[GeneratedLog],
    count: int,
    folder: Path,
) -> Result:
    """Deliver so many logs to the pipeline in a local cloud, and write down and print what becomes of them."""
    with deployed(console, backend, engine, folder) as (pipeline, pid, _):
        usage, own = usage_of(pid), time.process_time()
        with progress(console) as bar:
            task = bar.add_task("Delivering logs, and waiting until all is indexed", total=count)
            result = run(pipeline, ENVIRONMENT, logs, on_delivered=lambda: bar.advance(task))
        table = [*rows(result), *usage_rows(usage, usage_of(pid), time.process_time() - own)]
    (folder / "summary.md").write_text(markdown(table), encoding="utf-8")
    # To import it takes longer than all else that is imported here, also by what only starts this program.
    from tests.load.plot import plot  # noqa: PLC0415

    plot(result.samples, folder / "load.svg", folder / "load.png")
    print_result(console, result.problems, table)
    console.print(f"{folder}/summary.md has this table, {folder}/load.svg the plot.", highlight=False)
    return result


def history(
    console: Console, backend: str, engine: EngineChoice, logs: int, seed: int, folder: Path
) -> backfilling.Backfilled:
    """Have so many logs of a year indexed by make backfill, and write down and print what becomes of them."""
    with (
        deployed(console, backend, engine, folder) as (pipeline, _, variables),
        step(console, "Indexing the logs of a year, and live ones beside them"),
    ):
        result = backfilling.run_backfill(pipeline, variables, ENVIRONMENT, seed, logs)
    table = backfilling.rows(result)
    (folder / "summary.md").write_text(markdown(table), encoding="utf-8")
    print_result(console, result.problems, table)
    return result


@contextmanager
def deployed(
    console: Console, backend: str, engine: EngineChoice, folder: Path
) -> Iterator[tuple[Pipeline, int, dict[str, str]]]:
    """Deploy the pipeline into a local cloud; gives its process, and the variables by which programs reach it, too."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    package = folder / "lambda.zip"
    with step(console, "Building the Lambda package"):
        build_package(package, local=True)
    settings = {"search_backend": backend, **SETTINGS}
    with LocalCloud(log_file=folder / "cloud.log", opensearch_engine=engine) as cloud:
        deployment = Deployment(
            folder, cloud.environment(), package, settings, var_file=f"environments/{ENVIRONMENT}.tfvars"
        )
        cloud.enter()
        deploy(console, deployment)
        session = boto3.Session("local", "local", region_name=cloud.region)
        variables = cloud.environment() | {"PYTHONPATH": str(FUNCTIONS)}
        yield Pipeline(session, cloud.environment(), deployment.outputs()), cloud.pid, variables


def print_result(console: Console, problems: Sequence[str], table: Sequence[Row]) -> None:
    """Print the summary, and what is wrong."""
    shown = Table(box=box.SIMPLE, show_header=False)
    shown.add_column()
    shown.add_column(justify="right")
    for name, value in table:
        shown.add_row(name.strip("*"), value.strip("*"))
    console.print(shown)
    for problem in problems:
        console.print(f"[red]✗[/] {problem}", highlight=False)


if __name__ == "__main__":
    load()

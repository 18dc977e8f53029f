"""Show on a console what takes long: steps, progress bars, and the making of a deployment."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from .deployment import Deployment


@contextmanager
def step(console: Console, text: str) -> Iterator[None]:
    """Show that a step is under way, and then how long it took."""
    started = time.monotonic()
    with console.status(f"{text} …"):
        yield
    console.print(f"[green]✓[/] {text} [dim]{time.monotonic() - started:.0f} s[/]", highlight=False)


def progress(console: Console) -> Progress:
    """A progress bar with a count and the time that has passed."""
    columns = (
        SpinnerColumn(finished_text="[green]✓[/]"),
        TextColumn("{task.description}"),
        BarColumn(30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console)


def deploy(console: Console, deployment: Deployment) -> None:
    """Initialize and apply a deployment."""
    with step(console, "terraform init"):
        deployment.initialize()
    with progress(console) as bar:
        task = bar.add_task("terraform apply: planning", total=None)
        last = 0

        def report(address: str, done: int, planned: int) -> None:
            nonlocal last
            last = done
            bar.update(task, completed=done, total=planned, description=f"terraform apply: {address}")

        deployment.apply(report)
        bar.update(task, completed=last, total=last, description="terraform apply: resources created")

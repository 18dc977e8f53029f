"""A run as a person reads it: who did what when."""

from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape

from tests.simulation.code import moment
from tests.simulation.run import Outcome
from tests.simulation.world import Line

_STYLES = {"fault": "yellow", "person": "cyan", "SNS": "blue", "world": "bold"}
_WIDTH = 22


def show(outcome: Outcome, console: Console) -> None:
    """Print a run that was traced, and what does not hold."""
    plan = outcome.plan
    console.print(
        f"Seed {plan.seed}: {plan.environment} on {plan.backend}, {len(plan.parts)} parts", highlight=False
    )
    for name, seconds in plan.skews:
        console.print(f"  The clock of {name} is {seconds:+.0f} s off.", highlight=False)
    for line in _without_repeats(outcome.lines):
        style = _STYLES.get(line.who, "")
        name = line.who if len(line.who) <= _WIDTH else f"{line.who[: _WIDTH - 1]}…"
        who = f"[{style}]{name:{_WIDTH}}[/]" if style else f"{name:{_WIDTH}}"
        console.print(
            f"{moment(line.at):%a %H:%M:%S} {who} {escape(line.what)}", highlight=False, soft_wrap=True
        )
    for failure in outcome.failures:
        console.print(f"[red]✗[/] {escape(failure)}", highlight=False, soft_wrap=True)
    if not outcome.failures:
        console.print("[green]✓[/] All that must hold, holds.", highlight=False)


def _without_repeats(lines: tuple[Line, ...]) -> Iterator[Line]:
    """Leave out that a state was left, which the next one says."""
    for line in lines:
        if not line.what.endswith(": left"):
            yield line

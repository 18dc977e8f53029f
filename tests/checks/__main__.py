"""`make check`, after its other steps: test what has changed."""

import subprocess
import sys
import time
from pathlib import Path

import click

from tests.checks.changes import UnknownBase, changed_files
from tests.checks.concerned import concerned
from tests.checks.times import read_steps, table
from trailsearch.cli.command import Command

REPOSITORY = Path(__file__).parents[2]
_DEPLOYED = "tests/end_to_end/"
_SHOWN = 6
# To start a second process takes longer than a few modules of tests.
_MODULES_FOR_TWO = 8


@click.command(cls=Command)
@click.option("--base", envvar="BASE", default="HEAD", show_default=True, help="What to compare with.")
@click.option("--steps", type=click.Path(path_type=Path), required=True, help="What the steps before took.")
def check(base: str, steps: Path) -> None:
    """Run the tests that a change concerns, but for those that deploy everything."""
    try:
        changed = changed_files(REPOSITORY, base or "HEAD")
    except UnknownBase as error:
        raise click.ClickException(f"BASE={base}: {error}") from error
    found = concerned(REPOSITORY, changed)
    click.echo(f"Changed since {base or 'HEAD'}: {_listed(changed)}")
    if found.unknown:
        click.echo(f"No test is known to read {_listed(found.unknown)} (tests/checks/readers.py)")
    deployed = [test for test in found.tests if test.startswith(_DEPLOYED)]
    chosen = [test for test in found.tests if test not in deployed]
    click.echo(f"Tests that it concerns, by the imports: {_listed(chosen)}")
    if deployed:
        click.echo(f"Left to make test, as they deploy everything: {_listed(deployed)}")
    code = _test(chosen, steps) if chosen else 0
    click.echo("\n".join(table(read_steps(steps), time.time())))
    sys.exit(code)


def _test(chosen: list[str], steps: Path) -> int:
    several = ["-n", "2", "--dist", "loadfile"] if len(chosen) > _MODULES_FOR_TWO else []
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.checks.times", "--steps", str(steps)]
    return subprocess.run([*command, *several, *chosen], cwd=REPOSITORY, check=False).returncode


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (", ".join(names[:_SHOWN]) or "none") + more


if __name__ == "__main__":
    check()

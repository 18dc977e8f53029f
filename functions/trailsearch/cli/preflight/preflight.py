"""Say what stands in the way of an apply, before it: an apply that fails after half an hour leaves half of everything."""

import json
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec
from rich import box
from rich.table import Table
from rich.text import Text

from trailsearch.cli.command import AwsCommand
from trailsearch.cli.console import Console, make_console, outside, say
from trailsearch.cli.preflight.findings import Finding, Verdict
from trailsearch.cli.preflight.observe import observe
from trailsearch.cli.preflight.settings import read_settings, read_state_backend
from trailsearch.cli.terraform_settings import TERRAFORM, SettingsUnreadable, environments

_MARKS = {
    Verdict.WELL: Text("✓", "green"),
    Verdict.UNKNOWN: Text("?", "yellow"),
    Verdict.WARNING: Text("!", "yellow"),
    Verdict.FAILURE: Text("✗", "bold red"),
}
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command(cls=AwsCommand)
@click.option("--env", "environment", envvar="ENV", required=True, help="The environment, as dev.")
@click.option("--json", "as_json", envvar="JSON", is_flag=True, help="Print everything as JSON.")
@click.option("--terraform", "folder", type=_FOLDER, default=TERRAFORM, help="Where the configuration is.")
@click.option(
    "--var-file",
    "var_files",
    multiple=True,
    help="Settings, within that folder, of an environment whose state is in a file.  [default: the environment's]",
)
def preflight(environment: str, as_json: bool, folder: Path, var_files: tuple[str, ...]) -> None:
    """Look whether an environment can be applied, and what of it would not work.

    Exits with 1 where the apply would fail, and where it could not look at all.
    """
    if var_files:
        settings, state = read_settings(folder, [folder / name for name in var_files]), None
    else:
        var_file = folder / "environments" / f"{environment}.tfvars"
        if not var_file.is_file():
            known = ", ".join(environments(folder))
            raise SettingsUnreadable(f"There is no environment {environment}. There are: {known}")
        settings = read_settings(folder, [var_file])
        state = read_state_backend(var_file.with_suffix(".s3.tfbackend"))
    findings = observe(settings, state)
    if as_json:
        say(json.dumps(as_builtins(findings), indent=2))
    else:
        print_findings(findings, make_console())
    if not applies(findings):
        raise click.exceptions.Exit(1)


def applies(findings: Sequence[Finding]) -> bool:
    """Say whether nothing that was found makes the apply fail."""
    return all(finding.verdict is not Verdict.FAILURE for finding in findings)


def as_builtins(findings: Sequence[Finding]) -> dict[str, object]:
    """Give everything as plain values: ``applies``, ``well`` (nothing is to be done), and each finding."""
    return {
        "applies": applies(findings),
        "well": all(finding.verdict is Verdict.WELL for finding in findings),
        "findings": msgspec.to_builtins(findings),
    }


def print_findings(findings: Sequence[Finding], console: Console) -> None:
    """Print what is to be thought of it all, then a table of what was found and what to do."""
    failed = sum(finding.verdict is Verdict.FAILURE for finding in findings)
    rest = sum(finding.verdict in {Verdict.UNKNOWN, Verdict.WARNING} for finding in findings)
    if failed:
        console.print(Text(f"✗ The apply would fail: {failed} of {len(findings)} checks say so.", "bold red"))
    elif rest:
        console.print(
            Text(f"! The apply goes through; {rest} of {len(findings)} checks want a look.", "yellow")
        )
    else:
        console.print("[bold green]All is well.[/]")
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column()
    table.add_column("Check", overflow="fold", style="bold")
    table.add_column("Found", overflow="fold", ratio=1)
    if failed or rest:
        table.add_column("What to do", overflow="fold", ratio=1)
    for finding in findings:
        to_do = (outside(finding.to_do or ""),) if failed or rest else ()
        table.add_row(_MARKS[finding.verdict], outside(finding.check), outside(finding.found), *to_do)
    console.print(table)


if __name__ == "__main__":
    preflight()

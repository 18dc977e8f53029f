"""Find a mirror of Terraform's providers on this machine, where Terraform's registry cannot be reached.

Prints the path of a Terraform CLI configuration that installs providers from the mirror
(https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation), or nothing where
Terraform needs none: the registry answers, or ``TF_CLI_CONFIG_FILE`` names a configuration already.
``TF_PLUGIN_DIR`` names a mirror outright.
"""

import json
import os
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import click

_REGISTRY = "registry.terraform.io"
_PROVIDER = f"{_REGISTRY}/hashicorp/aws"
_SECONDS_TO_ANSWER = 5
_LOOK_FIRST = ("/opt", "/usr/local", "/usr/share", "/srv")


@click.command()
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
def provider_mirror(target: Path) -> None:
    """Print which Terraform CLI configuration to use; write it to TARGET if it takes a mirror."""
    click.echo(cli_configuration(target) or "")


def cli_configuration(target: Path) -> Path | None:
    """Give the Terraform CLI configuration to use, if any; write it to ``target`` if it takes a mirror."""
    configured = Path(os.environ.get("TF_CLI_CONFIG_FILE") or "~/.terraformrc").expanduser()
    if configured.is_file():
        return configured
    if target.is_file() and mirror_of(target).is_dir():
        return target.resolve()
    named = os.environ.get("TF_PLUGIN_DIR")
    if not named and registry_answers():
        return None
    mirror = Path(named) if named else find_mirror()
    if mirror is None:
        return None
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(configuration(mirror), encoding="utf-8")
    return target.resolve()


def registry_answers() -> bool:
    """Say whether Terraform's registry can be reached from here."""
    try:
        with urllib.request.urlopen(
            f"https://{_REGISTRY}/.well-known/terraform.json", timeout=_SECONDS_TO_ANSWER
        ):
            return True
    except (urllib.error.URLError, TimeoutError):
        return False


def find_mirror() -> Path | None:
    """Look through this machine's disk for a folder that is laid out as a mirror and has the AWS provider.

    The provider has to be there as a real file: where Terraform uses a mirror itself, it leaves symbolic links to it.
    """
    pattern = f"*/{_PROVIDER}/*.*.*/*_*/terraform-provider-aws_*"
    # One search after the other: one for all says what it has found when it has looked through the last, and the whole disk takes
    # minutes.
    for folder in (*_LOOK_FIRST, "/"):
        with subprocess.Popen(  # noqa: S603  # the arguments are all ours
            ["find", folder, "-xdev", "-type", "f", "-path", pattern],  # noqa: S607
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as search:
            found = next(iter(search.stdout or ()), b"").rstrip(b"\n")
            search.terminate()
        if found:
            return Path(os.fsdecode(found)).parents[5]
    return None


def configuration(mirror: Path) -> str:
    """Write a Terraform CLI configuration that takes every provider from a mirror."""
    return (
        f"provider_installation {{\n  filesystem_mirror {{\n    path = {json.dumps(str(mirror))}\n  }}\n}}\n"
    )


def mirror_of(target: Path) -> Path:
    """Give the mirror that a configuration written by ``configuration`` names."""
    return Path(json.loads(target.read_text(encoding="utf-8").split("path = ")[1].splitlines()[0]))


if __name__ == "__main__":
    provider_mirror()

"""Build the Lambda packages: the same sources and locks give the same zips, byte for byte.

The package holds the handlers, the ``trailsearch`` library without what only the operator's commands use, and the wheels of
``requirements.txt``. The function that audits has a second one, beside it: the same, with ``trailsearch.audit``, and with
the wheels of ``requirements-audit.txt``, so that the others start with no more than they need.
boto3 and what it needs come with the Lambda runtime
(https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html).
"""

import importlib.metadata
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath

import click

from trailsearch.cli.command import Command
from trailsearch.cli.console import CommandFailed, say

FUNCTIONS = Path(__file__).parents[2]
REQUIREMENTS = FUNCTIONS.parent / "requirements.txt"
AUDIT_REQUIREMENTS = FUNCTIONS.parent / "requirements-audit.txt"
# What that locks, by its distributions. This machine's Python has them already.
_AUDIT_DISTRIBUTIONS = ("cffi", "cryptography", "pycparser")
LAMBDA_WHEELS = (
    *("--platform", "manylinux2014_aarch64", "--platform", "manylinux_2_28_aarch64"),
    *("--python-version", "3.13", "--implementation", "cp"),
)
# The earliest time that a zip can carry.
_TIME = (1980, 1, 1, 0, 0, 0)
# What pip writes beside a wheel's own files, different from run to run or not needed at run time.
_LEFT_OUT_NAMES = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}
# What no function runs: types and C sources.
_LEFT_OUT_SUFFIXES = {".pyi", ".c", ".h"}
# Powertools has much beside the Logger and the Metrics that functions use; of its utilities these two import some.
_LEFT_OUT_FOLDERS = (
    re.compile(r"aws_lambda_powertools/event_handler/"),
    re.compile(r"aws_lambda_powertools/utilities/(?!jmespath_utils/|typing/)\w+/"),
)
# What only the operator's commands use: they, and what a search domain is asked with.
_LEFT_OUT_OF_OURS = re.compile(
    r"trailsearch/(?:cli|page|questions)/.*"
    r"|trailsearch/search/(?:queries|highlights)\.py"
    r"|trailsearch/search/\w+/(?:domain|structured|addresses|query_dsl|words)\.py"
)
_OF_THE_AUDIT = re.compile(r"audit_logs\.py|trailsearch/audit/.*")


class PackageNotBuilt(CommandFailed):
    """pip cannot get what the package is made of; says why, in pip's words."""


@click.command(cls=Command)
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--local", is_flag=True, help="Wheels for this machine's Python instead of Lambda's.")
def package(target: Path, local: bool) -> None:
    """Write the Lambda package to TARGET, and that of the audit beside it."""
    for path, files in build_package(target, local=local).items():
        say(f"{path}: {files} files, {path.stat().st_size / 1e6:.1f} MB")


def audit_package(package: Path) -> Path:
    """Say where the package of the audit is, by where the other one is."""
    return package.with_name(f"{package.stem}-audit{package.suffix}")


def build_package(target: Path, *, local: bool) -> dict[Path, int]:
    """Write the Lambda packages, for Lambda or for this machine's Python. Returns how many files are in each.

    Raises:
        PackageNotBuilt: what ``requirements.txt`` or ``requirements-audit.txt`` locks cannot be had.
    """
    with tempfile.TemporaryDirectory() as folder:
        wheels, audit_wheels = Path(folder, "wheels"), Path(folder, "audit")
        platform = () if local else LAMBDA_WHEELS
        install_wheels(wheels, REQUIREMENTS, platform)
        if not local:
            install_wheels(audit_wheels, AUDIT_REQUIREMENTS, platform)
        of_audit = installed_files(_AUDIT_DISTRIBUTIONS) if local else library_files(audit_wheels)
        every = dict(library_files(wheels))
        packages = {
            target: {**every, **dict(source_files(FUNCTIONS))},
            audit_package(target): {
                **every,
                **dict(of_audit),
                **dict(source_files(FUNCTIONS, with_audit=True)),
            },
        }
        for path, contents in packages.items():
            write_zip(path, contents)
    return {path: len(contents) for path, contents in packages.items()}


def install_wheels(folder: Path, requirements: Path, platform: tuple[str, ...]) -> None:
    """Install what a file locks into a folder, from wheels alone, checked by their hashes.

    Raises:
        PackageNotBuilt: pip cannot.
    """
    done = subprocess.run(  # noqa: S603  # the arguments are all ours
        [
            *(sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check"),
            *("--require-hashes", "--no-deps", "--no-compile", "--only-binary", ":all:"),
            *("--requirement", str(requirements), "--target", str(folder), *platform),
        ],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise PackageNotBuilt(
            f"pip cannot install what {requirements.name} locks: {_reason(done.stderr)}"
            " (it asks PyPI, or what PIP_INDEX_URL or pip's configuration names)"
        )


def _reason(said: str) -> str:
    """Give the error that pip says last, or what else it says last."""
    lines = [" ".join(line.split()) for line in said.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (errors or lines or ["it does not say why"])[-1]


def library_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Give the files of installed wheels, by their names in the zip."""
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        if path.is_file() and _is_needed(name):
            yield name.as_posix(), path


def installed_files(distributions: Iterable[str]) -> Iterator[tuple[str, Path]]:
    """Give the files of distributions that this Python has, by their names in the zip."""
    for name in distributions:
        for file in importlib.metadata.distribution(name).files or ():
            path = Path(str(file.locate()))
            if ".." not in file.parts and path.is_file() and path.suffix != ".pyc" and _is_needed(file):
                yield file.as_posix(), path


def _is_needed(name: PurePath) -> bool:
    left_out = name.name in _LEFT_OUT_NAMES or name.suffix in _LEFT_OUT_SUFFIXES
    left_out |= any(folder.match(name.as_posix()) for folder in _LEFT_OUT_FOLDERS)
    return not left_out and name.parts[0] != "bin"


def source_files(folder: Path, *, with_audit: bool = False) -> Iterator[tuple[str, Path]]:
    """Give our own files, by their names in the zip."""
    for path in folder.rglob("*.py"):
        name = path.relative_to(folder).as_posix()
        if not _LEFT_OUT_OF_OURS.fullmatch(name) and (with_audit or not _OF_THE_AUDIT.fullmatch(name)):
            yield name, path


def write_zip(target: Path, contents: dict[str, Path]) -> None:
    """Write files into a zip with nothing in it that depends on when, where or by whom it is made.

    Files are stored, not compressed: other versions of zlib compress to other bytes.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.external_attr = 0o100644 << 16
            entry.create_system = 3
            archive.writestr(entry, contents[name].read_bytes())


if __name__ == "__main__":
    package()

"""The unit tests on every other Python of this machine that Trailsearch supports: ``python -m tests.checks.pythons``.

Each has an environment of its own, ``.venv-python3.13`` and the like, installed once from the lock that this one is
installed from.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import click

REPOSITORY = Path(__file__).parents[2]
LOCK = REPOSITORY / "requirements-dev.txt"
OLDEST = (3, 11)
# What is no release, or has no modules that the tools need, is left out: a Python may be built without them.
_SAY_WHAT_IT_IS = """\
import ctypes, ensurepip, json, sqlite3, ssl, sys, venv
print(json.dumps([*sys.version_info[:3], sys.version_info.releaselevel]))
"""
_SECONDS_TO_SAY = 20


class Python(NamedTuple):
    """A release of Python on this machine."""

    version: tuple[int, int, int]
    path: Path

    def __str__(self) -> str:
        return "Python " + ".".join(map(str, self.version))


class NotInstalled(click.ClickException):
    """The tools of the lock cannot be installed for a Python; says why."""


def candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    """Give whatever may be a Python 3: what is on the path, and what pyenv and uv have installed."""
    home = Path(environment.get("HOME", "/"))
    pyenv = Path(environment.get("PYENV_ROOT") or home / ".pyenv")
    uv = Path(environment.get("UV_PYTHON_INSTALL_DIR") or home / ".local" / "share" / "uv" / "python")
    folders = [
        *(Path(folder) for folder in environment.get("PATH", "").split(os.pathsep) if folder),
        *sorted(pyenv.glob("versions/*/bin")),
        *sorted(uv.glob("*/bin")),
    ]
    for folder in folders:
        yield from sorted(path for path in folder.glob("python3.*") if path.suffix[1:].isdigit())


def found(paths: Iterable[Path]) -> list[Python]:
    """Give the newest release of each Python 3.x that is supported and works, the oldest x first."""
    newest: dict[tuple[int, int], Python] = {}
    for path in paths:
        python = _release(path)
        if python and python.version[:2] >= OLDEST:
            newest[python.version[:2]] = max(newest.get(python.version[:2], python), python)
    return sorted(newest.values())


def _release(path: Path) -> Python | None:
    """Ask a Python what it is. A shim of pyenv, for one, is no Python where none is chosen."""
    try:
        said = subprocess.run(
            [path, "-I", "-c", _SAY_WHAT_IT_IS],
            capture_output=True,
            check=True,
            timeout=_SECONDS_TO_SAY,
        ).stdout
        major, minor, micro, level = json.loads(said)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return Python((major, minor, micro), path) if level == "final" else None


def installed(python: Python, folder: Path, lock: Path = LOCK) -> Path:
    """Give the Python of an environment that has the tools of the lock; it is made unless it is there already.

    Raises:
        NotInstalled: the tools cannot be installed.
    """
    of_version = folder / (".venv-python" + ".".join(map(str, python.version[:2])))
    interpreter, stamp = of_version / "bin" / "python", of_version / "made-of"
    made_of = f"{python} {hashlib.sha256(lock.read_bytes()).hexdigest()}"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == made_of:
        return interpreter
    shutil.rmtree(of_version, ignore_errors=True)
    made = [str(python.path), "-m", "venv", str(of_version)]
    locked = ["--require-hashes", "-r", str(lock)]
    # uv takes less of the processor than pip. Where it cannot, pip may, of whose settings it knows nothing: an index, a proxy.
    by_uv = [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", str(interpreter), *locked]
    by_pip = [str(interpreter), "-m", "pip", "install", "-qq", "--disable-pip-version-check", *locked]
    error = _error_of(made)
    if not error and _error_of(by_uv):
        error = _error_of(by_pip)
    if error:
        raise NotInstalled(f"{python}: the tools of {lock.name} cannot be installed.\n{error}")
    stamp.write_text(made_of, encoding="utf-8")
    return interpreter


def _error_of(command: list[str]) -> str:
    """Run a command; give what it says if it fails, and nothing if it does not."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stderr or f"exit code {done.returncode}") if done.returncode else ""


def _installed_or_why_not(python: Python) -> Path | NotInstalled:
    # A release for which a tool has no wheel yet says nothing of Trailsearch.
    try:
        return installed(python, REPOSITORY)
    except NotInstalled as error:
        return error


@click.command()
@click.argument("tests", nargs=-1, required=True)
def main(tests: tuple[str, ...]) -> None:
    """Run tests on every Python but the one that runs this."""
    pythons = found(candidates(os.environ))
    others = [python for python in pythons if python.version[:2] != sys.version_info[:2]]
    names = ", ".join(map(str, others))
    click.echo(f"Other Pythons on this machine: {names or 'none, so that the unit tests run on one alone'}")
    with ThreadPoolExecutor() as pool:
        interpreters = list(pool.map(_installed_or_why_not, others))
    working = []
    for python, interpreter in zip(others, interpreters, strict=True):
        if isinstance(interpreter, NotInstalled):
            click.echo(f"Left out: {interpreter.message}")
        else:
            working.append((python, interpreter))
    # All at once, so that a single process, in which each imports and collects the tests once, keeps its core to the end.
    processes = max(1, (os.cpu_count() or 1) // max(1, len(working)))
    with ThreadPoolExecutor(max(1, len(working))) as pool:
        tested = pool.map(lambda each: _tested(each[1], tests, processes), working)
        failed = []
        for (python, _), done in zip(working, tested, strict=True):
            click.echo(f"{python}:\n{done.stdout}")
            if done.returncode:
                failed.append(str(python))
    if failed:
        raise click.ClickException(f"The unit tests fail on {', '.join(failed)}")


def _tested(interpreter: Path, tests: Iterable[str], processes: int) -> subprocess.CompletedProcess[str]:
    """Run tests on a Python; what they say comes in one piece, as other tests may run beside them."""
    command = [str(interpreter), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    # xdist takes processor time, too.
    command += ["-n", str(processes), "--dist", "loadfile"] if processes > 1 else ["-n", "0"]
    return subprocess.run(
        [*command, "--hypothesis-profile", "few examples", *tests],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


if __name__ == "__main__":
    main()

"""Where the time went: ``python -m tests.checks.times FILE`` prints it.

FILE has a line for each step. The Makefile's ``step`` writes some, seconds, tab, name; and the tests, by folder, this as a
pytest plugin: ``pytest -p tests.checks.times --steps FILE``. Its first line says when all began.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import click
import pytest

_STARTED = pytest.StashKey[float]()
_BEGAN = "began"
# Before the name of what is a part of the step above it.
_PART = "  "


class Steps(NamedTuple):
    """When the first step began, as seconds since 1970, and the seconds of each by its name."""

    began: float
    seconds: list[tuple[str, float]]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the file with the steps."""
    parser.addoption("--steps", type=Path, help="write into FILE how long the tests took, by folder")


def pytest_configure(config: pytest.Config) -> None:
    """Note when the tests began."""
    config.stash[_STARTED] = time.monotonic()


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Write how long the tests took, and those of each folder."""
    steps = config.getoption("steps")
    if steps is None:
        return
    reports = [
        report
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport)
    ]
    tests = ("tests", time.monotonic() - config.stash[_STARTED])
    folders = by_folder((report.nodeid, report.duration) for report in reports)
    lines = [tests, *((f"{_PART}{folder}", seconds) for folder, seconds in folders)]
    with steps.open("a", encoding="utf-8") as file:
        file.write("".join(f"{seconds:.3f}\t{name}\n" for name, seconds in lines))


def read_steps(file: Path) -> Steps:
    """Read the steps and their seconds; bash writes those with the comma or point of the user's language."""
    began, steps = time.time(), []
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
        first, _, second = line.partition("\t")
        if first == _BEGAN:
            began = float(second)
        else:
            steps.append((second, float(first.replace(",", "."))))
    return Steps(began, steps)


def by_folder(durations: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
    """Add up the seconds of tests, by the folder that the test is in; the slowest folder first.

    With several processes that is more than has passed.
    """
    folders: Counter[str] = Counter()
    for nodeid, seconds in durations:
        # Counter's type says int, and it adds up any number.
        folders[str(PurePosixPath(nodeid.partition("::")[0]).parent)] += seconds  # type: ignore[assignment]
    return list(folders.most_common())


def table(steps: Steps, now: float) -> Iterator[str]:
    """Lay out the steps, their parts indented; and what has passed, which is less where steps ran beside one another."""
    for name, seconds in steps.seconds:
        part = name.removeprefix(_PART)
        yield f"{'':12}{seconds:8.1f} s  {part}" if part != name else f"{seconds:8.1f} s  {name}"
    yield f"{now - steps.began:8.1f} s  in all"


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def times(file: Path) -> None:
    """Print how long each step took that FILE has, and all of them."""
    click.echo("Where the time went:")
    click.echo("\n".join(table(read_steps(file), time.time())))


if __name__ == "__main__":
    times()

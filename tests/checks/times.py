"""Where the time went, as a pytest plugin: ``pytest -p tests.checks.times --steps FILE``.

FILE has the steps before the tests, a line each: seconds, tab, name; the Makefile's ``step`` writes it.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

_STARTED = pytest.StashKey[float]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the file with the steps."""
    parser.addoption(
        "--steps", type=Path, help="print at the end how long the steps in FILE took, and the tests"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Note when the tests began."""
    config.stash[_STARTED] = time.monotonic()


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print how long each step took, and the tests of each folder."""
    steps = config.getoption("steps")
    if steps is None:
        return
    reports = [
        report
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport)
    ]
    tests = time.monotonic() - config.stash[_STARTED]
    folders = by_folder((report.nodeid, report.duration) for report in reports)
    terminalreporter.section("where the time went")
    for line in table([*read_steps(steps), ("tests", tests)], folders):
        terminalreporter.write_line(line)


def read_steps(file: Path) -> list[tuple[str, float]]:
    """Read the steps and their seconds; bash writes those with the comma or point of the user's language."""
    steps = []
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
        seconds, _, name = line.partition("\t")
        steps.append((name, float(seconds.replace(",", "."))))
    return steps


def by_folder(durations: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
    """Add up the seconds of tests, by the folder that the test is in; the slowest folder first.

    With several processes that is more than has passed.
    """
    folders: Counter[str] = Counter()
    for nodeid, seconds in durations:
        # Counter's type says int, and it adds up any number.
        folders[str(PurePosixPath(nodeid.partition("::")[0]).parent)] += seconds  # type: ignore[assignment]
    return list(folders.most_common())


def table(steps: Iterable[tuple[str, float]], folders: Iterable[tuple[str, float]]) -> Iterator[str]:
    """Lay out the steps, with their sum, and under the tests their folders."""
    steps = list(steps)
    for name, seconds in steps:
        yield f"{seconds:8.1f} s  {name}"
        if name == "tests":
            for folder, of_folder in folders:
                yield f"{'':10}  {of_folder:8.1f} s  {folder}"
    yield f"{sum(seconds for _, seconds in steps):8.1f} s  in all"

"""Where the time went."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.checks.times import Steps, by_folder, read_steps, table, times
from tests.conftest import REPOSITORY

pytest_plugins = ["pytester"]


def test_steps_are_read_in_any_language(tmp_path: Path) -> None:
    file = tmp_path / "steps"
    file.write_text("began\t1700000000\n1.5\tmypy\n0,25\truff check\n")
    assert read_steps(file) == Steps(1_700_000_000, [("mypy", 1.5), ("ruff check", 0.25)])


def test_without_a_file_there_are_no_steps(tmp_path: Path) -> None:
    assert read_steps(tmp_path / "none").seconds == []


def test_the_seconds_of_tests_are_added_up_by_folder() -> None:
    durations = [("tests/a/test_one.py::test", 1.0), ("tests/b/test_two.py::test[x/y::z]", 3.0)]
    assert by_folder([*durations, ("tests/a/test_three.py::Class::test", 0.5)]) == [
        ("tests/b", 3.0),
        ("tests/a", 1.5),
    ]


def test_the_table_has_steps_with_their_parts_and_what_has_passed() -> None:
    lines = list(table(Steps(1000, [("mypy", 1.5), ("tests", 3), ("  tests/a", 4.0)]), 1003.5))
    assert [line.split() for line in lines] == [
        ["1.5", "s", "mypy"],
        ["3.0", "s", "tests"],
        ["4.0", "s", "tests/a"],
        ["3.5", "s", "in", "all"],
    ]
    indents = [len(line) - len(line.lstrip()) for line in lines]
    assert indents[2] > max(indents[0], indents[1], indents[3])


@pytest.mark.parametrize("processes", [[], ["-n", "2"]])
def test_pytest_adds_the_tests_by_folder_and_the_table_is_printed(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, processes: list[str]
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    steps = pytester.path / "steps"
    steps.write_text("1.5\tmypy\n")
    for folder in ("quick", "slow"):
        made = pytester.mkdir(folder)
        wait = "import time; time.sleep(0.2)" if folder == "slow" else "pass"
        (made / f"test_{folder}.py").write_text(f"def test_it():\n    {wait}\n")
    done = pytester.runpytest_subprocess("-p", "tests.checks.times", "--steps", "steps", *processes)
    done.assert_outcomes(passed=2)
    printed = CliRunner().invoke(times, [str(steps)]).output
    assert [line.rpartition("  ")[2] for line in printed.splitlines()] == [
        "Where the time went:",
        *("mypy", "tests", "slow", "quick", "in all"),
    ]

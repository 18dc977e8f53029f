"""Where the time went."""

import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.checks.times import Steps, by_folder, read_steps, table, times
from tests.conftest import REPOSITORY
from tests.unit.test_makefile import make

pytest_plugins = ["pytester"]

STEPS = """
.PHONY: good bad
good:
	$(call step,two words,echo said; echo complained >&2)
	$(call step,another,true)

bad:
	$(call step,bad,false; echo never)
	$(call step,after,true)
"""


def run_steps(folder: Path, target: str) -> tuple[int, str, str, list[str]]:
    (folder / "steps.mk").write_text(STEPS)
    done = make(folder, "-f", "steps.mk", target)
    steps = [name for name, _ in read_steps(folder / "build/steps").seconds]
    return done.returncode, done.stdout, done.stderr, steps


def test_a_step_of_the_makefile_notes_its_seconds_and_says_what_it_says(tmp_path: Path) -> None:
    code, said, complained, steps = run_steps(tmp_path, "good")
    assert (code, said, steps) == (0, "said\n", ["two words", "another"])
    assert complained.endswith("complained\n")
    assert all(0 <= seconds < 5 for _, seconds in read_steps(tmp_path / "build/steps").seconds)


def test_a_step_of_the_makefile_fails_where_its_command_fails(tmp_path: Path) -> None:
    code, said, _, steps = run_steps(tmp_path, "bad")
    assert (code, said, steps) == (2, "", [])


def test_the_first_line_says_when_all_began(tmp_path: Path) -> None:
    before = int(time.time())
    assert make(tmp_path, "steps").returncode == 0
    assert before <= read_steps(tmp_path / "build/steps").began <= time.time()


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
    pytest.LineMatcher(printed.splitlines()).fnmatch_lines(
        ["Where the time went:", "* s  mypy", "* s  tests", "* s  slow", "* s  quick", "* s  in all"]
    )

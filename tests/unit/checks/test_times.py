"""Where the time went."""

from pathlib import Path

import pytest

from tests.checks.times import by_folder, read_steps, table
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
    return done.returncode, done.stdout, done.stderr, [name for name, _ in read_steps(folder / "build/steps")]


def test_a_step_of_the_makefile_notes_its_seconds_and_says_what_it_says(tmp_path: Path) -> None:
    code, said, complained, steps = run_steps(tmp_path, "good")
    assert (code, said, steps) == (0, "said\n", ["two words", "another"])
    assert complained.endswith("complained\n")
    assert all(0 <= seconds < 5 for _, seconds in read_steps(tmp_path / "build/steps"))


def test_a_step_of_the_makefile_fails_where_its_command_fails(tmp_path: Path) -> None:
    code, said, _, steps = run_steps(tmp_path, "bad")
    assert (code, said, steps) == (2, "", [])


def test_steps_are_read_in_any_language(tmp_path: Path) -> None:
    file = tmp_path / "steps"
    file.write_text("1.5\tmypy\n0,25\truff check\n")
    assert read_steps(file) == [("mypy", 1.5), ("ruff check", 0.25)]


def test_without_a_file_there_are_no_steps(tmp_path: Path) -> None:
    assert read_steps(tmp_path / "none") == []


def test_the_seconds_of_tests_are_added_up_by_folder() -> None:
    durations = [("tests/a/test_one.py::test", 1.0), ("tests/b/test_two.py::test[x/y::z]", 3.0)]
    assert by_folder([*durations, ("tests/a/test_three.py::Class::test", 0.5)]) == [
        ("tests/b", 3.0),
        ("tests/a", 1.5),
    ]


def test_the_table_has_steps_folders_and_the_sum() -> None:
    lines = list(table([("mypy", 1.5), ("tests", 3)], [("tests/a", 4.0)]))
    assert [line.split() for line in lines] == [
        ["1.5", "s", "mypy"],
        ["3.0", "s", "tests"],
        ["4.0", "s", "tests/a"],
        ["4.5", "s", "in", "all"],
    ]


@pytest.mark.parametrize("processes", [[], ["-n", "2"]])
def test_pytest_prints_the_table_at_the_end(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, processes: list[str]
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    (pytester.path / "steps").write_text("1.5\tmypy\n")
    for folder in ("quick", "slow"):
        made = pytester.mkdir(folder)
        wait = "import time; time.sleep(0.2)" if folder == "slow" else "pass"
        (made / f"test_{folder}.py").write_text(f"def test_it():\n    {wait}\n")
    done = pytester.runpytest_subprocess("-p", "tests.checks.times", "--steps", "steps", *processes)
    done.stdout.fnmatch_lines(
        ["*where the time went*", "* s  mypy", "* s  tests", "* s  slow", "* s  quick", "* s  in all"]
    )
    done.assert_outcomes(passed=2)

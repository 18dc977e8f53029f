"""Each step of the Makefile's targets notes how long it took, for ``tests.checks.times``."""

import time
from pathlib import Path

from tests.checks.times import read_steps
from tests.tooling.test_makefile import make

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

"""The Makefile and the commands of the READMEs need no more than what macOS brings: GNU make 3.81, bash 3.2, BSD's tools.

Neither is at hand where these tests run, so that they look for what came later, or is GNU's alone.
"""

import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.documentation.commands import shown_commands

MAKEFILE = (REPOSITORY / "Makefile").read_text(encoding="utf-8")

# What make 3.81 does not know, by the release that brought it: the NEWS of GNU make,
# https://git.savannah.gnu.org/cgit/make.git/plain/NEWS.
LATER_THAN_MAKE_3_81 = {
    "3.82": (
        r"^\.ONESHELL\b",
        r"^\.SHELLFLAGS\b",
        r"^\.RECIPEPREFIX\b",
        r"(^|: *)private ",
        r"^undefine ",
        r"^(override )?define +\S+ *[:+?!]?=",
        r"\b(export|override) +(export|override|private) ",
        r"--eval\b",
    ),
    "4.0": (r"^[\w.-]+ *!=", r"::=", r"\$[({](file|guile) ", r"^-?load ", r"--output-sync|--trace\b"),
    "4.1": (r"MAKE_TERM(OUT|ERR)",),
    "4.2": (r"\.SHELLSTATUS",),
    "4.3": (r"^[^\t#]*&:", r"\.EXTRA_PREREQS"),
    "4.4": (
        r"\$[({](let|intcmp) ",
        r"\.WAIT\b",
        r"\.NOTINTERMEDIATE",
        r"^\.NOTPARALLEL: *\S",
        r"--shuffle",
        r"--jobserver-style",
    ),
}

# What bash 3.2 does not know (https://tiswww.case.edu/php/chet/bash/NEWS, bash 4.0 and later), and what the manual pages of
# FreeBSD, whose tools macOS has, do not have in common with GNU's.
LATER_THAN_BASH_3_2 = (
    r"\b(mapfile|readarray|coproc)\b",
    r"\b(declare|local|typeset) -\w*[Anlu]",
    r"\$\{\w+(,|\^)",
    r"\$\{\w+@\w\}",
    r"\$\{\w+\[-",
    r"&>>|\|&|;;?&",
    r"\bwait -n\b",
    r"printf '?\"?%\(",
    r"\bglobstar\b",
)
GNU_ALONE = (
    r"\bsed -(i|r|\w*z)\b",
    r"\bdate (-d|--date|-Is)",
    r"\breadlink -[fem]",
    r"\bxargs .*-(r|d|a)\b",
    r"\bfind .*-(printf|regextype|readable|executable)\b",
    r"\b(head|tail) (-n ?-|--)",
    r"\bgrep -\w*P",
    r"\bsort -\w*[VR]",
    r"\bstat -(c|-)",
    r"\bbase64 -w",
    r"\bcp --|\bmktemp --|\bls --|\brm --\w|\bmkdir --\w|\btouch --\w|\bps --|\bdu --",
    r"\b(setsid|flock|timeout|nproc|tac|realpath|sha256sum|md5sum|shuf|numfmt)\b",
    r"/proc/",
)


def lines_of_make(text: str) -> list[str]:
    """The lines of a Makefile that make reads, without remarks."""
    return [line for line in text.splitlines() if not line.startswith("#")]


def found(patterns: tuple[str, ...], lines: list[str]) -> list[str]:
    return [line for line in lines for pattern in patterns if re.search(pattern, line)]


@pytest.mark.parametrize("release", LATER_THAN_MAKE_3_81)
def test_the_makefile_has_nothing_that_came_after_make_3_81(release: str) -> None:
    assert found(LATER_THAN_MAKE_3_81[release], lines_of_make(MAKEFILE)) == []


@pytest.mark.parametrize("patterns", [LATER_THAN_BASH_3_2, GNU_ALONE], ids=["bash", "tools"])
def test_no_recipe_and_no_command_of_the_readmes_asks_for_more_than_macos_has(
    patterns: tuple[str, ...],
) -> None:
    recipes = [line for line in MAKEFILE.splitlines() if line.startswith(("\t", "$(call step"))]
    assert len(recipes) > 50
    ci = (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8").splitlines()[1:]
    assert found(patterns, [*recipes, *ci, *(command.text for command in shown_commands())]) == []


@pytest.mark.parametrize(
    ("patterns", "line"),
    [
        (LATER_THAN_MAKE_3_81["3.82"], ".SHELLFLAGS := -euo pipefail -c"),
        (LATER_THAN_MAKE_3_81["3.82"], "define lint ="),
        (LATER_THAN_MAKE_3_81["3.82"], "all: private X = 1"),
        (LATER_THAN_MAKE_3_81["4.0"], "X != date"),
        (LATER_THAN_MAKE_3_81["4.3"], "a b &: c"),
        (LATER_THAN_MAKE_3_81["4.4"], "$(let a,b,c)"),
        (LATER_THAN_BASH_3_2, "echo ${name,,}"),
        (LATER_THAN_BASH_3_2, "declare -A seen"),
        (GNU_ALONE, "sed -i s/a/b/ file"),
        (GNU_ALONE, "ls | xargs -n 1 -r echo"),
    ],
)
def test_what_came_later_is_found(patterns: tuple[str, ...], line: str) -> None:
    assert found(patterns, [line]) == [line]


def probe(folder: Path, recipe: str) -> subprocess.CompletedProcess[str]:
    """Run a recipe of the Makefile's, with the flags of the shell that make 3.81 gives, which are no others than -c."""
    more = folder / "more.mk"
    more.write_text(f"probe:\n\t@{recipe}; echo reached\n", encoding="utf-8")
    command = ["make", "-f", str(REPOSITORY / "Makefile"), "-f", str(more), ".SHELLFLAGS=-c", "probe"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("recipe", ["false", "false | true", "echo $$unset_variable", "x=$$(false)"])
def test_a_recipe_ends_at_its_first_failure_with_make_3_81_too(tmp_path: Path, recipe: str) -> None:
    done = probe(tmp_path, recipe)
    assert done.returncode != 0
    assert "reached" not in done.stdout


def test_a_recipe_that_fails_in_nothing_is_done(tmp_path: Path) -> None:
    assert probe(tmp_path, "true | true").stdout == "reached\n"

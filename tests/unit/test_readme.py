"""What the README shows is what is tested."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text()
TERRAFORM = REPOSITORY / "terraform"
ADOPTION = (TERRAFORM / "tests" / "adoption.tftest.hcl").read_text()
MONITORING = (TERRAFORM / "tests" / "monitoring.tftest.hcl").read_text()


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_examples_of_adoption_are_the_tested_ones(number: int) -> None:
    shown = re.search(rf"```hcl\n# \S+, example {number}\n(.+?)```", README, re.DOTALL)
    tested = re.search(rf'run "example_{number}" {{\n  variables {{\n(.+?)\n  }}\n', ADOPTION, re.DOTALL)
    assert shown
    assert tested
    assert shown[1].split() == tested[1].split()


def test_no_example_is_left_to_be_filled_in() -> None:
    blocks = re.findall(r"^ *```[a-z]*\n(.*?)^ *```$", README, re.DOTALL | re.MULTILINE)
    assert len(blocks) > 10
    assert [block for block in blocks if re.fullmatch(r"\s*[A-Z][A-Z_]*\s*", block)] == []


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_examples_of_adoption_set_nothing_twice(number: int) -> None:
    shown = re.search(rf"```hcl\n# terraform/(\S+), example {number}\n(.+?)```", README, re.DOTALL)
    assert shown
    settings = (TERRAFORM / shown[1]).read_text() + shown[2]
    names = re.findall(r"^(\w+) +=", settings, re.MULTILINE)
    assert sorted(names) == sorted(set(names))


def test_the_alarms_in_the_readme_are_the_tested_ones() -> None:
    """Those of single topics (``-on-<topic>``, ``-elsewhere``) only exist beside existing topics."""
    _, _, table = README.partition("| alarm `<prefix>-…` | rings when |\n|---|---|\n")
    rows = re.match(r"(\|.*\n)+", table)
    assert rows
    named = {name for row in rows[0].splitlines() for name in re.findall(r"`([^`]+)`", row.split("|")[1])}
    # What each watches, as {name} = toset([…]).
    tested = set(re.findall(r"^ +([a-z-]+) += toset\(\[", MONITORING, re.MULTILINE))
    assert {name for name in named if not name.endswith(("-on-<topic>", "-elsewhere"))} == tested


def test_every_make_target_that_the_readme_names_is_there() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)|^\s*make ([a-z-]+)", README, re.MULTILINE))
    assert {one or other for one, other in named} <= targets

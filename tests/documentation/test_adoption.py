"""The examples of which logs to take are the tested ones."""

import re

import pytest

from tests.conftest import REPOSITORY
from tests.documentation import pages

TERRAFORM = REPOSITORY / "terraform"
README = pages.read(pages.TERRAFORM)
ADOPTION = (TERRAFORM / "tests" / "adoption.tftest.hcl").read_text(encoding="utf-8")
NUMBERS = [int(number) for number in re.findall(r"^# \S+, example (\d+)$", README, re.MULTILINE)]


def test_all_examples_are_tested() -> None:
    assert [int(number) for number in re.findall(r'^run "example_(\d+)"', ADOPTION, re.MULTILINE)] == NUMBERS
    assert len(NUMBERS) == 4


@pytest.mark.parametrize("number", NUMBERS)
def test_the_examples_of_adoption_are_the_tested_ones(number: int) -> None:
    shown = re.search(rf"```hcl\n# \S+, example {number}\n(.+?)```", README, re.DOTALL)
    tested = re.search(rf'run "example_{number}" {{\n  variables {{\n(.+?)\n  }}\n', ADOPTION, re.DOTALL)
    assert shown
    assert tested
    assert shown[1].split() == tested[1].split()


@pytest.mark.parametrize("number", NUMBERS)
def test_the_examples_of_adoption_set_nothing_twice(number: int) -> None:
    shown = re.search(rf"```hcl\n# terraform/(\S+), example {number}\n(.+?)```", README, re.DOTALL)
    assert shown
    settings = (TERRAFORM / shown[1]).read_text(encoding="utf-8") + shown[2]
    names = re.findall(r"^(\w+) +=", settings, re.MULTILINE)
    assert sorted(names) == sorted(set(names))

"""Every command that a README shows is run by a test: those that need no deployment here, the others in end_to_end."""

import importlib
import re
import shutil
from pathlib import Path

import click
import pytest

from tests.conftest import REPOSITORY
from tests.documentation.commands import Shown, commands_of, shown_commands, split
from tests.documentation.kinds import NOT_RUN, PROGRAMS, Kind, each_once, kind_of, targets
from tests.documentation.pages import READMES
from tests.documentation.shell import Shell

SHOWN = shown_commands()
# A folder of logs to be given, and a query: any will do.
VALUES = {"folder": "logs", "…": "matchall"}


def of_kind(kind: Kind) -> list[Shown]:
    return [shown for shown in SHOWN if kind_of(shown) is kind]


def given(command: str) -> dict[str, str]:
    """The NAME=value pairs that make is given in a command."""
    return dict(re.findall(r"(?<=\s)([A-Z_]+)=(\S+)", command))


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_every_command_is_of_a_kind_that_is_tested() -> None:
    assert {kind_of(shown) for shown in SHOWN} <= set(Kind)
    assert len(SHOWN) > 20


def test_every_readme_of_the_repository_is_read() -> None:
    ours = {path for path in REPOSITORY.rglob("README.md") if not _made(path)}
    assert set(READMES) == ours


def _made(path: Path) -> bool:
    """Whether it is of a tool, or of what a tool made."""
    folders = path.relative_to(REPOSITORY).parts[:-1]
    return any(each in {"build", "node_modules"} or each.startswith(".") for each in folders)


def test_nothing_is_said_not_to_run_that_is_not_shown() -> None:
    assert {shown.text for shown in SHOWN} >= NOT_RUN.keys()


@pytest.mark.parametrize("shown", of_kind(Kind.HERE), ids=str)
def test_what_needs_nothing_runs_and_says_something(shell: Shell, shown: Shown) -> None:
    done = shell.run(shown.text)
    assert done.returncode == 0, done.stderr
    assert done.stdout or "clean" in targets(shown.text)


@pytest.mark.parametrize("shown", of_kind(Kind.TERRAFORM), ids=str)
def test_terraform_is_called_for_the_environment_that_is_named(shell: Shell, shown: Shown) -> None:
    shell.record_terraform()
    done = shell.run(shown.text)
    assert done.returncode == 0, done.stderr
    environment = given(shown.text).get("ENV", "dev")
    (target,) = targets(shown.text)
    called = [call.removeprefix("-chdir=terraform ") for call in shell.terraform_calls]
    first, *others = called
    assert first.startswith("init ")
    assert first.endswith(f"-backend-config=environments/{environment}.s3.tfbackend")
    assert others == ([] if target == "init" else [f"{target} -var-file=environments/{environment}.tfvars"])


@pytest.mark.parametrize("shown", of_kind(Kind.HANDED_OVER), ids=str)
def test_what_takes_minutes_is_a_program_with_these_options_that_another_test_runs(
    shell: Shell, shown: Shown
) -> None:
    (target,) = targets(shown.text)
    program = PROGRAMS[target]
    done = shell.run(shown.filled(VALUES.__getitem__).replace("make ", "make -n ", 1))
    assert done.returncode == 0, done.stderr
    assert re.search(rf"^\.venv/bin/python -m {re.escape(program.module)}\b", done.stdout, re.MULTILINE)
    assert given(shown.text).keys() <= options_of(program.module)
    path, _, name = program.test.partition("::")
    assert f"def {name}(" in (REPOSITORY / path).read_text() if name else (REPOSITORY / path).is_file()


def options_of(module: str) -> set[str]:
    """The variables that a program takes options from, if it takes any."""
    found = importlib.import_module(module)
    if hasattr(found, "__path__"):
        found = importlib.import_module(f"{module}.__main__")
    commands = [each for each in vars(found).values() if isinstance(each, click.Command)]
    return {str(option.envvar) for command in commands for option in command.params if option.envvar}


@pytest.mark.parametrize("shown", of_kind(Kind.CHECKS), ids=str)
def test_what_runs_these_tests_has_something_to_do(shell: Shell, shown: Shown) -> None:
    if shutil.which("terraform") is None:
        pytest.skip("needs terraform")
    done = shell.run(shown.text.replace("make ", "make -n ", 1))
    assert done.returncode == 0, done.stderr
    if "setup" not in targets(shown.text):
        assert ".venv/bin/ruff check" in done.stdout


@pytest.mark.parametrize("shown", of_kind(Kind.SELECTION), ids=str)
def test_what_is_selected_is_there(shell: Shell, shown: Shown) -> None:
    only_listed = "--collect-only -q" if "-m pytest" in shown.text else "--list"
    done = shell.run(f"PYTHONPATH=functions {shown.text} {only_listed}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip()


def test_a_script_is_split_where_bash_ends_a_command() -> None:
    script = """\
# A remark.

make one   # and another
name=$(make two NAME=three)
aws four --bucket <a bucket> \\
    --key five | while read -r key; do
  echo "$key"
done
cat <<END
make six
END
echo '{"seven":
  8}'
"""
    assert list(split(script)) == [
        "make one   # and another",
        """name=$(make two NAME=three)
aws four --bucket <a bucket> \\
    --key five | while read -r key; do
  echo "$key"
done""",
        "cat <<END\nmake six\nEND",
        "echo '{\"seven\":\n  8}'",
    ]


def test_what_is_no_whole_command_is_said() -> None:
    with pytest.raises(ValueError, match="while true"):
        list(split("make one\nwhile true; do\n"))


def test_commands_are_found_in_blocks_and_in_sentences() -> None:
    page = "`make plan`, `makefile`, `aws`, `QUERY=x` and `JSON=1`:\n\n```sh\nmake one\n```\n\n```hcl\nmake = 1\n```\n"
    assert [(shown.text, shown.quoted) for shown in commands_of(page, "README.md")] == [
        ("make one", False),
        ("make plan", True),
        ("QUERY=x", True),
    ]


@pytest.mark.parametrize(
    "command",
    ["rm -r build", "make nothing", "terraform apply", "make plan && make search", "echo make plan"],
)
def test_a_command_of_no_kind_is_an_error(command: str) -> None:
    with pytest.raises(LookupError):
        kind_of(Shown(command, "README.md", quoted=False))


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("make dlq ENV=prod   # make plan", Kind.OPERATOR),
        ("make status JSON=1 | jq -e .well", Kind.OPERATOR),
        ("queue=$(make output NAME=x)\naws sqs purge-queue --queue-url $queue", Kind.CLOUD),
        ("for each in 1 2; do make cost WINDOW=$each; done", Kind.HERE),
    ],
)
def test_the_kind_is_that_of_the_programs_that_a_command_runs(command: str, kind: Kind) -> None:
    assert kind_of(Shown(command, "README.md", quoted=False)) is kind


def test_what_differs_in_the_environment_and_in_comments_alone_is_one_command() -> None:
    texts = [
        "make dlq ENV=prod",
        "make dlq",
        "make dlq ENV=dev   # the oldest first",
        "make dlq ENV=dev JSON=1",
        "QUERY='a # b'",
        "make search ENV=dev QUERY='a # b'",
        "make search ENV=dev QUERY='a # c'",
    ]
    shown = [Shown(text, "README.md", quoted=text.startswith("QUERY")) for text in texts]
    assert each_once(shown) == [shown[0], shown[3], shown[4], shown[6]]

"""Whatever a command fails with, it says in one line, with an exit code that tells what it was."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable

import click
import pytest
from click.testing import CliRunner

from tests.conftest import REPOSITORY
from tests.demo.__main__ import demo
from tests.demo.command import LocalCommand
from tests.local_cloud.terraform.deployment import TerraformFailed
from tests.unit.cli.test_console import ASKING, COMMANDS
from trailsearch.cli import package as packaging
from trailsearch.cli.command import AwsCommand, Command
from trailsearch.cli.package import package
from trailsearch.cli.search.search import search

# It prints a path for make, and is imported by what is to know nothing of AWS.
NOT_FOR_PEOPLE = {"provider-mirror"}


def command_that(does: Callable[[], object], cls: type[Command] = AwsCommand) -> click.Command:
    return click.command(cls=cls)(does)


def raising(error: BaseException) -> Callable[[], object]:
    def fail() -> object:
        raise error

    return fail


def test_every_command_is_one_that_shows_no_traceback() -> None:
    assert {name for name, each in COMMANDS.items() if not isinstance(each, Command)} == NOT_FOR_PEOPLE
    assert isinstance(demo, Command)


@pytest.mark.parametrize(
    "error", [OSError(errno.EACCES, "Permission denied", "x"), RuntimeError("two\nlines"), KeyError("key")]
)
def test_what_nobody_expects_is_said_in_one_line(error: Exception) -> None:
    result = CliRunner().invoke(command_that(raising(error)))
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    (line,) = result.output.splitlines()
    assert line.startswith(f"Error: {type(error).__name__}: ")
    assert line.endswith("(DEBUG=1 shows where)")


@pytest.mark.parametrize(("debug", "shown"), [("1", True), ("0", False), ("", False)])
@pytest.mark.parametrize("error", [RuntimeError("why"), KeyboardInterrupt()])
def test_debug_shows_where(error: BaseException, debug: str, *, shown: bool) -> None:
    result = CliRunner().invoke(command_that(raising(error)), env={"DEBUG": debug})
    assert ("Traceback" in result.output) is shown
    assert result.output.splitlines()[-1].startswith("Error: ")


def test_debug_shows_where_a_command_failed_that_says_why_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    for name in ("search", "status"):
        result = CliRunner().invoke(ASKING[name], env={"ENV": "dev", "DEBUG": "1"})
        assert "Traceback" in result.output


def test_ctrl_c_is_one_line_and_the_exit_code_of_sigint() -> None:
    result = CliRunner().invoke(command_that(raising(KeyboardInterrupt())))
    assert (result.exit_code, result.output) == (130, "Error: Interrupted\n")


def test_ctrl_c_while_modules_are_imported_is_one_line(tmp_path: object) -> None:
    program = "import os, signal; import trailsearch.cli; os.kill(os.getpid(), signal.SIGINT); import time; time.sleep(9)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "functions"), "DEBUG": "0"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "Error: Interrupted\n")


def test_what_terraform_says_stays_whole() -> None:
    failing = command_that(raising(TerraformFailed("One\nTwo")), LocalCommand)
    assert CliRunner().invoke(failing).output == "Error: One\nTwo\n"


def test_a_reader_that_has_gone_is_no_error_to_speak_of() -> None:
    result = CliRunner().invoke(command_that(raising(BrokenPipeError(errno.EPIPE, "Broken pipe"))))
    assert (result.exit_code, result.output) == (1, "")


@pytest.mark.parametrize("name", ["search", "dlq", "redrive", "status"])
def test_an_option_that_is_no_utf_8_is_said_in_one_line(name: str) -> None:
    result = CliRunner().invoke(ASKING[name], env={"ENV": os.fsdecode(b"caf\xe9")})
    assert (result.exit_code, result.output) == (
        2,
        "Error: ENV is not in this terminal's encoding, as UTF-8 is: caf\ufffd\n",
    )


def test_a_query_that_is_no_utf_8_is_said_in_one_line() -> None:
    result = CliRunner().invoke(search, env={"ENV": "dev", "QUERY": os.fsdecode(b"raw:'caf\xe9'")})
    assert result.exit_code == 2
    (line,) = result.output.splitlines()
    assert line.startswith("Error: QUERY is not in")


PIP_SAYS = """\
WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by 'NewConnectionError'
ERROR: Could not find a version that satisfies the requirement msgspec==0.1 (from versions: none)
ERROR: No matching distribution found for msgspec==0.1
"""


@pytest.mark.parametrize(
    ("said", "reason"),
    [(PIP_SAYS, "No matching distribution found for msgspec==0.1"), ("", "it does not say why")],
)
def test_without_pypi_it_is_said_in_one_line_that_there_is_no_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object, said: str, reason: str
) -> None:
    def pip(command: list[str], *, check: bool, **_options: object) -> subprocess.CompletedProcess[str]:
        done = subprocess.CompletedProcess(command, 1, "", said)
        if check:
            done.check_returncode()
        return done

    monkeypatch.setattr(packaging.subprocess, "run", pip)  # type: ignore[attr-defined]
    result = CliRunner().invoke(package, [f"{tmp_path}/lambda.zip"])
    assert result.exit_code == 1
    (line,) = result.output.splitlines()
    assert line.startswith(f"Error: pip cannot install what requirements.txt locks: {reason}")
    assert "PIP_INDEX_URL" in line


@click.command(cls=Command)
@click.option("--env", envvar="ENV", required=True)
@click.option("--number", envvar="NUMBER", type=click.FloatRange(0, min_open=True))
@click.option("--size", envvar="SIZE", type=click.IntRange(1, 9))
@click.option("--backend", envvar="BACKEND", type=click.Choice(["a", "b"]))
@click.option("--keep", envvar="KEEP", is_flag=True)
@click.option("--refuse", is_flag=True)
def with_options(refuse: bool, **_options: object) -> None:
    if refuse:
        raise click.UsageError("They do not go together")


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"NUMBER": "200,000"}, "NUMBER: '200,000' is not a valid number."),
        ({"NUMBER": "-1"}, "NUMBER: -1.0 is not in the range x>0."),
        ({"SIZE": "2.5"}, "SIZE: '2.5' is not a valid whole number."),
        ({"SIZE": "10"}, "SIZE: 10 is not in the range 1<=x<=9."),
        ({"BACKEND": "c"}, "BACKEND: 'c' is not one of 'a', 'b'."),
        ({"KEEP": "maybe"}, "KEEP: 'maybe' is neither 1 nor 0."),
        ({"ENV": ""}, "ENV is empty"),
        ({"SIZE": "\x1b[31m"}, "SIZE: '\\x1b[31m' is not a valid whole number."),
    ],
)
def test_what_was_typed_for_make_is_refused_in_one_line_under_the_name_that_was_typed(
    variables: dict[str, str], says: str
) -> None:
    result = CliRunner().invoke(with_options, env={"ENV": "dev", **variables})
    assert (result.exit_code, result.output) == (2, f"Error: {says}\n")


def test_what_was_given_to_python_is_refused_with_how_to_call_it() -> None:
    result = CliRunner().invoke(with_options, ["--env", "dev", "--size", "x"])
    assert result.exit_code == 2
    assert result.output.startswith("Usage: ")
    assert "Invalid value for '--size': 'x' is not a valid whole number." in result.output


def test_options_that_do_not_go_together_are_refused_in_one_line() -> None:
    result = CliRunner().invoke(with_options, ["--env", "dev", "--refuse"])
    assert (result.exit_code, result.output) == (2, "Error: They do not go together\n")

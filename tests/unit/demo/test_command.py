"""What all commands have in common that run the pipeline on this machine."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import tests.load.__main__ as loading
from tests.benchmarks.__main__ import bench
from tests.conftest import REPOSITORY
from tests.cost.measure import measure
from tests.demo.command import alone

# Of each: what it is given so that it refuses, by which it has come past its imports, and what it says then.
REFUSED = {
    "tests.demo": (["--logs", "statemachine"], 1, "There is no .json.gz below statemachine"),
    "tests.load": (["--logs", "2", "--events", "1"], 2, "2 logs need as many events at least, not 1"),
    "tests.chaos": (["--scenarios", "no such"], 2, "No scenario has 'no such' in its name"),
    "tests.cost.measure": (["--no-such"], 2, "No such option"),
    "tests.benchmarks": (["--no-such"], 2, "No such option"),
}
CONFIGURATIONS = {
    "a profile that is not there": {"AWS_PROFILE": "nowhere", "AWS_DEFAULT_PROFILE": "nowhere"},
    "a configuration that is none": {
        "AWS_CONFIG_FILE": "Makefile",
        "AWS_SHARED_CREDENTIALS_FILE": "Makefile",
    },
}


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
@pytest.mark.parametrize("module", REFUSED)
def test_it_starts_whatever_the_caller_s_configuration_of_aws_is(module: str, configuration: str) -> None:
    arguments, code, says = REFUSED[module]
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **CONFIGURATIONS[configuration], "PYTHONPATH": "functions"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, says in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_load_run_in_the_same_folder_refuses_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "load"
    monkeypatch.setattr(loading, "build_package", lambda *_arguments, **_options: pytest.fail("it builds"))
    with alone(folder, "load run"):
        folder.mkdir()
        result = CliRunner().invoke(loading.load, ["--folder", str(folder), "--logs", "1"])
    assert result.exit_code == 1
    assert result.output == (
        f"Error: Another load run works in {folder}: wait for its end, or press Ctrl-C there\n"
    )
    assert folder.exists()


@pytest.mark.parametrize("command", [measure, bench])
def test_what_needs_linux_says_so_at_once(monkeypatch: pytest.MonkeyPatch, command: click.Command) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    result = CliRunner().invoke(command)
    assert result.exit_code == 1
    assert result.output.startswith("Error: This needs Linux, whose /proc has the ")
    assert result.output.count("\n") == 1

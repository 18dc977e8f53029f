"""The unit tests run on every Python of a machine that Trailsearch supports."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from threading import Barrier

import pytest
from click.testing import CliRunner
from hypothesis import settings

from tests import conftest
from tests.checks import pythons
from tests.checks.pythons import NotInstalled, Python, candidates, found, installed
from tests.conftest import examples

OWN = Path(sys._base_executable)  # type: ignore[attr-defined]


def python_at(path: Path, *version: object) -> Path:
    """What says that it is a Python of a version, or fails as a shim does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    said = str(list(version)).replace("'", '"')
    path.write_text(f"#!/bin/sh\necho '{said}'\n" if version else "#!/bin/sh\nexit 127\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_pythons_on_the_path_and_those_of_pyenv_and_uv_are_found(tmp_path: Path) -> None:
    paths = [
        python_at(tmp_path / "bin" / "python3.11", 3, 11, 2, "final"),
        python_at(tmp_path / ".pyenv" / "versions" / "3.13.0" / "bin" / "python3.13", 3, 13, 0, "final"),
        python_at(
            tmp_path / ".local" / "share" / "uv" / "python" / "cpython-3.14" / "bin" / "python3.14",
            *(3, 14, 1, "final"),
        ),
    ]
    python_at(tmp_path / "bin" / "python3.11-config")
    environment = {"HOME": str(tmp_path), "PATH": f"{tmp_path / 'bin'}{os.pathsep}{tmp_path / 'none'}"}
    assert list(candidates(environment)) == paths
    assert [python.version for python in found(paths)] == [(3, 11, 2), (3, 13, 0), (3, 14, 1)]


def test_of_each_version_the_newest_release_is_taken_that_works(tmp_path: Path) -> None:
    paths = [
        python_at(tmp_path / "shim" / "python3.12"),
        python_at(tmp_path / "a" / "python3.12", 3, 12, 1, "final"),
        python_at(tmp_path / "b" / "python3.12", 3, 12, 9, "final"),
        python_at(tmp_path / "c" / "python3.10", 3, 10, 13, "final"),
        python_at(tmp_path / "d" / "python3.15", 3, 15, 0, "alpha"),
        tmp_path / "none" / "python3.13",
    ]
    assert found(paths) == [Python((3, 12, 9), paths[2])]


def test_this_python_is_found() -> None:
    (python,) = found([OWN])
    assert python.version == sys.version_info[:3]


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What would be run to make environments."""
    commands: list[list[str]] = []

    def run(command: list[str], **_options: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        if command[2] == "venv":
            Path(command[3], "bin").mkdir(parents=True)
        failed = "no such package" if "no" in Path(command[-1]).name else ""
        return subprocess.CompletedProcess(command, bool(failed), "", failed)

    monkeypatch.setattr(subprocess, "run", run)
    return commands


def test_an_environment_is_made_once_for_a_lock_and_a_release(
    tmp_path: Path, commands: list[list[str]]
) -> None:
    lock, python = tmp_path / "lock.txt", Python((3, 13, 0), Path("/bin/python3.13"))
    lock.write_text("", encoding="utf-8")
    interpreter = installed(python, tmp_path, lock)
    assert (
        installed(python, tmp_path, lock) == interpreter == tmp_path / ".venv-python3.13" / "bin" / "python"
    )
    assert [command[:3] for command in commands] == [
        ["/bin/python3.13", "-m", "venv"],
        [sys.executable, "-m", "uv"],
    ]
    assert commands[1][-5:] == ["--python", str(interpreter), "--require-hashes", "-r", str(lock)]
    lock.write_text("# changed", encoding="utf-8")
    installed(python, tmp_path, lock)
    installed(python._replace(version=(3, 13, 1)), tmp_path, lock)
    assert len(commands) == 6


def test_what_cannot_be_installed_is_said_and_tried_again(tmp_path: Path, commands: list[list[str]]) -> None:
    lock, python = tmp_path / "no.txt", Python((3, 13, 0), Path("/bin/python3.13"))
    lock.write_text("", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(NotInstalled, match=r"Python 3\.13\.0: .* cannot be installed\.\nno such package"):
            installed(python, tmp_path, lock)
    # uv, and pip where uv cannot.
    assert [command[2] for command in commands] == 2 * ["venv", "uv", "pip"]


def test_a_python_without_the_tools_is_left_out_and_the_others_are_tried(
    tmp_path: Path, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = [Python((3, minor, 0), Path(f"/bin/python3.{minor}")) for minor in (97, 98)]
    monkeypatch.setattr(pythons, "found", lambda _candidates: there)
    monkeypatch.setattr(pythons, "REPOSITORY", tmp_path)

    def installed(python: Python, _folder: Path) -> Path:
        if python == there[0]:
            raise NotInstalled(f"{python}: no wheel")
        return tmp_path / "interpreter"

    monkeypatch.setattr(pythons, "installed", installed)
    result = CliRunner().invoke(pythons.main, ["tests/unit/logs"])
    assert result.exit_code == 0
    assert "Left out: Python 3.97.0: no wheel\nPython 3.98.0:\n" in result.output
    assert [command[-3:] for command in commands] == [
        ["--hypothesis-profile", "few examples", "tests/unit/logs"]
    ]


def test_all_pythons_are_tried_at_once_and_those_that_fail_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = [Python((3, minor, 0), Path(f"/bin/python3.{minor}")) for minor in (97, 98, 99)]
    together = Barrier(len(there))
    monkeypatch.setattr(pythons, "found", lambda _candidates: there)
    monkeypatch.setattr(pythons, "installed", lambda python, _folder: tmp_path / str(python.version[1]))

    def run(command: list[str], **_options: object) -> subprocess.CompletedProcess[str]:
        together.wait(timeout=60)
        failed = not command[0].endswith("98")
        return subprocess.CompletedProcess(command, failed, f"as it says: {failed}\n")

    monkeypatch.setattr(subprocess, "run", run)
    result = CliRunner().invoke(pythons.main, ["tests/unit/logs"])
    assert result.exit_code == 1
    assert "The unit tests fail on Python 3.97.0, Python 3.99.0" in result.output
    assert "Python 3.97.0:\nas it says: True\n\nPython 3.98.0:\nas it says: False\n" in result.output


@pytest.mark.parametrize(
    ("cores", "others", "processes"), [(2, 2, "0"), (2, 1, "2"), (8, 2, "4"), (1, 3, "0")]
)
def test_they_share_the_cores(
    tmp_path: Path,
    commands: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    cores: int,
    others: int,
    processes: str,
) -> None:
    there = [Python((3, 90 + minor, 0), Path(f"/bin/python3.{90 + minor}")) for minor in range(others)]
    monkeypatch.setattr(pythons, "found", lambda _candidates: there)
    monkeypatch.setattr(pythons, "installed", lambda python, _folder: tmp_path / "interpreter")
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert CliRunner().invoke(pythons.main, ["tests/unit/logs"]).exit_code == 0
    assert [command[command.index("-n") + 1] for command in commands] == others * [processes]


def test_other_pythons_try_properties_with_few_examples_and_this_one_with_all(
    pytestconfig: pytest.Config,
) -> None:
    few = settings.get_profile("few examples")
    assert (few.max_examples, few.deadline) == (10, None)
    if pytestconfig.getoption("--hypothesis-profile") != "few examples":
        assert settings().max_examples == settings.get_profile("default").max_examples


def test_a_property_that_has_its_own_number_of_examples_has_fewer_on_other_pythons_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for many, (of_20, of_100, of_150) in {"no deadline": (20, 100, 150), "few examples": (2, 10, 15)}.items():
        monkeypatch.setattr(conftest, "settings", lambda many=many: settings.get_profile(many))
        assert (examples(20), examples(100), examples(150)) == (of_20, of_100, of_150)
        assert examples(1) == 1
    for path in (pythons.REPOSITORY / "tests" / "unit").rglob("*.py"):
        assert not re.search(r"max_examples=\d", path.read_text(encoding="utf-8")), path


def test_the_oldest_is_the_one_that_the_project_requires() -> None:
    required = (pythons.REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    assert f'requires-python = ">={".".join(map(str, pythons.OLDEST))}"' in required

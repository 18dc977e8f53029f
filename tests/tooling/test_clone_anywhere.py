"""A clone may lie in a folder with any name: spaces, quotes, dollar signs, letters of any script."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.documentation.make_targets import targets

NAMES = ["trail search", "it's $HOME's `id` ö", '日本 "#;&%']
# What pip writes into a tool's script where the path of its Python has a space: a shell reads the line.
SCRIPT = """\
#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import os, sys
with open(os.environ["CALLS"], "a", encoding="utf-8") as calls:
    print("{name} of", os.environ["PYTHON_OF_THE_CLONE"], file=calls)
print("{name}")
"""
# In place of Python, and of the programs that come from elsewhere: they say that they were called.
PYTHON = """\
#!/bin/sh
case "$1" in
  -m) echo "$2 in $PWD" >> "$CALLS"; case "$2" in *.definition) echo machine ;; esac ;;
  *) PYTHON_OF_THE_CLONE="$0" exec {real} "$@" ;;
esac
"""
PROGRAM = """\
#!/bin/sh
echo "{name} in $PWD" >> "$CALLS"
"""
READY = {
    "requirements-dev.txt": ".venv/ready",
    "requirements-checkov.txt": ".venv-checkov/ready",
    "package-lock.json": "node_modules/ready",
}
TOOLS = {
    ".venv/bin": ("mypy", "lint-imports", "statelint", "pytest"),
    ".venv-checkov/bin": ("checkov",),
}


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


class Clone:
    """A folder with what the Makefile reads, and stand-ins for all that it calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._calls = folder.parent / "calls"
        for name in ("Makefile", "functions", "statemachine"):
            (folder / name).symlink_to(REPOSITORY / name)
        environments = folder / "terraform" / "environments"
        environments.mkdir(parents=True)
        (environments / "dev.tfvars").write_text('search_backend = "opensearch"\n', encoding="utf-8")
        (environments / "dev.s3.tfbackend").touch()
        (folder / "terraform" / "tests").mkdir()
        (folder / "terraform" / "tests" / "one.tftest.hcl").touch()
        (folder / "requirements.txt").touch()
        (folder / "requirements-audit.txt").touch()
        for venv, names in TOOLS.items():
            program(folder / venv / "python", PYTHON.format(real=shlex.quote(sys.executable)))
            for name in names:
                program(folder / venv / name, SCRIPT.format(name=name, python=folder / venv / "python"))
        for name in ("terraform", "node", "npm"):
            program(folder.parent / "bin" / name, PROGRAM.format(name=name))
        program(folder / ".venv" / "bin" / "ruff", PROGRAM.format(name="ruff"))
        for lock, ready in READY.items():
            (folder / lock).touch()
            (folder / ready).parent.mkdir(exist_ok=True)
            (folder / ready).touch()

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run make."""
        variables = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        variables |= {
            "PATH": f"{self.folder.parent / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "CALLS": str(self._calls),
        }
        return subprocess.run(
            ["make", *arguments],
            cwd=self.folder,
            env=variables,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def calls(self) -> list[str]:
        """What has been called, and where."""
        return self._calls.read_text(encoding="utf-8").splitlines() if self._calls.exists() else []


@pytest.fixture(params=NAMES)
def clone(tmp_path: Path, request: pytest.FixtureRequest) -> Clone:
    folder = tmp_path / request.param
    folder.mkdir()
    return Clone(folder)


def test_every_target_works_in_a_clone_with_any_name(clone: Clone) -> None:
    for target in targets():
        done = clone.make(target)
        assert (target, done.returncode, done.stderr) == (target, 0, "")
    places = {call.split(" in ", 1)[1] for call in clone.calls() if " in " in call}
    assert places <= {str(clone.folder)}


@pytest.mark.parametrize("target", ["check", "lint"])
def test_the_tools_are_those_of_the_clone(clone: Clone, target: str) -> None:
    assert clone.make(target).returncode == 0
    called = clone.calls()
    assert "mypy of .venv/bin/python" in called
    assert "lint-imports of .venv/bin/python" in called
    assert f"ruff in {clone.folder}" in called
    if target == "lint":
        assert "checkov of .venv-checkov/bin/python" in called
        assert "statelint of .venv/bin/python" in called
        assert f"node in {clone.folder}" in called


def test_each_environment_has_its_own_folder_of_terraform_s_there(clone: Clone) -> None:
    program(clone.folder.parent / "bin" / "terraform", '#!/bin/sh\necho "$TF_DATA_DIR" >> "$CALLS"\n')
    assert clone.make("output").returncode == 0
    assert str(clone.folder / "build" / "terraform" / "dev") in clone.calls()


def test_python_keeps_what_it_has_compiled_whatever_the_caller_s_shell_says(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    said = '#!/bin/sh\necho "compiled: ${PYTHONDONTWRITEBYTECODE-kept}" >> "$CALLS"\n'
    program(clone.folder.parent / "bin" / "terraform", said)
    assert clone.make("output").returncode == 0
    assert {call for call in clone.calls() if call.startswith("compiled")} == {"compiled: kept"}


@pytest.mark.parametrize(("uv", "installers"), [("0", ["uv"]), ("2", ["uv", "pip"])])
def test_a_lock_is_installed_by_uv_and_where_it_cannot_by_pip(
    clone: Clone, uv: str, installers: list[str]
) -> None:
    python = f'#!/bin/sh\necho "$* | in $PWD" >> "$CALLS"\n[ "$2" != uv ] || exit {uv}\n'
    for venv in (".venv", ".venv-checkov"):
        program(clone.folder / venv / "bin" / "python", python)
    (clone.folder / "requirements-checkov.txt").write_text("checkov==1\n", encoding="utf-8")
    (clone.folder / ".venv-checkov" / "ready").unlink()
    made = clone.make(".venv-checkov/ready", "PYTHON3=true")
    assert (made.returncode, made.stderr) == (0, "")
    locked = "--require-hashes -r requirements-checkov.txt"
    installed = [call for call in clone.calls() if locked in call]
    assert [call.split()[1] for call in installed] == installers


def test_of_a_lock_uv_comes_first_by_pip_with_its_hashes(clone: Clone) -> None:
    lock = "a==1 \\\n    --hash=sha256:1\n# via\nuv==2 \\\n    --hash=sha256:2 \\\n    --hash=sha256:3\nvirtual==4\n"
    program(clone.folder / ".venv" / "bin" / "python", '#!/bin/sh\necho "$* | in $PWD" >> "$CALLS"\n')
    (clone.folder / "requirements-dev.txt").write_text(lock, encoding="utf-8")
    (clone.folder / ".venv" / "ready").unlink()
    made = clone.make(".venv/ready", "PYTHON3=true")
    assert (made.returncode, made.stderr) == (0, "")
    first, then = (call for call in clone.calls() if "--require-hashes" in call)
    assert "pip install" in first
    assert ".venv/uv.txt" in first
    assert "uv pip install" in then
    of_uv = (clone.folder / ".venv" / "uv.txt").read_text(encoding="utf-8")
    assert of_uv == "uv==2 \\\n    --hash=sha256:2 \\\n    --hash=sha256:3\n"

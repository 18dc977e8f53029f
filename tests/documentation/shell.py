"""Where the commands of the READMEs run: a folder like the repository, whose `make`, `aws` and `terraform` are watched.

The Makefile is the repository's, and so is all that it runs; only what a test may not touch is another: ``build``, the
settings of the environments, and where a test says so, Terraform.
"""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.conftest import REPOSITORY

_ENVIRONMENTS = REPOSITORY / "terraform" / "environments"
_PLACEHOLDER_BUCKET = "<your-state-bucket>"
# The tools are there: the tests run by them.
_READY = ("-o", ".venv/ready", "-o", ".venv-checkov/ready", "-o", "node_modules/ready")

# What stands after ENV= is written for the reader's own environments.
_MAKE = """#!/usr/bin/env bash
arguments=()
for argument; do [[ -n {drop_env} && $argument == ENV=* ]] || arguments+=("$argument"); done
exec {make} "${{arguments[@]}}"
"""
_RECORDER = """#!/usr/bin/env bash
printf '%s\\n' "$*" >> "$CALLS"
"""


class Shell:
    """A folder to run commands in, by bash."""

    def __init__(self, folder: Path, variables: Mapping[str, str] | None = None) -> None:
        """Lay out an empty folder; ``variables`` are those of the environment, in place of this process's."""
        self._folder = folder
        self._calls = folder / "calls"
        inherited = variables if variables is not None else os.environ
        self._variables = {
            name: value
            for name, value in inherited.items()
            if not name.startswith(("MAKE", "MFLAGS")) and name not in {"ENV", "QUERY", "NAME"}
        }
        self._variables["PATH"] = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        self._variables["CALLS"] = str(self._calls)
        for path in REPOSITORY.iterdir():
            if path.name not in {"build", "terraform", ".git", ".venv"}:
                (folder / path.name).symlink_to(path)
        self._lay_out_terraform()
        self._add_program(".venv/bin/python", _script(sys.executable))
        self._add_make()
        self._add_program("bin/aws", _script("false"))

    def _lay_out_terraform(self) -> None:
        """Link the configuration, and write the name of a state bucket into a copy of the settings, as one does."""
        terraform = self._folder / "terraform"
        (terraform / "environments").mkdir(parents=True)
        for path in (REPOSITORY / "terraform").iterdir():
            if path != _ENVIRONMENTS and not path.name.startswith("."):
                (terraform / path.name).symlink_to(path)
        for path in _ENVIRONMENTS.iterdir():
            text = path.read_text().replace(_PLACEHOLDER_BUCKET, "terraform-state")
            (terraform / "environments" / path.name).write_text(text)

    def _add_make(self, *always: str, drop_env: bool = False) -> None:
        command = shlex.join([_found("make"), *_READY, *always])
        self._add_program("bin/make", _MAKE.format(make=command, drop_env="1" if drop_env else '""'))

    def _add_program(self, path: str, text: str) -> None:
        program = self._folder / path
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(text)
        program.chmod(0o755)

    def use_local_cloud(self, terraform: Path) -> None:
        """Run what names an environment against the local cloud of the variables, deployed from ``terraform``.

        As ``make demo KEEP=1`` leaves it: its address in build/demo/cloud.env, Terraform's folder beside it.
        """
        demo = self._folder / "build" / "demo"
        demo.mkdir(parents=True)
        (demo / "terraform").symlink_to(terraform)
        names = [name for name in self._variables if name.startswith("AWS_") or name.lower() == "no_proxy"]
        lines = (f"export {name} = {self._variables[name]}\n" for name in names)
        (demo / "cloud.env").write_text("".join(lines))
        self._add_make("ENV=local", drop_env=True)
        # Named outright, as version 1 of the AWS CLI asks for SQS's old names before it looks at AWS_ENDPOINT_URL.
        endpoint = ("--endpoint-url", self._variables["AWS_ENDPOINT_URL"])
        # What it does not know it is to say at once.
        self._add_program(
            "bin/aws", _script("env", "AWS_MAX_ATTEMPTS=1", sys.executable, "-m", "awscli", *endpoint)
        )

    def record_terraform(self) -> None:
        """Put a program in place of Terraform that notes how it is called, and the same in place of the packaging."""
        self._add_program("bin/terraform", _RECORDER)
        self._add_program(".venv/bin/python", "#!/usr/bin/env bash\n")

    @property
    def terraform_calls(self) -> list[str]:
        """How Terraform was called, in place of which is what ``record_terraform`` put there."""
        return self._calls.read_text().splitlines() if self._calls.exists() else []

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command as one who has copied it into bash, where the first failure counts."""
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=self._folder,
            env=self._variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


def _script(*command: str) -> str:
    return f'#!/usr/bin/env bash\nexec {shlex.join(command)} "$@"\n'


def _found(program: str) -> str:
    path = shutil.which(program)
    assert path, f"there is no {program}"
    return path

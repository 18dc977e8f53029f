"""Trailsearch's own Terraform, applied to the local cloud.

The product's ``.tf`` files know nothing of the local cloud: they are copied, and an override file beside the
copies turns the provider to it (``overrides/local_override.tf``).
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.local_cloud.sealing import proxies
from tests.local_cloud.until_input_ends import until_input_ends
from trailsearch.cli.provider_mirror import cli_configuration

REPOSITORY = Path(__file__).parents[3]
OVERRIDES = Path(__file__).parent / "overrides"

# How a provider says where it listens.
_ATTACHED = re.compile("TF_REATTACH_PROVIDERS='(.*)'")

Report = Callable[[str, int, int], None]
"""Called with a resource's address, how many are done, and how many there are."""


def _beside(package: Path) -> Path:
    """Say where the package of the audit is: where the builder of both puts it."""
    return package.with_name(f"{package.stem}-audit{package.suffix}")


class TerraformFailed(RuntimeError):
    """Terraform ended with an error; the message is what it said."""


class Deployment:
    """One environment of Trailsearch in the local cloud."""

    def __init__(
        self,
        folder: Path,
        variables: Mapping[str, str],
        package: Path,
        settings: Mapping[str, Any] | None = None,
        var_file: str = "local.tfvars",
    ) -> None:
        """Take an empty folder to work in, the local cloud's environment variables, and the Lambda package.

        ``settings`` are Terraform variables, in place of or beside those of ``var_file``: ``overrides/local.tfvars``,
        or one of the product's, as ``environments/prod.tfvars``.
        """
        self._root = folder / "terraform"
        self._settings = dict(settings or {})
        # Of the time of Terraform and its provider a good part is spent on collecting garbage, unless they take more memory.
        # https://pkg.go.dev/runtime#hdr-Environment_Variables
        self._variables = {"GOGC": "400", **variables}
        self._arguments = [
            f"-var-file={var_file}",
            "-var-file=settings.tfvars.json",
            f"-var=package_path={package.resolve()}",
            f"-var=audit_package_path={_beside(package.resolve())}",
        ]
        if configuration := cli_configuration(REPOSITORY / "build" / "terraform.rc"):
            self._variables["TF_CLI_CONFIG_FILE"] = str(configuration)
        else:
            self._variables.pop("TF_CLI_CONFIG_FILE", None)
        # Of the caller: those of the local cloud have none.
        self._proxies = proxies(os.environ)

    def initialize(self) -> None:
        """Copy the configuration, with the override beside it, and initialize it."""
        shutil.copytree(
            REPOSITORY / "terraform",
            self._root,
            ignore=shutil.ignore_patterns(".terraform", "*.tfstate*", "tests"),
        )
        shutil.copytree(REPOSITORY / "statemachine", self._root.parent / "statemachine")
        for path in OVERRIDES.iterdir():
            shutil.copy(path, self._root)
        self.configure({})
        self._run("init", "-input=false", "-no-color", variables=self._proxies)

    @contextmanager
    def one_provider(self) -> Iterator[None]:
        """Let the commands of the ``with`` block share one process of the provider; before it, it is initialized.

        Terraform starts one anew for each step of a command, and hashes its 700 MB before, unless it is told of one that
        runs. That has a single configuration, and so each deployment has its own. Where it does not start, nothing is shared.
        https://developer.hashicorp.com/terraform/plugin/debugging
        """
        providers = self._root.glob(".terraform/providers/*/hashicorp/aws/*/*/terraform-provider-aws*")
        with subprocess.Popen(
            until_input_ends(str(next(providers)), "-debug"),
            env=self._variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            told = filter(None, map(_ATTACHED.search, process.stdout))
            try:
                if attached := next(told, None):
                    self._variables["TF_REATTACH_PROVIDERS"] = attached[1]
                yield
            finally:
                self._variables.pop("TF_REATTACH_PROVIDERS", None)
                process.stdin.close()

    def apply(self, report: Report) -> list[str]:
        """Apply the configuration; ``report`` hears of every resource that is done.

        Returns:
            The addresses of what was planned to change.
        """
        changed: list[str] = []
        planned = done = 0
        for event in self._stream(
            "apply", "-auto-approve", "-input=false", "-parallelism=30", *self._arguments
        ):
            match event:
                case {"type": "planned_change", "change": {"resource": {"addr": address}}}:
                    changed.append(address)
                case {"type": "change_summary", "changes": {"add": add, "operation": "plan"}}:
                    planned = add
                case {"type": "apply_complete", "hook": {"resource": {"addr": address}, "action": "create"}}:
                    done += 1
                    report(address, done, planned)
        return changed

    def planned_changes(self) -> list[str]:
        """Plan once more, and give the addresses of what would change: nothing, if all is well."""
        return [
            event["change"]["resource"]["addr"]
            for event in self._stream("plan", "-input=false", *self._arguments)
            if event["type"] == "planned_change"
        ]

    def configure(self, settings: Mapping[str, Any]) -> None:
        """Change the settings, from the next command on."""
        self._settings |= settings
        (self._root / "settings.tfvars.json").write_text(json.dumps(self._settings), encoding="utf-8")

    def destroy(self) -> None:
        """Destroy everything.

        Raises:
            TerraformFailed: it is refused, or something cannot be deleted.
        """
        for _ in self._stream(
            "destroy", "-auto-approve", "-input=false", "-parallelism=30", *self._arguments
        ):
            pass

    def outputs(self) -> dict[str, Any]:
        """The configuration's outputs."""
        return {name: output["value"] for name, output in self._state()["outputs"].items()}

    def resources(self) -> dict[str, dict[str, Any]]:
        """The values of everything that was made or read, by address."""
        return {address: instance["attributes"] for address, instance in self._instances()}

    def dependencies(self, address: str) -> set[str]:
        """The addresses, without keys, of all that a resource depends on, directly or not."""
        return set(dict(self._instances())[address].get("dependencies", ()))

    def _instances(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for resource in self._state()["resources"]:
            name = f"{resource['type']}.{resource['name']}"
            for instance in resource["instances"]:
                key = f"[{json.dumps(instance['index_key'])}]" if "index_key" in instance else ""
                yield ("data." if resource["mode"] == "data" else "") + name + key, instance

    def _state(self) -> Any:
        # As it lies there: to show it takes Terraform seconds of a core, for the provider's schema, and it is asked for again
        # and again. The format is of Terraform's own, and has been this one since 0.12.
        state = json.loads((self._root / "terraform.tfstate").read_bytes())
        assert state["version"] == 4, "Terraform writes its state in another format"
        return state

    def _run(self, *arguments: str, variables: Mapping[str, str] = MappingProxyType({})) -> str:
        done = subprocess.run(
            ["terraform", *arguments],
            cwd=self._root,
            env={**self._variables, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if done.returncode:
            raise TerraformFailed(done.stderr or done.stdout)
        return done.stdout

    def _stream(self, *arguments: str) -> Iterator[dict[str, Any]]:
        """Run a command that says what it does as JSON lines, and give those."""
        errors = []
        with subprocess.Popen(
            ["terraform", *arguments, "-json"],
            cwd=self._root,
            env=self._variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                event: dict[str, Any] = json.loads(line)
                if event["@level"] == "error":
                    errors.append(
                        f"{event['@message']}\n{event.get('diagnostic', {}).get('detail', '')}".strip()
                    )
                yield event
        if process.returncode:
            raise TerraformFailed(os.linesep.join(errors))

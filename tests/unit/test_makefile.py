"""What `make` hands to the commands that it runs."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

QUERIES = [
    "event_source:'sqs.amazonaws.com'",
    'raw:"$LATEST"',
    "actor:'$(ENV)' ${ENV} $$ $@",
    "(and a:'#' b:\"c\\d\")  ",
]

# In place of Terraform: outputs of which one is text and one a list, as `terraform output` prints them.
TERRAFORM = """#!/usr/bin/env bash
echo "$* (data in ${TF_DATA_DIR:-.terraform})" >> "$CALLS"
case "$*" in
  *" init "*) echo "Initializing the backend..." ;;
  *" output") echo "everything" ;;
  *" output -raw state_machine_url") printf "https://console" ;;
  *" output -json log_bucket_names") echo '["logs"]' ;;
  *) echo "No such output" >&2; exit 1 ;;
esac
"""


def make(
    folder: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the Makefile in a folder, as if the tools were installed."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", "-f", REPOSITORY / "Makefile", "-o", ".venv/ready", *arguments],
        cwd=folder,
        env={**variables, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )


def printed(name: str) -> str:
    """Have a command print a variable of its environment in place of what it does."""
    return f"PYTHON=printenv {name};:"


@pytest.mark.parametrize("name", ["QUERY", "REASON", "FACETS"])
@pytest.mark.parametrize("text", QUERIES)
def test_an_option_arrives_as_it_was_typed(tmp_path: Path, name: str, text: str) -> None:
    given = make(tmp_path, "search", printed(name), f"{name}={text}")
    from_environment = make(tmp_path, "search", printed(name), environment={name: text})
    assert (given.stdout, from_environment.stdout) == (f"{text}\n", f"{text}\n")


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({"AWS_REGION": "eu-central-1"}, "eu-central-1"),
        ({"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "us-east-1"}, "eu-central-1"),
        ({"AWS_DEFAULT_REGION": "us-west-2"}, "us-west-2"),
    ],
)
def test_the_region_is_the_one_that_the_aws_cli_would_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], region: str
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    done = make(tmp_path, "status", printed("AWS_DEFAULT_REGION"), environment=variables)
    assert done.stdout == f"{region}\n"


@pytest.mark.parametrize("target", ["search", "status", "verify", "dlq", "redrive", "preflight", "output"])
def test_without_a_local_cloud_it_says_how_to_get_one(tmp_path: Path, target: str) -> None:
    done = make(tmp_path, target, "ENV=local", "PYTHON=false")
    assert done.returncode != 0
    assert "make demo KEEP=1" in done.stderr


def test_what_needs_no_local_cloud_goes_without(tmp_path: Path) -> None:
    assert make(tmp_path, "help", "ENV=local").returncode == 0


def test_the_local_cloud_that_is_there_is_used(tmp_path: Path) -> None:
    kept = tmp_path / "build" / "demo"
    kept.mkdir(parents=True)
    (kept / "cloud.env").write_text("export AWS_ENDPOINT_URL = http://127.0.0.1:1\n")
    done = make(tmp_path, "status", "ENV=local", printed("AWS_ENDPOINT_URL"))
    assert done.stdout == "http://127.0.0.1:1\n"


class Terraform:
    """A folder with an environment ``dev``, and Terraform in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = folder / "calls"
        environments = folder / "terraform" / "environments"
        environments.mkdir(parents=True)
        (environments / "dev.tfvars").touch()
        (environments / "dev.s3.tfbackend").touch()
        program = folder / "bin" / "terraform"
        program.parent.mkdir()
        program.write_text(TERRAFORM)
        program.chmod(0o755)

    def output(
        self, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        variables = {"PATH": path, "CALLS": str(self.calls), **(environment or {})}
        return make(self.folder, "output", "PYTHON=:", *arguments, environment=variables)


@pytest.fixture
def terraform(tmp_path: Path) -> Terraform:
    return Terraform(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "everything\n"),
        (["NAME=state_machine_url"], "https://console\n"),
        (["NAME=log_bucket_names"], '["logs"]\n'),
    ],
)
def test_an_output_is_all_that_is_printed(
    terraform: Terraform, arguments: Sequence[str], expected: str
) -> None:
    done = terraform.output("ENV=dev", *arguments)
    assert (done.stdout, done.returncode) == (expected, 0)
    data = terraform.folder / "build" / "terraform" / "dev"
    first, *others = terraform.calls.read_text().splitlines()
    assert "-backend-config=environments/dev.s3.tfbackend" in first
    assert first.startswith("-chdir=terraform init ")
    for call in [first, *others]:
        assert call.endswith(f"(data in {data})")


def test_an_unknown_output_is_an_error(terraform: Terraform) -> None:
    done = terraform.output("ENV=dev", "NAME=nothing")
    assert (done.stdout, done.returncode) == ("", 2)
    assert "No such output" in done.stderr


def test_the_name_of_the_machine_is_no_output(terraform: Terraform) -> None:
    done = terraform.output("ENV=dev", environment={"NAME": "my-computer"})
    assert done.stdout == "everything\n"


def test_outputs_of_the_local_cloud_are_the_demos(terraform: Terraform) -> None:
    kept = terraform.folder / "build" / "demo"
    kept.mkdir(parents=True)
    (kept / "cloud.env").touch()
    done = terraform.output("ENV=local", "NAME=state_machine_url")
    assert done.stdout == "https://console\n"
    assert terraform.calls.read_text() == (
        "-chdir=build/demo/terraform output -raw state_machine_url (data in .terraform)\n"
    )


def test_an_unknown_environment_is_named(terraform: Terraform) -> None:
    done = terraform.output("ENV=nowhere")
    assert done.returncode != 0
    assert "There is no environment nowhere. There are: dev" in done.stderr


def planned(
    terraform: Terraform, target: str, *arguments: str, preflight: str = "true"
) -> tuple[int, list[str]]:
    """Make a target of an environment with all that it needs; give how it ended, and what was called, in order."""
    (terraform.folder / "terraform" / "environments" / "dev.tfvars").write_text(
        'search_backend = "opensearch"\n'
    )
    python = terraform.folder / "bin" / "python"
    python.write_text(
        f'#!/usr/bin/env bash\ncase "$*" in *.preflight*) echo "preflight" >> "$CALLS"; {preflight} ;; esac\n'
    )
    python.chmod(0o755)
    path = f"{terraform.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    variables = {"PATH": path, "CALLS": str(terraform.calls)}
    done = make(terraform.folder, target, "ENV=dev", f"PYTHON={python}", *arguments, environment=variables)
    calls = terraform.calls.read_text().splitlines() if terraform.calls.exists() else []
    return done.returncode, [call.removeprefix("-chdir=terraform ").split()[0] for call in calls]


@pytest.mark.parametrize("target", ["plan", "apply"])
def test_the_account_is_looked_into_before_anything_is_planned(terraform: Terraform, target: str) -> None:
    _, called = planned(terraform, target)
    assert called == ["preflight", "init", target]


@pytest.mark.parametrize("target", ["plan", "apply"])
def test_what_would_fail_is_not_planned(terraform: Terraform, target: str) -> None:
    code, called = planned(terraform, target, preflight="exit 1")
    assert (code, called) == (2, ["preflight"])


@pytest.mark.parametrize("target", ["plan", "apply"])
def test_whoever_knows_better_leaves_that_out(terraform: Terraform, target: str) -> None:
    _, called = planned(terraform, target, "PREFLIGHT=0")
    assert called == ["init", target]


def test_what_is_destroyed_needs_no_look(terraform: Terraform) -> None:
    _, called = planned(terraform, "destroy", preflight="exit 1")
    assert called == ["init", "destroy"]

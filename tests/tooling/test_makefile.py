"""What `make` hands to the commands that it runs."""

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.documentation.make_targets import options, targets
from tests.local_cloud.sealing import makefile, own_variables
from tests.unit.local_cloud.test_sealing import OF_A_CALLER

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
  *" output -json log_bucket_names") echo "A warning" >&2; echo '["logs"]' ;;
  *" output "*" nothing") printf 'Error: Output "nothing" not found\\n\\nThe output variable …' >&2; exit 1 ;;
  *) echo "No state" >&2; exit 1 ;;
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


@pytest.mark.parametrize("columns", [40, 60, 100, 200])
def test_help_breaks_no_word_that_a_terminal_has_room_for(columns: int) -> None:
    shown = shown_in_a_terminal(columns, "make", "help")
    told = " ".join(f"make {name} {text}" for name, text in targets().items())
    assert " ".join(shown.split()) == told
    for line in shown.splitlines():
        assert len(line) <= columns or len(line.split()) == 1, line


def shown_in_a_terminal(columns: int, *command: str) -> str:
    """Run a command in the repository, with a terminal of so many columns, and give what is shown there."""
    terminal, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    variables = {"PATH": os.environ["PATH"], "TERM": "xterm"}
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=end, stderr=end, env=variables)
    os.close(end)
    shown = b""
    # Linux says so, macOS gives nothing, where the last program has closed the other end.
    with contextlib.suppress(OSError):
        while some := os.read(terminal, 65_536):
            shown += some
    os.close(terminal)
    assert process.wait() == 0
    return shown.decode().replace("\r", "")


def target_of(name: str) -> str:
    """A target whose help names an option, or names some of its kind."""
    named = [target for target, text in targets().items() if re.search(rf"\b{name}=", text)]
    return (named or ["search"])[-1]


@pytest.mark.parametrize("name", ["QUERY", "REASON", "FACETS"])
@pytest.mark.parametrize("text", QUERIES)
def test_an_option_arrives_as_it_was_typed(tmp_path: Path, name: str, text: str) -> None:
    given = make(
        tmp_path, target_of(name), printed(name), f"{name}={text}", environment={name: "of the shell"}
    )
    assert given.stdout == f"{text}\n"


def test_what_the_shell_has_under_the_name_of_an_option_is_none(tmp_path: Path) -> None:
    of_the_shell = dict.fromkeys([*options(), "ENV"], "of the shell")
    done = make(tmp_path, "cost", "PYTHON=env;:", environment=of_the_shell)
    assert done.returncode == 0
    assert "=of the shell" not in done.stdout
    assert "ENV=dev" in done.stdout.splitlines()


def test_it_is_none_with_make_e_either(tmp_path: Path) -> None:
    done = make(tmp_path, "-e", "cost", "PYTHON=env;:", environment={"WINDOW": "0", "ENV": "prod"})
    assert not {"WINDOW=0", "ENV=prod"} & set(done.stdout.splitlines())


@pytest.mark.parametrize("name", options())
def test_every_option_that_is_typed_arrives(tmp_path: Path, name: str) -> None:
    path = f"{program_that_does_nothing(tmp_path, 'terraform')}{os.pathsep}{os.environ['PATH']}"
    # The tools that are not there are not what this is about.
    done = make(tmp_path, "-i", target_of(name), printed(name), f"{name}=typed", environment={"PATH": path})
    assert "typed" in done.stdout.splitlines()


def program_that_does_nothing(folder: Path, name: str) -> Path:
    """Put a program into a folder of programs, and give that."""
    program = folder / "bin" / name
    program.parent.mkdir(exist_ok=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return program.parent


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["dlq", "LIMT=2"], "make dlq has no option LIMT. It has ENV JSON KIND LIMIT REASON"),
        (["redrive", "SIZE=2"], "make redrive has no option SIZE. It has DRY_RUN ENV KIND LIMIT NO_WAIT"),
        (["apply", "env=prod"], "make apply has no option env. It has ENV PREFLIGHT"),
        (["plan", "PREFLIGT=0"], "make plan has no option PREFLIGT. It has ENV PREFLIGHT"),
        (["search", "WHT=PutObject"], "make search has no option WHT. It has "),
        (["ask", "Q=x", "WERE=y"], "make ask has no option WERE. It has "),
        (["cost", "EVNTS=3"], "make cost has no option EVNTS. It has BACKEND"),
        (["dlq", "cost", "SIZE=1"], "make dlq cost has no option SIZE. It has BACKEND"),
    ],
)
def test_what_is_no_option_is_refused_before_anything_is_done(
    tmp_path: Path, arguments: Sequence[str], said: str
) -> None:
    done = make(tmp_path, "PYTHON=echo called;:", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["cost", "dlq", "EVENTS=3", "LIMIT=2"],
        [
            "status",
            "AWS_PROFILE=mine",
            "AWS_REGION=eu-central-1",
            "HTTPS_PROXY=x",
            "https_proxy=x",
            "DEBUG=1",
        ],
        ["cost", "ENV=prod"],
        ["search", "NOT_WHAT=PutObject", "WHO=alice"],
        ["ask", "Q=x", "NOT_WHO=alice"],
        ["package", "PIP_INDEX_URL=x"],
    ],
)
def test_options_of_several_goals_and_what_programs_read_may_be_typed(
    tmp_path: Path, arguments: Sequence[str]
) -> None:
    assert make(tmp_path, "PYTHON=:", *arguments).returncode == 0


def test_what_the_caller_s_shell_has_is_not_typed(tmp_path: Path) -> None:
    assert make(tmp_path, "dlq", "PYTHON=:", environment={"LIMT": "2", "env": "prod"}).returncode == 0


@pytest.mark.parametrize("name", ["my env", "a;touch here", "$(touch here)", "`touch here`", '"', "'", "-x"])
@pytest.mark.parametrize("target", ["plan", "output"])
def test_nothing_in_the_name_of_an_environment_is_the_shell_s(
    terraform: "Terraform", target: str, name: str
) -> None:
    path = f"{terraform.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    variables = {"PATH": path, "CALLS": str(terraform.calls)}
    done = make(terraform.folder, target, f"ENV={name}", "PYTHON=:", environment=variables)
    assert done.returncode == 2
    assert f"There is no environment {name}. There are: dev" in done.stderr.splitlines()
    assert "bash:" not in done.stderr
    assert not (terraform.folder / "here").exists()


def test_the_options_of_the_commands_are_those_that_the_makefile_hands_on() -> None:
    told = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    asked = set(re.findall(r"\[([A-Z_]+)=", told)) | set(re.findall(r" ([A-Z_]+)= ", told))
    assert asked - {"ENV", "NAME", "PREFLIGHT"} <= set(options())


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


@pytest.mark.parametrize("target", ["search", "status", "verify", "dlq", "redrive", "preflight", "output"])
def test_a_local_cloud_that_has_ended_meanwhile_is_told(terraform: "Terraform", target: str) -> None:
    kept = terraform.folder / "build" / "demo"
    kept.mkdir(parents=True)
    (kept / "cloud.env").touch()
    # A process there is, by this number, and no local cloud.
    (kept / "cloud.pid").write_text(f"{os.getpid()}\n")
    path = f"{terraform.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = make(terraform.folder, target, "ENV=local", "PYTHON=false", environment={"PATH": path})
    assert done.returncode == 2
    assert "The local cloud that a demo left running has ended: make demo KEEP=1" in done.stderr


def test_nothing_of_the_caller_s_account_reaches_the_local_cloud_that_is_there(tmp_path: Path) -> None:
    kept = tmp_path / "build" / "demo"
    kept.mkdir(parents=True)
    own = own_variables("http://127.0.0.1:1", "us-east-1")
    (kept / "cloud.env").write_text(makefile(own), encoding="utf-8")
    done = make(
        tmp_path,
        "status",
        "ENV=local",
        "AWS_REGION=mine",
        "PYTHON=env;:",
        environment=dict.fromkeys(OF_A_CALLER, "mine"),
    )
    assert done.returncode == 0
    variables = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
    assert {name: variables.get(name) for name in own} == own
    assert [name for name in OF_A_CALLER if variables.get(name) == "mine"] == []


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


@pytest.mark.parametrize(("ends", "kept"), [("exit 0", False), ("exit 1", True)])
def test_what_a_demo_left_running_is_stopped_before_its_folder_is_deleted(
    tmp_path: Path, ends: str, *, kept: bool
) -> None:
    (tmp_path / "build" / "demo").mkdir(parents=True)
    (tmp_path / "build" / "demo.lock").touch()
    python = program_that_does_nothing(tmp_path, "python") / "python"
    python.write_text(f'#!/bin/sh\necho "$@" > called\n{ends}\n')
    done = make(tmp_path, "clean", "PYTHON=bin/python")
    assert (tmp_path / "called").read_text() == "-m tests.demo --stop\n"
    assert (done.returncode != 0, (tmp_path / "build").exists()) == (kept, kept)


def test_where_no_demo_was_nothing_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    assert make(tmp_path, "clean", "PYTHON=false").returncode == 0
    assert not (tmp_path / "build").exists()


def test_an_unknown_output_is_an_error(terraform: Terraform) -> None:
    done = terraform.output("ENV=dev", "NAME=nothing")
    assert (done.stdout, done.returncode) == ("", 2)
    said = [line for line in done.stderr.splitlines() if not line.startswith(("make: ", "find: "))]
    assert said == ["There is no output nothing. make output ENV=dev prints all."]


def test_what_else_terraform_says_of_an_output_is_told(terraform: Terraform) -> None:
    done = terraform.output("ENV=dev", "NAME=other")
    assert (done.stdout, done.returncode) == ("", 2)
    assert "No state" in done.stderr


@pytest.mark.parametrize("target", ["plan", "apply", "destroy"])
def test_the_local_cloud_is_the_demo_s_to_make(terraform: Terraform, target: str) -> None:
    path = f"{terraform.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = make(terraform.folder, target, "ENV=local", "PYTHON=false", environment={"PATH": path})
    assert done.returncode == 2
    assert "ENV=local is what make demo makes, and make demo-stop ends. There are: dev" in done.stderr


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


@pytest.mark.parametrize("target", ["plan", "apply", "destroy"])
@pytest.mark.parametrize("jobs", [[], ["-j4"]])
def test_an_unknown_environment_is_told_before_anything_is_built(
    terraform: Terraform, target: str, jobs: Sequence[str]
) -> None:
    path = f"{terraform.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = make(
        terraform.folder,
        target,
        *jobs,
        "ENV=nowhere",
        f"PYTHON=echo built >> {terraform.calls};:",
        environment={"PATH": path, "CALLS": str(terraform.calls)},
    )
    assert done.returncode != 0
    assert "There is no environment nowhere" in done.stderr
    assert not terraform.calls.exists()


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

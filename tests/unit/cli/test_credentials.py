"""Whatever is wrong with how a machine is configured for AWS: each command says it, in one line."""

import importlib
import os
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import trailsearch.cli
from tests.conftest import REPOSITORY
from tests.unit.cli.preflight.conftest import forget
from trailsearch.aws import clients
from trailsearch.cli.command import AwsCommand

CASE = REPOSITORY.parent / "shared" / "cases" / "08-credentials-traceback"
CONFIG = """\
[default]
region = eu-west-3

[profile no-program]
region = eu-west-3
credential_process = /nonexistent/cred-helper --json

[profile no-program-but-a-folder]
region = eu-west-3
credential_process = /

[profile no-json]
region = eu-west-3
credential_process = /bin/echo hello

[profile no-object]
region = eu-west-3
credential_process = /bin/echo []

[profile no-key]
region = eu-west-3
credential_process = /bin/echo '{"Version": 1}'

[profile no-time]
region = eu-west-3
credential_process = /bin/echo '{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "b", "Expiration": "soon"}'

[profile no-end]
region = eu-west-3
credential_process = /bin/echo 'hello

[profile says-much]
region = eu-west-3
credential_process = /bin/sh -c 'printf "token\\033[31m expired\\nlog in again\\n" >&2; exit 1'

[profile no-token]
region = eu-west-3
role_arn = arn:aws:iam::111111111111:role/x
web_identity_token_file = /nonexistent/token

[profile no-source]
region = eu-west-3
role_arn = arn:aws:iam::111111111111:role/x
source_profile = nobody

[profile no-login]
region = eu-west-3
sso_start_url = https://example.awsapps.com/start
sso_region = eu-west-3
sso_account_id = 111111111111
sso_role_name = reader
"""
PROFILES = {
    "no-program": "(credential_process): FileNotFoundError: [Errno 2] No such file or directory: '/nonexistent/cred-helper'",
    "no-program-but-a-folder": "(credential_process): PermissionError: ",
    "no-json": "(credential_process): JSONDecodeError: ",
    "no-object": "(credential_process): AttributeError: ",
    "no-key": "Missing required key in response: 'AccessKeyId'",
    "no-time": "(credential_process): ",
    "no-end": "(credential_process): ValueError: No closing quotation",
    "says-much": "custom-process: token\u241b[31m expired log in again",
    "no-token": "(web_identity_token_file, role_arn): FileNotFoundError: ",
    "no-source": "nobody",
    "no-login": "(sso_start_url): ",
    "nowhere": "The config profile (nowhere) could not be found",
}


def commands() -> dict[str, click.Command]:
    """The operator's commands that are about an environment, and so ask AWS."""
    modules = pkgutil.walk_packages(trailsearch.cli.__path__, "trailsearch.cli.")
    found = (each for module in modules for each in vars(importlib.import_module(module.name)).values())
    return {
        str(command.name): command
        for command in found
        if isinstance(command, click.Command)
        and any(option.name == "environment" for option in command.params)
    }


COMMANDS = commands()


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A machine with nothing but a configuration of AWS."""
    for name in os.environ:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("HOME", str(tmp_path))
    config = tmp_path / "config"
    config.write_text(CONFIG)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    forget()
    yield
    forget()


def said(command: str) -> str:
    """What a command says, in place of what it is for: one line."""
    result = CliRunner().invoke(COMMANDS[command], ["--env", "dev"], env={"Q": "old-tls"})
    assert (result.exit_code, type(result.exception)) == (1, SystemExit), result.output
    (line,) = result.output.splitlines()
    return line


def test_every_command_that_asks_aws_is_one_that_says_why_it_cannot() -> None:
    assert COMMANDS.keys() >= {"search", "status", "dlq", "redrive", "preflight"}
    assert {name for name, command in COMMANDS.items() if not isinstance(command, AwsCommand)} == set()


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("profile", ["no-program", "no-token", "nowhere"])
def test_a_profile_without_credentials_is_said_by_every_command(
    monkeypatch: pytest.MonkeyPatch, command: str, profile: str
) -> None:
    monkeypatch.setenv("AWS_PROFILE", profile)
    assert said(command).startswith(f"Error: AWS cannot be asked. No credentials of the profile {profile}")


@pytest.mark.parametrize(("profile", "reason"), PROFILES.items())
def test_it_says_what_is_wrong_with_the_profile(
    monkeypatch: pytest.MonkeyPatch, profile: str, reason: str
) -> None:
    monkeypatch.setenv("AWS_PROFILE", profile)
    assert reason in said("status")


@pytest.mark.parametrize("command", COMMANDS)
def test_without_credentials_every_command_says_so(command: str) -> None:
    assert said(command) == "Error: AWS cannot be asked. No credentials: Unable to locate credentials"


def test_what_is_no_configuration_is_said(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("no section")
    assert "config" in said("status")


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - {"preflight"}))
def test_without_a_region_every_command_says_how_to_name_one(
    monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    assert said(command) == (
        "Error: AWS cannot be asked. No Region: set AWS_REGION, or region in the profile"
    )


def test_an_endpoint_that_is_none_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost")
    assert "Invalid endpoint: localhost" in said("status")


def test_credentials_that_are_there_are_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = '{"Version": 1, "AccessKeyId": "key", "SecretAccessKey": "secret"}'
    (tmp_path / "config").write_text(
        f"[profile given]\nregion = eu-west-3\ncredential_process = /bin/echo '{given}'\n"
    )
    monkeypatch.setenv("AWS_PROFILE", "given")
    assert clients.own_region() == "eu-west-3"
    assert clients.sqs().meta.region_name == "eu-west-3"


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("profile", ["proc", "procbad", "web"])
def test_the_cases_that_were_tracebacks_are_lines(
    monkeypatch: pytest.MonkeyPatch, command: str, profile: str
) -> None:
    if not CASE.is_dir():
        pytest.skip("needs the case beside the repository")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(CASE / "config"))
    monkeypatch.setenv("AWS_PROFILE", profile)
    assert said(command).startswith("Error: ")

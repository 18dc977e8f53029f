import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from trailsearch.cli import provider_mirror as module
from trailsearch.cli.provider_mirror import (
    cli_configuration,
    configuration,
    find_mirror,
    mirror_of,
    provider_mirror,
)


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without a configuration of Terraform's, whose registry cannot be reached, without a mirror."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("TF_CLI_CONFIG_FILE", raising=False)
    monkeypatch.delenv("TF_PLUGIN_DIR", raising=False)
    monkeypatch.setattr(module, "registry_answers", lambda: False)
    monkeypatch.setattr(module, "find_mirror", lambda: None)


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A mirror on the machine, in a folder whose name wants quoting."""
    folder = tmp_path / 'a "mirror"'
    folder.mkdir()
    monkeypatch.setattr(module, "find_mirror", lambda: folder)
    return folder


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "build" / "terraform.rc"


def fail(what: str) -> Callable[[], bool]:
    def called() -> bool:
        raise AssertionError(what)

    return called


def test_where_there_is_no_mirror_none_is_used(target: Path) -> None:
    assert cli_configuration(target) is None
    assert not target.exists()


def test_a_mirror_is_used_where_the_registry_cannot_be_reached(target: Path, mirror: Path) -> None:
    assert cli_configuration(target) == target
    assert mirror_of(target) == mirror


def test_where_the_registry_answers_no_mirror_is_used(
    target: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "registry_answers", lambda: True)
    assert cli_configuration(target) is None


def test_a_mirror_is_looked_for_once(target: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli_configuration(target)
    monkeypatch.setattr(module, "registry_answers", fail("The registry is asked again"))
    monkeypatch.setattr(module, "find_mirror", fail("The disk is searched again"))
    assert cli_configuration(target) == target


def test_a_mirror_that_is_gone_is_looked_for_again(target: Path, mirror: Path, tmp_path: Path) -> None:
    target.parent.mkdir()
    target.write_text(configuration(tmp_path / "gone"), encoding="utf-8")
    assert cli_configuration(target) == target
    assert mirror_of(target) == mirror


def test_a_mirror_that_is_named_is_used_even_where_the_registry_answers(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "registry_answers", lambda: True)
    monkeypatch.setenv("TF_PLUGIN_DIR", str(tmp_path / "named"))
    assert cli_configuration(target) == target
    assert mirror_of(target) == tmp_path / "named"


@pytest.mark.parametrize("how", ["TF_CLI_CONFIG_FILE", "~/.terraformrc"])
def test_a_configuration_of_the_users_own_comes_first(
    target: Path, mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    own = tmp_path / "home" / ".terraformrc" if "~" in how else tmp_path / "own.rc"
    own.touch()
    if "~" not in how:
        monkeypatch.setenv(how, str(own))
    assert cli_configuration(target) == own
    assert not target.exists()


def test_the_path_is_all_that_is_printed(target: Path, mirror: Path) -> None:
    assert CliRunner().invoke(provider_mirror, [str(target)]).output == f"{target}\n"


def test_nothing_is_printed_where_terraform_needs_nothing(target: Path) -> None:
    assert CliRunner().invoke(provider_mirror, [str(target)]).output == "\n"


def test_the_configuration_installs_every_provider_from_the_mirror(mirror: Path) -> None:
    assert configuration(mirror).split() == [
        *("provider_installation", "{", "filesystem_mirror", "{"),
        *("path", "=", '"' + str(mirror.parent) + "/a", '\\"mirror\\""'),
        *("}", "}"),
    ]


PLUGIN = "registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64/terraform-provider-aws_v5.100.0_x5"


# What is found is made up: a folder laid out as a mirror would be found by whatever else runs on this machine.
@pytest.mark.parametrize(
    ("found", "mirror"),
    [
        ([], None),
        ([f"/usr/plugins/{PLUGIN}"], Path("/usr/plugins")),
        ([f"/a/{PLUGIN}", f"/b/{PLUGIN.replace('100', '99')}"], Path("/a")),
    ],
)
def test_a_folder_laid_out_as_a_mirror_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, found: list[str], mirror: Path | None
) -> None:
    stand_in(monkeypatch, tmp_path, "".join(f"echo {each}\n" for each in found))
    assert find_mirror() == mirror


def test_the_rest_of_the_disk_is_left_alone_once_a_mirror_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in(monkeypatch, tmp_path, f"echo /a/{PLUGIN}\nexec sleep 600\n")
    began = time.monotonic()
    assert find_mirror() == Path("/a")
    assert time.monotonic() - began < 300


def test_the_whole_disk_is_searched_last_and_only_if_need_be(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = f'echo "$1" >> "{tmp_path}/searched"\n[ "$1" != {{}} ] || echo /a/{PLUGIN}\n'
    stand_in(monkeypatch, tmp_path, script.format("/usr/local"))
    assert find_mirror() == Path("/a")
    assert (tmp_path / "searched").read_text(encoding="utf-8").split() == ["/opt", "/usr/local"]
    (tmp_path / "searched").unlink()
    stand_in(monkeypatch, tmp_path, script.format("nowhere"))
    assert find_mirror() is None
    assert (tmp_path / "searched").read_text(encoding="utf-8").split()[-1] == "/"


def stand_in(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """A program in place of `find`."""
    program = folder / "bin" / "find"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\n{script}", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")

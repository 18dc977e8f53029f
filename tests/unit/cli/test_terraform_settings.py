import json
from pathlib import Path
from typing import Any

import pytest

from trailsearch.cli.terraform_settings import SettingsUnreadable, environments, load, variables

DECLARED = """\
variable "region" {
  type = string
}

variable "retention" {
  type    = number
  default = null
}

variable "topics" {
  type    = list(string)
  default = []
}

variable "concurrency" {
  type    = map(number)
  default = { fetch = 1 }
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "variables.tf").write_text(DECLARED)
    (tmp_path / "environments").mkdir()
    return tmp_path


def settings(folder: Path, text: str = "", name: str = "dev.tfvars") -> dict[str, Any]:
    var_file = folder / "environments" / name
    var_file.write_text(text)
    load.cache_clear()
    return variables(folder, [var_file])


def test_what_is_not_set_is_as_it_is_declared(folder: Path) -> None:
    assert settings(folder) == {"retention": None, "topics": [], "concurrency": {"fetch": 1}}


def test_what_is_set_counts(folder: Path) -> None:
    text = 'region = "eu-west-3" # here\nretention = 30\ntopics = ["a", "b"]\nconcurrency = { index_batch = 8 }\n'
    assert settings(folder, text) == {
        "region": "eu-west-3",
        "retention": 30,
        "topics": ["a", "b"],
        "concurrency": {"index_batch": 8},
    }


def test_json_is_read_as_well(folder: Path) -> None:
    assert settings(folder, json.dumps({"topics": ["a"]}), "dev.tfvars.json")["topics"] == ["a"]


def test_what_comes_later_goes_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def regions(text: str = "") -> Any:
        return settings(folder, text).get("region")

    monkeypatch.setenv("TF_VAR_region", "of-the-environment")
    monkeypatch.setenv("TF_VAR_nothing", "unknown")
    assert regions() == "of-the-environment"
    (folder / "terraform.tfvars").write_text('region = "of-all"\n')
    assert regions() == "of-all"
    (folder / "b.auto.tfvars").write_text('region = "automatic"\n')
    (folder / "a.auto.tfvars").write_text('region = "earlier"\n')
    assert regions() == "automatic"
    assert regions('region = "named"\n') == "named"


def test_an_environment_variable_is_a_text_or_hcl_as_it_is_declared(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_VAR_region", "[eu-west-3]")
    monkeypatch.setenv("TF_VAR_topics", '["a", "b"]')
    monkeypatch.setenv("TF_VAR_retention", "30")
    found = settings(folder)
    assert (found["region"], found["topics"], found["retention"]) == ("[eu-west-3]", ["a", "b"], 30)


def test_what_is_no_hcl_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsUnreadable, match=r"dev\.tfvars is no HCL: "):
        settings(folder, "region = = 5")
    with pytest.raises(SettingsUnreadable, match=r"dev\.tfvars\.json cannot be read: "):
        settings(folder, "{", "dev.tfvars.json")
    with pytest.raises(SettingsUnreadable, match="No such file"):
        variables(folder, [folder / "prod.tfvars"])
    monkeypatch.setenv("TF_VAR_topics", "[")
    with pytest.raises(SettingsUnreadable, match="TF_VAR_… is no HCL"):
        settings(folder)


def test_environments_are_those_with_settings(folder: Path) -> None:
    for name in ("prod", "dev", "audit"):
        (folder / "environments" / f"{name}.tfvars").touch()
    assert environments(folder) == ["dev", "prod", "audit"]

"""Read Terraform's own files: what an environment is set to, without Terraform."""

import json
import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import hcl2
from hcl2 import SerializationOptions
from lark.exceptions import LarkError

from trailsearch.cli.console import CommandFailed

TERRAFORM = Path(__file__).parents[3] / "terraform"

_HCL = SerializationOptions(strip_string_quotes=True, with_comments=False, explicit_blocks=False)


class SettingsUnreadable(CommandFailed):
    """There is no such file, or it is no HCL; says which."""


def environments(folder: Path = TERRAFORM) -> list[str]:
    """Give the names of all environments, the cheapest to run first."""
    names = {path.stem for path in (folder / "environments").glob("*.tfvars")}
    usual = ["dev", "staging", "prod"]
    return [name for name in usual if name in names] + sorted(names.difference(usual))


# Parsing takes a while, and all environments share the variables. Nothing changes what is given.
@cache
def load(path: Path) -> dict[str, Any]:
    """Read a file of HCL, or of JSON if its name says so.

    Raises:
        SettingsUnreadable: it is not there, or is neither.
    """
    try:
        text = path.read_text()
        loaded: dict[str, Any] = (
            json.loads(text) if path.suffix == ".json" else hcl2.loads(text, serialization_options=_HCL)
        )
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise SettingsUnreadable(f"{path} cannot be read: {error}") from error
    except LarkError as error:
        raise SettingsUnreadable(f"{path} is no HCL: {str(error).splitlines()[0]}") from error
    return loaded


def defaults(folder: Path = TERRAFORM) -> dict[str, Any]:
    """Give the default of each variable that has one."""
    return {
        name: None if block["default"] == "null" else block["default"]
        for name, block in _declared(folder).items()
        if "default" in block
    }


def variables(folder: Path, var_files: Sequence[Path]) -> dict[str, Any]:
    """Give the values of all variables, as Terraform takes them when it is called with ``-var-file``.

    What comes later counts: defaults, the environment (``TF_VAR_<name>``), ``terraform.tfvars``, ``*.auto.tfvars``, the
    files that are named (https://developer.hashicorp.com/terraform/language/values/variables).

    Raises:
        SettingsUnreadable: a file is not there, or is no HCL.
    """
    own = [path for path in (folder / "terraform.tfvars", folder / "terraform.tfvars.json") if path.is_file()]
    automatic = sorted((*folder.glob("*.auto.tfvars"), *folder.glob("*.auto.tfvars.json")))
    values = defaults(folder) | _of_environment(_declared(folder))
    for path in (*own, *automatic, *var_files):
        values |= load(path)
    return values


def _declared(folder: Path) -> dict[str, Mapping[str, Any]]:
    declared = load(folder / "variables.tf")["variable"]
    return {name.strip('"'): block for each in declared for name, block in each.items()}


def _of_environment(declared: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Give what the environment sets: a text as it is, all else as HCL."""
    given = {name: os.environ[f"TF_VAR_{name}"] for name in declared if f"TF_VAR_{name}" in os.environ}
    texts = {name for name in given if declared[name].get("type") == "string"}
    try:
        return {
            name: text
            if name in texts
            else hcl2.loads(f"{name} = {text}\n", serialization_options=_HCL)[name]
            for name, text in given.items()
        }
    except LarkError as error:
        raise SettingsUnreadable(f"TF_VAR_… is no HCL: {str(error).splitlines()[0]}") from error

"""Read what the cost model is given: settings from Terraform's own files, prices, assumptions, and what was measured."""

import json
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import hcl2
import msgspec
from hcl2 import SerializationOptions

from trailsearch.cli.cost.inputs import Assumptions, CostUnknown, Measured, Price, Settings, States
from trailsearch.cli.cost.model import FUNCTIONS

REPOSITORY = Path(__file__).parents[4]
TERRAFORM = REPOSITORY / "terraform"
DEFINITION_FILE = REPOSITORY / "statemachine" / "index_logs.asl.json"
PRICES_FILE, ASSUMPTIONS_FILE, MEASURED_FILE = (
    Path(__file__).parent / "tables" / f"{name}.toml" for name in ("prices", "assumptions", "measured")
)

# Where an execution goes at a Choice state while nothing fails and no dead letter is redriven; else by its default.
_CHOICES = {"Records To Split?": "Split Records"}
_HCL = SerializationOptions(strip_string_quotes=True, with_comments=False, explicit_blocks=False)


def environments() -> list[str]:
    """Give the names of all environments, the cheapest to run first."""
    names = {path.stem for path in (TERRAFORM / "environments").glob("*.tfvars")}
    usual = ["dev", "staging", "prod"]
    return [name for name in usual if name in names] + sorted(names.difference(usual))


def read_settings(environment: str, folder: Path = TERRAFORM) -> Settings:
    """Read an environment's settings: its tfvars, the defaults of the variables, and what the resources fix.

    Raises:
        CostUnknown: there is no such environment, or Terraform's files have changed their form.
    """
    var_file = folder / "environments" / f"{environment}.tfvars"
    if not var_file.is_file():
        raise CostUnknown(f"There is no environment {environment}. There are: {', '.join(environments())}")
    try:
        variables = _defaults(folder) | _load(var_file)
        constants = _locals(folder / "functions.tf")
        functions = constants["functions"]
        machine = _resource(folder / "workflow.tf", "aws_sfn_state_machine", "index_logs")
        return msgspec.convert(
            {name: variables[name] for name in Settings.__struct_fields__ if name in variables}
            | {
                "memory_mb": {name: variables["function_memory_mb"][name] for name in FUNCTIONS},
                "storage_mb": {name: functions[name]["storage_mb"] for name in FUNCTIONS},
                "staged_days": constants["soon_days"],
                "workflow_logged": machine["logging_configuration"][0]["level"] == "ALL",
                "traced": machine["tracing_configuration"][0]["enabled"],
            },
            Settings,
        )
    except (KeyError, IndexError, TypeError, msgspec.ValidationError) as error:
        raise CostUnknown(f"{folder} does not say what the cost model needs: {error!r}") from error


# Parsing takes seconds, and all environments share the variables. Nothing changes what is given.
@cache
def _load(path: Path) -> dict[str, Any]:
    with path.open() as file:
        loaded: dict[str, Any] = hcl2.load(file, serialization_options=_HCL)
    return loaded


def _locals(path: Path) -> dict[str, Any]:
    return {name: value for block in _load(path)["locals"] for name, value in block.items()}


def _defaults(folder: Path) -> dict[str, Any]:
    declared = _load(folder / "variables.tf")["variable"]
    return {
        name.strip('"'): None if block["default"] == "null" else block["default"]
        for each in declared
        for name, block in each.items()
        if "default" in block
    }


def _resource(path: Path, kind: str, name: str) -> dict[str, Any]:
    (found,) = (each[kind][name] for each in _load(path)["resource"] if kind in each and name in each[kind])
    resource: dict[str, Any] = found
    return resource


def read_states(path: Path = DEFINITION_FILE) -> States:
    """Follow an execution through the state machine, and count the states that it enters."""
    return follow(json.loads(path.read_text()))


def follow(machine: Mapping[str, Any]) -> States:
    """Count the states that an execution enters while nothing fails.

    Step Functions counts a transition for each state that is entered, in each iteration of a Map too, and none for
    starting or ending (https://aws.amazon.com/step-functions/pricing/).
    """
    per_execution = per_batch = 0
    name: str | None = machine["StartAt"]
    while name is not None:
        per_execution += 1
        state = machine["States"][name]
        if state["Type"] == "Map":
            per_batch += follow(state["ItemProcessor"]).per_execution
        name = _CHOICES.get(name, state["Default"]) if state["Type"] == "Choice" else state.get("Next")
    return States(per_execution, per_batch)


def read_prices(path: Path = PRICES_FILE) -> dict[str, Price]:
    """Read the price table, by the name of each price."""
    return msgspec.convert(tomllib.loads(path.read_text())["prices"], dict[str, Price])


def read_assumptions(path: Path = ASSUMPTIONS_FILE) -> Assumptions:
    """Read what is assumed."""
    return msgspec.convert(tomllib.loads(path.read_text()), Assumptions)


def read_measured(path: Path = MEASURED_FILE) -> Measured:
    """Read what was measured."""
    return msgspec.convert(tomllib.loads(path.read_text()), Measured)

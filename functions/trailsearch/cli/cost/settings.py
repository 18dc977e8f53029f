"""Read what the cost model is given: settings from Terraform's own files, prices, assumptions, and what was measured."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from trailsearch.cli.cost.inputs import Assumptions, CostUnknown, Measured, Price, Settings, States
from trailsearch.cli.cost.model import FUNCTIONS
from trailsearch.cli.terraform_settings import TERRAFORM, defaults, environments, load

DEFINITION_FILE, BACKFILL_FILE = (
    TERRAFORM.parent / "statemachine" / f"{name}.asl.json" for name in ("index_logs", "backfill")
)
PRICES_FILE, ASSUMPTIONS_FILE, MEASURED_FILE = (
    Path(__file__).parent / "tables" / f"{name}.toml" for name in ("prices", "assumptions", "measured")
)

# Where an execution goes at a Choice state while nothing fails and no dead letter is redriven; else by its default.
_CHOICES = {"Records To Split?": "Split Records"}


def read_settings(environment: str, folder: Path = TERRAFORM) -> Settings:
    """Read an environment's settings: its tfvars, the defaults of the variables, and what the resources fix.

    Raises:
        CostUnknown: there is no such environment, or Terraform's files have changed their form.
    """
    var_file = folder / "environments" / f"{environment}.tfvars"
    if not var_file.is_file():
        raise CostUnknown(f"There is no environment {environment}. There are: {', '.join(environments())}")
    try:
        variables = defaults(folder) | load(var_file)
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


def _locals(path: Path) -> dict[str, Any]:
    return {name: value for block in load(path)["locals"] for name, value in block.items()}


def _resource(path: Path, kind: str, name: str) -> dict[str, Any]:
    (found,) = (each[kind][name] for each in load(path)["resource"] if kind in each and name in each[kind])
    resource: dict[str, Any] = found
    return resource


def read_states(path: Path = DEFINITION_FILE) -> States:
    """Follow an execution through the state machine, and count the states that it enters."""
    return follow(json.loads(path.read_text(encoding="utf-8")))


def read_states_per_part(path: Path = BACKFILL_FILE) -> int:
    """Count the states of the state machine backfill that one part of it enters while nothing fails."""
    machine = json.loads(path.read_text(encoding="utf-8"))
    return follow(machine["States"]["Index Parts"]["ItemProcessor"]).per_execution


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
    return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8"))["prices"], dict[str, Price])


def read_assumptions(path: Path = ASSUMPTIONS_FILE) -> Assumptions:
    """Read what is assumed."""
    return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Assumptions)


def read_measured(path: Path = MEASURED_FILE) -> Measured:
    """Read what was measured."""
    return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Measured)

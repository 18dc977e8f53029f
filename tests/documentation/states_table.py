"""Every state of the workflow in a row of a table."""

from collections.abc import Mapping
from typing import Any

from tests.documentation.tables import code, escaped, table
from tests.workflow import definition
from tests.workflow.definition import State

_FUNCTION_NAME = f"trailsearch-{definition.ENVIRONMENT}-"


def states_table(machine: Mapping[str, Any]) -> str:
    """Give the table: the name of each state, its type, what it calls, and its comment."""
    rows = (
        [
            f"**{escaped(state.name)}**" + (f", in {escaped(state.map_state)}" if state.map_state else ""),
            state.fields["Type"],
            calls(state),
            escaped(state.fields["Comment"]),
        ]
        for state in definition.states(machine)
    )
    return table(["State", "Type", "Calls", "What it does, and what to look at"], rows)


def calls(state: State) -> str:
    """Give the function that a state invokes, linked, or else the operation that it calls; empty if it calls nothing."""
    resource: str = state.fields.get("Resource", "")
    if not resource.endswith(":lambda:invoke"):
        return code(resource.partition(":::")[2]) if resource else ""
    name: str = state.fields["Parameters"]["FunctionName"].partition(_FUNCTION_NAME)[2].replace("-", "_")
    return f"[{name}](../functions/{name}.py)"

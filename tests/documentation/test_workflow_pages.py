"""The drawings and the tables of the state machines hold what their definitions say, and nothing else."""

import re
from typing import Any

import pytest

from tests.documentation import pages, workflow_diagram
from tests.documentation.states_table import calls, states_table
from tests.workflow import definition

MACHINE = definition.load()
STATES = {state.name: state for state in definition.states(MACHINE)}


@pytest.fixture(params=definition.MACHINES)
def machine(request: pytest.FixtureRequest) -> dict[str, Any]:
    return definition.load(request.param)


@pytest.fixture
def drawn(machine: dict[str, Any]) -> workflow_diagram.Drawn:
    return workflow_diagram.read(workflow_diagram.draw(machine))


def states_of(machine: dict[str, Any]) -> dict[str, definition.State]:
    return {state.name: state for state in definition.states(machine)}


def test_every_state_is_drawn_in_its_map_and_with_the_shape_of_its_type(
    machine: dict[str, Any], drawn: workflow_diagram.Drawn
) -> None:
    states = states_of(machine)
    assert drawn.map_states == {name: state.map_state for name, state in states.items()}
    assert {name for name, types in drawn.types.items() if states[name].fields["Type"] not in types} == set()


def test_every_type_has_its_own_shape(drawn: workflow_diagram.Drawn) -> None:
    assert {name: len(types) for name, types in drawn.types.items() if len(types) != 1} == {}


def test_every_transition_is_an_edge_and_every_edge_a_transition(
    machine: dict[str, Any], drawn: workflow_diagram.Drawn
) -> None:
    transitions = [each for each in definition.transitions(machine) if each.field != "ItemProcessor"]
    assert sorted(drawn.edges) == sorted(
        (each.source, "-.->" if each.field.startswith("Catch") else "-->", each.target)
        for each in transitions
    )


def test_the_first_state_of_a_map_stands_first_in_it(
    machine: dict[str, Any], drawn: workflow_diagram.Drawn
) -> None:
    assert drawn.first == {
        each.source: each.target for each in definition.transitions(machine) if each.field == "ItemProcessor"
    }


def test_the_drawing_begins_where_the_machine_begins(
    machine: dict[str, Any], drawn: workflow_diagram.Drawn
) -> None:
    assert next(iter(drawn.map_states)) == machine["StartAt"]


def test_nodes_do_not_share_an_id(machine: dict[str, Any]) -> None:
    ids = re.findall(r'^ *(?:subgraph )?(\w+) ?[(\[{]+"', workflow_diagram.draw(machine), re.MULTILINE)
    assert len(ids) == len(set(ids)) == len(states_of(machine))
    assert "end" not in ids, "Mermaid ends a subgraph by it"


@pytest.mark.parametrize("line", ['a --> "b"', "click a call()", 'a["A"] --> b["B"]'])
def test_what_is_not_drawn_here_is_not_read(line: str) -> None:
    with pytest.raises(workflow_diagram.NotDrawn):
        workflow_diagram.read(f"```mermaid\nflowchart TB\n    {line}\n```\n")


def test_the_drawings_are_blocks_of_their_page() -> None:
    fences = [fence for fence in pages.fences(pages.read(pages.STATEMACHINE)) if fence.language == "mermaid"]
    assert [f"```mermaid\n{fence.text}```\n" for fence in fences] == [
        workflow_diagram.draw(definition.load(machine)) for machine in definition.MACHINES
    ]


def small_machine(**state: Any) -> dict[str, Any]:
    return {"StartAt": "B", "States": {"A": {"Type": "Succeed"}, "B": state}}


def test_a_catch_is_dashed_and_names_its_errors_unless_it_takes_all() -> None:
    catch = [{"ErrorEquals": ["X", "Y"], "Next": "A"}, {"ErrorEquals": ["States.ALL"], "Next": "A"}]
    drawing = workflow_diagram.draw(small_machine(Type="Task", Catch=catch))
    assert 'b -.->|"X, Y"| a\n' in drawing
    assert "b -.-> a\n" in drawing
    assert drawing.index('b["B"]') < drawing.index('a(["A"])')


def test_a_choice_says_what_it_looks_at() -> None:
    rules = [{"Or": [{"Variable": "$.x"}, {"Not": {"Variable": "$.y"}}, {"Variable": "$.x"}], "Next": "A"}]
    drawing = workflow_diagram.draw(small_machine(Type="Choice", Choices=rules, Default="A"))
    assert 'b -->|"$.x or $.y"| a\n' in drawing
    assert 'b -->|"else"| a\n' in drawing


def test_every_state_has_a_row_with_its_comment(machine: dict[str, Any]) -> None:
    states = states_of(machine)
    rows = states_table(machine).splitlines()[2:]
    assert [re.match(r"\| \*\*(.+?)\*\*", row)[1] for row in rows] == list(states)  # type: ignore[index]
    for row, state in zip(rows, states.values(), strict=True):
        assert state.fields["Comment"].partition("(")[0].strip() in row


def test_a_state_calls_its_function_or_a_service_or_nothing() -> None:
    assert calls(STATES["Take Message Apart"]) == "[fetch_logs](../functions/fetch_logs.py)"
    assert calls(STATES["Keep Batch"]) == "`aws-sdk:s3:deleteObjectTagging`"
    assert calls(STATES["Index Batches"]) == ""

"""The workflow as a Mermaid flowchart: drawn from the definition, and read again to be compared with it.

A Map state is a subgraph, in which the first state stands first. Where it goes by an error is dashed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from tests.workflow import definition
from tests.workflow.definition import State, Transition

# Shapes: https://mermaid.js.org/syntax/flowchart.html#node-shapes
_SHAPES = {
    "Task": ("[", "]"),
    "Choice": ("{{", "}}"),
    "Pass": ("(", ")"),
    "Wait": ("[[", "]]"),
    "Succeed": ("([", "])"),
    "Fail": ("([", "])"),
}
_CLASSES = {"Succeed": ":::good", "Fail": ":::bad"}
_STYLES = ("classDef good stroke:#2da44e,stroke-width:2px", "classDef bad stroke:#cf222e,stroke-width:2px")

_NODE = re.compile(r'(?P<id>\w+)(?P<shape>[(\[{]+)"(?P<name>[^"]+)"[)\]}]+(?::::(?P<class>\w+))?')
_SUBGRAPH = re.compile(r'subgraph (?P<id>\w+) \["(?P<name>[^"]+)"\]')
_EDGE = re.compile(r'(?P<source>\w+) (?P<arrow>-->|-\.->)(?:\|"(?P<label>[^"]+)"\|)? (?P<target>\w+)')


class Drawn(NamedTuple):
    """What a flowchart shows. ``types`` are as far as a shape tells them; ``map_states`` say in which Map a state is."""

    types: Mapping[str, frozenset[str]]
    map_states: Mapping[str, str | None]
    first: Mapping[str, str]
    edges: list[tuple[str, str, str]]


class NotDrawn(ValueError):
    """A line of a flowchart is none that this module draws."""


def draw(machine: Mapping[str, Any]) -> str:
    """Draw the workflow, in a fenced block as GitHub shows it."""
    edges = [_edge(machine, transition) for transition in _shown(machine)]
    lines = ["flowchart TB", *_indented([*_nodes(machine), *edges, *_STYLES])]
    return "\n".join(["```mermaid", *lines, "```", ""])


def read(flowchart: str) -> Drawn:
    """Read a flowchart that ``draw`` has drawn.

    Raises:
        NotDrawn: there is something else in it.
    """
    types: dict[str, frozenset[str]] = {}
    map_states: dict[str, str | None] = {}
    first: dict[str, str] = {}
    edges: list[tuple[str, str, str]] = []
    names: dict[str, str] = {}
    within: list[str] = []

    def node(match: re.Match[str], its_types: Iterable[str]) -> None:
        name = names[match["id"]] = match["name"]
        map_states[name] = within[-1] if within else None
        types[name] = frozenset(its_types)
        if within:
            first.setdefault(within[-1], name)

    for line in map(str.strip, flowchart.strip().splitlines()[2:-1]):
        if match := _NODE.fullmatch(line):
            style = f":::{match['class']}" if match["class"] else ""
            opening = match["shape"]
            node(
                match,
                [
                    kind
                    for kind, shape in _SHAPES.items()
                    if (shape[0], _CLASSES.get(kind, "")) == (opening, style)
                ],
            )
        elif match := _SUBGRAPH.fullmatch(line):
            node(match, ["Map"])
            within.append(match["name"])
        elif line == "end":
            within.pop()
        elif match := _EDGE.fullmatch(line):
            edges.append((names[match["source"]], match["arrow"], names[match["target"]]))
        elif line not in _STYLES:
            raise NotDrawn(line)
    return Drawn(types, map_states, first, edges)


def arrow(transition: Transition) -> str:
    """Give the arrow that stands for a transition."""
    return "-.->" if transition.field.startswith("Catch") else "-->"


def _nodes(machine: Mapping[str, Any]) -> Iterator[str]:
    """Give the lines of the states, each Map with what is in it; its first state comes first."""
    start = machine["StartAt"]
    for name in [start, *(name for name in machine["States"] if name != start)]:
        fields = machine["States"][name]
        if "ItemProcessor" in fields:
            yield f'subgraph {_id(name)} ["{name}"]'
            yield from _indented(_nodes(fields["ItemProcessor"]))
            yield "end"
        else:
            opening, closing = _SHAPES[fields["Type"]]
            yield f'{_id(name)}{opening}"{name}"{closing}{_CLASSES.get(fields["Type"], "")}'


def _shown(machine: Mapping[str, Any]) -> Iterator[Transition]:
    """Give the transitions that are edges: where a Map begins shows by what stands first in it."""
    return (each for each in definition.transitions(machine) if each.field != "ItemProcessor")


def _edge(machine: Mapping[str, Any], transition: Transition) -> str:
    label = _label(
        next(s for s in definition.states(machine) if s.name == transition.source), transition.field
    )
    shown = f'|"{label}"|' if label else ""
    return f"{_id(transition.source)} {arrow(transition)}{shown} {_id(transition.target)}"


def _label(state: State, field: str) -> str:
    """Say when: what a rule of a Choice looks at, and of errors which, if not all."""
    if field == "Default":
        return "else"
    rule_of = re.fullmatch(r"(Choices|Catch)\[(\d+)\]", field)
    if not rule_of:
        return ""
    rule = state.fields[rule_of[1]][int(rule_of[2])]
    if rule_of[1] == "Catch":
        return "" if rule["ErrorEquals"] == ["States.ALL"] else ", ".join(rule["ErrorEquals"])
    return " or ".join(dict.fromkeys(_variables([rule])))


def _variables(rules: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for rule in rules:
        if "Variable" in rule:
            yield rule["Variable"]
        yield from _variables([*rule.get("And", []), *rule.get("Or", []), *filter(None, [rule.get("Not")])])


def _id(name: str) -> str:
    return re.sub(r"\W+", "_", name.lower()).strip("_")


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"    {line}" for line in lines)

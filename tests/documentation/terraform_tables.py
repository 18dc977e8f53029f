"""The variables and outputs of ``terraform/``, as tables."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import hcl2
from hcl2 import SerializationOptions

from tests.conftest import REPOSITORY
from tests.documentation.tables import code, escaped, table

_HCL = SerializationOptions(strip_string_quotes=True, with_comments=False, explicit_blocks=False)
_INTERPOLATION = re.compile(r"\$\{([^}]*)\}")
_REFERENCE = re.compile(r"var\.(\w+)")
_REQUIRED = "*required*"


class Variable(NamedTuple):
    """A variable; ``rules`` is what Terraform says if a validation fails."""

    name: str
    type: str
    default: Any
    required: bool
    description: str
    rules: tuple[str, ...]


def variables() -> list[Variable]:
    """Give the variables, the required ones first, else in the order of their file."""
    found = [
        Variable(
            name,
            " ".join(fields["type"].removeprefix("${").removesuffix("}").split()),
            fields.get("default"),
            "default" not in fields,
            _text(fields["description"]),
            tuple(_text(validation["error_message"]) for validation in fields.get("validation", ())),
        )
        for name, fields in _blocks("variables.tf", "variable")
    ]
    return sorted(found, key=lambda variable: not variable.required)


def outputs() -> dict[str, str]:
    """Give the description of each output."""
    return {name: _text(fields["description"]) for name, fields in _blocks("outputs.tf", "output")}


def variables_table() -> str:
    """Give the table of the variables."""
    return table(
        ["Variable", "Type", "Default", "What it is, and what it must be"],
        (
            [
                code(variable.name),
                code(variable.type),
                _REQUIRED if variable.required else code(_as_hcl(variable.default)),
                "<br>".join(
                    [escaped(variable.description), *(f"*{escaped(rule)}*" for rule in _about(variable))]
                ),
            ]
            for variable in variables()
        ),
    )


def outputs_table() -> str:
    """Give the table of the outputs."""
    rows = ([code(name), escaped(description)] for name, description in outputs().items())
    return table(["Output", "What it is"], rows)


def _about(variable: Variable) -> Iterator[str]:
    """Give the rules in the words of a table, whose row has the name of the variable already."""
    for rule in variable.rules:
        yield re.sub(
            rf"^{variable.name}(?:: (\w)| (m)(?=ust ))", lambda match: (match[1] or match[2]).upper(), rule
        )


def _text(description: str) -> str:
    """Give a text in which other settings stand by their names, and what is reckoned from them as ``…``."""
    text = description.replace('\\"', '"').replace("${local.name}", "trailsearch")
    text = _INTERPOLATION.sub(
        lambda match: f"<{reference[1]}>" if (reference := _REFERENCE.fullmatch(match[1])) else "…", text
    )
    return " ".join(text.split())


def _as_hcl(value: Any) -> str:
    if isinstance(value, Mapping) and value:
        return f"{{ {', '.join(f'{key} = {_as_hcl(item)}' for key, item in value.items())} }}"
    return json.dumps(value)


@cache
def _blocks(file: str, kind: str) -> list[tuple[str, dict[str, Any]]]:
    # Parsing takes seconds.
    loaded = hcl2.loads(
        (REPOSITORY / "terraform" / file).read_text(encoding="utf-8"), serialization_options=_HCL
    )
    return [(name, fields) for block in loaded[kind] for name, fields in block.items()]

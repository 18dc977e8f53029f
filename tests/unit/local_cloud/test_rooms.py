"""The tables in the docstring of the local cloud tell what is in its folder."""

import re
from pathlib import Path
from typing import NamedTuple

import moto
import pytest

from tests import local_cloud

FOLDER = Path(*local_cloud.__path__)
MOTO = Path(*moto.__path__)


class Row(NamedTuple):
    service: str
    whose: str
    path: str


def tables() -> list[list[str]]:
    """The lines of each literal block, without their indentation."""
    assert local_cloud.__doc__
    blocks = re.findall(r"::\n\n((?:    .*\n)+)", local_cloud.__doc__)
    return [[line.removeprefix("    ") for line in block.splitlines()] for block in blocks]


def rows() -> list[Row]:
    """The rows of the services; a line that names none goes on with the service above it."""
    services, _ = tables()
    found: list[Row] = []
    service = whose = ""
    for line in services[2:]:
        name, *cells = re.split(r" {2,}", line)
        if name:
            service, whose, *cells = name, *cells
        found.append(Row(service, whose, cells[0] if cells else ""))
    return found


def entries(folder: Path) -> set[str]:
    """What is directly in a folder: modules, and folders with a slash at their end."""
    found = [path for path in folder.iterdir() if path.name not in {"__init__.py", "__pycache__"}]
    return {f"{path.name}/" if path.is_dir() else path.name for path in found}


def test_the_services_name_every_gap_and_every_service_of_ours_and_nothing_else() -> None:
    gaps = {path.relative_to(FOLDER).as_posix() for path in (FOLDER / "gaps").rglob("*.py")}
    ours = {f"services/{entry}" for entry in entries(FOLDER / "services")}
    named = [row.path for row in rows() if row.path]
    assert sorted(named) == sorted({path for path in gaps if not path.endswith("/__init__.py")} | ours)


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.service} {row.path}")
def test_what_is_added_to_a_service_is_found_by_its_name(row: Row) -> None:
    assert re.fullmatch(rf"((gaps|services)/{row.service}(/.*|\.py))?", row.path)


@pytest.mark.parametrize("service", sorted({row.service for row in rows()}))
def test_a_service_is_whose_the_table_says(service: str) -> None:
    (whose,) = {row.whose for row in rows() if row.service == service}
    rooms = [row.path.split("/")[0] for row in rows() if row.service == service]
    parts = {
        "moto's": (MOTO / service).is_dir(),
        "gaps": "gaps" in rooms,
        "ours": "services" in rooms,
    }
    assert whose.split(" + ") == [part for part, there in parts.items() if there]


def test_the_rooms_are_those_of_the_folder() -> None:
    _, rooms = tables()
    named = [line.split()[0] for line in rooms]
    assert sorted(named) == sorted(entries(FOLDER))

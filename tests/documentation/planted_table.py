"""The table of the bugs that are planted into the simulation, and the seeds that find them."""

from collections.abc import Mapping

from tests.documentation.tables import escaped, table
from tests.simulation.planted.hunt import Found


def planted_table(found: Mapping[str, Found]) -> str:
    """Give the table: what is wrong, what the simulation says of it, by which seed, after how many."""
    rows = ((escaped(bug), by.kind, f"`SEED={by.seed}`", f"{by.seed + 1:,}") for bug, by in found.items())
    return table(("Planted", "Found as", "By", "After seeds"), rows)

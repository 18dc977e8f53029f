"""The targets of the Makefile, as ``make help`` lists them."""

import re

from tests.conftest import REPOSITORY
from tests.documentation.tables import code, escaped, table

_TARGET = re.compile(r"^([a-z-]+):.*?## (.+)$", re.MULTILINE)


def targets() -> dict[str, str]:
    """Give what each target does, in the order of the Makefile."""
    return dict(_TARGET.findall((REPOSITORY / "Makefile").read_text(encoding="utf-8")))


def targets_table() -> str:
    """Give the table of all targets."""
    return table(
        ["Target", "What it does"],
        ([code(f"make {name}"), escaped(text)] for name, text in targets().items()),
    )

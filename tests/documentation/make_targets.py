"""The targets of the Makefile, as ``make help`` lists them."""

import re

from tests.conftest import REPOSITORY
from tests.documentation.tables import code, escaped, table

_TARGET = re.compile(r"^([a-z-]+):.*?## (.+)$", re.MULTILINE)
_OPTIONS = re.compile(r"^OPTIONS [:+]= (.+)$", re.MULTILINE)


def targets() -> dict[str, str]:
    """Give what each target does, in the order of the Makefile."""
    return dict(_TARGET.findall(_makefile()))


def options() -> list[str]:
    """Give the options of all targets, as the Makefile hands them on."""
    return [name for line in _OPTIONS.findall(_makefile()) for name in line.split()]


def targets_table() -> str:
    """Give the table of all targets."""
    return table(
        ["Target", "What it does"],
        ([code(f"make {name}"), escaped(text)] for name, text in targets().items()),
    )


def _makefile() -> str:
    return (REPOSITORY / "Makefile").read_text(encoding="utf-8")

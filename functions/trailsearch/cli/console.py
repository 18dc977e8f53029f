"""The console that the operator commands print to."""

import sys

from rich.console import Console

_WIDTH_OF_A_FILE = 120


def make_console() -> Console:
    """Make a console as wide as the terminal, or wide enough for tables where the output goes elsewhere."""
    return Console(width=None if sys.stdout.isatty() else _WIDTH_OF_A_FILE)

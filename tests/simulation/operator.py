"""The operator: the product's own command, with what it prints left out."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from functools import cache
from types import SimpleNamespace
from typing import Any, Self
from unittest.mock import patch

import click
from botocore.exceptions import BotoCoreError, ClientError

from trailsearch.cli.backfill import backfill, stop
from trailsearch.cli.console import CommandFailed
from trailsearch.cli.cost.settings import read_states_per_part
from trailsearch.cli.dead_letters import dead_letter_queue, dlq, redrive
from trailsearch.contracts.errors import TrailsearchError


class _Nothing:
    """Stands for a bar of progress."""

    def __init__(self, **_: Any) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def add_task(self, *_: Any, **__: Any) -> int:
        return 0

    def update(self, *_: Any, **__: Any) -> None:
        pass

    advance = update


# What a command says of what it did not expect (trailsearch/cli/command.py); that may be an answer of AWS, or an error of the code's
# own, too.
_NOT_FORESEEN = "(DEBUG=1 shows where)"
_OF_AWS_AND_OURS = (BotoCoreError, ClientError, TrailsearchError)


def _silent(*_: Any, **__: Any) -> None:
    pass


_CONSOLE = SimpleNamespace(print=_silent, status=lambda *_, **__: nullcontext(), is_terminal=False)


@contextmanager
def silent() -> Iterator[None]:
    """Let the commands print nothing, and leave the signals of this process alone."""
    with ExitStack() as stack:
        for module, name, value in (
            (redrive, "make_console", lambda: _CONSOLE),
            (redrive, "Progress", _Nothing),
            (redrive, "say", _silent),
            (backfill, "make_console", lambda: _CONSOLE),
            (backfill, "say", _silent),
            # As long as Terraform's files are as they are, they say the same.
            (backfill, "_settings", cache(backfill._settings)),
            (backfill, "_model", cache(backfill._model)),
            (backfill, "read_states_per_part", cache(read_states_per_part)),
            (stop, "make_console", lambda: _CONSOLE),
            (redrive, "print_letters", _silent),
            (dlq, "say", _silent),
            (dead_letter_queue, "deferred_interrupt", nullcontext),
        ):
            stack.enter_context(patch.object(module, name, value))
        yield


def run_redrive(environment: str, options: tuple[str, ...]) -> int:
    """Run ``make redrive``, and give its exit code."""
    return run_command(redrive.redrive, environment, *options)


def run_command(command: click.Command, environment: str, *options: str) -> int:
    """Run a command on an environment, and give its exit code.

    Raises:
        CommandFailed: it says so; whatever else it fails with and did not foresee is raised as it is.
    """
    try:
        command.main(["--env", environment, *options], prog_name=command.name, standalone_mode=False)
    except SystemExit as end:
        return int(end.code or 0)
    except CommandFailed as failed:
        cause = failed.__cause__
        if str(failed).endswith(_NOT_FORESEEN) and cause and not isinstance(cause, _OF_AWS_AND_OURS):
            raise cause from None
        raise
    return 0

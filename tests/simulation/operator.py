"""The operator: the product's own command, with what it prints left out."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any, Self
from unittest.mock import patch

from trailsearch.cli.dead_letters import dead_letter_queue, dlq, redrive


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
            (redrive, "print_letters", _silent),
            (dlq, "say", _silent),
            (dead_letter_queue, "deferred_interrupt", nullcontext),
        ):
            stack.enter_context(patch.object(module, name, value))
        yield


def run_redrive(environment: str, options: tuple[str, ...]) -> int:
    """Run ``make redrive``, and give its exit code."""
    try:
        redrive.redrive.main(["--env", environment, *options], prog_name="redrive", standalone_mode=False)
    except SystemExit as end:
        return int(end.code or 0)
    return 0

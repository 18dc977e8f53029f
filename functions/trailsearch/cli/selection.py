"""Which dead letters a command is about: the same options for listing them and for sending them back."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import click

from trailsearch.cli.dead_letter_queue import Received
from trailsearch.messages import Kind


class Selection(NamedTuple):
    """Filters; an empty one lets everything through."""

    kind: str | None
    reason: str | None
    limit: int | None

    @property
    def is_everything(self) -> bool:
        """Whether nothing is filtered."""
        return not (self.kind or self.reason or self.limit)

    def of(self, received: Sequence[Received]) -> list[Received]:
        """Select, keeping the order: the oldest failures first."""
        return [found for found in received if self._matches(found)][: self.limit or None]

    def _matches(self, found: Received) -> bool:
        letter = found.letter
        text = f"{letter.error} {letter.reason} {letter.subject}".lower()
        return self.kind in {None, letter.kind} and (not self.reason or self.reason.lower() in text)


def selecting(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command."""
    kinds = click.Choice([kind.value for kind in Kind])
    for option in (
        click.option(
            "--limit", envvar="LIMIT", type=click.IntRange(1), help="At most so many, oldest first."
        ),
        click.option("--reason", envvar="REASON", help="Only with this error, or this text in the reason."),
        click.option("--kind", envvar="KIND", type=kinds, help="Only of this kind."),
        click.option("--env", "environment", envvar="ENV", required=True, help="The environment, as dev."),
    ):
        command = option(command)
    return command

"""Which dead letters a command is about: the same options for listing them and for sending them back."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import click

from trailsearch.cli.dead_letters.dead_letter_queue import Received
from trailsearch.contracts.messages import Kind


class Selection(NamedTuple):
    """Filters; an empty one lets everything through. ``ids`` are those of messages; None lets all through."""

    kind: str | None
    reason: str | None
    limit: int | None
    ids: frozenset[str] | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing is filtered."""
        return not (self.kind or self.reason or self.limit) and self.ids is None

    def of_kind(self, received: Sequence[Received]) -> list[Received]:
        """Select by kind alone, which is known before AWS is asked about each letter."""
        return [found for found in received if self.kind in {None, found.letter.kind}]

    def of(self, received: Sequence[Received]) -> list[Received]:
        """Select, keeping the order: the oldest failures first."""
        return [found for found in self.of_kind(received) if self._matches(found)][: self.limit or None]

    def none_of(self, waiting: int) -> str:
        """Say that of so many that wait, none is selected."""
        filters = (("KIND", self.kind), ("REASON", self.reason))
        matched = " ".join(f"{name}={value}" for name, value in filters if value)
        return f"None of {waiting:,} that wait matches {matched}."

    def _matches(self, found: Received) -> bool:
        letter = found.letter
        if self.ids is not None and letter.message_id not in self.ids:
            return False
        text = f"{letter.error} {letter.reason} {letter.subject}".lower()
        return not self.reason or self.reason.lower() in text


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

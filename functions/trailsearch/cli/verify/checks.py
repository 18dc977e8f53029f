"""What is found of a deployment: rows of one table."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from trailsearch.contracts.errors import TrailsearchError


class State(StrEnum):
    """How a row of the table is."""

    WELL = "well"
    WRONG = "wrong"
    UNPROVEN = "unproven"
    """It could not be looked at, or not be tried: says why."""
    NOTHING_YET = "nothing yet"
    """Nothing has happened that would show it, and that is well."""


class Check(msgspec.Struct, frozen=True):
    """One row: what was looked at, how it is, and a sentence about it."""

    name: str
    state: State
    said: str


class Checks(list[Check]):
    """The rows, in the order in which they were found."""

    @property
    def well(self) -> bool:
        """Whether all is proven."""
        return all(check.state in {State.WELL, State.NOTHING_YET} for check in self)

    def add(self, name: str, state: State, said: str) -> None:
        """Add a row."""
        self.append(Check(name, state, said))

    def judge(
        self, name: str, wrong: Iterable[str | None], well: str, unproven: Iterable[str | None] = ()
    ) -> None:
        """Add a row that is well, unless there is something to say against it."""
        if faults := list(filter(None, wrong)):
            self.add(name, State.WRONG, "; ".join(faults))
        elif doubts := list(filter(None, unproven)):
            self.add(name, State.UNPROVEN, "; ".join(doubts))
        else:
            self.add(name, State.WELL, well)

    @contextmanager
    def unless_it_cannot_be_read(self, name: str) -> Iterator[None]:
        """Where AWS does not answer within the block, add a row that says so, and go on after it."""
        try:
            yield
        except (BotoCoreError, ClientError, TrailsearchError) as error:
            self.add(name, State.UNPROVEN, f"cannot be read: {error}")

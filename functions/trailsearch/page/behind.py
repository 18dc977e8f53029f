"""The deployed environment behind the page: the edge to AWS, by what the operator's commands are made of."""

import io
import threading
from collections.abc import Sequence
from typing import Any, Final, Protocol

import msgspec

from trailsearch.cli.console import Console
from trailsearch.cli.dead_letters.dead_letter_queue import Received, peek
from trailsearch.cli.dead_letters.dlq import looked_up_and_selected
from trailsearch.cli.dead_letters.redrive import Sent, aws_errors, move_all, send_selected
from trailsearch.cli.dead_letters.selection import Selection
from trailsearch.cli.environment import Environment
from trailsearch.cli.status.observe import Clients, make_clients, observe, read_queue
from trailsearch.cli.status.status import as_builtins, in_lines
from trailsearch.search.queries import SearchDomain

MOST_LETTERS: Final = 500
"""As many dead letters are shown: of each AWS is asked what became of it."""

_EVERYTHING: Final = Selection(kind=None, reason=None, limit=None)


class Behind(Protocol):
    """What the page shows, and does. Each method may raise what the operator's commands do: ``CommandFailed`` and AWS's."""

    @property
    def environment(self) -> str:
        """The name of the environment."""
        ...

    @property
    def backend(self) -> str:
        """The name of its search backend."""
        ...

    def domain(self) -> SearchDomain:
        """Give its search domain, to ask it. It can be asked by several threads."""
        ...

    def forget(self) -> None:
        """Look for the search domain again the next time: perhaps it is another one by now."""
        ...

    def waiting(self) -> int:
        """Count the logs that are announced and not indexed, about."""
        ...

    def status(self) -> dict[str, Any]:
        """Say what ``make status`` says: its JSON, and its ``lines``, each a name and what is said of it."""
        ...

    def dead_letters(self) -> dict[str, Any]:
        """Say how many dead letters are ``waiting``, and which: ``letters``, the oldest failure first."""
        ...

    def redrive(self, ids: Sequence[str] | None) -> dict[str, Any]:
        """Send dead letters back to the ingest queue, those with these ids, or all.

        Returns:
            How many were sent, ``redriven``, and ``notes``: sentences about those that were not.
        """
        ...


class Deployed:
    """An environment in the account and Region of the AWS credentials in use."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._domain: SearchDomain | None = None
        self._backend = ""
        # Clients are made by one thread at a time: it is not thread-safe.
        self._making = threading.Lock()
        self._clients: Clients | None = None
        # Two that read the queue at once would hide from each other what waits.
        self._reading = threading.Lock()

    @property
    def environment(self) -> str:
        """The name of the environment."""
        return self._environment.environment

    @property
    def backend(self) -> str:
        """The name of its search backend.

        Raises:
            EnvironmentNotFound: it has no search domain.
        """
        self.domain()
        return self._backend

    def domain(self) -> SearchDomain:
        """Give its search domain, to ask it.

        Raises:
            EnvironmentNotFound: it has none, or none that can be asked yet.
        """
        with self._making:
            if self._domain is None:
                found = self._environment.deployed_search_domain()
                self._domain, self._backend = self._environment.asked(found), found.name
            return self._domain

    def forget(self) -> None:
        """Look for the search domain again the next time."""
        with self._making:
            self._domain = None

    def waiting(self) -> int:
        """Count the logs that are announced and not indexed, about."""
        return read_queue(self._made().sqs, self._environment.ingest_queue_name).messages

    def status(self) -> dict[str, Any]:
        """Say what ``make status`` says."""
        observed = observe(self._environment, self._made())
        return as_builtins(observed) | {"lines": [[*each] for each in in_lines(observed)]}

    def dead_letters(self) -> dict[str, Any]:
        """Say what waits in the dead-letter queue, and why."""
        with self._making:
            queue = self._environment.dead_letter_queue()
        with self._reading, aws_errors():
            with peek(queue) as received:
                pass
            selection = _EVERYTHING._replace(limit=MOST_LETTERS)
            letters = [_as_object(each) for each in looked_up_and_selected(selection, received)]
        return {"waiting": len(received), "letters": letters}

    def redrive(self, ids: Sequence[str] | None) -> dict[str, Any]:
        """Send dead letters back to the ingest queue."""
        with self._making:
            source, target = self._environment.dead_letter_queue(), self._environment.ingest_queue()
        # What the command would show while it works.
        console = Console(file=io.StringIO())
        with self._reading, aws_errors():
            if ids is None:
                sent = move_all(source, target, console)
            else:
                sent = send_selected(_EVERYTHING._replace(ids=frozenset(ids)), source, target, console)
        return {"redriven": sent.messages, "notes": [*_notes(sent, ids)]}

    def _made(self) -> Clients:
        with self._making:
            if self._clients is None:
                self._clients = make_clients()
            return self._clients


def _as_object(received: Received) -> dict[str, Any]:
    letter: dict[str, Any] = msgspec.to_builtins(received.letter)
    return letter | {"id": received.letter.message_id}


def _notes(sent: Sent, ids: Sequence[str] | None) -> list[str]:
    notes = []
    if sent.left:
        notes.append(f"SQS did not take {sent.left:,}; they are still waiting.")
    if sent.copies:
        notes.append(sent.of_copies)
    if ids is not None and (gone := len({*ids} - sent.seen)):
        notes.append(f"{gone:,} of those chosen {'is' if gone == 1 else 'are'} not there any more.")
    return notes

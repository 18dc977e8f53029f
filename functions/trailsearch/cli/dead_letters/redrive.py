"""Send what waits in the dead-letter queue back to the ingest queue, and say what became of it."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

import click
from botocore.exceptions import BotoCoreError, ClientError
from rich.progress import Progress

from trailsearch.aws import clients
from trailsearch.cli.command import AwsCommand
from trailsearch.cli.console import CommandFailed, Console, make_console, say
from trailsearch.cli.dead_letters.caused_executions import CausedExecutions
from trailsearch.cli.dead_letters.dead_letter_queue import (
    HIDDEN_SECONDS,
    Received,
    delete,
    divide,
    peek,
    queue_state,
    send_back,
)
from trailsearch.cli.dead_letters.dlq import (
    looked_up,
    looked_up_and_selected,
    print_letters,
    say_what_is_not_seen,
)
from trailsearch.cli.dead_letters.idle import NotIdle, wait_until_idle
from trailsearch.cli.dead_letters.move_task import MoveTaskRefused, move
from trailsearch.cli.dead_letters.selection import Selection, selecting
from trailsearch.cli.environment import Environment, Queue

_EVERYTHING = Selection(kind=None, reason=None, limit=None)
# The longest that retries of a batch last, and some more.
_SECONDS_TO_IDLE = 45 * 60
# SQS counts messages approximately: right after they are sent it may not know of them yet.
_QUIET_POLLS = 20


class Sent(NamedTuple):
    """What was sent back.

    ``started`` is when that began, by the clock of SQS; ``bodies`` those of the messages; ``left`` how many of those
    that were to be sent SQS did not take; ``seen`` the ids of messages that waited before; ``copies`` how many of them
    were deleted because another with the same body was sent.
    """

    started: datetime
    messages: int
    bodies: tuple[str, ...]
    seen: frozenset[str]
    left: int = 0
    copies: int = 0

    @property
    def of_copies(self) -> str:
        """A sentence about ``copies``."""
        return f"Copies of them, deleted: {self.copies:,}. SQS had taken the same message more than once."


@click.command(cls=AwsCommand)
@selecting
@click.option("--dry-run", envvar="DRY_RUN", is_flag=True, help="Only list what would be sent.")
@click.option("--no-wait", envvar="NO_WAIT", is_flag=True, help="Do not wait for the executions it causes.")
def redrive(
    environment: str, kind: str | None, reason: str | None, limit: int | None, dry_run: bool, no_wait: bool
) -> None:
    """Send dead letters of an environment back to its ingest queue."""
    console = make_console()
    deployed = Environment(environment)
    source, target = deployed.dead_letter_queue(), deployed.ingest_queue()
    selection = Selection(kind, reason, limit)
    with aws_errors():
        if dry_run:
            hidden = queue_state(source).hidden
            with peek(source) as received:
                pass
            say_what_is_not_seen(received, hidden)
            letters = [found.letter for found in looked_up_and_selected(selection, received)]
            if received and not letters:
                say(selection.none_of(len(received)))
            else:
                print_letters(letters, console, len(received))
            return
        if selection.is_everything:
            sent = move_all(source, target, console)
        else:
            sent = send_selected(selection, source, target, console)
        console.print(f"{sent.messages:,} sent back to the ingest queue.", highlight=False)
        if sent.copies:
            console.print(sent.of_copies, highlight=False)
        if sent.left:
            console.print(
                f"[red]SQS did not take {sent.left:,}; they are still waiting.[/] They may be hidden for up to"
                f" {HIDDEN_SECONDS // 60} minutes: send them back after that.",
                highlight=False,
            )
        done = report(deployed, sent, console) if sent.messages and not no_wait else True
        sys.exit(0 if done and not sent.left else 1)


def move_all(source: Queue, target: Queue, console: Console) -> Sent:
    """Move everything by SQS's own message move task, as the console's button does; what it does not move, send.

    The task leaves out what is hidden, so that less may be moved than was seen. Copies are deleted first, else each would
    cause an execution, and what fails in it once more as many copies.
    """
    before = queue_state(source)
    with peek(source) as received:
        once, copies = divide(received)
        deleted = len(copies) - delete(copies, source)
    say_what_is_not_seen(received, before.hidden)
    visible = [found for found in once if found.letter.message_id not in received.still_hidden]
    hidden = len(once) - len(visible)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("Moving messages", total=None)
        try:
            counted = move(
                source, target, lambda moved, total: progress.update(bar, completed=moved, total=total)
            )
        except MoveTaskRefused as error:
            refused = error
        else:
            # SQS counts approximately: of fewer than were seen, perhaps none is left.
            left = _ids_in(source) if counted < len(visible) else frozenset[str]()
            moved = [found for found in visible if found.letter.message_id not in left]
            return Sent(
                before.time,
                max(counted, len(moved)),
                _bodies(moved),
                frozenset(),
                hidden + len(visible) - len(moved),
                deleted,
            )
    say(f"SQS does not move the messages by itself, so they are sent. {refused}")
    rest = send_selected(_EVERYTHING, source, target, console)
    rest = rest._replace(copies=deleted + rest.copies)
    if refused.nothing_moved:
        return rest
    moved = [found for found in visible if found.letter.message_id not in rest.seen]
    return rest._replace(
        started=before.time, messages=len(moved) + rest.messages, bodies=_bodies(moved) + rest.bodies
    )


def _ids_in(queue: Queue) -> frozenset[str]:
    with peek(queue) as received:
        return frozenset(found.letter.message_id for found in received)


def send_selected(selection: Selection, source: Queue, target: Queue, console: Console) -> Sent:
    """Send what is selected, each body once, and delete it once it is sent; its copies before."""
    before = queue_state(source)
    with (
        peek(source) as received,
        Progress(console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
        bodies = {*_bodies(looked_up_and_selected(selection, received))}
        selected, copies = divide(found for found in received if found.message["Body"] in bodies)
        deleted = len(copies) - delete(copies, source)
        bar = progress.add_task("Sending messages", total=len(selected))
        sent = 0
        for count in send_back(selected, source, target):
            sent += count
            progress.advance(bar, count)
    say_what_is_not_seen(received, before.hidden)
    if received and not selected:
        say(selection.none_of(len(received)))
    seen = frozenset(found.letter.message_id for found in received)
    return Sent(before.time, sent, _bodies(selected), seen, len(selected) - sent, deleted)


def _bodies(received: Sequence[Received]) -> tuple[str, ...]:
    return tuple(found.message["Body"] for found in received)


def report(deployed: Environment, sent: Sent, console: Console) -> bool:
    """Wait for the executions that the redrive caused, and print how they ended and what came back.

    In an environment where new logs arrive all the time, these are told from others by the messages in them.

    Returns:
        Whether all of them succeeded, and nothing came back to the dead-letter queue.
    """
    stepfunctions = clients.stepfunctions()
    arn = deployed.state_machine_arn()
    queue = deployed.ingest_queue()
    caused = CausedExecutions(stepfunctions, arn, sent.started, sent.bodies)
    with console.status("Waiting for the executions …"):
        try:
            wait_until_idle(
                queue.client,
                stepfunctions,
                queue.url,
                arn,
                _SECONDS_TO_IDLE,
                _QUIET_POLLS,
                enough=caused.have_ended,
            )
        except NotIdle as error:
            raise CommandFailed(f"Still busy: {error}. See later: make dlq") from error
    caused.have_ended()
    statuses = Counter(caused.statuses.values())
    ended = ", ".join(f"{count:,} {status}" for status, count in sorted(statuses.items()))
    console.print(f"Executions: {ended or 'none'}.", highlight=False)
    failed = statuses.total() - statuses["SUCCEEDED"]
    with peek(deployed.dead_letter_queue()) as received:
        back = [
            found.letter
            for found in received
            if datetime.fromisoformat(found.letter.sent_at) >= sent.started
            and found.letter.message_id not in sent.seen
            and (found.letter.execution in caused.statuses or found.message["Body"] in sent.bodies)
        ]
    say_what_is_not_seen(received, hidden=0)
    if back:
        console.print("[red]Came back:[/]")
        print_letters(looked_up(back), console, len(received))
    elif failed:
        # An event of EventBridge takes its time.
        console.print(
            f"[red]What of {failed:,} failed is not in the dead-letter queue yet.[/] See later: make dlq"
        )
    else:
        console.print("[green]Nothing came back.[/]")
    return not back and not failed


@contextmanager
def aws_errors() -> Iterator[None]:
    """Say what AWS says, without a traceback."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise CommandFailed(f"AWS does not do that: {error}") from error


if __name__ == "__main__":
    redrive()

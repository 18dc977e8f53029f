"""List what waits in the dead-letter queue, without consuming it."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import groupby

import click
import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from rich import box
from rich.table import Table

from trailsearch.aws import clients
from trailsearch.cli.command import AwsCommand
from trailsearch.cli.console import CommandFailed, Console, make_console, outside, say
from trailsearch.cli.dead_letters.dead_letter_queue import (
    HIDDEN_SECONDS,
    READING_SECONDS,
    Received,
    Waiting,
    peek,
    queue_state,
)
from trailsearch.cli.dead_letters.selection import Selection, selecting
from trailsearch.cli.environment import Environment
from trailsearch.contracts.messages import ErrorOutput, Failures, Kind
from trailsearch.workflow.dead_letters import WaitingLetter, failures_before, reason_of

# Lists are for people; JSON has everything.
_SHOWN = 50
# No more than the client has connections.
_LOOKED_UP_AT_ONCE = 10


@click.command(cls=AwsCommand)
@selecting
@click.option("--json", "as_json", envvar="JSON", is_flag=True, help="Print everything as JSON.")
def dlq(environment: str, kind: str | None, reason: str | None, limit: int | None, as_json: bool) -> None:
    """List what waits in the dead-letter queue of an environment."""
    queue = Environment(environment).dead_letter_queue()
    selection = Selection(kind, reason, limit)
    try:
        hidden = queue_state(queue).hidden
        with peek(queue) as received:
            pass
        letters = [found.letter for found in looked_up_and_selected(selection, received)]
    except (BotoCoreError, ClientError) as error:
        raise CommandFailed(f"The dead-letter queue cannot be read: {error}") from error
    say_what_is_not_seen(received, hidden)
    if received and not letters:
        say(selection.none_of(len(received)), err=as_json)
    if as_json:
        say(json.dumps(msgspec.to_builtins(letters), indent=2))
    elif letters or not (hidden or received):
        print_letters(letters, make_console(), len(received))


def say_what_is_not_seen(received: Waiting, hidden: int) -> None:
    """Say what a listing lacks, or a redrive may leave out; ``hidden`` is how many others were reading before."""
    minutes = HIDDEN_SECONDS // 60
    if hidden:
        say(
            f"About {hidden:,} more cannot be seen now: somebody else is reading them. Look again in some minutes.",
            err=True,
        )
    if not received.complete:
        say(f"This is not all: there is more than can be read in {READING_SECONDS // 60} minutes.", err=True)
    if received.still_hidden:
        say(
            f"SQS did not make {len(received.still_hidden):,} visible again: for up to {minutes} minutes nobody sees"
            " them, and a redrive leaves them out.",
            err=True,
        )


def looked_up_and_selected(selection: Selection, received: Sequence[Received]) -> list[Received]:
    """Select, by what AWS says of each letter too: of an execution, only that tells why it failed."""

    def look_up(some: Sequence[Received]) -> list[Received]:
        letters = looked_up([found.letter for found in some])
        return [found._replace(letter=letter) for found, letter in zip(some, letters, strict=True)]

    if selection.reason:
        return selection.of(look_up(selection.of_kind(received)))
    return look_up(selection.of(received))


def looked_up(letters: Sequence[WaitingLetter]) -> list[WaitingLetter]:
    """Say of each letter whether the staged batch or execution that it points to is gone, where AWS says so.

    Of an execution, say also in which state it failed and why, and how often its messages had failed before it:
    EventBridge writes only its status into the letter. Without
    ``s3:ListBucket`` S3 answers 403 whether a batch is there or not.
    """
    s3, stepfunctions = clients.s3(), clients.stepfunctions()

    def input_of(execution: str) -> str:
        try:
            return stepfunctions.describe_execution(executionArn=execution)["input"]
        except ClientError:
            return "[]"

    def last_state(execution: str) -> str | None:
        try:
            history = stepfunctions.get_execution_history(
                executionArn=execution, reverseOrder=True, includeExecutionData=False
            )
        except ClientError:
            return None
        entered = (event.get("stateEnteredEventDetails") for event in history["events"])
        return next((details["name"] for details in entered if details), None)

    def look_up(letter: WaitingLetter) -> WaitingLetter:
        try:
            if letter.batch:
                s3.head_object(Bucket=letter.batch.bucket, Key=letter.batch.key)
            elif letter.kind == Kind.EXECUTION:
                described = stepfunctions.describe_execution(executionArn=letter.subject)
                error = ErrorOutput(described.get("error") or letter.error, described.get("cause", ""))
                failures = Failures(letter.attempts, letter.first_failed_at).and_before(
                    failures_before(described["input"], input_of)
                )
                letter = msgspec.structs.replace(
                    letter,
                    error=error.error,
                    reason=reason_of(error),
                    state=last_state(letter.subject),
                    attempts=failures.attempts,
                    first_failed_at=failures.first_failed_at or letter.first_failed_at,
                )
            else:
                return letter
        except ClientError as error:
            gone = error.response.get("Error", {}).get("Code") in {
                "404",
                "NoSuchBucket",
                "ExecutionDoesNotExist",
            }
            return msgspec.structs.replace(letter, expired=True) if gone else letter
        except BotoCoreError:
            return letter
        return msgspec.structs.replace(letter, expired=False)

    with ThreadPoolExecutor(_LOOKED_UP_AT_ONCE) as pool:
        return list(pool.map(look_up, letters))


def print_letters(letters: Sequence[WaitingLetter], console: Console, waiting: int) -> None:
    """Print how many letters there are, by kind and error, and then each, the oldest first; so many are ``waiting`` in all."""
    if not letters:
        console.print("Nothing waits in the dead-letter queue.")
        return
    is_all = len(letters) == waiting
    summary = Table("Kind", "Error", "Waiting" if is_all else "Listed", "Oldest", box=box.SIMPLE_HEAD)
    summary.columns[2].justify = "right"
    for (kind, error), group in groupby(sorted(letters, key=_by_kind), key=_by_kind):
        of_kind = list(group)
        oldest = min(letter.first_failed_at for letter in of_kind)
        summary.add_row(kind, outside(error), f"{len(of_kind):,}", _age(oldest))
    console.print(summary)
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("First failed", "Kind", "Attempts"):
        table.add_column(name, no_wrap=True)
    for name in ("What", "Why"):
        table.add_column(name, overflow="fold", ratio=1)
    for letter in letters[:_SHOWN]:
        why = f"{letter.error}: {letter.reason}{_expired(letter)}"
        table.add_row(
            letter.first_failed_at[:19] + "Z",
            letter.kind,
            str(letter.attempts),
            outside(letter.subject),
            outside(why),
        )
    console.print(table)
    shown = f" The {_SHOWN} oldest are shown." if len(letters) > _SHOWN else ""
    listed = "" if is_all else f"{len(letters):,} of "
    console.print(f"{listed}{waiting:,} waiting.{shown}", highlight=False)


def _by_kind(letter: WaitingLetter) -> tuple[str, str]:
    return letter.kind, letter.error


def _age(since: str) -> str:
    age = datetime.now(UTC) - datetime.fromisoformat(since)
    hours, minutes = divmod(max(0, int(age.total_seconds())) // 60, 60)
    return f"{hours // 24} d {hours % 24} h" if hours >= 24 else f"{hours} h {minutes} min"


def _expired(letter: WaitingLetter) -> str:
    what = "execution" if letter.kind == Kind.EXECUTION else "staged batch"
    return f" The {what} has expired: it cannot be redriven." if letter.expired else ""


if __name__ == "__main__":
    dlq()

"""SQS's own message move task: start one, and watch it until it has ended and its count has settled.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html.
"""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from trailsearch.cli.console import CommandFailed
from trailsearch.cli.environment import Queue

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import ListMessageMoveTasksResultEntryTypeDef

_POLL_SECONDS = 1.0
# SQS lists so many, the newest first.
_LISTED = 10
# A task that was started is listed soon.
_POLLS_UNTIL_LISTED = 30
# SQS counts what was moved for a while after the task has completed.
_POLLS_UNTIL_SETTLED = 5

Watch = Callable[[int, int | None], None]


class MoveTaskRefused(Exception):
    """SQS does not start a task, or gives up the one it has started; says why.

    AWS documents that it moves only from dead-letter queues of SQS queues, not from those of SNS, and in another place that
    a destination is all that messages of others need: a dead-letter queue of both may be refused as a whole.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/troubleshooting-dlq-redrive.html.
    Unless ``nothing_moved``, it may have moved some.
    """

    def __init__(self, why: str, *, nothing_moved: bool) -> None:
        super().__init__(why)
        self.nothing_moved = nothing_moved


def move(source: Queue, target: Queue, watch: Watch) -> int:
    """Move every message of a dead-letter queue that is not hidden. The task goes on if this is interrupted.

    Args:
        source: the dead-letter queue.
        target: where to; messages that were sent to a dead-letter queue have no queue of their own to go back to.
        watch: is called with how many messages are moved by now, and of how many.

    Returns:
        How many messages SQS has counted, which may be too few.

    Raises:
        MoveTaskRefused: what is not moved waits as before.
        CommandFailed: somebody cancelled the task, or SQS does not list it.
    """
    try:
        task = _Task(source, {each.get("StartedTimestamp") for each in _listed(source)})
        started = source.client.start_message_move_task(SourceArn=source.arn, DestinationArn=target.arn)
    except ClientError as error:
        raise MoveTaskRefused(str(error), nothing_moved=True) from error
    counted, same = -1, 0
    for _ in task.polls(started["TaskHandle"]):
        moved, to_move = task.moved, task.to_move
        watch(moved, to_move)
        match task.status:
            case "FAILED":
                raise MoveTaskRefused(f"The task failed: {task.failure_reason}", nothing_moved=False)
            case "CANCELLED":
                raise CommandFailed(f"SQS moved {moved:,}, then somebody cancelled the task.")
            case "COMPLETED":
                counted, same = moved, same + 1 if moved == counted else 0
                if same >= _POLLS_UNTIL_SETTLED or (to_move is not None and moved >= to_move):
                    break
    return task.moved


class _Task:
    """One task among those that SQS lists.

    Only while it runs does it have its handle there, and an earlier or a later one may stand before it: it is the first
    that was started after ``known``, the times at which earlier ones were. A queue has one active task at a time.
    """

    status = "RUNNING"
    moved = 0
    to_move: int | None = None
    failure_reason: str | None = None

    def __init__(self, source: Queue, known: set[int | None]) -> None:
        self._source = source
        self._known = known
        self._started: int | None = None

    def polls(self, handle: str) -> Iterable[None]:
        """Look again and again; the task is known when this yields."""
        looks = 0
        while True:
            looks += 1
            if entry := self._find(_listed(self._source), handle):
                self.status = entry["Status"]
                self.moved = entry.get("ApproximateNumberOfMessagesMoved", 0)
                self.to_move = entry.get("ApproximateNumberOfMessagesToMove")
                self.failure_reason = entry.get("FailureReason")
                yield
            elif looks >= _POLLS_UNTIL_LISTED:
                raise CommandFailed("SQS does not list the task that it has started. See later: make dlq")
            time.sleep(_POLL_SECONDS)

    def _find(
        self, entries: Iterable["ListMessageMoveTasksResultEntryTypeDef"], handle: str
    ) -> "ListMessageMoveTasksResultEntryTypeDef | None":
        new = [each for each in entries if each.get("StartedTimestamp") not in self._known]
        if self._started is None:
            running = [each for each in new if each.get("TaskHandle") == handle]
            found = min(running or new, key=lambda each: each.get("StartedTimestamp", 0), default=None)
            self._started = found.get("StartedTimestamp") if found else None
            return found
        return next((each for each in new if each.get("StartedTimestamp") == self._started), None)


def _listed(source: Queue) -> list["ListMessageMoveTasksResultEntryTypeDef"]:
    return source.client.list_message_move_tasks(SourceArn=source.arn, MaxResults=_LISTED)["Results"]

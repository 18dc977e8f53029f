"""What a run makes, and its deletion: logs, documents, dead letters. What cannot be deleted is said."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from trailsearch.aws import clients
from trailsearch.cli.dead_letters.dead_letter_queue import delete, peek
from trailsearch.cli.interrupts import deferred_interrupt
from trailsearch.cli.verify.deployment import Deployment
from trailsearch.cli.verify.handled import Handled
from trailsearch.cli.verify.synthetic_log import MARK, SyntheticLog
from trailsearch.contracts.errors import TrailsearchError
from trailsearch.contracts.wording import counted

if TYPE_CHECKING:
    from trailsearch.search.backend import Removal

_POLL_SECONDS = 2.0


class _Object(NamedTuple):
    bucket: str
    key: str
    version: str | None


class Made:
    """What there is of a run. It is noted before anybody can interrupt."""

    def __init__(self, deployment: Deployment, removal: "Removal", handled: Handled) -> None:
        self._deployment = deployment
        self._removal = removal
        self._handled = handled
        self._objects: list[_Object] = []
        self._logs: Counter[SyntheticLog] = Counter()
        self._why: list[str] = []
        self._documents: dict[str, str] = {}
        # Of what dead letters are sure to come: in their bodies are these.
        self._dead_lettered: list[str] = []

    def put(self, log: SyntheticLog, body: bytes, messages: int) -> None:
        """Put a log into its bucket, which sends so many messages about it by itself.

        In a bucket with versions, each is an object of its own. Raises BotoCoreError or ClientError where it is refused.
        """
        with deferred_interrupt():
            try:
                answer = clients.s3().put_object(
                    Bucket=log.bucket,
                    Key=log.key,
                    Body=body,
                    ContentType="application/json",
                    ContentEncoding="gzip",
                )
            except BotoCoreError:  # The answer was lost: perhaps it is there.
                self._objects.append(_Object(log.bucket, log.key, None))
                raise
            self._objects.append(_Object(log.bucket, log.key, answer.get("VersionId")))
            self.announced(log, messages)

    def announced(self, log: SyntheticLog, messages: int) -> None:
        """Note that so many messages about a log have been sent: events and dead letters may come of it."""
        self._logs[log] += messages
        self._documents |= dict.fromkeys(log.event_ids, log.event_time)

    def messages(self, log: SyntheticLog) -> int:
        """Give how many messages about a log have been sent by now."""
        return self._logs[log]

    def dead_lettered(self, text: str) -> None:
        """Note that a dead letter is sure to come that has a text in it: the ARN of an execution, or the name of a log.

        About a log it comes once that is announced.
        """
        self._dead_lettered.append(text)

    def not_dead_lettered(self, text: str) -> None:
        """Take back such a note."""
        self._dead_lettered.remove(text)

    @property
    def anything(self) -> bool:
        """Whether there is anything that was made."""
        return bool(self._objects or self._logs or self._dead_lettered)

    def delete_all(self, wait_seconds: float, waiting: Callable[[str], None]) -> list[str]:
        """Delete all of it, once what is announced is handled: else a log would be gone that is still to be fetched.

        Dead letters that are sure to come are waited for, too: EventBridge sends its own when it likes.

        Ctrl-C ends the waiting, and a second one the rest.

        Returns:
            What is left, and why, where that is known.
        """
        deadline = time.monotonic() + wait_seconds
        try:
            with self._trying():
                self._settle(deadline, waiting)
        except KeyboardInterrupt:
            deadline = time.monotonic()
            self._why.append("the waiting was interrupted")
        try:
            for what, step in (
                ("logs", self._delete_objects),
                ("documents", self._delete_documents),
                ("dead letters", lambda: self._delete_letters(deadline)),
            ):
                waiting(f"Deleting {what}")
                with self._trying():
                    step()
        except KeyboardInterrupt:
            self._why.append("the deletion was interrupted")
        left = list(self._left())
        return [*left, *dict.fromkeys(self._why)] if left else []

    @contextmanager
    def _trying(self) -> Iterator[None]:
        """Go on after what AWS does not do."""
        try:
            yield
        except (BotoCoreError, ClientError, TrailsearchError) as error:
            self._why.append(str(error))

    def _settle(self, deadline: float, waiting: Callable[[str], None]) -> None:
        waiting("Waiting until all that was announced is handled")
        while True:
            self._handled.look()
            if all(map(self._is_handled, self._logs)) or time.monotonic() >= deadline:
                return
            time.sleep(_POLL_SECONDS)

    def _is_handled(self, log: SyntheticLog) -> bool:
        return self._handled.ended(log.file_name) >= self._logs[log]

    def _delete_objects(self) -> None:
        s3 = clients.s3()
        for each in list(self._objects):
            with self._trying(), deferred_interrupt():
                if each.version:
                    s3.delete_object(Bucket=each.bucket, Key=each.key, VersionId=each.version)
                else:
                    s3.delete_object(Bucket=each.bucket, Key=each.key)
                self._objects.remove(each)

    def _delete_documents(self) -> None:
        for document_id, event_time in list(self._documents.items()):
            with self._trying(), deferred_interrupt():
                self._removal.delete(document_id, event_time)
                del self._documents[document_id]

    def _delete_letters(self, deadline: float) -> None:
        """Delete the dead letters about these logs and executions alone, those that come until the deadline, too."""
        names = [*(log.file_name for log in self._logs), *self._dead_lettered]
        queue = self._deployment.dead_letter_queue
        while True:
            with peek(queue) as received:
                ours = [each for each in received if any(name in each.message["Body"] for name in names)]
                undeleted = delete(ours, queue)
            if undeleted:
                self._why.append(f"SQS did not delete {counted(undeleted, 'dead letter')}")
                return
            bodies = "".join(each.message["Body"] for each in ours)
            self._dead_lettered = [each for each in self._dead_lettered if each not in bodies]
            if not self._to_come() or time.monotonic() >= deadline:
                return
            time.sleep(_POLL_SECONDS)

    def _to_come(self) -> set[str]:
        """What dead letters are still to be about: not logs that were put, and then announced to nobody."""
        return {*self._dead_lettered} - {log.file_name for log, sent in self._logs.items() if not sent}

    def _left(self) -> Iterator[str]:
        for each in self._objects:
            version = f", version {each.version}" if each.version else ""
            yield f"the log s3://{each.bucket}/{each.key}{version}"
        if self._documents:
            yield f"perhaps the documents {', '.join(self._documents)} in the search domain"
        environment = self._deployment.environment.environment
        expected = {log.file_name for log in self._logs if not self._is_handled(log)} | self._to_come()
        if expected:
            yield (
                f"perhaps {counted(len(expected), 'dead letter')}, which may still come, or which somebody else is reading:"
                f" make dlq ENV={environment} REASON={MARK}"
            )

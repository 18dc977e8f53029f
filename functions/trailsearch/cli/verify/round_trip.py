"""Prove it: logs go in, events are found; what is corrupt is dead-lettered, mended, redriven and found; all of it is deleted."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from trailsearch.aws import clients
from trailsearch.cli.dead_letters.dead_letter_queue import Received, peek, queue_state, send_back
from trailsearch.cli.interrupts import deferred_interrupt
from trailsearch.cli.verify.announcements import Filter, Ways, other_subscribers, publish, send, ways_of
from trailsearch.cli.verify.checks import Checks, State
from trailsearch.cli.verify.configuration import what_stops
from trailsearch.cli.verify.deployment import Deployment
from trailsearch.cli.verify.expected_metrics import Used
from trailsearch.cli.verify.handled import Handled
from trailsearch.cli.verify.made import Made
from trailsearch.cli.verify.synthetic_log import MARK, SyntheticLog, make_log
from trailsearch.contracts.errors import LogCorrupt
from trailsearch.contracts.messages import Kind
from trailsearch.contracts.wording import counted
from trailsearch.search.queries import Query, QueryRefused, SearchError, SearchNotAllowed, having

POLL_SECONDS = 2.0
# A step that is quicker than this is not interrupted: it is tried again.
_ABORT_ATTEMPTS = 5
_DESCRIBE_ATTEMPTS = 5
_SETTLE_SECONDS = 120.0


class Sent(NamedTuple):
    """A log that was put and announced.

    ``row`` is that of the table, ``messages`` how many messages about it are to reach the queue. ``doubt`` says why it was
    announced otherwise than the logs of its bucket are.
    """

    log: SyntheticLog
    row: str
    messages: int
    doubt: str | None = None


class RoundTrip:
    """One run: what it does and what it finds goes into ``checks``, what it makes into ``made``."""

    def __init__(
        self,
        deployment: Deployment,
        checks: Checks,
        wait_seconds: float,
        waiting: Callable[[str], None],
        *,
        others: bool,
    ) -> None:
        """Begin a run.

        Args:
            deployment: what it is about.
            checks: where rows go.
            wait_seconds: how long to wait for each thing, beside the window in which the Pipe collects messages.
            waiting: is told now and then what it waits for.
            others: whether others may get the announcements, who are subscribed to the same topics or buckets.

        Raises:
            BotoCoreError, ClientError, SearchError: the Pipe, the queue or the search domain cannot be read.
        """
        self._deployment = deployment
        self._checks = checks
        self._waiting = waiting
        self._others = others
        found = deployment.search_domain
        if not found.status.endpoint or not found.status.index_endpoint:
            raise SearchError("The search domain is still being created")
        self._domain = found.backend.domain(found.status.endpoint)
        source = deployment.pipe.get("SourceParameters", {}).get("SqsQueueParameters", {})
        window: float = source.get("MaximumBatchingWindowInSeconds", 0)
        self._window = window
        self._wait_seconds = wait_seconds + window
        self._deadline = time.monotonic()
        # By the clock of AWS, which may not be that of this machine; in whole seconds.
        self._since = queue_state(deployment.dead_letter_queue).time - timedelta(seconds=1)
        self._handled = Handled(clients.stepfunctions(), deployment.state_machine_arn, self._since)
        self._topics: set[str] = set()
        self._buckets: set[str] = set()
        self._complete = False
        self.made = Made(deployment, found.backend.removal(found.status.index_endpoint), self._handled)

    @property
    def settle_seconds(self) -> float:
        """How long what is on its way may still take, after a run that was interrupted or has failed."""
        return self._window + _SETTLE_SECONDS

    @property
    def used(self) -> Used:
        """What the run has used by now."""
        return Used(self._since, frozenset(self._topics), frozenset(self._buckets), self._complete)

    def prove(self) -> None:
        """Do all of it but the deletion. What AWS refuses is a row; an interrupt ends it."""
        if stopped := what_stops(self._deployment):
            said = f"nothing is sent, as it would only wait: of the Pipe, {'; '.join(stopped)}"
            self._checks.add("Round trip", State.UNPROVEN, said)
            return
        sent = [each for bucket in self._deployment.log_buckets for each in self._send_to(bucket)]
        if not sent:
            self._checks.add("Round trip", State.UNPROVEN, "nothing is sent: no log bucket may be written to")
            return
        corrupt = self._send_corrupt(sent[0])
        aborted = self._abort_execution()
        self._deadline = time.monotonic() + self._wait_seconds
        events_found = [self._await_events(each) for each in sent]
        redriven = self._await_redrive(corrupt) if corrupt else False
        dead_lettered = self._await_letter_of(aborted) if aborted else False
        self._complete = all((*events_found, redriven, dead_lettered))

    # ── What is sent ──────────────────────────────────────────────────────────────────────────────────────

    def _send_to(self, bucket: str) -> Iterator[Sent]:
        """Put and announce a log for each way in which the logs of a bucket are announced."""
        row = f"Log in {bucket}"
        with self._checks.unless_it_cannot_be_read(row):
            ways = ways_of(bucket, self._deployment)
            if bucket in self._deployment.notifying_buckets and not ways.by_itself:
                said = "the ingest queue lets in its notifications, and it sends none about logs"
                self._checks.add(row, State.WRONG, said)
            for topic in [None, *ways.topics] if ways.by_itself or not ways.topics else ways.topics:
                if (sent := self._put_and_announce(bucket, ways, topic)) is None:
                    return
                yield sent

    def _put_and_announce(self, bucket: str, ways: Ways, topic: str | None) -> Sent | None:
        name = "S3 itself" if ways.by_itself else "nobody"
        if topic:
            name = f"{topic.rpartition(':')[2]} ({topic.split(':')[3]})"
        row = f"Log in {bucket}, announced by {name}"
        if (log := self._log_for(bucket, ways)) is None:
            said = f"nothing is sent: no key of a log passes the filters of the notifications, {ways.by_itself[0]}"
            self._checks.add(row, State.UNPROVEN, said)
            return None
        told = ways.others_told_of(log)
        if not self._others and (told or ways.unknown):
            why = f"S3 would tell others, too: {', '.join(told)}" if told else ways.unknown
            self._checks.add(row, State.UNPROVEN, f"nothing is sent: {why}. With OTHERS=1 it may")
            return None
        try:
            self.made.put(log, log.body, ways.by_itself_about(log))
        except (BotoCoreError, ClientError) as error:
            self._checks.add(row, State.UNPROVEN, f"nothing is sent, as it may not be written: {error}")
            return None
        self._buckets.add(bucket)
        doubt = self._announce(log, ways, topic)
        return Sent(log, row, self.made.messages(log), doubt)

    def _log_for(self, bucket: str, ways: Ways) -> SyntheticLog | None:
        deployment = self._deployment
        for each in ways.by_itself or (Filter(),):
            folder, suffix = each.folder(deployment.account), each.ending()
            if folder and suffix:
                now = datetime.now(UTC)
                return make_log(bucket, folder, deployment.account, deployment.region, now, suffix)
        return None

    def _announce(self, log: SyntheticLog, ways: Ways, topic: str | None) -> str | None:
        """Announce a log that is there, unless S3 does. Where a topic does not take that, the ingest queue gets it itself.

        Returns:
            Why that is not how the logs of its bucket are announced, or may not be.
        """
        if topic is None and ways.by_itself:
            return None
        doubt = (
            self._publish(log, topic) if topic else "it is not known what announces the logs of this bucket"
        )
        if not doubt:
            return None
        with deferred_interrupt():
            send(self._deployment, log)
            self.made.announced(log, 1)
        return f"{doubt}; sent to the ingest queue itself"

    def _publish(self, log: SyntheticLog, topic: str) -> str | None:
        """Announce a log on a topic, or say why not."""
        if topic not in self._deployment.subscriptions:
            return "the ingest queue is not subscribed to the topic"
        try:
            others = [] if self._others else other_subscribers(topic, self._deployment)
            if others:
                return f"with OTHERS=1, {', '.join(others)} would get it from the topic, too"
            with deferred_interrupt():
                publish(topic, log)
                self.made.announced(log, 1)
        except (BotoCoreError, ClientError) as error:
            return str(error)
        self._topics.add(topic.rpartition(":")[2])
        return None

    def _send_corrupt(self, like: Sent) -> Sent | None:
        """Put a corrupt log beside a good one, and announce it in the first way that there is."""
        row = "Corrupt log"
        bucket = like.log.bucket
        with self._checks.unless_it_cannot_be_read(row):
            ways = ways_of(bucket, self._deployment)
            if (log := self._log_for(bucket, ways)) is None:
                return None
            with deferred_interrupt():
                self.made.put(log, log.corrupt_body, ways.by_itself_about(log))
                self.made.dead_lettered(log.file_name)
            self._announce(log, ways, None if ways.by_itself else next(iter(ways.topics), None))
            return Sent(log, row, self.made.messages(log))
        return None

    def _abort_execution(self) -> str | None:
        """Abort an execution that has no messages, so that the rule has an event to dead-letter. Gives its ARN."""
        stepfunctions = clients.stepfunctions()
        row = "Aborted execution"
        with self._checks.unless_it_cannot_be_read(row):
            for _ in range(_ABORT_ATTEMPTS):
                with deferred_interrupt():
                    arn = stepfunctions.start_execution(
                        stateMachineArn=self._deployment.state_machine_arn,
                        name=f"{MARK}-{time.time_ns()}",
                        input="[]",
                    )["executionArn"]
                    stepfunctions.stop_execution(executionArn=arn, error=MARK, cause="make verify")
                    self.made.dead_lettered(arn)
                if self._status_of(arn) != "SUCCEEDED":
                    return arn
                self.made.not_dead_lettered(arn)
            self._checks.add(row, State.UNPROVEN, "each execution had ended before it could be aborted")
        return None

    def _status_of(self, execution: str) -> str:
        """Give what became of an execution; right after it has ended, Step Functions may not say so yet.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
        """
        stepfunctions = clients.stepfunctions()
        for _ in range(_DESCRIBE_ATTEMPTS):
            status = stepfunctions.describe_execution(executionArn=execution)["status"]
            if status != "RUNNING":
                break
            time.sleep(POLL_SECONDS)
        return status

    # ── What comes of it ──────────────────────────────────────────────────────────────────────────────────

    def _await_events(self, sent: Sent) -> bool:
        with self._checks.unless_it_cannot_be_read(sent.row):
            seconds, fault, denied = self._await_search(sent.log, sent.messages)
            if denied:
                self._checks.add(sent.row, State.UNPROVEN, f"indexed or not: you may not search: {denied}")
                return False
            well = f"{counted(len(sent.log.records), 'event')} found after {seconds:.0f} s"
            doubts = [f"{sent.doubt}; {well}"] if sent.doubt else []
            self._checks.judge(sent.row, [fault], well, doubts)
            return not fault
        return False

    def _await_search(self, log: SyntheticLog, messages: int) -> tuple[float, str | None, str | None]:
        """Wait until a log is handled and its events are found.

        Returns:
            After how many seconds, what is wrong, and why it is not known.
        """
        began = time.monotonic()
        fault: str | None = None
        for _ in self._polls(f"the events of {log.file_name}"):
            self._handled.look()
            try:
                fault = self._missing(log)
            except SearchNotAllowed as error:
                return 0, None, str(error)
            except QueryRefused as error:
                return 0, f"the search domain does not take the query: {error}", None
            except SearchError as error:
                fault = f"the search domain does not answer: {error}"
            if not fault and self._handled.ended(log.file_name) >= messages:
                return time.monotonic() - began, None, None
        return 0, self._where_it_is(log, fault), None

    def _missing(self, log: SyntheticLog) -> str | None:
        """Say what of a log is not found by a search as it was put, if anything is."""
        query = Query(size=len(log.records) + 1, filters=[having("request_id", log.request_id)])
        found = {event["id"]: json.loads(event["raw"]) for event in self._domain.search(query).events}
        expected = dict(zip(log.event_ids, log.records, strict=True))
        if found == expected:
            return None
        lacking = expected.keys() - found.keys()
        return (
            f"{len(lacking)} of its {counted(len(expected), 'event')} are not found"
            if lacking
            else "its events are found changed"
        )

    def _where_it_is(self, log: SyntheticLog, fault: str | None) -> str:
        """Say how far a log has come whose time is up."""
        after = f"after {self._wait_seconds:.0f} s"
        if letters := self._letters_about(log):
            letter = letters[0].letter
            return f"it is dead-lettered: {letter.error}: {letter.reason}"
        executions = self._handled.executions(log.file_name)
        if not executions:
            return f"{fault}: no execution has got its announcement {after}"
        handled = f"its announcement is in the execution {executions[0].rpartition(':')[2]}"
        if not self._handled.ended(log.file_name):
            return f"{fault}: {handled}, which has not ended {after}"
        return f"{fault or 'not every announcement of it has arrived'} {after}: {handled}"

    def _await_redrive(self, corrupt: Sent) -> bool:
        """See the dead letter of the corrupt log, mend the log, send that letter back alone, and find the events."""
        log, row = corrupt.log, corrupt.row
        with self._checks.unless_it_cannot_be_read(row):
            for _ in self._polls("the dead letter of the corrupt log"):
                self._handled.look()
                if self._handled.ended(log.file_name) >= corrupt.messages and (
                    letters := self._letters_about(log)
                ):
                    break
            else:
                self._checks.add(row, State.WRONG, self._where_it_is(log, "it is not dead-lettered"))
                return False
            letter = letters[0].letter
            expected = (LogCorrupt.__name__, Kind.LOG.value, log.uri)
            found = (letter.error, letter.kind, letter.subject)
            said = f"dead-lettered: {letter.error}: {letter.reason}"
            self._checks.judge(row, [None if found == expected else said], said)
        with self._checks.unless_it_cannot_be_read("Redrive"):
            return self._mend_and_redrive(corrupt, letters)
        return False

    def _mend_and_redrive(self, corrupt: Sent, letters: Sequence[Received]) -> bool:
        log, row = corrupt.log, "Redrive"
        # S3 announces the mended log too.
        self.made.put(log, log.body, ways_of(log.bucket, self._deployment).by_itself_about(log))
        queue = self._deployment.dead_letter_queue
        ids = {each.letter.message_id for each in letters}
        with peek(queue) as received, deferred_interrupt():
            ours = [each for each in received if each.letter.message_id in ids]
            sent = sum(send_back(ours, queue, self._deployment.ingest_queue))
            self.made.announced(log, sent)
            if sent == len(ids):
                self.made.not_dead_lettered(log.file_name)
        if sent < len(ids):
            self._checks.add(
                row,
                State.WRONG,
                f"{len(ids) - sent} of {counted(len(ids), 'dead letter')} were not sent back",
            )
            return False
        self._deadline = time.monotonic() + self._wait_seconds
        seconds, fault, denied = self._await_search(log, self.made.messages(log))
        well = (
            f"the log is mended, its dead letter sent back alone, its events are found after {seconds:.0f} s"
        )
        self._checks.judge(row, [fault], well, [denied])
        return not fault and not denied

    def _await_letter_of(self, execution: str) -> bool:
        """See the dead letter that EventBridge writes about an execution that was aborted."""
        row = "Aborted execution"
        began = time.monotonic()
        with self._checks.unless_it_cannot_be_read(row):
            for _ in self._polls("the dead letter of the aborted execution"):
                with peek(self._deployment.dead_letter_queue) as received:
                    seen = any(
                        each.letter.kind == Kind.EXECUTION and each.letter.execution == execution
                        for each in received
                    )
                if seen:
                    after = time.monotonic() - began
                    self._checks.add(
                        row, State.WELL, f"the rule's dead letter about it is there after {after:.0f} s"
                    )
                    return True
            said = "no dead letter about it: EventBridge could not send one, or Step Functions, which does so by best effort, no event"
            self._checks.add(row, State.WRONG, f"{said}, after {self._wait_seconds:.0f} s")
        return False

    def _letters_about(self, log: SyntheticLog) -> list[Received]:
        with peek(self._deployment.dead_letter_queue) as received:
            return [each for each in received if log.file_name in each.message["Body"]]

    def _polls(self, what: str) -> Iterator[None]:
        """Come back every now and then until the time is up, once at least."""
        self._waiting(f"Waiting for {what}")
        yield
        while time.monotonic() < self._deadline:
            time.sleep(POLL_SECONDS)
            yield

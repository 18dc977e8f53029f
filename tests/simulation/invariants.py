"""What must hold, whatever goes wrong: each as a sentence about what does not.

A failure begins with its kind: ``lost``, ``doubled``, ``held up``, ``endless``, ``limit``, ``untrue``, ``unbounded``, ``crash``.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple

from tests.simulation.code import EPOCH
from tests.simulation.plan import DEADLY, Backfill, Delivery, Fate, Log, Old
from tests.simulation.services.executions import INDEX_LOGS
from tests.simulation.services.sqs import Message
from tests.simulation.world import World
from trailsearch.cli.cost.inputs import States
from trailsearch.cli.cost.settings import read_states
from trailsearch.contracts.errors import MessageNotRecognized, TooManyRefused
from trailsearch.contracts.messages import DeadLetter, LargeMessage
from trailsearch.workflow import dead_letters
from trailsearch.workflow.dead_letters import WaitingLetter

MAX_DEPTH = 3
"""A batch of messages, a message of it, a part of that; and if it is a dead letter about an execution, a part of that."""
WAIT_SECONDS = 900.0
"""So long may a log wait behind bad neighbours, beside the Pipe's window, where nothing fails."""
TRIED_SECONDS = 240.0
"""So long, at the least, the Pipe tries to hand over a message: a fault that is shorter dead-letters none."""
STARTING = frozenset({"Start Execution For Message", "Start Execution For Part"})
"""Each of these, once entered, starts one execution."""
_OF_MESSAGES = frozenset({"message", "execution"})
_HISTORY_EVENTS = 25_000
_SHOWN = 3


class Waiting(NamedTuple):
    """A message in the dead-letter queue, and what it says."""

    message: Message
    letter: WaitingLetter

    @property
    def text(self) -> str:
        """All that it says, and what it says it to."""
        return f"{self.letter.kind}: {self.letter.subject}: {self.letter.error}: {self.letter.reason[:200]}"


def read_letter(message: Message) -> Waiting:
    """Read a message as ``make dlq`` does."""
    attributes = {name: value.get("StringValue", "") for name, value in message.attributes.items()}
    moved = "DeadLetterQueueSourceArn" in message.system
    sent = datetime.fromtimestamp(EPOCH.timestamp() + message.sent, UTC)
    return Waiting(
        message,
        dead_letters.read_letter(
            dead_letters.QueuedMessage(message.id, message.body, attributes, sent, moved)
        ),
    )


class Truth:
    """What is to become of everything that a plan delivers."""

    def __init__(self, world: World) -> None:
        deliveries: Sequence[Delivery] = world.plan.of(Delivery)
        backfills: Sequence[Backfill] = world.plan.of(Backfill)
        self.logs: dict[str, Log] = {log.uri: log for delivery in deliveries for log in delivery.logs}
        self.logs |= {log.uri: log for backfill in backfills for log in backfill.logs if not log.left_out}
        self.old = {document for old in world.plan.of(Old) for document, _ in old.documents}
        self.wrong: dict[str, frozenset[str]] = {
            delivery.mark: delivery.wrong for delivery in deliveries if delivery.wrong
        }
        self.times = Counter(each for log in self.logs.values() for each, _ in log.records)
        self.fates: dict[str, Fate] = {}
        for log in self.logs.values():
            if not log.errors and log.tampered is None:
                self.fates |= dict(log.records)
        self.perhaps = {
            each for log in self.logs.values() if log.tampered is not None for each, _ in log.records
        }
        self.is_deadly = any(log.deadly for log in self.logs.values())
        self.found = {each for each, fate in self.fates.items() if fate is Fate.FOUND}

    def of_one_log(self, log: Log) -> set[str]:
        """Give the documents that are to be found of a log, and that no other log has: what has no id may be in several."""
        return {each for each, fate in log.records if fate is Fate.FOUND and self.times[each] == 1}

    def about(self, waiting: Waiting, world: World) -> list[str]:
        """Name what a dead letter is about, if it is what has to stay there: nothing, if all of it is good.

        Raises:
            NotTrue: its reason is not why that cannot be searched; says what it is about.
        """
        letter = waiting.letter
        if letter.batch:
            ids = staged_ids(world, letter.batch.bucket, letter.batch.key)
            fates = {self.fates.get(each) for each in ids}
            if ids and fates <= {Fate.REFUSED, Fate.TOO_LARGE} and letter.error != TooManyRefused.__name__:
                # What is too large for a batch is sent alone where it is redriven: the domain says so then, too.
                if letter.error not in {fate.value for fate in fates if fate} | {Fate.REFUSED.value}:
                    raise NotTrue(f"of {', '.join(sorted(ids))}")
                return sorted(ids)
            return []
        text = said_by(waiting.message.body, world)
        found: dict[str, frozenset[str]] = {}
        for log in self.logs.values():
            if log.errors and (
                log.uri == letter.subject or (letter.kind in _OF_MESSAGES and log.mark in text)
            ):
                found[log.uri] = log.errors
        found |= {mark: errors for mark, errors in self.wrong.items() if mark in text}
        true = [each for each, errors in found.items() if letter.error in errors]
        if found and not true:
            raise NotTrue(f"of {next(iter(found))}")
        return true


def said_by(body: str, world: World) -> str:
    """Give the text of a message, out of the dead letter about it, and whole, if it is set aside."""
    try:
        letter = DeadLetter.from_body(body)
    except MessageNotRecognized:
        return body
    if letter and letter.message:
        return said_by(letter.message.body, world)
    if letter and letter.kind == "execution" and letter.execution in world.executions.all:
        messages = json.loads(world.executions.all[letter.execution].input)
        return body + "".join(said_by(message["body"], world) for message in messages)
    if large := LargeMessage.from_body(body):
        found = world.buckets.find(large.bucket, large.key)
        return body + (found.body.decode(errors="replace") if found else "")
    return body


class NotTrue(Exception):
    """A dead letter says another reason than the true one."""


def staged_ids(world: World, bucket: str, key: str) -> set[str]:
    """The ids of the documents in a staged batch; none, if it is not there."""
    found = world.buckets.find(bucket, key)
    if found is None or bucket != world.deployed.staging_bucket:
        return set()
    if found.body.startswith(b"["):
        return {str(each["id"]) for each in json.loads(found.body)}
    return {str(json.loads(line)["index"]["_id"]) for line in found.body.split(b"\n")[:-1:2]}


# What the world itself never does, but the workflow: it has too little concurrency, or time.
_OF_THE_WORKFLOW = frozenset({"Lambda.TooManyRequestsException", "TIMED_OUT", "ABORTED"})
# What each reason says has happened: a fault of one of these services, at some call of it.
_CAUSES: Mapping[str, tuple[str, ...]] = {
    "StorageUnavailable": ("s3",),
    "StorageAccessDenied": ("s3",),
    "LogUnreadable": ("s3",),
    "BatchNotFound": ("s3",),
    "SearchThrottled": ("search",),
    "SearchUnavailable": ("search",),
    "SearchAccessDenied": ("search",),
    "OutOfTime": ("search",),
    "ExecutionsUnavailable": ("states",),
    "ExecutionsAccessDenied": ("states",),
    "ReceivedTooOften": ("lambda", "states", "s3", "sqs"),
    "Lambda.ServiceException": ("lambda",),
    "Lambda.AWSLambdaException": ("lambda",),
    "Lambda.SdkClientException": ("lambda",),
    "Sandbox.Timedout": ("lambda", "s3", "search", "states"),
    "Runtime.ExitError": ("lambda", "s3", "search", "states"),
    # Another state failed, for an execution or a dead letter that could be made in no other way.
    "StepFunctions.SfnException": ("states",),
    "SQS.AmazonSQSException": ("sqs",),
    "FAILED": ("sqs",),
    "States.Timeout": ("sqs", "states", "s3", "lambda"),
}


def untrue(world: World, truth: Truth, message: Message) -> Iterator[str]:
    """Say what is not true of a dead letter, when it arrives."""
    waiting = read_letter(message)
    error = waiting.letter.error
    if any(map(world.faults.have_met, _CAUSES.get(error, ()))) or error in _OF_THE_WORKFLOW:
        return
    if error.startswith("Search") and world.domain.was_full:
        return
    try:
        about = truth.about(waiting, world)
    except NotTrue as of:
        # A neighbour that cannot be taken apart from a deadly one waits with it, for what that was.
        if error in DEADLY and truth.is_deadly and any(map(world.faults.have_met, ("states", "lambda"))):
            return
        yield f"untrue: the reason {of} is not {error}: {waiting.text}"
        return
    log = truth.logs.get(waiting.letter.subject)
    if log and ((error == "LogNotFound" and log.late) or (error == "LogUnreadable" and log.restored)):
        return
    if _is_left(world, truth, waiting):
        return
    if not about and not (error in DEADLY and truth.is_deadly and world.faults.met):
        yield f"untrue: nothing of the kind has happened: {waiting.text}"


def sent_back_twice(world: World, message: Message) -> Iterator[str]:
    """Say that a redrive, when nothing fails any more, sends again what it has sent: else letters multiply from one to the next."""
    if not world.phase.startswith("redrive"):
        return
    sent = (world.phase, message.body)
    if sent in world.sent_back:
        yield f"unbounded: a redrive sends this more than once: {message.body[:200]}"
    world.sent_back.add(sent)


def _is_left(world: World, truth: Truth, waiting: Waiting) -> bool:
    """Tell whether a dead letter has what is left of a batch with many bad documents, and says so, until it is redriven."""
    if waiting.letter.batch is None or waiting.letter.error != TooManyRefused.__name__:
        return False
    ids = staged_ids(world, waiting.letter.batch.bucket, waiting.letter.batch.key)
    return len(ids) > 1 and any(truth.fates.get(each) in {Fate.REFUSED, Fate.TOO_LARGE} for each in ids)


def failures(world: World, truth: Truth) -> Iterator[str]:
    """Say what does not hold at the end of a run."""
    waiting = [read_letter(message) for message in world.dead_letters.messages.values()]
    yield from world.violations
    yield from world.executions.violations
    yield from world.pipe.violations
    yield from world.domain.violations
    yield from _lost(world, truth, waiting)
    yield from _doubled(world, truth)
    yield from _held_up(world, truth, waiting)
    yield from _bounds(world)
    if world.plan.calm:
        yield from _calm(world, truth)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _lost(world: World, truth: Truth, waiting: Sequence[Waiting]) -> Iterator[str]:
    if missing := sorted(truth.found - world.domain.found()):
        yield f"lost: {len(missing)} event(s) cannot be searched, though nothing fails any more: {_some(missing)}"
    told: Counter[str] = Counter()
    for each in waiting:
        try:
            told.update(truth.about(each, world))
        except NotTrue as of:
            yield f"untrue: the reason {of} is not {each.letter.error}: {each.text}"
            told.update([str(of).removeprefix("of the message ").removeprefix("of ")])
    silent = {each for each, fate in truth.fates.items() if fate is not Fate.FOUND}
    silent |= {log.uri for log in truth.logs.values() if log.errors and log.tampered is None}
    silent |= truth.wrong.keys()
    if untold := sorted(silent - told.keys() - _documents(truth, told)):
        yield f"lost: nothing in the dead-letter queue tells of {len(untold)}: {_some(untold)}"


def _documents(truth: Truth, told: Counter[str]) -> set[str]:
    """Documents of which several are told in one reason."""
    return {each for line in told for each in line.split(", ") if each in truth.fates}


def _doubled(world: World, truth: Truth) -> Iterator[str]:
    for each in sorted(truth.found):
        if len(where := world.domain.where(each)) > 1:
            yield f"doubled: the event {each} is in {', '.join(where)}"
    strange = sorted(world.domain.found() - truth.found - truth.old - truth.perhaps)
    if strange:
        yield f"doubled: {len(strange)} document(s) are of no event: {_some(strange)}"
    children = Counter(each.parent for each in world.executions.all.values())
    for execution in world.executions.all.values():
        visits = execution.end.visits if execution.end else []
        parts, started = sum(state in STARTING for state in visits), children[execution.context.id]
        if execution.machine == INDEX_LOGS and started > parts:
            yield f"doubled: {execution.context.name} has started {started} executions for {parts} parts"
    before, after = world.rounds[-2:]
    if after > before:
        yield f"doubled: a redrive of {before} dead letters, of which none can be mended, makes {after} of them"


def _held_up(world: World, truth: Truth, waiting: Sequence[Waiting]) -> Iterator[str]:
    for each in waiting:
        try:
            if not truth.about(each, world):
                yield f"held up: this waits after {len(world.rounds) - 1} redrives, and is good: {each.text}"
        except NotTrue:
            continue


@cache
def _model() -> States:
    return read_states()


def _bounds(world: World) -> Iterator[str]:
    for seconds in world.ingest.tried_seconds:
        if seconds < TRIED_SECONDS:
            yield f"held up: a message was given up after {seconds:,.0f} of {TRIED_SECONDS:,.0f} seconds"
    for execution in world.executions.all.values():
        name = execution.context.name
        if execution.depth > MAX_DEPTH:
            yield f"unbounded: {name} is the {execution.depth}th that was started by one another"
        if execution.end and execution.end.history_events > _HISTORY_EVENTS:
            yield f"limit: {name} has a history of {execution.end.history_events:,} events"
        if execution.machine != INDEX_LOGS:
            continue
        if execution.end and execution.end.visits[-1:] == ["Done"]:
            model, batches = _model(), execution.end.visits.count("Index Batch")
            entered, priced = execution.end.states_entered, model.per_execution + batches * model.per_batch
            if entered > priced:
                yield f"unbounded: {name} entered {entered} states, and the cost model has {priced}"
        limit = world.deployed.execution_timeout_seconds
        if execution.ended and execution.ended - execution.began > limit + 1:
            yield f"unbounded: {name} ran for {execution.ended - execution.started:,.0f} s of {limit:,}"


def _calm(world: World, truth: Truth) -> Iterator[str]:
    """What holds beside, where nothing ever failed and nobody did anything."""
    left: set[str] = set()
    for waiting in map(read_letter, world.waiting_at_first):
        if _is_left(world, truth, waiting):
            assert waiting.letter.batch is not None
            left |= staged_ids(world, waiting.letter.batch.bucket, waiting.letter.batch.key)
            continue
        try:
            about = truth.about(waiting, world)
        except NotTrue:
            continue  # As is said of what waits at the end.
        log = truth.logs.get(waiting.letter.subject)
        if not about and not (log and (log.late or log.restored)):
            yield f"held up: nothing ever failed, and this waits: {waiting.text}"
    bound = world.deployed.pipe_window_seconds + WAIT_SECONDS
    for delivery in world.plan.of(Delivery):
        for log in delivery.logs:
            if log.errors or log.late or log.restored or log.tampered or not delivery.copies:
                continue
            for each, fate in log.records:
                times = [t for documents in world.domain.documents.values() for t in documents.get(each, ())]
                if each not in left and fate is Fate.FOUND and times and min(times) > delivery.at + bound:
                    waited = min(times) - delivery.at
                    yield f"held up: the event {each} waited for {waited:,.0f} s, where nothing failed"

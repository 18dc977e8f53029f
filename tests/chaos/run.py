"""One run: deliver logs under a fault, account for every event, redrive, account again."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.chaos.delivery import Delivery, event_id, label
from tests.chaos.engine_states import EngineState
from tests.chaos.pipeline import Pipeline
from tests.chaos.scenario import PASSING, Scenario, rules_of
from tests.local_cloud.faults import RuleCount

# EventBridge hands an execution's end on after the execution has ended.
GRACE_SECONDS = 60
ABORT_SECONDS = 180
# So long may it take until the uploads fail that a state of the engine fails.
STATE_SECONDS = 180
# A message that the Pipe could not pass on comes back after the queue's visibility timeout.
SHORT_VISIBILITY_SECONDS = 1
_POLL_SECONDS = 0.1


@dataclass
class Outcome:
    """What became of one run; it is a proof if nothing is lost, left or doubled and `problems` is empty."""

    events: int
    injected: int = 0
    dead_letters: int = 0
    dead_lettered: int = 0
    redriven: int = 0
    lost: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0

    @property
    def proven(self) -> bool:
        """Whether the run shows what it is to show."""
        return not self.lost and not self.problems


@dataclass(frozen=True)
class Account:
    """Where the events of a delivery are."""

    found: frozenset[str]
    waiting: frozenset[str]
    letters: int
    labels: frozenset[str]
    why: str
    problems: tuple[str, ...]


def run(scenario: Scenario, pipeline: Pipeline, seed: int) -> Outcome:
    """Run one scenario with logs of its own; the dead-letter queue must be empty.

    Raises:
        NotIdle: the pipeline did not come to rest.
    """
    began = time.monotonic()
    delivery = Delivery(seed, scenario.start, scenario.duration)
    outcome = Outcome(len(delivery.events))
    _inject(scenario, pipeline, delivery, outcome, seed)
    before = settled_account(pipeline, delivery)
    outcome.dead_letters, outcome.dead_lettered = before.letters, len(before.waiting)
    outcome.lost = set(delivery.events - before.found - before.waiting)
    outcome.problems += before.problems
    if scenario.outlasts_retries and not before.letters:
        outcome.problems.append("the fault outlasts all retries, but nothing was dead-lettered")
    if before.letters and not (scenario.outlasts_retries or scenario.is_drawn):
        outcome.problems.append(f"retries were to cure it, but it was dead-lettered: {before.why}")
    if unexpected := {found for found in before.labels if not found.startswith(scenario.letters)}:
        outcome.problems.append(f"dead letters {sorted(unexpected)} instead of {scenario.letters!r}")
    if before.letters:
        outcome.redriven = _redrive(scenario, pipeline, outcome, seed)
        after = settled_account(pipeline, delivery)
        outcome.problems += after.problems
        if missing := delivery.events - after.found - outcome.lost:
            outcome.problems.append(f"{len(missing)} events are not in the domain after the redrive")
        if after.letters:
            outcome.problems.append(f"{after.letters} dead letters came back after the redrive")
    if scenario.redelivered:
        _deliver_again(pipeline, delivery, outcome)
    if scenario.engine_state:
        outcome.problems += scenario.engine_state.problems(pipeline, _index(scenario, pipeline))
    outcome.seconds = time.monotonic() - began
    return outcome


def _inject(scenario: Scenario, pipeline: Pipeline, delivery: Delivery, outcome: Outcome, seed: int) -> None:
    """Deliver while the fault is switched on, and wait until the pipeline has come to rest."""
    pipeline.faults.set(rules_of(scenario.rules, pipeline.outputs, seed))
    counts: list[RuleCount] = []
    aborted = allowed_seconds = met = 0
    ingest_queue = pipeline.outputs["ingest_queue_url"]
    try:
        if scenario.messages_stay_received:
            visibility = _set_visibility(pipeline, ingest_queue, str(SHORT_VISIBILITY_SECONDS))
        if scenario.execution_seconds:
            allowed_seconds = pipeline.set_execution_timeout(scenario.execution_seconds)
        if scenario.engine_state:
            met = _deliver_into(scenario.engine_state, scenario, pipeline, delivery)
        else:
            delivery.deliver(
                pipeline, times=scenario.announced, shuffled=scenario.shuffled, beside=scenario.beside
            )
        if scenario.aborted_in:
            aborted = _abort(pipeline, scenario.aborted_in)
            counts = pipeline.faults.clear()
        pipeline.wait_until_idle()
        if scenario.messages_stay_received:
            _set_visibility(pipeline, ingest_queue, visibility)
    finally:
        counts += pipeline.faults.clear()
        if allowed_seconds:
            pipeline.set_execution_timeout(allowed_seconds)
    outcome.injected = aborted + met + sum(count.injected for count in counts)
    outcome.injected += scenario.announced - 1 + len(scenario.beside)
    if scenario.engine_state and not met:
        outcome.problems.append("no upload has failed in the state of the engine")
    if scenario.aborted_in and not aborted:
        outcome.problems.append("no execution was aborted")
    note_unmet(counts, outcome, drawn=scenario.is_drawn)


def _index(scenario: Scenario, pipeline: Pipeline) -> str:
    return f"{pipeline.prefix}-events-{scenario.start:%Y.%m}"


def _deliver_into(state: EngineState, scenario: Scenario, pipeline: Pipeline, delivery: Delivery) -> int:
    """Deliver while the engine is in a state, and count the uploads that have failed by it; 1 if it lets them pass."""
    index = _index(scenario, pipeline)
    state.enter(pipeline, index)
    met = 0 if state.stops_uploads else 1
    try:
        delivery.deliver(pipeline, times=scenario.announced, shuffled=scenario.shuffled)
        deadline = time.monotonic() + STATE_SECONDS
        while met < PASSING and state.stops_uploads and time.monotonic() < deadline:
            met = pipeline.failed_uploads()
            time.sleep(_POLL_SECONDS)
        if scenario.outlasts_retries:
            pipeline.wait_until_idle()
    finally:
        state.leave(pipeline, index)
    return met


def _deliver_again(pipeline: Pipeline, delivery: Delivery, outcome: Outcome) -> None:
    """Deliver once more what is indexed: all is to be there still, and nothing twice."""
    delivery.deliver(pipeline)
    pipeline.wait_until_idle()
    again = settled_account(pipeline, delivery)
    outcome.problems += again.problems
    outcome.lost |= delivery.events - again.found
    if again.letters:
        outcome.problems.append(f"{again.letters} dead letters after the redelivery")


def _redrive(scenario: Scenario, pipeline: Pipeline, outcome: Outcome, seed: int) -> int:
    """Redrive while the faults of that time are switched on, wait for what comes of it, and count what was redriven."""
    pipeline.faults.set(rules_of(scenario.redrive_rules, pipeline.outputs, seed))
    try:
        redriven = (
            pipeline.make_redrive(scenario.redrive_kind) if scenario.redrive_kind else pipeline.redrive()
        )
        pipeline.wait_until_idle()
    finally:
        counts = pipeline.faults.clear()
    if scenario.redrive_rules:
        outcome.injected += sum(count.injected for count in counts)
        note_unmet(counts, outcome, drawn=False)
    return redriven


def note_unmet(counts: Sequence[RuleCount], outcome: Outcome, *, drawn: bool) -> None:
    """A run shows nothing about a fault that it did not meet; where it is drawn by lot, about none if it met none."""
    unmet = sum(not count.injected for count in counts)
    if unmet and (unmet == len(counts) or not drawn):
        outcome.problems.append(
            "the fault was never met"
            if len(counts) == 1
            else f"{unmet} of {len(counts)} faults were never met"
        )


def _set_visibility(pipeline: Pipeline, queue_url: str, seconds: str) -> str:
    """Set the visibility timeout of a queue, and give the one that it had."""
    answer = pipeline.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["VisibilityTimeout"])
    pipeline.sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"VisibilityTimeout": seconds})
    return str(answer["Attributes"]["VisibilityTimeout"])


def _abort(pipeline: Pipeline, state: str) -> int:
    """Stop every execution as soon as it is in a state, until none is left, and count them."""
    stopped: set[str] = set()
    deadline = time.monotonic() + ABORT_SECONDS
    while time.monotonic() < deadline:
        running = set(pipeline.running_executions()) - stopped
        for arn in running:
            if state in dict(pipeline.entered_states(arn)):
                pipeline.stepfunctions.stop_execution(executionArn=arn, error="Aborted", cause="by hand")
                stopped.add(arn)
        if stopped and not running and not pipeline.waiting_messages():
            break
        time.sleep(_POLL_SECONDS)
    return len(stopped)


def settled_account(
    pipeline: Pipeline, delivery: Delivery, expected: frozenset[str] | None = None
) -> Account:
    """Account for every event; what is missing may be on its way through EventBridge for a moment.

    ``expected`` are the events that were announced, if those are not all.
    """
    expected = delivery.events if expected is None else expected
    deadline = time.monotonic() + GRACE_SECONDS
    while True:
        account = _account(pipeline, delivery)
        if expected <= account.found | account.waiting or time.monotonic() > deadline:
            return account
        time.sleep(_POLL_SECONDS)


def _account(pipeline: Pipeline, delivery: Delivery) -> Account:
    letters = pipeline.dead_letters()
    documents = list(pipeline.documents(delivery.prefix))
    times_found = Counter(event_id(json.loads(raw)) for _, raw in documents)
    problems = []
    if doubled := [event for event, times in times_found.items() if times > 1]:
        problems.append(f"{len(doubled)} events are in the domain twice, for example {doubled[0]}")
    if unknown := times_found.keys() - delivery.events:
        problems.append(f"{len(unknown)} events in the domain were never delivered")
    waiting = [
        delivery.events_behind(letter, pipeline.staged_documents, pipeline.input_of) for letter in letters
    ]
    return Account(
        frozenset(times_found) & delivery.events,
        frozenset().union(*waiting) & delivery.events,
        len(letters),
        frozenset(map(label, letters)),
        letters[0][:1000] if letters else "",
        tuple(problems),
    )

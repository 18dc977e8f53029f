"""One run of the retention: events of two ages, a fault while the older ones are deleted, and an account of both."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from tests.chaos.delivery import Delivery, event_id
from tests.chaos.pipeline import Pipeline
from tests.chaos.run import ABORT_SECONDS, Outcome, note_unmet
from tests.chaos.scenario import Scenario, rules_of
from tests.local_cloud.faults import RuleCount

# Sixteen years: what all other runs deliver is younger.
KEPT_DAYS = 6000
EXPIRED_START = datetime(2008, 7, 10, 12, tzinfo=UTC)
# The logs of the two deliveries of a run are different ones.
_OTHER_SEED = 1_000_000
_POLL_SECONDS = 0.1


def run_retention(scenario: Scenario, pipeline: Pipeline, seed: int) -> Outcome:
    """Deliver events of which a part has expired, and delete that under the fault.

    What the fault outlasts, the next execution must bring to its end. Lost is what should have been kept.

    Raises:
        NotIdle, TimeoutError: the pipeline, or the retention, did not come to rest.
    """
    began = time.monotonic()
    kept, expired = Delivery(seed), Delivery(seed + _OTHER_SEED, EXPIRED_START)
    outcome = Outcome(len(kept.events | expired.events))
    for delivery in (kept, expired):
        delivery.deliver(pipeline)
    pipeline.wait_until_idle()
    found = _found(pipeline, kept, outcome) | _found(pipeline, expired, outcome)
    if missing := (kept.events | expired.events) - found:
        outcome.problems.append(f"{len(missing)} events were not indexed to begin with")
    status, said = _delete(scenario, pipeline, outcome, seed)
    if scenario.outlasts_retries:
        wanted = ("ABORTED", "Aborted") if scenario.aborted_in else ("FAILED", "ExpiredEventsLeft")
        if (status, said) != wanted:
            outcome.problems.append(
                f"the fault outlasts all retries, but the execution ended: {status} {said}"
            )
        status, said = pipeline.end_of(pipeline.start_retention())
    _judge(status, said, None if scenario.outlasts_retries else len(expired.events), outcome)
    outcome.lost = set(kept.events - _found(pipeline, kept, outcome))
    if left := _found(pipeline, expired, outcome):
        outcome.problems.append(f"{len(left)} expired events are still in the domain")
    if letters := pipeline.dead_letters():
        outcome.problems.append(f"{len(letters)} dead letters, where there is nothing to redrive")
    outcome.seconds = time.monotonic() - began
    return outcome


def _delete(scenario: Scenario, pipeline: Pipeline, outcome: Outcome, seed: int) -> tuple[str, str]:
    """Run an execution while the fault is switched on, and say how it ended."""
    pipeline.faults.set(rules_of(scenario.rules, pipeline.outputs, seed))
    counts: Sequence[RuleCount] = ()
    try:
        arn = pipeline.start_retention()
        if scenario.aborted_in:
            _abort(pipeline, arn, scenario.aborted_in)
        ended = pipeline.end_of(arn)
    finally:
        counts = pipeline.faults.clear()
    outcome.injected = sum(count.injected for count in counts)
    note_unmet(counts, outcome, drawn=False)
    return ended


def _abort(pipeline: Pipeline, execution_arn: str, state: str) -> None:
    """Stop an execution while a state of it is at work."""
    deadline = time.monotonic() + ABORT_SECONDS
    while time.monotonic() < deadline:
        # The fault is one that holds what the state has sent.
        held = any(count.injected for count in pipeline.faults.counts())
        if held and state in dict(pipeline.entered_states(execution_arn)):
            pipeline.stepfunctions.stop_execution(
                executionArn=execution_arn, error="Aborted", cause="by hand"
            )
            return
        time.sleep(_POLL_SECONDS)


def _judge(status: str, output: str, expired: int | None, outcome: Outcome) -> None:
    """Note how an execution ended that should have deleted everything, and so many events, if that is known."""
    if status != "SUCCEEDED":
        outcome.problems.append(f"the execution ended {status}: {output}")
        return
    deletion = json.loads(output)["deletion"]
    if deletion["left"] or (expired is not None and deletion["documents"] != expired):
        outcome.problems.append(f"{expired} events had expired, and it says: {output}")


def _found(pipeline: Pipeline, delivery: Delivery, outcome: Outcome) -> set[str]:
    """Give the events of a delivery that are in the domain, and note those that are there twice."""
    times_found = Counter(event_id(json.loads(raw)) for _, raw in pipeline.documents(delivery.prefix))
    if doubled := [event for event, times in times_found.items() if times > 1]:
        outcome.problems.append(f"{len(doubled)} events are in the domain twice, for example {doubled[0]}")
    return times_found.keys() & delivery.events

"""One run of a backfill: logs of some years that nobody announces, a fault while they are planned or indexed, live logs beside
them, and an account of both.
"""

import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from tests.chaos.delivery import Delivery
from tests.chaos.pipeline import Pipeline
from tests.chaos.run import ABORT_SECONDS, Outcome, note_unmet, settled_account
from tests.chaos.scenario import PLAN, Scenario, rules_of
from tests.local_cloud.faults import RuleCount

# A task of a plan has 24 months of an account × Region: so many years are several parts.
START, YEARS = datetime(2010, 7, 10, 12, tzinfo=UTC), timedelta(days=8 * 365)
# The logs of the two deliveries of a run are different ones.
_OTHER_SEED = 2_000_000
_POLL_SECONDS = 0.05


def run_backfill(scenario: Scenario, pipeline: Pipeline, seed: int) -> Outcome:
    """Plan and index what nobody announced, under the fault, while live logs come.

    What the fault outlasts, or what was stopped, a plan anew, a redrive or another execution must bring to its end.

    Raises:
        NotIdle, TimeoutError: the pipeline, or the backfill, did not come to rest.
    """
    began = time.monotonic()
    history, live = Delivery(seed, START, YEARS), Delivery(seed + _OTHER_SEED)
    outcome = Outcome(len(history.events | live.events))
    for key, body in history.bodies.items():
        pipeline.s3.put_object(Bucket=pipeline.log_bucket, Key=key, Body=body)
    backfill = f"chaos-{seed}"

    def plan() -> str:
        return _plan(pipeline, backfill, history)

    def index() -> str:
        return pipeline.start_backfill({"backfill": backfill})

    for start, meets in ((plan, scenario.state == PLAN), (index, scenario.state != PLAN)):
        status, said = _run(scenario, pipeline, outcome, seed, start, meets=meets)
        if status != "SUCCEEDED":
            outcome.problems.append(f"the execution ended {status}: {said}")
        if start is plan:
            _judge_plan(pipeline, backfill, history, outcome)
            live.deliver(pipeline)
    pipeline.wait_until_idle()
    for delivery in (history, live):
        account = settled_account(pipeline, delivery)
        outcome.lost |= delivery.events - account.found
        outcome.problems += account.problems
    if letters := pipeline.dead_letters():
        outcome.problems.append(f"{len(letters)} dead letters, where there is nothing to redrive")
    outcome.seconds = time.monotonic() - began
    return outcome


def _plan(pipeline: Pipeline, backfill: str, history: Delivery) -> str:
    scope = {
        "first": f"{START:%Y-%m-%d}",
        "last": f"{START + YEARS:%Y-%m-%d}",
        "prefix": history.prefix.rstrip("/"),
    }
    return pipeline.start_backfill({"backfill": backfill, "scope": scope})


def _judge_plan(pipeline: Pipeline, backfill: str, history: Delivery, outcome: Outcome) -> None:
    """Note what a plan that is there has counted wrong."""
    if outcome.problems:
        return
    plan = json.loads(pipeline.kept_of_backfill(f"{backfill}/plan.json"))
    if plan["counted"]["logs"] != len(history.bodies):
        outcome.problems.append(f"{len(history.bodies)} logs are there, and it says: {plan['counted']}")


def _run(
    scenario: Scenario,
    pipeline: Pipeline,
    outcome: Outcome,
    seed: int,
    start: Callable[[], str],
    *,
    meets: bool,
) -> tuple[str, str]:
    """Run an execution that ``meets`` the fault or does not, and go on with it if that should have ended it early."""
    if not meets:
        return pipeline.end_of(start())
    arn, (status, said) = _under_fault(scenario, pipeline, outcome, seed, start)
    if scenario.outlasts_retries or scenario.aborted_in:
        if status == "SUCCEEDED":
            outcome.problems.append("it should have ended early, and has succeeded")
            return status, said
        if scenario.state == PLAN or scenario.resumed_anew:
            return pipeline.end_of(start())
        pipeline.stepfunctions.redrive_execution(executionArn=arn)
        return pipeline.end_of(arn)
    return status, said


def _under_fault(
    scenario: Scenario, pipeline: Pipeline, outcome: Outcome, seed: int, start: Callable[[], str]
) -> tuple[str, tuple[str, str]]:
    """Run an execution while the fault is switched on, or is stopped meanwhile; give its ARN, and say how it ended."""
    pipeline.faults.set(rules_of(scenario.rules, pipeline.outputs, seed))
    counts: Sequence[RuleCount] = ()
    try:
        arn = start()
        if scenario.aborted_in:
            outcome.injected += _stop_half_way(pipeline, arn, f"chaos-{seed}", outcome)
        ended = pipeline.end_of(arn)
    finally:
        counts = pipeline.faults.clear()
    outcome.injected += sum(count.injected for count in counts)
    note_unmet(counts, outcome, drawn=False)
    return arn, ended


def _stop_half_way(pipeline: Pipeline, execution: str, backfill: str, outcome: Outcome) -> int:
    """Stop an execution as make backfill-stop does, once a part is done."""
    deadline = time.monotonic() + ABORT_SECONDS
    while time.monotonic() < deadline:
        if pipeline.kept_below(f"{backfill}/done/"):
            pipeline.stepfunctions.stop_execution(executionArn=execution, error="Stopped", cause="by hand")
            return 1
        time.sleep(_POLL_SECONDS)
    outcome.problems.append("no part was done in time")
    return 0

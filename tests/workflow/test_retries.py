"""Every Retry of the state machines: which errors, how often, and how long it waits.

The cases are read from the definition, so that a new retrier or error name is tested too.
"""

import io
from collections import Counter
from typing import Any, NamedTuple

import pytest

from tests.workflow import definition
from tests.workflow.samples import (
    BATCH,
    FETCHED,
    INDEXED,
    OTHER_BATCH,
    REFUSED_DOCUMENTS,
    SPLIT,
    UNREADABLE_LOG,
)
from tests.workflow.workflow import Step, Workflow, always_fails, answers, fails
from trailsearch.contracts.messages import Deletion, Indexed, Parts, QueueMessage, Work

STATES = {
    state.name: state
    for machine in definition.MACHINES
    for state in definition.states(definition.load(machine))
}
TASKS = {name: state for name, state in STATES.items() if state.fields["Type"] == "Task"}


class Task(NamedTuple):
    """How to make one Task state fail, and where its Catch, or the one of its Map state, leads: where there is none, the end.

    ``others`` are the other steps that lead to this state. Where several states are one function's, ``asked`` is what the
    event of this one has. ``within`` is the Distributed Map that it is in: of what is in one, its execution shows nothing.
    """

    step: str
    caught_by: str
    others: dict[str, Step]
    messages: int = 1
    machine: str = definition.INDEX_LOGS
    asked: str = ""
    within: str = ""

    def after(self, name: str, visits: list[str]) -> str:
        """The state that was visited after this one, or what the history has in its place; empty if it was the last."""
        return next(iter(visits[visits.index(self.within or name) + 1 :]), "")


def planning(event: dict[str, Any]) -> Any:
    """What the function of the backfill answers of one folder, and where no part is left."""
    if "find" in event:
        return {"tasks": [{}]}
    if "plan" in event:
        return {"days": 1, "rounds": 1, "more": False}
    return {"manifest": "manifest.json", "parts": 0}


def of_plan(asked: str, caught_by: str) -> Task:
    return Task(
        "plan_backfill",
        caught_by,
        {"plan_backfill": planning},
        machine=definition.BACKFILL,
        asked=asked,
    )


def one_part_left() -> Step:
    """What the function of the backfill answers an execution of which one part is left: once."""
    asked: set[str] = set()

    def left(event: dict[str, Any]) -> Any:
        parts = int(event["execution"] not in asked)
        asked.add(event["execution"])
        return {"manifest": "manifest.json", "parts": parts}

    return left


def auditing(event: dict[str, Any]) -> Any:
    """What the function of the audit answers of one share."""
    if "plan" in event:
        return {"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T03:00:00Z", "shares": [0]}
    return {"well": True} if "sum_up" in event else {}


def of_audit(asked: str) -> Task:
    return Task(
        "audit_logs", "Logs Not Audited", {"audit_logs": auditing}, machine=definition.AUDIT, asked=asked
    )


def of_part(step: str, **others: Step) -> Task:
    steps: dict[str, Step] = {
        "plan_backfill": one_part_left(),
        "read_items": lambda _arguments: {"Body": io.BytesIO(b'[{"name": "0000"}]')},
        "get_object": lambda _arguments: {"Body": "[]"},
        "put_object": lambda _arguments: {},
    }
    return Task(step, "", steps | others, machine=definition.BACKFILL, within="Index Parts")


PARTS = Parts(messages=(QueueMessage("message-1", "a"), QueueMessage("message-1", "b")))
CASES = {
    "Fetch Logs": Task("fetch_logs", "Fetch Logs Failed", {}),
    "Split Records": Task("split_records", "Split Records Failed", {}),
    "Index Batch": Task("index_batch", "Keep Batch", {}),
    "Keep Batch": Task(
        "delete_object_tagging", "Batch Not Kept", {"index_batch": always_fails("StorageAccessDenied")}
    ),
    "Send Batch To Dead Letter Queue": Task(
        "send_message", "Index Batches Failed", {"index_batch": always_fails("BatchNotFound")}
    ),
    "Send Documents To Dead Letter Queue": Task(
        "send_message",
        "Index Batches Failed",
        {"index_batch": answers(Indexed(documents=2, dead_letters=(REFUSED_DOCUMENTS,)))},
    ),
    "Send Failure To Dead Letter Queue": Task(
        "send_message",
        "Dead-Letter Failures Failed",
        {"fetch_logs": answers(Work(dead_letters=(UNREADABLE_LOG,)))},
    ),
    "Take Message Apart": Task(
        "take_message_apart",
        "Dead-Letter Messages",
        {"fetch_logs": always_fails("KeyError"), "take_message_apart": answers(PARTS)},
    ),
    "Start Execution For Part": Task(
        "start_execution",
        "Dead-Letter Messages",
        {"fetch_logs": always_fails("KeyError"), "take_message_apart": answers(PARTS)},
    ),
    "Start Execution For Message": Task(
        "start_execution",
        "Dead-Letter Messages",
        {"fetch_logs": always_fails("PayloadTooLarge")},
        messages=2,
    ),
    "Send Message To Dead Letter Queue": Task(
        "send_message", "Dead Letter Queue Unreachable", {"fetch_logs": always_fails("StorageAccessDenied")}
    ),
    "Delete Expired": Task("delete_expired", "Expired Events Left", {}, machine=definition.RETENTION),
    "Find Folders": of_plan("find", "Logs Not Planned"),
    "Plan Backfill": of_plan("plan", "Logs Not Planned"),
    "Write Plan": of_plan("write", "Logs Not Planned"),
    "Find Parts Left": of_plan("left", ""),
    "Plan Audit": of_audit("plan"),
    "Audit Share": of_audit("share"),
    "Sum Up": of_audit("sum_up"),
    "Look At Live Traffic": of_part("describe_alarms"),
    "Read Part": of_part("get_object"),
    "Index Part": of_part("start_execution"),
    "Look At Execution": of_part(
        "look_at_execution",
        start_execution=always_fails("StepFunctions.ExecutionAlreadyExistsException"),
    ),
    "Mark Part Done": of_part("put_object"),
    "Mark Part Dead-Lettered": of_part(
        "put_object", describe_execution=lambda arguments: {**arguments, "status": "FAILED", "error": "a"}
    ),
}


class Retrier(NamedTuple):
    """One error name in one retrier of a Task."""

    task: str
    error: str
    fields: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.task}-{self.error}"

    @property
    def longest_waits(self) -> list[float]:
        """Seconds before each retry, before jitter."""
        interval, rate, limit = (
            self.fields[name] for name in ("IntervalSeconds", "BackoffRate", "MaxDelaySeconds")
        )
        return [min(limit, interval * rate**retry) for retry in range(self.fields["MaxAttempts"])]


RETRIERS = [
    Retrier(name, "SQS.ServiceUnavailable" if error == "States.ALL" else error, fields)
    for name, state in TASKS.items()
    for fields in state.fields["Retry"]
    if fields["MaxAttempts"]
    for error in fields["ErrorEquals"]
]
LONGEST = {(retrier.task, retrier.error): retrier.longest_waits for retrier in RETRIERS}
LAMBDA_TASKS = [name for name in CASES if TASKS[name].fields["Resource"].endswith(":lambda:invoke")]


def test_every_task_has_its_case() -> None:
    assert CASES.keys() == TASKS.keys()


@pytest.mark.parametrize("retrier", RETRIERS, ids=str)
def test_the_last_retry_succeeds(workflow: Workflow, retrier: Retrier) -> None:
    visits = run_failing(workflow, retrier.task, [retrier.error] * retrier.fields["MaxAttempts"])
    case = CASES[retrier.task]
    assert case.after(retrier.task, visits) != case.caught_by
    assert case.caught_by not in visits
    assert workflow.waits == retrier.longest_waits
    assert workflow.jittered == [(0, wait) for wait in retrier.longest_waits]


@pytest.mark.parametrize("retrier", RETRIERS, ids=str)
def test_retries_end_in_the_catch_or_where_there_is_none_the_execution(
    workflow: Workflow, retrier: Retrier
) -> None:
    visits = run_failing(workflow, retrier.task, [retrier.error] * (retrier.fields["MaxAttempts"] + 1))
    case = CASES[retrier.task]
    assert case.after(retrier.task, visits) == case.caught_by
    assert workflow.waits == retrier.longest_waits


@pytest.mark.parametrize("task", LAMBDA_TASKS)
@pytest.mark.parametrize("error", ["StorageAccessDenied", "KeyError", "MemoryError"])
def test_other_errors_are_not_retried(workflow: Workflow, task: str, error: str) -> None:
    visits = run_failing(workflow, task, [error])
    assert CASES[task].after(task, visits) == CASES[task].caught_by
    assert workflow.waits == []


@pytest.mark.parametrize("task", LAMBDA_TASKS)
def test_each_retrier_counts_for_itself(workflow: Workflow, task: str) -> None:
    retriers = TASKS[task].fields["Retry"]
    visits = run_failing(workflow, task, [retrier["ErrorEquals"][0] for retrier in retriers])
    assert CASES[task].caught_by not in visits
    assert workflow.waits == [retrier["IntervalSeconds"] for retrier in retriers]


def test_a_throttled_search_domain_is_left_alone_for_long() -> None:
    """What Terraform's variable ``index_batch_max_attempts`` says of the waits: 12 minutes on average, 25 at most."""
    waits = LONGEST["Index Batch", "SearchThrottled"]
    assert waits == [5, 10, 20, 40, 80] + 11 * [120]
    assert 12 * 60 <= sum(waits) / 2 < 13 * 60
    assert sum(waits) < 25 * 60


@pytest.mark.parametrize("task", ["Index Batch", "Delete Expired"])
def test_a_policy_gets_minutes_to_arrive_everywhere(task: str) -> None:
    """IAM says of its own that it is eventually consistent, and not how long that takes.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
    """
    assert LONGEST[task, "SearchAccessDenied"] == [30, 60, 120]


def test_batches_are_retried_for_themselves(workflow: Workflow) -> None:
    """As many batches as run at a time, all throttled: each one has the whole number of attempts."""
    attempts: Counter[str] = Counter()
    waits = LONGEST["Index Batch", "SearchThrottled"]

    def throttle(event: dict[str, Any]) -> Any:
        key = event["batch"]["key"]
        attempts[key] += 1
        if attempts[key] <= len(waits):
            return always_fails("SearchThrottled")(event)
        return answers(INDEXED)(event)

    workflow.steps |= {
        "fetch_logs": answers(FETCHED),
        "split_records": answers(Work(batches=(BATCH, OTHER_BATCH))),
        "index_batch": throttle,
    }
    assert workflow.run().status == "SUCCEEDED"
    assert attempts == {BATCH.key: len(waits) + 1, OTHER_BATCH.key: len(waits) + 1}
    assert sorted(workflow.waits) == sorted(2 * waits)


def run_failing(workflow: Workflow, task: str, errors: list[str]) -> list[str]:
    """Run with one Task failing in this way first; give the states visited."""
    case = CASES[task]
    workflow.steps |= {
        "fetch_logs": answers(FETCHED),
        "split_records": answers(SPLIT),
        "index_batch": answers(INDEXED),
        "delete_expired": answers(Deletion(more=False)),
        **case.others,
    }
    well = workflow.steps[case.step]
    failing = fails(well, *errors)
    workflow.steps[case.step] = lambda event: (failing if case.asked in ("", *event) else well)(event)
    match case.machine:
        case definition.RETENTION:
            return workflow.run_retention().visits
        case definition.AUDIT:
            return workflow.run_audit().visits
        case definition.BACKFILL:
            planned = case.caught_by == "Logs Not Planned"
            scope = {"scope": {"first": "2026-01-01", "last": "2026-01-31"}} if planned else {}
            return workflow.run_backfill({"backfill": "20261126T221500Z", **scope}).visits
    return workflow.run(*["a message"] * case.messages).visits

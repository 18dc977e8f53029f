"""The state machine backfill: every way through it, what it asks of others, and how it is resumed, with the real function too."""

import json
import re
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
import pytest

import plan_backfill
from tests.steps import LambdaContext
from tests.workflow import definition
from tests.workflow.workflow import Run, Step, StepFailed, Workflow, always_fails
from trailsearch.aws import clients
from trailsearch.contracts.backfill import Plan
from trailsearch.contracts.messages import QueueMessage
from trailsearch.logs.notifications import read_notification
from trailsearch.workflow import backfill_parts
from trailsearch.workflow.backfill_plan import MAX_TASKS
from trailsearch.workflow.backfill_store import BackfillStore

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MACHINE = definition.load(definition.BACKFILL)
STATES = {state.name: state for state in definition.states(MACHINE)}
STAGING, LOGS = str(definition.SAMPLE_VALUES["staging_bucket"]), "trail-logs"
# So many logs are a part here.
PART = 5
NAME = "20261126T221500Z"
SCOPE = {"first": "2026-01-30", "last": "2026-02-01"}
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MAX_HISTORY_EVENTS = 25_000

PLANNED = "Planned Already? > Find Folders > Plan Folders > Plan Backfill > All Days Listed? > Folders Planned > Write Plan > Planned"
IN_TWO_ROUNDS = PLANNED.replace("All Days Listed? >", "All Days Listed? > Plan Backfill > All Days Listed? >")
NO_PLAN = "Planned Already? > Find Folders > Logs Not Planned"
NOT_INDEXED = "Planned Already? > Find Parts Left > Any Parts Left? > Index Parts"
INDEXED = f"{NOT_INDEXED} > Find Parts Left > Any Parts Left? > Backfilled"
NONE_LEFT = "Planned Already? > Find Parts Left"
OF_PART = "Look At Live Traffic > Live Traffic Behind? > Read Part > Index Part > Mark Part Done"
PATHS = [
    PLANNED,
    IN_TWO_ROUNDS,
    NO_PLAN,
    "Plan Folders > Logs Not Planned",
    "Write Plan > Logs Not Planned",
    INDEXED,
    "Any Parts Left? > Backfilled",
    NOT_INDEXED,
    NONE_LEFT,
    f"Index Parts > {OF_PART}",
    "Live Traffic Behind? > Leave Live Traffic Time > Look At Live Traffic",
    "Index Part > Part Dead-Lettered? > Mark Part Dead-Lettered",
    "Part Dead-Lettered? > Part Not Started > Redriven Since? > Look At Live Traffic",
    "Index Part > Look At Execution > Execution Ended? > Mark Part Done",
    "Execution Ended? > Leave Execution Time > Look At Execution",
    "Execution Ended? > Execution Unsuccessful > Mark Part Dead-Lettered",
]


class Cloud:
    """A bucket of logs, and the staging bucket with what a backfill keeps there."""

    def __init__(self, s3: "S3Client") -> None:
        self.s3 = s3
        self.store = BackfillStore(s3, STAGING, NAME)

    def put_logs(self, day: date, count: int, account: str = "111122223333") -> None:
        for number in range(count):
            key = f"AWSLogs/{account}/CloudTrail/us-east-1/{day:%Y/%m/%d}/{number:04}.json.gz"
            self.s3.put_object(Bucket=LOGS, Key=key, Body=b"log")

    def keys(self, folder: str) -> set[str]:
        listed = self.s3.list_objects_v2(Bucket=STAGING, Prefix=f"backfills/{NAME}/{folder}/")
        return {each["Key"].rpartition("/")[2] for each in listed.get("Contents", [])}


@pytest.fixture
def cloud(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """The real function, with what Terraform sets, and S3 as the state machine calls it."""
    s3 = boto3.client("s3", region_name="us-east-1")
    for bucket in (LOGS, STAGING):
        s3.create_bucket(Bucket=bucket)
    monkeypatch.setattr(clients, "s3", lambda: s3)
    monkeypatch.setattr(backfill_parts, "MAX_LOGS", PART)
    monkeypatch.setenv("ENVIRONMENT", "test")
    monkeypatch.setenv("LOG_BUCKETS", LOGS)
    monkeypatch.setenv("STAGING_BUCKET", STAGING)
    workflow.steps["plan_backfill"] = lambda event: plan_backfill.handler(event, LambdaContext(900))
    workflow.steps["read_items"] = lambda arguments: s3.get_object(**arguments)
    workflow.steps["get_object"] = lambda arguments: {
        "Body": s3.get_object(**arguments)["Body"].read().decode()
    }
    workflow.steps["put_object"] = lambda arguments: s3.put_object(**arguments)
    return Cloud(s3)


def plan(workflow: Workflow) -> Run:
    return workflow.run_backfill({"backfill": NAME, "scope": SCOPE})


def index(workflow: Workflow) -> Run:
    return workflow.run_backfill({"backfill": NAME})


def announced(workflow: Workflow) -> list[str]:
    """The keys of the logs that executions of index-logs were started with, in order."""
    messages = [
        QueueMessage(each["messageId"], each["body"])
        for call in workflow.calls["start_execution"]
        for each in json.loads(call["Input"])
    ]
    logs = [log for message in messages for log in read_notification(message.body).logs]
    assert all(log.backfill for log in logs)
    return [log.key for log in logs]


class Interrupted(NamedTuple):
    """An execution that failed, and the keys of the logs that it has indexed."""

    run: Run
    indexed: set[str]


def failed(error: str = "SomeWorkDeadLettered") -> Step:
    """An execution of index-logs that fails."""
    return lambda arguments: {**arguments, "status": "FAILED", "error": error, "cause": "why"}


def test_a_plan_counts_the_logs_and_indexes_nothing(workflow: Workflow, cloud: Cloud) -> None:
    for day, count in ((29, 5), (30, 3), (31, 4)):
        cloud.put_logs(date(2026, 1, day), count)
    cloud.put_logs(date(2026, 2, 2), 2)
    cloud.put_logs(date(2026, 2, 3), 9)
    run = plan(workflow)
    assert (run.status, " > ".join(run.visits)) == ("SUCCEEDED", PLANNED)
    counted = run.output_of("Planned")["plan"]["counted"]
    assert (counted["logs"], counted["bytes"], counted["parts"]) == (9, 27, 2)
    assert isinstance(cloud.store.plan(), Plan)
    assert not workflow.calls["start_execution"]


def test_every_log_of_the_plan_is_indexed_once_the_latest_month_first(
    workflow: Workflow, cloud: Cloud
) -> None:
    cloud.put_logs(date(2026, 1, 31), 11)
    cloud.put_logs(date(2026, 2, 1), 3, "444455556666")
    plan(workflow)
    run = index(workflow)
    assert (run.status, " > ".join(run.visits)) == ("SUCCEEDED", INDEXED)
    keys = announced(workflow)
    assert len(keys) == len(set(keys)) == 14
    assert "2026/02/01" in keys[0]
    assert cloud.keys("done") == {part.name for part in cloud.store.parts()}
    assert {call["StateMachineArn"] for call in workflow.calls["start_execution"]} == {
        definition.SAMPLE_VALUES["index_logs_arn"]
    }


def test_what_takes_longer_than_a_function_may_goes_on_in_a_further_round(
    workflow: Workflow, cloud: Cloud
) -> None:
    cloud.put_logs(date(2026, 1, 31), 2)
    cloud.put_logs(date(2026, 2, 1), 3)
    in_a_hurry = LambdaContext(plan_backfill.RESERVED_SECONDS - 1)
    workflow.steps["plan_backfill"] = lambda event: plan_backfill.handler(event, in_a_hurry)
    run = plan(workflow)
    assert " > ".join(run.visits) == IN_TWO_ROUNDS
    assert run.output_of("Planned")["plan"]["counted"]["logs"] == 5
    index(workflow)
    assert len(set(announced(workflow))) == 5


def test_a_scope_without_logs_is_planned_and_indexed_all_the_same(workflow: Workflow, cloud: Cloud) -> None:
    run = plan(workflow)
    assert run.output_of("Planned")["plan"]["counted"]["logs"] == 0
    assert index(workflow).visits[-1] == "Backfilled"


def test_nothing_is_begun_while_live_traffic_is_behind(workflow: Workflow, cloud: Cloud) -> None:
    cloud.put_logs(date(2026, 1, 31), 1)
    plan(workflow)
    ok, rings = ({"AlarmName": "trailsearch-test-lag", "StateValue": state} for state in ("OK", "ALARM"))
    alarms = [[ok, rings], [rings, ok], [rings], [ok, ok]]

    def ringing(arguments: dict[str, Any]) -> Any:
        assert not workflow.calls["start_execution"]
        assert arguments == {"AlarmNames": ["trailsearch-test-lag", "trailsearch-test-oldest-message"]}
        return {"MetricAlarms": alarms.pop(0)}

    workflow.steps["describe_alarms"] = ringing
    assert index(workflow).status == "SUCCEEDED"
    assert workflow.pauses == [300, 300, 300]
    assert len(announced(workflow)) == 1


def test_a_part_of_which_something_is_dead_lettered_is_done(workflow: Workflow, cloud: Cloud) -> None:
    cloud.put_logs(date(2026, 1, 31), 2)
    plan(workflow)
    workflow.steps["describe_execution"] = failed()
    run = index(workflow)
    assert run.visits[-1] == "Backfilled"
    (name,) = cloud.keys("done")
    assert name.endswith(".dead-lettered")
    assert len(workflow.calls["start_execution"]) == 1


def test_every_attempt_to_start_the_execution_of_a_part_has_the_same_name_and_every_part_another_one(
    workflow: Workflow, cloud: Cloud
) -> None:
    cloud.put_logs(date(2026, 1, 31), 2 * PART)
    plan(workflow)
    names: list[str] = []
    lost = ["StepFunctions.SfnException", "StepFunctions.SdkClientException"]

    def starts(arguments: dict[str, Any]) -> Any:
        names.append(arguments["Name"])
        if lost:
            raise StepFailed(lost.pop())
        return {"ExecutionArn": "arn:started", "StartDate": 0}

    workflow.steps["start_execution"] = starts
    assert index(workflow).status == "SUCCEEDED"
    assert len(names) == 4
    assert len(set(names[:3])) == 1
    assert len(set(names)) == 2
    assert all(re.fullmatch(r"backfill-[0-9a-f]{64}", name) for name in names)
    # Another execution of the backfill takes no name for its own that is taken.
    for part in cloud.keys("done"):
        cloud.s3.delete_object(Bucket=STAGING, Key=f"backfills/{NAME}/done/{part}")
    assert index(workflow).status == "SUCCEEDED"
    assert len(set(names)) == 4


@pytest.mark.parametrize(
    ("status", "ending"), [("SUCCEEDED", ""), ("FAILED", "Exception"), ("TIMED_OUT", ""), ("ABORTED", "")]
)
def test_a_part_whose_execution_was_started_already_is_marked_as_that_has_ended(
    workflow: Workflow, cloud: Cloud, status: str, ending: str
) -> None:
    cloud.put_logs(date(2026, 1, 31), 1)
    plan(workflow)
    workflow.steps["start_execution"] = always_fails(f"StepFunctions.ExecutionAlreadyExists{ending}")
    found = ["RUNNING", "RUNNING", status]
    workflow.steps["look_at_execution"] = lambda arguments: {**arguments, "status": found.pop(0)}
    assert index(workflow).status == "SUCCEEDED"
    assert workflow.pauses == [60, 60]
    assert not workflow.waits
    (name,) = cloud.keys("done")
    failed = status != "SUCCEEDED"
    assert name.endswith(".dead-lettered") == failed
    body = cloud.s3.get_object(Bucket=STAGING, Key=f"backfills/{NAME}/done/{name}")["Body"].read().decode()
    (started,) = workflow.calls["start_execution"]
    arn = f"{definition.SAMPLE_VALUES['index_logs_executions_arn']}:{started['Name']}"
    assert {call["executionArn"] for call in workflow.calls["look_at_execution"]} == {arn}
    assert (json.loads(body) if failed else body) == (
        {"ExecutionArn": arn, "Status": status} if failed else arn
    )


def test_a_part_whose_execution_is_not_to_be_found_ends_the_backfill_and_a_redrive_looks_again(
    workflow: Workflow, cloud: Cloud
) -> None:
    cloud.put_logs(date(2026, 1, 31), 1)
    plan(workflow)
    workflow.steps["start_execution"] = always_fails("StepFunctions.ExecutionAlreadyExists")
    usual = workflow.steps["look_at_execution"]
    workflow.steps["look_at_execution"] = always_fails("Sfn.ExecutionDoesNotExistException")
    run = index(workflow)
    assert run.error == "States.ExceedToleratedFailureThreshold"
    assert not cloud.keys("done")
    workflow.steps["look_at_execution"] = usual
    assert workflow.redrive(run).status == "SUCCEEDED"
    assert len(workflow.calls["start_execution"]) == len(cloud.keys("done")) == 1


@pytest.fixture
def interrupted(workflow: Workflow, cloud: Cloud) -> Interrupted:
    """A backfill of three parts, of which the second could not be started; now it could."""
    cloud.put_logs(date(2026, 1, 31), 12)
    plan(workflow)
    started: list[Any] = []

    def starts_one(arguments: dict[str, Any]) -> Any:
        if started:
            raise StepFailed("SFN.AccessDeniedException", "not allowed")
        started.append(arguments)
        return {"ExecutionArn": "arn:started", "StartDate": 0}

    usual = workflow.steps["start_execution"]
    workflow.steps["start_execution"] = starts_one
    run = index(workflow)
    assert (run.status, " > ".join(run.visits)) == ("FAILED", NOT_INDEXED)
    assert run.error == "States.ExceedToleratedFailureThreshold"
    assert len(cloud.keys("done")) == 1
    workflow.calls["start_execution"].clear()
    workflow.steps["start_execution"] = usual
    return Interrupted(run, {log for each in started for log in _keys(each)})


def test_a_part_that_cannot_be_started_ends_the_backfill_and_another_execution_does_what_is_left(
    workflow: Workflow, cloud: Cloud, interrupted: Interrupted
) -> None:
    assert index(workflow).status == "SUCCEEDED"
    assert len(interrupted.indexed) == PART
    assert len(announced(workflow)) == 7
    assert not interrupted.indexed & set(announced(workflow))


def test_a_redrive_of_it_goes_on_with_the_part_that_could_not_be_started(
    workflow: Workflow, cloud: Cloud, interrupted: Interrupted
) -> None:
    """And indexes none again that is done."""
    asked = len(workflow.calls["describe_alarms"])
    run = workflow.redrive(interrupted.run)
    assert (run.arn, run.status) == (interrupted.run.arn, "SUCCEEDED")
    again = INDEXED.partition("Index Parts")
    assert " > ".join(run.visits) == f"{NOT_INDEXED} > {again[1]}{again[2]}"
    assert len(announced(workflow)) == 7
    assert not interrupted.indexed & set(announced(workflow))
    assert len(workflow.calls["describe_alarms"]) - asked == 2, "it looks at live traffic again"


def test_a_redrive_before_the_cause_is_removed_fails_again_and_the_next_one_goes_on(
    workflow: Workflow, cloud: Cloud, interrupted: Interrupted
) -> None:
    usual = workflow.steps["start_execution"]
    workflow.steps["start_execution"] = always_fails("SFN.AccessDeniedException")
    assert workflow.redrive(interrupted.run).status == "FAILED"
    workflow.calls["start_execution"].clear()
    workflow.steps["start_execution"] = usual
    assert workflow.redrive(interrupted.run).status == "SUCCEEDED"
    assert len(announced(workflow)) == 7


def _keys(call: dict[str, Any]) -> list[str]:
    return [
        key for message in json.loads(call["Input"]) for key in json.loads(message["body"])["s3ObjectKey"]
    ]


@pytest.mark.parametrize("step", ["get_object", "put_object", "describe_alarms"])
def test_what_fails_for_a_while_is_tried_again(workflow: Workflow, cloud: Cloud, step: str) -> None:
    cloud.put_logs(date(2026, 1, 31), 1)
    plan(workflow)
    real, errors = workflow.steps[step], ["S3.SlowDown", "S3.SlowDown"]

    def slow(arguments: dict[str, Any]) -> Any:
        if errors:
            raise StepFailed(errors.pop())
        return real(arguments)

    workflow.steps[step] = slow
    assert index(workflow).status == "SUCCEEDED"
    assert len(announced(workflow)) == 1


def test_a_bucket_that_cannot_be_listed_ends_the_plan_and_says_which(
    workflow: Workflow, cloud: Cloud
) -> None:
    workflow.steps["plan_backfill"] = always_fails("LogsNotListed")
    run = plan(workflow)
    assert (run.error, " > ".join(run.visits)) == ("LogsNotPlanned", NO_PLAN)
    assert "why LogsNotListed" in run.cause


@pytest.mark.parametrize(("step", "visited"), [("plan", "Plan Folders"), ("write", "Write Plan")])
def test_a_step_of_the_plan_that_crashes_is_tried_again_and_then_ends_it(
    workflow: Workflow, cloud: Cloud, step: str, visited: str
) -> None:
    cloud.put_logs(date(2026, 1, 31), 3)
    real = workflow.steps["plan_backfill"]
    crashes = ["Runtime.ExitError"]

    def crashing(event: dict[str, Any]) -> Any:
        answer = real(event)
        if step in event and crashes:
            raise StepFailed(crashes.pop())
        return answer

    workflow.steps["plan_backfill"] = crashing
    run = plan(workflow)
    assert run.status == "SUCCEEDED", "the work was done twice, and counts once"
    assert run.output_of("Planned")["plan"]["counted"]["logs"] == 3
    crashes += ["Runtime.ExitError"] * 2
    run = plan(workflow)
    assert run.error == "LogsNotPlanned"
    assert run.visits[-2:] == [visited if step == "write" else "Plan Backfill", "Logs Not Planned"]


def test_a_backfill_that_is_not_there_is_not_indexed(workflow: Workflow, cloud: Cloud) -> None:
    run = index(workflow)
    assert (run.error, " > ".join(run.visits)) == ("BackfillNotFound", NONE_LEFT)
    assert "BackfillNotFound" in run.cause


def test_a_thousand_tasks_and_a_week_of_waiting_fit_into_the_history(
    workflow: Workflow, cloud: Cloud
) -> None:
    """Of the plan's execution; and of a part's, whose events moto does not show: five of each of its three states."""
    cloud.put_logs(date(2026, 1, 31), 1)
    one = len(plan(workflow).history)
    workflow.steps["plan_backfill"] = lambda event: (
        {"tasks": [0] * 11} if "find" in event else plan_backfill.handler(event, LambdaContext(900))
    )
    eleven = len(plan(workflow).history)
    assert MAX_TASKS * (eleven - one) / 10 < MAX_HISTORY_EVENTS / 2
    waits = timedelta(days=7) / timedelta(seconds=STATES["Leave Live Traffic Time"].fields["Seconds"])
    assert waits * (5 + 2 + 2) < MAX_HISTORY_EVENTS


def test_every_state_is_visited_and_every_transition_taken() -> None:
    """Each path is the one of a test above."""
    visits = [path.split(" > ") for path in PATHS]
    assert {name for path in visits for name in path} == STATES.keys()
    possible = {(each.source, each.target) for each in definition.transitions(MACHINE)}
    taken = {pair for path in visits for pair in pairwise(path)}
    # What follows the last state within a Map is what follows the Map.
    left = {("Folders Planned", "Write Plan")}
    assert possible - taken == {("Plan Folders", "Write Plan")}
    assert taken - possible == left

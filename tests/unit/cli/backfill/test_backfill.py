"""The commands of a backfill: it is planned, asked for, started, resumed, watched and stopped."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import click
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result
from moto import mock_aws

from trailsearch.aws import clients
from trailsearch.cli.backfill import backfills
from trailsearch.cli.backfill.backfill import backfill
from trailsearch.cli.backfill.status import backfill_status
from trailsearch.cli.backfill.stop import backfill_stop
from trailsearch.cli.environment import Environment, FoundDomain
from trailsearch.contracts.backfill import Counted, PartRef, Plan, Scope
from trailsearch.search import Backend, SearchSettings, search_backend
from trailsearch.workflow.backfill_store import BackfillStore

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

COUNTED = Counted(
    logs=12_345, bytes=2_500_000_000, archived_logs=7, archived_bytes=70_000_000, parts=79, events=17_600_000
)
ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:trailsearch-dev-backfill"
STAGING = "trailsearch-dev-staging-123456789012-us-east-1"
NAME = "20261126T221500Z"
SCOPE = Scope(first=date(2026, 1, 1), last=date(2026, 3, 31))
STARTED = datetime.now(UTC) - timedelta(hours=2)


class Machine:
    """The state machine: executions as they were started; a plan succeeds at once, unless there is a ``cause``.

    One that does not run any more may be redriven, for the reasons ``not_redrivable`` none.
    """

    def __init__(self) -> None:
        self.inputs: dict[str, Any] = {}
        self.running: list[str] = []
        self.stopped: list[str] = []
        self.counted = COUNTED
        self.cause = ""
        self.not_redrivable = ""
        self.refuses = ""
        self.redriven: dict[str, datetime] = {}
        self.redrives: list[str] = []
        self.definition = self.definition_then = "{}"

    def start_execution(self, stateMachineArn: str, name: str, input: str) -> Any:  # noqa: A002, N803  # boto3's names
        assert stateMachineArn == ARN
        self.inputs[name] = json.loads(input)
        if not name.endswith("-plan"):
            self.running.append(name)
        return {"executionArn": f"arn:execution:{name}"}

    def describe_execution(self, executionArn: str) -> Any:  # noqa: N803
        name = executionArn.rpartition(":")[2]
        if name in self.running:
            return {"status": "RUNNING", **self._times(name), "redriveStatus": "NOT_REDRIVABLE"}
        if self.cause or "-index-" in name:
            redrivable = {"redriveStatus": "NOT_REDRIVABLE" if self.not_redrivable else "REDRIVABLE"}
            if self.not_redrivable:
                redrivable["redriveStatusReason"] = self.not_redrivable
            return {"status": "FAILED", **self._times(name), "cause": self.cause, **redrivable}
        given = self.inputs.get(
            name, {"backfill": NAME, "scope": {"first": "2026-01-01", "last": "2026-03-31"}}
        )
        plan = Plan(given["backfill"], SCOPE, self.counted, "2026-11-26T22:15:00Z")
        output = json.loads(json.dumps({"plan": _plain(plan)}))
        return {"status": "SUCCEEDED", "startDate": STARTED, "output": json.dumps(output)}

    def redrive_execution(self, executionArn: str) -> Any:  # noqa: N803
        if self.refuses:
            error = {"Error": {"Code": self.refuses, "Message": "Why."}}
            raise ClientError(error, "RedriveExecution")  # type: ignore[arg-type]  # what is asked of it
        name = executionArn.rpartition(":")[2]
        self.redrives.append(name)
        self.running.append(name)

    def describe_state_machine(self, stateMachineArn: str) -> Any:  # noqa: N803
        assert stateMachineArn == ARN
        return {"definition": self.definition}

    def describe_state_machine_for_execution(self, executionArn: str) -> Any:  # noqa: N803
        assert executionArn.startswith("arn:execution:")
        return {"definition": self.definition_then}

    def _times(self, name: str) -> dict[str, Any]:
        if name in self.redriven:
            return {"startDate": STARTED, "redriveDate": self.redriven[name], "redriveCount": 3}
        return {"startDate": STARTED, "redriveCount": 0}

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_executions"
        machine = self

        class Pages:
            def paginate(self, stateMachineArn: str, statusFilter: str = "") -> Iterator[Any]:  # noqa: N803
                assert stateMachineArn == ARN
                ended = (
                    [] if statusFilter else [name for name in machine.inputs if name not in machine.running]
                )
                for name in (*ended, *machine.running):
                    arn = f"arn:execution:{name}"
                    yield {"executions": [{"name": name, "executionArn": arn, **machine._times(name)}]}

        return Pages()

    def stop_execution(self, executionArn: str, **_why: str) -> None:  # noqa: N803
        name = executionArn.rpartition(":")[2]
        self.running.remove(name)
        self.stopped.append(name)


def _plain(plan: Plan) -> Any:
    return {
        "backfill": plan.backfill,
        "scope": {"first": str(plan.scope.first), "last": str(plan.scope.last)},
        "counted": {name: getattr(plan.counted, name) for name in Counted.__struct_fields__},
        "planned_at": plan.planned_at,
    }


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> "Iterator[S3Client]":
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=STAGING)
        monkeypatch.setattr(clients, "s3", lambda: client)
        yield client


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, s3: "S3Client") -> Machine:
    found = Machine()
    backend = search_backend(SearchSettings(Backend.OPENSEARCH, "trailsearch-dev"))
    domain = FoundDomain(backend, None, Backend.OPENSEARCH)  # type: ignore[arg-type]  # what is known of it
    monkeypatch.setattr(Environment, "deployed_search_domain", lambda _environment: domain)
    monkeypatch.setattr(Environment, "state_machine_arn", lambda _environment, _name: ARN)
    monkeypatch.setattr(clients, "stepfunctions", lambda: found)
    monkeypatch.setattr(backfills, "_POLL_SECONDS", 0)
    return found


@pytest.fixture
def planned(s3: "S3Client") -> BackfillStore:
    """A backfill of four parts, of which two are done, one of them with dead letters."""
    store = BackfillStore(s3, STAGING, NAME)
    store.put_plan(
        Plan(NAME, SCOPE, COUNTED, "t"), [PartRef(f"p{number}", 100, 1_000_000) for number in range(4)]
    )
    for key in ("p0", "p1.dead-lettered"):
        s3.put_object(Bucket=STAGING, Key=f"backfills/{NAME}/done/{key}", Body=b"")
    return store


def run(command: click.Command = backfill, answer: str = "", **variables: str) -> Result:
    given = {"ENV": "dev", "FROM": "2026-01-01", "TO": "2026-03-31", **variables}
    return CliRunner().invoke(command, env=given, input=answer)


def said(result: Result) -> str:
    return " ".join(result.output.split())


def test_a_plan_says_what_there_is_and_what_it_takes_and_starts_nothing(machine: Machine) -> None:
    result = run(
        ACCOUNTS="111122223333, 444455556666",
        REGIONS="us-east-1",
        LOG_BUCKETS="central-logs",
        PREFIX="audit",
        DRY_RUN="1",
    )
    assert result.exit_code == 0, result.output
    for text in (
        "12,345 in 79 parts, 2.5 GB",
        "about 18,000,000",
        "dollars",
        "7 logs, 70.0 MB, archived",
    ):
        assert text in said(result)
    ((name, given),) = machine.inputs.items()
    assert name == f"{given['backfill']}-plan"
    assert given["scope"] == {
        "first": "2026-01-01",
        "last": "2026-03-31",
        "accounts": ["111122223333", "444455556666"],
        "regions": ["us-east-1"],
        "buckets": ["central-logs"],
        "prefix": "audit",
    }


def test_the_json_has_all_of_it() -> None:
    told = json.loads(run(JSON="1", DRY_RUN="1").output)
    assert told["counted"]["archived_logs"] == 7
    assert told["scope"]["first"] == "2026-01-01"
    assert told["estimated"].keys() == {"events", "domain_gb", "dollars", "hours"}


@pytest.mark.parametrize(("answer", "variables"), [("y\n", {}), ("", {"YES": "1"})])
def test_whoever_says_yes_starts_it(machine: Machine, answer: str, variables: dict[str, str]) -> None:
    result = run(backfill, answer, **variables)
    assert result.exit_code == 0, result.output
    (name,) = machine.running
    backfilled = next(each["backfill"] for each in machine.inputs.values() if "scope" in each)
    assert name.startswith(f"{backfilled}-index-")
    assert machine.inputs[name] == {"backfill": backfilled}


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_whoever_does_not_starts_nothing(machine: Machine, answer: str) -> None:
    assert "Start it?" in run(answer=answer).output
    assert not machine.running


def test_where_there_is_nothing_nobody_is_asked(machine: Machine) -> None:
    machine.counted = Counted()
    result = run()
    assert result.exit_code == 0
    assert "to index: is the bucket's PREFIX another" in said(result)
    assert "Start it?" not in result.output


def test_events_that_retention_deletes_at_once_are_told_of() -> None:
    """prod keeps a year."""
    assert "deletes events of more than 365 days" in said(run(ENV="prod", FROM="2020-01-01", DRY_RUN="1"))


def test_a_plan_that_fails_says_why(machine: Machine) -> None:
    machine.cause = "Planning failed: LogsNotListed"
    result = run()
    assert (result.exit_code, result.output) == (
        1,
        "Error: It is not planned: Planning failed: LogsNotListed\n",
    )


def test_there_is_one_at_a_time(machine: Machine) -> None:
    machine.running = [f"{NAME}-index-20261126T230000Z"]
    result = run(YES="1")
    assert result.exit_code == 1
    assert "one backfill at a time" in said(result)


EXECUTION = f"{NAME}-index-20261126T230000Z"


@pytest.mark.parametrize("resume", ["1", NAME])
def test_the_one_that_was_started_last_or_another_is_redriven_without_a_plan(
    machine: Machine, planned: BackfillStore, s3: "S3Client", resume: str
) -> None:
    """What was only planned since is not started by it."""
    BackfillStore(s3, STAGING, "20261127T000000Z").put_plan(Plan("20261127T000000Z", SCOPE, COUNTED, "t"), [])
    machine.inputs[EXECUTION] = {"backfill": NAME}
    result = run(RESUME=resume, FROM="", TO="")
    assert result.exit_code == 0, result.output
    assert f"Redriven: {EXECUTION} goes on with the parts that it has not done." in said(result)
    assert machine.redrives == [EXECUTION]
    assert machine.inputs.keys() == {EXECUTION}


def test_one_of_which_the_last_redrive_brought_a_part_is_redriven_again(
    machine: Machine, planned: BackfillStore
) -> None:
    machine.inputs[EXECUTION] = {"backfill": NAME}
    machine.redriven[EXECUTION] = datetime.now(UTC) - timedelta(hours=1)
    assert run(RESUME="1").exit_code == 0
    assert machine.redrives == [EXECUTION]


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (
            {"not_redrivable": "Execution redrivable period exceeded."},
            "AWS says: Execution redrivable period exceeded.",
        ),
        ({"refuses": "ExecutionNotRedrivable"}, "AWS says: Why."),
        (
            {"definition_then": "before"},
            "the state machine was changed since, and a redrive would run what it was.",
        ),
        (
            {"redriven": {EXECUTION: datetime.now(UTC) + timedelta(hours=1)}},
            "no part is done since it was redriven last.",
        ),
    ],
)
def test_where_a_redrive_does_not_do_another_execution_is_started_and_says_why(
    machine: Machine, planned: BackfillStore, known: dict[str, Any], reason: str
) -> None:
    machine.inputs[EXECUTION] = {"backfill": NAME}
    for name, value in known.items():
        setattr(machine, name, value)
    result = run(RESUME="1")
    assert result.exit_code == 0, result.output
    (name,) = machine.running
    assert name.startswith(f"{NAME}-index-2")
    assert name != EXECUTION
    assert machine.inputs[name] == {"backfill": NAME}
    assert f"Started: {name}, over the parts that are not done. No redrive, as {reason}" in said(result)
    assert not machine.redrives


def test_what_was_only_planned_is_started(machine: Machine, planned: BackfillStore) -> None:
    result = run(RESUME=NAME)
    assert "No redrive, as none of it was started before." in said(result)
    assert len(machine.running) == 1


def test_whoever_may_not_redrive_is_told_so(machine: Machine, planned: BackfillStore) -> None:
    machine.inputs[EXECUTION] = {"backfill": NAME}
    machine.refuses = "AccessDeniedException"
    result = run(RESUME="1")
    assert result.exit_code == 1
    assert "AccessDeniedException" in result.output
    assert not machine.running


def test_what_runs_is_not_resumed(machine: Machine, planned: BackfillStore) -> None:
    machine.running = [EXECUTION]
    result = run(RESUME="1")
    assert result.exit_code == 1
    assert "one backfill at a time" in said(result)
    assert not machine.redrives


def test_the_status_says_that_it_was_redriven_and_reckons_the_rate_since(
    machine: Machine, planned: BackfillStore, ringing: list[str]
) -> None:
    machine.running = [EXECUTION]
    machine.redriven[EXECUTION] = datetime.now(UTC) - timedelta(hours=1)
    assert f"Redriven 3 times, {EXECUTION}" in said(run(backfill_status))
    told = json.loads(run(backfill_status, JSON="1").output)
    assert (told["execution"], told["redrives"], told["state"]) == (EXECUTION, 3, "RUNNING")
    assert told["logs_per_hour"] == pytest.approx(200, rel=0.2)


def test_of_two_the_one_that_was_redriven_last_is_the_latest(
    machine: Machine, planned: BackfillStore
) -> None:
    machine.inputs = {"20261127T000000Z-index-1": {}, EXECUTION: {}}
    machine.redriven[EXECUTION] = datetime.now(UTC)
    assert json.loads(run(backfill_status, JSON="1").output)["backfill"] == NAME


def test_where_nothing_was_started_nothing_is_resumed(machine: Machine, planned: BackfillStore) -> None:
    result = run(RESUME="1")
    assert (result.exit_code, machine.running) == (1, [])
    assert "No backfill of trailsearch-dev was started" in said(result)


@pytest.mark.parametrize("resume", ["1", "20200101T000000Z", "../x"])
def test_what_is_not_there_is_not_resumed(machine: Machine, resume: str) -> None:
    result = run(RESUME=resume)
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert not machine.inputs


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({"FROM": ""}, "Say from which day to which"),
        ({"TO": "2025-12-31"}, "which is before"),
        ({"TO": "31.12.2026"}, "TO: '31.12.2026' does not match"),
        ({"ACCOUNTS": "1234"}, "no account, which has 12 digits: 1234"),
    ],
)
def test_what_is_typed_wrong_is_told_in_a_line(
    machine: Machine, variables: dict[str, str], text: str
) -> None:
    result = run(backfill, "", **variables)
    assert result.exit_code != 0
    assert text in result.output
    assert not machine.inputs


@pytest.fixture
def ringing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The alarms that ring."""
    alarms: list[str] = []

    class CloudWatch:
        def describe_alarms(self, **arguments: Any) -> Any:
            states = {name: "ALARM" if name in alarms else "OK" for name in arguments["AlarmNames"]}
            return {
                "MetricAlarms": [{"AlarmName": name, "StateValue": state} for name, state in states.items()]
            }

    monkeypatch.setattr(clients, "cloudwatch", CloudWatch)
    return alarms


def test_the_status_says_how_far_it_is_and_what_it_waits_for(
    machine: Machine, planned: BackfillStore, ringing: list[str]
) -> None:
    machine.start_execution(ARN, f"{NAME}-index-1", "{}")
    ringing.append("trailsearch-dev-lag")
    result = run(backfill_status)
    assert result.exit_code == 0, result.output
    for text in (
        "RUNNING",
        "200 of 400 logs, 2.0 MB of 4.0 MB, 2 of 4 parts",
        " logs an hour",
        "Left about ",
        "live traffic is behind: trailsearch-dev-lag",
        "something of 1 part is in the dead-letter queue: make dlq ENV=dev",
    ):
        assert text in said(result)
    told = json.loads(run(backfill_status, JSON="1").output)
    assert (told["parts_done"], told["parts"], told["state"]) == (2, 4, "RUNNING")
    assert told["logs_per_hour"] == pytest.approx(100, rel=0.2)
    assert told["hours_left"] == pytest.approx(2, rel=0.2)


def test_what_was_stopped_says_how_to_go_on(machine: Machine, planned: BackfillStore) -> None:
    machine.start_execution(ARN, f"{NAME}-index-1", "{}")
    assert f"Stopped {NAME}-index-1" in said(run(backfill_stop))
    assert machine.stopped == [f"{NAME}-index-1"]
    machine.cause = "make backfill-stop"
    result = run(backfill_status)
    assert f"make backfill ENV=dev RESUME={NAME}" in said(result)
    assert "make backfill-stop" in said(result)


def test_where_nothing_runs_nothing_is_stopped() -> None:
    assert run(backfill_stop).output == "No backfill is running.\n"


def test_where_nothing_was_planned_the_status_says_so() -> None:
    result = run(backfill_status)
    assert result.exit_code == 1
    assert "There is no backfill of trailsearch-dev" in result.output


def test_what_is_done_is_complete(machine: Machine, planned: BackfillStore, s3: "S3Client") -> None:
    for name in ("p2", "p3"):
        s3.put_object(Bucket=STAGING, Key=f"backfills/{NAME}/done/{name}", Body=b"")
    told = json.loads(run(backfill_status, JSON="1").output)
    assert (told["complete"], told["state"], told["hours_left"]) == (True, "complete", None)

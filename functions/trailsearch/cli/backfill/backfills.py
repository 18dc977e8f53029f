"""The backfills of an environment: started, resumed, found and stopped by their state machine, and read from the staging bucket."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from botocore.exceptions import ClientError

from trailsearch.aws import clients
from trailsearch.cli.console import CommandFailed
from trailsearch.cli.environment import Environment, EnvironmentNotFound
from trailsearch.contracts.backfill import Plan, Scope
from trailsearch.contracts.errors import BackfillNotFound, TrailsearchError
from trailsearch.workflow import backfill_store
from trailsearch.workflow.backfill_store import BackfillStore, Done

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.type_defs import ExecutionListItemTypeDef

_POLL_SECONDS = 1.0
# Between the name of a backfill and when its parts were begun with, in the name of an execution.
_INDEXING = "-index-"


class Indexing(NamedTuple):
    """The latest execution that indexes a backfill: its status, when it was begun with, and why it ended, if it has failed.

    ``redrives`` is how often it was redriven, and ``began`` then when last. ``redrivable`` is whether it may be redriven,
    and ``not_redrivable`` why not.
    """

    arn: str
    status: str
    began: datetime
    cause: str
    redrives: int = 0
    redrivable: bool = False
    not_redrivable: str = ""

    @property
    def name(self) -> str:
        """The name of the execution."""
        return self.arn.rpartition(":")[2]


class Resumed(NamedTuple):
    """How a backfill was resumed: by which execution, whether that is the one that had ended, and if not, why not."""

    execution: str
    redriven: bool
    reason: str = ""


class Backfills:
    """The backfills of one environment, in the account and Region of the AWS credentials in use."""

    def __init__(self, deployed: Environment) -> None:
        """Find the environment.

        Raises:
            EnvironmentNotFound: AWS cannot be asked.
        """
        self.deployed = deployed
        self._stepfunctions = clients.stepfunctions()
        self.arn = deployed.state_machine_arn("backfill")
        _, _, _, region, account, *_ = self.arn.split(":")
        self._bucket = f"{deployed.prefix}-staging-{account}-{region}"

    def store(self, name: str) -> BackfillStore:
        """Give what is kept of a backfill.

        Raises:
            CommandFailed: none can be called so.
        """
        try:
            return BackfillStore(clients.s3(), self._bucket, name)
        except BackfillNotFound as error:
            raise CommandFailed(str(error)) from error

    def latest_started(self) -> str:
        """Give the name of the backfill whose parts were begun with last.

        Raises:
            CommandFailed: there is none.
        """
        started = [each for each in self._listed() if _is_indexing(each["name"])]
        if not started:
            raise CommandFailed(
                f"No backfill of {self.deployed.prefix} was started. One that is only planned: RESUME=<its name>"
            )
        return max(started, key=_began)["name"].partition(_INDEXING)[0]

    def latest(self) -> str:
        """Give the name of the latest backfill that is planned.

        Raises:
            CommandFailed: there is none, or the staging bucket cannot be read.
        """
        try:
            for name in reversed(backfill_store.names(clients.s3(), self._bucket)):
                try:
                    return self.store(name).plan().backfill
                except BackfillNotFound:
                    continue
        except TrailsearchError as error:
            raise CommandFailed(f"{type(error).__name__}: {error}") from error
        raise CommandFailed(
            f"There is no backfill of {self.deployed.prefix}: make backfill ENV={self.deployed.environment} FROM=… TO=…"
        )

    def plan(self, scope: Scope) -> Plan:
        """Have a backfill planned, and wait for it.

        Raises:
            EnvironmentNotFound: there is no such state machine.
            CommandFailed: it cannot be planned; says why.
        """
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        arn = self._start(f"{name}-plan", {"backfill": name, "scope": msgspec.to_builtins(scope)})
        while (execution := self._stepfunctions.describe_execution(executionArn=arn))["status"] == "RUNNING":
            time.sleep(_POLL_SECONDS)
        if execution["status"] != "SUCCEEDED":
            why = execution.get("cause") or execution["status"]
            raise CommandFailed(f"It is not planned: {why}")
        return msgspec.convert(json.loads(execution["output"])["plan"], Plan)

    def index(self, name: str) -> str:
        """Start to index what of a backfill is not done yet, and give the name of the execution.

        Raises:
            CommandFailed: another one is being indexed.
        """
        self._require_rest()
        execution = f"{name}{_INDEXING}{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        self._start(execution, {"backfill": name})
        return execution

    def resume(self, name: str) -> Resumed:
        """Go on with a backfill: by a redrive of its latest execution, or by another one over what is not done yet.

        A redrive takes only what failed, was aborted or had not begun, within 14 days of the end of the execution, and while
        its history has room; AWS says by redriveStatus whether it may be. A Map Run may be redriven 1,000 times, and a child
        of it may not be when the execution still may: that a redrive brought nothing shows by no part that is done since.
        https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html#redrive-eligibility,
        https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html#redrive-eligibility-map-run

        Raises:
            CommandFailed: another one is being indexed, or the staging bucket cannot be read.
        """
        self._require_rest()
        if (ended := self.indexing(name)) is None:
            return Resumed(self.index(name), redriven=False, reason="none of it was started before")
        if reason := self._not_redriven(ended, name):
            return Resumed(self.index(name), redriven=False, reason=reason)
        try:
            self._stepfunctions.redrive_execution(executionArn=ended.arn)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ExecutionNotRedrivable":
                raise
            reason = _said(error.response["Error"]["Message"])
            return Resumed(self.index(name), redriven=False, reason=reason)
        return Resumed(ended.name, redriven=True)

    def _not_redriven(self, ended: Indexing, name: str) -> str:
        """Say why a redrive of an execution that has ended would not do; nothing, if it would."""
        if not ended.redrivable:
            return _said(ended.not_redrivable)
        # "Because redriven executions use the same state machine definition, you must start a new execution if you update
        # your state machine definition."
        # https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
        then = self._stepfunctions.describe_state_machine_for_execution(executionArn=ended.arn)["definition"]
        if then != self._stepfunctions.describe_state_machine(stateMachineArn=self.arn)["definition"]:
            return "the state machine was changed since, and a redrive would run what it was"
        if ended.redrives and not any(done.time >= ended.began for done in self._done(name)):
            return "no part is done since it was redriven last"
        return ""

    def _done(self, name: str) -> list[Done]:
        try:
            return list(self.store(name).done().values())
        except TrailsearchError as error:
            raise CommandFailed(f"{type(error).__name__}: {error}") from error

    def indexing(self, name: str) -> Indexing | None:
        """Find the latest execution that indexes a backfill; None, if it was never started."""
        found = [each for each in self._listed() if each["name"].startswith(f"{name}{_INDEXING}")]
        if not found:
            return None
        arn = max(found, key=_began)["executionArn"]
        described = self._stepfunctions.describe_execution(executionArn=arn)
        return Indexing(
            arn,
            described["status"],
            described.get("redriveDate", described["startDate"]),
            described.get("cause", ""),
            described.get("redriveCount", 0),
            described.get("redriveStatus") == "REDRIVABLE",
            described.get("redriveStatusReason", ""),
        )

    def _require_rest(self) -> None:
        for running in self._listed(statusFilter="RUNNING"):
            if _is_indexing(running["name"]):
                raise CommandFailed(
                    f"{running['name']} is running: one backfill at a time. Wait for its end"
                    f" (make backfill-status ENV={self.deployed.environment}), or stop it (make backfill-stop"
                    f" ENV={self.deployed.environment})"
                )

    def stop(self) -> list[str]:
        """Stop what runs, and give the names of the executions. The part that is at hand is indexed to its end."""
        stopped = []
        for running in self._listed(statusFilter="RUNNING"):
            self._stepfunctions.stop_execution(
                executionArn=running["executionArn"], error="Stopped", cause="make backfill-stop"
            )
            stopped.append(running["name"])
        return stopped

    def _listed(self, **which: Any) -> "list[ExecutionListItemTypeDef]":
        pages = self._stepfunctions.get_paginator("list_executions").paginate(
            stateMachineArn=self.arn, **which
        )
        with self._machine():
            return [each for page in pages for each in page["executions"]]

    def _start(self, name: str, given: dict[str, Any]) -> str:
        with self._machine():
            return self._stepfunctions.start_execution(
                stateMachineArn=self.arn, name=name, input=json.dumps(given)
            )["executionArn"]

    @contextmanager
    def _machine(self) -> Iterator[None]:
        """Say how to deploy the state machine, if there is none."""
        try:
            yield
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "StateMachineDoesNotExist":
                raise
            raise EnvironmentNotFound(
                f"There is no state machine {self.deployed.prefix}-backfill. {self.deployed.what_to_do()}"
            ) from error


def _said(reason: str) -> str:
    """Say why AWS does not redrive an execution, within a sentence."""
    return f"AWS says: {reason.rstrip('.')}" if reason else "AWS does not redrive it"


def _began(execution: "ExecutionListItemTypeDef") -> datetime:
    """Give when an execution was begun with, or redriven last."""
    return execution.get("redriveDate", execution["startDate"])


def _is_indexing(name: str) -> bool:
    return _INDEXING in name

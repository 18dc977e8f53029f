"""The backfills of an environment: started, found and stopped by their state machine, and read from the staging bucket."""

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
from trailsearch.workflow.backfill_store import BackfillStore

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.type_defs import ExecutionListItemTypeDef

_POLL_SECONDS = 1.0
_LISTED = 1_000
# Between the name of a backfill and when its parts were begun with, in the name of an execution.
_INDEXING = "-index-"


class Indexing(NamedTuple):
    """The latest execution that indexes a backfill: its status, when it was started, and why it ended, if it has failed."""

    arn: str
    status: str
    started: datetime
    cause: str


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
        return max(started, key=lambda each: each["startDate"])["name"].partition(_INDEXING)[0]

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
        """Start to index what of a backfill is not done yet, and give the ARN of the execution.

        Raises:
            CommandFailed: another one is being indexed.
        """
        for running in self._running():
            if _is_indexing(running["name"]):
                raise CommandFailed(
                    f"{running['name']} is running: one backfill at a time. Wait for its end"
                    f" (make backfill-status ENV={self.deployed.environment}), or stop it (make backfill-stop"
                    f" ENV={self.deployed.environment})"
                )
        return self._start(f"{name}{_INDEXING}{datetime.now(UTC):%Y%m%dT%H%M%SZ}", {"backfill": name})

    def indexing(self, name: str) -> Indexing | None:
        """Find the latest execution that indexes a backfill; None, if it was never started."""
        found = [each for each in self._listed() if each["name"].startswith(f"{name}{_INDEXING}")]
        if not found:
            return None
        latest = max(found, key=lambda each: each["startDate"])
        described = self._stepfunctions.describe_execution(executionArn=latest["executionArn"])
        return Indexing(
            latest["executionArn"], described["status"], described["startDate"], described.get("cause", "")
        )

    def _listed(self) -> "list[ExecutionListItemTypeDef]":
        with self._machine():
            return self._stepfunctions.list_executions(stateMachineArn=self.arn, maxResults=_LISTED)[
                "executions"
            ]

    def stop(self) -> list[str]:
        """Stop what runs, and give the names of the executions. The part that is at hand is indexed to its end."""
        stopped = []
        for running in self._running():
            self._stepfunctions.stop_execution(
                executionArn=running["executionArn"], error="Stopped", cause="make backfill-stop"
            )
            stopped.append(running["name"])
        return stopped

    def _running(self) -> "Iterator[ExecutionListItemTypeDef]":
        pages = self._stepfunctions.get_paginator("list_executions").paginate(
            stateMachineArn=self.arn, statusFilter="RUNNING"
        )
        with self._machine():
            yield from [each for page in pages for each in page["executions"]]

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


def _is_indexing(name: str) -> bool:
    return _INDEXING in name

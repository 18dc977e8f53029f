"""What the executions of a state machine did, state by state, read from their histories."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


@dataclass
class State:
    """One state over many executions."""

    name: str
    entered: int = 0
    retried: int = 0
    failed: int = 0
    milliseconds: list[float] = field(default_factory=list)

    @property
    def median_milliseconds(self) -> int | None:
        """How long it took, as a rule."""
        return round(median(self.milliseconds)) if self.milliseconds else None


@dataclass
class Executions:
    """All executions of a state machine: how many ended how, and its states in the order they were first entered."""

    by_status: dict[str, int] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    causes: list[str] = field(default_factory=list)

    def add(self, status: str, events: Iterable[Any], cause: str | None) -> None:
        """Add one execution with the events of its history, in order."""
        self.by_status[status] = self.by_status.get(status, 0) + 1
        if cause:
            self.causes.append(cause)
        # A state's events hang together by previousEventId, as several iterations of a Map run at once.
        visits: dict[int, _Visit] = {}
        latest: dict[str, _Visit] = {}
        for event in events:
            kind = event["type"]
            if kind.endswith("StateEntered"):
                name = event["stateEnteredEventDetails"]["name"]
                state = self.states.setdefault(name, State(name))
                state.entered += 1
                visits[event["id"]] = latest[name] = _Visit(state, event["timestamp"])
            elif visit := visits.get(event["previousEventId"]):
                visits[event["id"]] = visit
                visit.state.failed += kind in {"TaskFailed", "TaskTimedOut"}
                if kind == "TaskScheduled":
                    visit.state.retried += visit.tried
                    visit.tried = True
                elif kind.endswith("StateExited"):
                    # What precedes the exit of a Map state is an iteration of it.
                    name = event["stateExitedEventDetails"]["name"]
                    left = visit if visit.state.name == name else latest[name]
                    elapsed = event["timestamp"] - left.entered
                    left.state.milliseconds.append(elapsed / timedelta(milliseconds=1))


@dataclass
class _Visit:
    """One visit to a state by one execution."""

    state: State
    entered: datetime
    tried: bool = False


def read_executions(client: "SFNClient", state_machine_arn: str, since: datetime | None = None) -> Executions:
    """Read every execution of a state machine, or those that began after a time."""
    executions = Executions()
    pages = client.get_paginator("list_executions").paginate(stateMachineArn=state_machine_arn)
    for found in (execution for page in pages for execution in page["executions"]):
        if since and found["startDate"] < since:
            continue
        arn = found["executionArn"]
        cause = client.describe_execution(executionArn=arn).get("cause")
        executions.add(found["status"], read_history(client, arn), cause)
    return executions


def read_history(client: "SFNClient", execution_arn: str) -> list[Any]:
    """Read all events of an execution, in order."""
    pages = client.get_paginator("get_execution_history").paginate(executionArn=execution_arn)
    return [event for page in pages for event in page["events"]]

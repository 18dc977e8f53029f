"""Which executions have got messages about a log."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from trailsearch.cli.verify.handled import Handled

SINCE = datetime(2026, 11, 26, 20, tzinfo=UTC)


class StepFunctions:
    """A state machine with executions, the newest first: name, status, minutes after SINCE, bodies of messages."""

    def __init__(self) -> None:
        self.executions: list[tuple[str, str, int, list[str] | str]] = []
        self.described: list[str] = []

    def get_paginator(self, _operation: str) -> "StepFunctions":
        return self

    def paginate(self, **_request: Any) -> Iterator[Any]:
        for name, status, minutes, _ in self.executions:
            started = SINCE + timedelta(minutes=minutes)
            yield {"executions": [{"executionArn": name, "status": status, "startDate": started}]}

    def describe_execution(self, executionArn: str) -> Any:  # noqa: N803, the name is boto3's
        self.described.append(executionArn)
        (bodies,) = [each[3] for each in self.executions if each[0] == executionArn]
        if isinstance(bodies, str):
            return {"input": bodies}
        return {"input": json.dumps([{"messageId": "m", "body": body} for body in bodies])}


def test_messages_count_once_their_executions_have_ended() -> None:
    stepfunctions = StepFunctions()
    handled = Handled(cast("Any", stepfunctions), "machine", SINCE)
    stepfunctions.executions = [
        ("by-hand", "SUCCEEDED", 3, "{}"),
        ("new", "RUNNING", 2, ["about log-1", "about log-2"]),
        ("old", "FAILED", 1, ["about log-1", "about log-1 again"]),
        ("earlier", "SUCCEEDED", -1, ["about log-1"]),
    ]
    handled.look()
    assert handled.executions("log-1") == ["new", "old"]
    assert (handled.ended("log-1"), handled.ended("log-2"), handled.ended("log-3")) == (0, 0, 0)
    stepfunctions.executions[1] = ("new", "SUCCEEDED", 2, ["about log-1", "about log-2"])
    handled.look()
    assert (handled.ended("log-1"), handled.ended("log-2"), handled.ended("log-3")) == (3, 1, 0)
    assert stepfunctions.described == ["by-hand", "new", "old"]

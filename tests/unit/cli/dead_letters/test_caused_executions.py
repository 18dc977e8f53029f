import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from trailsearch.cli.dead_letters.caused_executions import CausedExecutions
from trailsearch.contracts.messages import LargeMessage

SINCE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class StepFunctions:
    """Step Functions with executions that a test may add, newest last."""

    def __init__(self) -> None:
        self.executions: dict[str, dict[str, Any]] = {}
        self.described: list[str] = []

    def add(self, arn: str, status: str, *bodies: str, seconds: int = 1, **changes: str) -> None:
        given = json.dumps([{"messageId": f"{arn}-{at}", "body": body} for at, body in enumerate(bodies)])
        self.executions[arn] = {
            "executionArn": arn,
            "status": status,
            "startDate": SINCE + timedelta(seconds=seconds),
            "input": changes.get("input", given),
        }

    def get_paginator(self, operation: str) -> "StepFunctions":
        assert operation == "list_executions"
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        assert request["stateMachineArn"] == "machine"
        newest_first = list(reversed(self.executions.values()))
        for at in range(0, len(newest_first), 2):
            yield {"executions": newest_first[at : at + 2]}

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803, the name is boto3's
        self.described.append(executionArn)
        return self.executions[executionArn]


def caused_by(stepfunctions: StepFunctions, bodies: Sequence[str]) -> CausedExecutions:
    return CausedExecutions(cast("Any", stepfunctions), "machine", SINCE, bodies)


def test_executions_of_others_are_not_waited_for() -> None:
    stepfunctions = StepFunctions()
    stepfunctions.add("before", "RUNNING", "a", seconds=-1)
    stepfunctions.add("other", "RUNNING", "x")
    stepfunctions.add("by hand", "RUNNING", input='{"hello": 1}')
    caused = caused_by(stepfunctions, ["a", "b"])
    assert not caused.have_ended()

    stepfunctions.add("one", "RUNNING", "x", "a")
    assert not caused.have_ended()
    stepfunctions.add("one", "SUCCEEDED", "x", "a")
    assert not caused.have_ended()
    stepfunctions.add("two", "FAILED", "b")
    assert caused.have_ended()
    assert caused.statuses == {"one": "SUCCEEDED", "two": "FAILED"}


def test_two_equal_messages_are_two() -> None:
    stepfunctions = StepFunctions()
    stepfunctions.add("one", "SUCCEEDED", "a")
    caused = caused_by(stepfunctions, ["a", "a"])
    assert not caused.have_ended()
    stepfunctions.add("two", "SUCCEEDED", "a")
    assert caused.have_ended()


def test_a_large_message_is_known_by_what_stands_for_it() -> None:
    large = "x" * 200_000
    stepfunctions = StepFunctions()
    stepfunctions.add("other", "SUCCEEDED", LargeMessage.of(large + "y", "staging").to_body())
    caused = caused_by(stepfunctions, [large])
    assert not caused.have_ended()
    pointer = LargeMessage.of(large, "staging").to_body()
    stepfunctions.add("one", "SUCCEEDED", pointer)
    assert caused.have_ended()
    again = caused_by(stepfunctions, [pointer])
    assert again.have_ended()


def test_an_execution_that_was_started_for_one_of_the_messages_is_waited_for() -> None:
    stepfunctions = StepFunctions()
    stepfunctions.add("handed on", "SUCCEEDED", "a")
    stepfunctions.add("child", "RUNNING", "a")
    assert not caused_by(stepfunctions, ["a"]).have_ended()


def test_an_input_is_read_once_and_none_that_is_older() -> None:
    stepfunctions = StepFunctions()
    for at in range(4):
        stepfunctions.add(f"older-{at}", "SUCCEEDED", "a", seconds=-9)
    stepfunctions.add("one", "RUNNING", "a")
    caused = caused_by(stepfunctions, ["a"])
    for _ in range(3):
        assert not caused.have_ended()
    assert stepfunctions.described == ["one"]

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.demo.executions import Executions

START = datetime(2026, 1, 1, tzinfo=UTC)


def history(*kinds: str) -> list[dict[str, Any]]:
    """Events of one execution, one after the other, a second apart; ``Entered X`` and ``Exited X`` are states."""
    events = []
    for number, kind in enumerate(kinds, start=1):
        event = {"id": number, "previousEventId": number - 1, "timestamp": START + timedelta(seconds=number)}
        what, _, name = kind.partition(" ")
        if name:
            event |= {"type": f"TaskState{what}", f"state{what}EventDetails": {"name": name}}
        else:
            event |= {"type": kind}
        events.append(event)
    return events


def test_states_count_entries_retries_failures_and_time_over_executions() -> None:
    executions = Executions()
    failing = ("Entered A", "TaskScheduled", "TaskFailed", "TaskScheduled", "TaskFailed")
    executions.add(
        "FAILED", history("ExecutionStarted", *failing, "Entered B", "TaskScheduled", "Exited B"), "why"
    )
    executions.add("SUCCEEDED", history("ExecutionStarted", "Entered A", "TaskScheduled", "Exited A"), None)
    a, b = executions.states["A"], executions.states["B"]
    assert (a.entered, a.retried, a.failed, a.median_milliseconds) == (2, 1, 2, 2000)
    assert (b.entered, b.retried, b.failed, b.median_milliseconds) == (1, 0, 0, 2000)
    assert executions.by_status == {"FAILED": 1, "SUCCEEDED": 1}
    assert executions.causes == ["why"]


def test_a_map_state_lasts_until_its_iterations_are_over() -> None:
    executions = Executions()
    inside = ("Entered Item", "TaskScheduled", "Exited Item", "MapIterationSucceeded")
    executions.add("SUCCEEDED", history("ExecutionStarted", "Entered Map", *inside, "Exited Map"), None)
    states = executions.states
    assert (states["Map"].median_milliseconds, states["Item"].median_milliseconds) == (5000, 2000)

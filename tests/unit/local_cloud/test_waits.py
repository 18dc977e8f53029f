import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction

from tests.local_cloud import waits

MOTO: Any = retrier_decl


@pytest.fixture(autouse=True)
def put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is scaled here is moto's own again when the test ends."""
    monkeypatch.setattr(MOTO, "time", MOTO.time)
    monkeypatch.setattr(WaitFunction, "_wait_interval", WaitFunction._wait_interval)


def wait(seconds: float, env: Any) -> float:
    began = time.monotonic()
    WaitFunction._wait_interval(SimpleNamespace(), env=env, wait_seconds=seconds)  # type: ignore[arg-type]
    return time.monotonic() - began


def test_waits_before_a_retry_are_scaled(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(waits, "time", SimpleNamespace(sleep=slept.append))
    waits.scale(0.5)
    MOTO.time.sleep(120)
    assert slept == [60]


def test_wait_states_are_scaled() -> None:
    waits.scale(0.005)
    env = SimpleNamespace(is_running=lambda: True, program_state_event=threading.Event())
    assert 0.05 <= wait(10, env) < 5


def test_a_wait_state_that_is_woken_goes_on_waiting_unless_its_execution_has_ended() -> None:
    waits.scale(1)
    running = [True, True, False]
    waited: list[float] = []
    event = SimpleNamespace(wait=waited.append)
    assert wait(600, SimpleNamespace(is_running=lambda: running.pop(0), program_state_event=event)) < 5
    assert len(waited) == 2
